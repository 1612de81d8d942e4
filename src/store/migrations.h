/*
 * migrations: the SQL that makes each version of the schema out of the one before.
 *
 * migrations[i] leads from version i to version i + 1.  What was released is never changed, only
 * added to.
 */
#pragma once

enum { SCHEMA_VERSION = 2 };

extern const char *const migrations[SCHEMA_VERSION];
