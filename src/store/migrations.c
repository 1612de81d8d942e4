#include "store/migrations.h"

const char *const migrations[SCHEMA_VERSION] = {
    /* 1: API keys.  Looked up by hash; the few of them are scanned for everything else. */
    "CREATE TABLE api_key ("
    "  hash BLOB NOT NULL PRIMARY KEY,"
    "  id TEXT NOT NULL UNIQUE,"
    "  name TEXT NOT NULL,"
    "  label TEXT NOT NULL,"
    "  created_ms INTEGER NOT NULL,"
    "  revoked_ms INTEGER NOT NULL"
    ") STRICT, WITHOUT ROWID;",

    /* 2: Exchanges.  Row numbers are the order of writing; with them the table only ever grows at
     * its end, which costs a third less per row than a table kept in the order of the ids.  No
     * other index: it would cost every exchange and nothing asks for it yet. */
    "CREATE TABLE exchange ("
    "  id TEXT NOT NULL PRIMARY KEY,"
    "  request_id TEXT NOT NULL,"
    "  key_id TEXT NOT NULL,"
    "  surface TEXT NOT NULL,"
    "  model_asked TEXT NOT NULL,"
    "  model TEXT NOT NULL,"
    "  provider TEXT NOT NULL,"
    "  upstream_model TEXT NOT NULL,"
    "  upstream_id TEXT NOT NULL,"
    "  finish_reason TEXT NOT NULL,"
    "  native_finish_reason TEXT NOT NULL,"
    "  error_type TEXT NOT NULL,"
    "  error_message TEXT NOT NULL,"
    "  client TEXT NOT NULL,"
    "  status INTEGER NOT NULL,"
    "  upstream_status INTEGER NOT NULL,"
    "  attempts INTEGER NOT NULL,"
    "  streamed INTEGER NOT NULL,"
    "  cancelled INTEGER NOT NULL,"
    "  usage_known INTEGER NOT NULL,"
    "  at_ms INTEGER NOT NULL,"
    "  first_byte_us INTEGER NOT NULL,"
    "  total_us INTEGER NOT NULL,"
    "  prompt_tokens INTEGER NOT NULL,"
    "  completion_tokens INTEGER NOT NULL,"
    "  cached_tokens INTEGER NOT NULL,"
    "  cache_write_tokens INTEGER NOT NULL,"
    "  reasoning_tokens INTEGER NOT NULL,"
    "  cost_nanousd INTEGER NOT NULL,"
    "  cost_known INTEGER NOT NULL,"
    "  request_bytes INTEGER NOT NULL,"
    "  answer_bytes INTEGER NOT NULL"
    ") STRICT;",
};
