/* sim_priv: what the two halves of the simulator, the network and the rest, know of each other. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

_Noreturn void sim_die(const char *why);
void *sim_zeroed(size_t size);

/* Tells peers' scripts what is new.  False when nothing is. */
bool sim_net_tell(void);

/* What a socket of the program is ready for: WATCH_READ and so on. */
unsigned sim_net_ready(int fd);

/* Forgets every peer and place.  Returns how many sockets the program left open. */
size_t sim_net_stop(void);
