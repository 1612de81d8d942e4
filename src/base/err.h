/* err: what the caller can do about a failure, not where it came from.  Closed and small. */
#pragma once

enum err {
    ERR_OK = 0,
    ERR_AGAIN,    /* nothing to do now; an event will come */
    ERR_INVALID,  /* the input breaks its grammar; retrying the same bytes cannot help */
    ERR_TOO_BIG,  /* the input passes a configured limit */
    ERR_DENIED,   /* the key or its rights do not allow it */
    ERR_LIMITED,  /* a rate limit; it may be tried later */
    ERR_BROKE,    /* no credit */
    ERR_MISSING,  /* there is no such thing */
    ERR_BUSY,     /* overloaded; it may be tried later or elsewhere */
    ERR_TIMEOUT,  /* a deadline passed */
    ERR_CUT,      /* the bytes ended before they were complete */
    ERR_PEER,     /* the other side broke its protocol or could not be reached */
    ERR_INTERNAL, /* our fault */
};

const char *err_name(enum err err);
