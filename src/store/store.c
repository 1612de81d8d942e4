#include "store/store.h"

static const struct store_ops *const back_ends[] = {&sqlite_store, &memory_store};

const struct store_ops *store_by_url(str url)
{
    str scheme = str_take(url, str_find_char(url, ':'));

    if (str_has_prefix(url, STR("/")) || str_eq(scheme, STR("file"))) {
        return &sqlite_store; /* a bare path, or a file URI */
    }
    for (size_t i = 0; scheme.len < url.len && i < COUNT_OF(back_ends); i++) {
        if (str_eq(scheme, str_c(back_ends[i]->scheme))) {
            return back_ends[i];
        }
    }
    return NULL;
}
