/* Exchange rows and folders for the store's tests. */
#pragma once

#include "base/text.h"
#include "store/columns.h"
#include "store/store.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A row in which every column differs from the others and from other rows. */
static inline struct exchange_row row_of(int n)
{
    struct exchange_row row = {0};

    for (size_t i = 0; i < EXCHANGE_COLUMNS; i++) {
        const struct column *column = &exchange_columns[i];
        char text[40];
        if (column->kind == COLUMN_TEXT) {
            int len = snprintf(text, sizeof(text), "%zu-%d", i, n);
            column_set_text(column, &row, str_of(text, (size_t)len));
        } else {
            column_set_number(column, &row, ((int64_t)n << 8) + (int64_t)i);
        }
    }
    (void)snprintf(row.id, sizeof(row.id), "gen-1790000000-%020d", n);
    return row;
}

/* Member by member: padding does not count. */
static inline bool rows_equal(const struct exchange_row *a, const struct exchange_row *b)
{
    for (size_t i = 0; i < EXCHANGE_COLUMNS; i++) {
        const struct column *column = &exchange_columns[i];
        bool same = column->kind == COLUMN_TEXT
                        ? str_eq(column_text(column, a), column_text(column, b))
                        : column_number(column, a) == column_number(column, b);
        if (!same) {
            return false;
        }
    }
    return true;
}

/* A new empty folder; its path fits in `path`. */
static inline void folder_make(char path[64])
{
    (void)snprintf(path, 64, "%s/gatehouse-test-XXXXXX", P_tmpdir);
    if (mkdtemp(path) == NULL) {
        abort();
    }
}

/* Removes the folder and the plain files in it. */
static inline void folder_remove(const char *path)
{
    DIR *folder = opendir(path);

    if (folder == NULL) {
        return;
    }
    for (struct dirent *entry = NULL; (entry = readdir(folder)) != NULL;) {
        if (entry->d_name[0] != '.') {
            (void)unlinkat(dirfd(folder), entry->d_name, 0);
        }
    }
    (void)closedir(folder);
    (void)rmdir(path);
}
