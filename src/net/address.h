/*
 * address: which addresses a URL of a stranger may lead to.
 *
 * Pure.  Asked about the very address that is connected to, after names were resolved: what a name
 * or a spelling looks like decides nothing.
 */
#pragma once

#include "net/sock.h"

/* True for an address of the public Internet.  False for this machine, its networks (private,
 * shared, link-local, unique-local), multicast, reserved and documentation ranges, the metadata
 * services of clouds, and all of these inside IPv6 (mapped, NAT64); 6to4, Teredo and what is not
 * global unicast are false whatever they hold. */
bool address_is_public(const struct sock_address *address);

/* True for the ports of http and https. */
bool address_port_is_web(uint16_t port);
