/*
 * columns: the members of an exchange row as a table, in the order they have in SQL and in the
 * spool.
 *
 * One row here is one member of struct exchange_row; back-ends bind, read and encode by walking it.
 * New members go to the end and get a migration: old spool records simply stop short of them.
 */
#pragma once

#include "store/store.h"

enum column_kind { COLUMN_TEXT, COLUMN_INT32, COLUMN_INT64, COLUMN_BOOL };

enum { EXCHANGE_COLUMNS = 32 };

struct column {
    const char *name; /* in SQL */
    enum column_kind kind;
    size_t offset; /* in struct exchange_row */
    size_t bytes;  /* of the member; text keeps one for its NUL */
};

extern const struct column exchange_columns[EXCHANGE_COLUMNS];

/* The text of a COLUMN_TEXT, at most bytes - 1 long even when its NUL is missing. */
str column_text(const struct column *column, const struct exchange_row *row);

/* Cuts at a character's edge so that the text and its NUL fit. */
void column_set_text(const struct column *column, struct exchange_row *row, str text);

/* The number in a column of any other kind. */
int64_t column_number(const struct column *column, const struct exchange_row *row);

/* Numbers out of a COLUMN_INT32's range become its nearest end. */
void column_set_number(const struct column *column, struct exchange_row *row, int64_t number);
