/* crc32: the checksum of IEEE 802.3 (zlib's), over pieces. */
#pragma once

#include "base/str.h"

/* The sum of what was summed before (0 at the start) and of `bytes` behind it. */
uint32_t crc32_add(uint32_t sum, str bytes);
