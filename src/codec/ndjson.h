/*
 * ndjson: one JSON value a line, as a splitter that is fed bytes.
 *
 * It knows lines only; it does not look into them.  A line ends at LF, with or without a CR before
 * it; the last one may lack its end.  Lines of white space are left out.  A line that lies in the
 * input whole is given as a view into it; only one that is cut between two pieces is copied.
 */
#pragma once

#include "base/buf.h"
#include "base/macros.h"

#include <stdbool.h>

struct ndjson {
    struct buf begun; /* private: the beginning of a line that the input has not ended yet; owned */
    bool given;       /* private: the last line lay in `begun`, which starts afresh */
    bool failed;      /* private */
};

enum ndjson_result {
    NDJSON_LINE, /* *line is set, valid until the next call and as long as the input's bytes */
    NDJSON_MORE, /* all input is used up; none of it is needed any longer */
    NDJSON_LONG, /* a line passed the limit; so does every call from now on */
};

void ndjson_init(struct ndjson *ndjson, size_t line_bytes_max);
void ndjson_free(struct ndjson *ndjson);

/* Uses up bytes from the front of *input until a line is whole or the input ends.  The line is
 * given without white space at its ends. */
enum ndjson_result ndjson_next(struct ndjson *ndjson, str *input, str *line) MUST_CHECK;

/* The input ended: true when a last line was left without an end, valid until ndjson_free(). */
bool ndjson_end(struct ndjson *ndjson, str *line) MUST_CHECK;
