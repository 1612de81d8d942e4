#include "store/thread.h"

#include <signal.h>

enum err thread_start(pthread_t *thread, const char *name, void *(*run)(void *ctx), void *ctx)
{
    sigset_t all;
    sigset_t before;

    /* The new thread inherits the mask: blocked from its first instruction on. */
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = pthread_create(thread, NULL, run, ctx);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failed != 0) {
        return ERR_INTERNAL;
    }
    (void)pthread_setname_np(*thread, name); /* only a help for people; a name too long is none */
    return ERR_OK;
}
