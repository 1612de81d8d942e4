/* routes: the one table of what is served where. */
#pragma once

#include "gate/route.h"

#include <stdatomic.h>

/* What pages about the process itself look at. */
struct app_state {
    struct writer *writer;
    atomic_bool draining;
};

extern const struct routes app_routes;
