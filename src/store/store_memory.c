/*
 * store_memory: keys and exchange rows in memory, for tests.
 *
 * The reader, the writer and the test each open their own store, on their own threads; stores of
 * one name share a shelf.  One lock guards all shelves: nothing here has to be fast, and nobody who
 * must not wait calls it.
 */
#include "base/map.h"
#include "store/keys.h"
#include "store/store.h"

#include <pthread.h>
#include <stdlib.h>

struct kept_key {
    struct key_row row;
    struct kept_key *newer;
};

struct kept_exchange {
    struct exchange_row row;
    struct kept_exchange *older;
};

struct shelf {
    struct shelf *next;
    str name; /* in the arena */
    int holders;
    struct arena arena; /* everything kept */
    struct kept_key *oldest_key;
    struct kept_exchange *newest;
    struct map exchanges; /* by id */
};

struct memory {
    struct store store;
    struct shelf *shelf; /* shared, counted */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct shelf *shelves;

static void hold_lock(void)
{
    int failed = pthread_mutex_lock(&lock);
    assert(failed == 0);
}

static void release_lock(void)
{
    int failed = pthread_mutex_unlock(&lock);
    assert(failed == 0);
}

static struct shelf *shelf_of(struct store *store)
{
    return CONTAINER_OF(store, struct memory, store)->shelf;
}

static struct shelf *shelf_hold(str name)
{
    for (struct shelf *shelf = shelves; shelf != NULL; shelf = shelf->next) {
        if (name.len > 0 && str_eq(shelf->name, name)) {
            shelf->holders++;
            return shelf;
        }
    }
    struct shelf *made = calloc(1, sizeof(*made));
    if (made == NULL) {
        out_of_memory();
    }
    made->name = arena_copy(&made->arena, name);
    made->holders = 1;
    made->next = shelves;
    shelves = made;
    return made;
}

static void shelf_release(struct shelf *shelf)
{
    struct shelf **link = &shelves;

    if (--shelf->holders > 0) {
        return;
    }
    while (*link != shelf) {
        link = &(*link)->next;
    }
    *link = shelf->next;
    arena_reset(&shelf->arena);
    free(shelf);
}

static enum err memory_open(str url, struct store **out, struct arena *arena, struct fault *fault)
{
    struct memory *memory = calloc(1, sizeof(*memory));

    (void)arena; /* there are no words to keep */
    (void)fault;
    if (memory == NULL) {
        out_of_memory();
    }
    memory->store.ops = &memory_store;
    hold_lock();
    memory->shelf = shelf_hold(str_skip(url, str_find_char(url, ':') + 1));
    release_lock();
    *out = &memory->store;
    return ERR_OK;
}

static void memory_close(struct store *store)
{
    hold_lock();
    shelf_release(shelf_of(store));
    release_lock();
    free(CONTAINER_OF(store, struct memory, store));
}

static enum err memory_migrate(struct store *store, struct arena *arena, struct fault *fault)
{
    (void)store; /* there is no older version to come from */
    (void)arena;
    (void)fault;
    return ERR_OK;
}

static void copy_key(const struct key_row *from, struct arena *arena, struct key_row *to)
{
    *to = *from;
    to->id = arena_copy(arena, from->id);
    to->name = arena_copy(arena, from->name);
    to->label = arena_copy(arena, from->label);
}

static enum err memory_key_by_hash(struct store *store, const uint8_t hash[KEY_HASH_BYTES],
                                   struct arena *arena, struct key_row **out)
{
    struct key_row *found = NULL;

    hold_lock();
    for (struct kept_key *kept = shelf_of(store)->oldest_key; kept != NULL; kept = kept->newer) {
        if (keys_hash_eq(kept->row.hash, hash)) {
            found = ARENA_NEW(arena, struct key_row);
            copy_key(&kept->row, arena, found);
            break;
        }
    }
    release_lock();
    *out = found;
    return ERR_OK;
}

static bool comes_before(const struct key_row *a, const struct key_row *b)
{
    return a->created_ms != b->created_ms ? a->created_ms < b->created_ms
                                          : strcmp(a->id.at, b->id.at) < 0;
}

static enum err add_key(struct shelf *shelf, const struct key_row *key)
{
    struct kept_key **link = &shelf->oldest_key;

    for (struct kept_key *kept = shelf->oldest_key; kept != NULL; kept = kept->newer) {
        if (keys_hash_eq(kept->row.hash, key->hash) || str_eq(kept->row.id, key->id)) {
            return ERR_INVALID;
        }
    }
    struct kept_key *added = ARENA_NEW(&shelf->arena, struct kept_key);
    copy_key(key, &shelf->arena, &added->row);
    while (*link != NULL && comes_before(&(*link)->row, &added->row)) {
        link = &(*link)->newer;
    }
    added->newer = *link;
    *link = added;
    return ERR_OK;
}

static enum err memory_key_add(struct store *store, const struct key_row *key)
{
    hold_lock();
    enum err err = add_key(shelf_of(store), key);
    release_lock();
    return err;
}

/* Copies of all keys; the lock is held. */
static size_t copy_keys(const struct shelf *shelf, struct arena *arena, struct key_row **out)
{
    size_t count = 0;
    size_t n = 0;

    for (struct kept_key *kept = shelf->oldest_key; kept != NULL; kept = kept->newer) {
        count++;
    }
    *out = ARENA_ARRAY(arena, struct key_row, count);
    for (struct kept_key *kept = shelf->oldest_key; kept != NULL; kept = kept->newer) {
        copy_key(&kept->row, arena, &(*out)[n++]);
    }
    return count;
}

static enum err memory_key_list(struct store *store, struct arena *arena, struct key_row **out,
                                size_t *count)
{
    hold_lock();
    *count = copy_keys(shelf_of(store), arena, out);
    release_lock();
    return ERR_OK;
}

static enum err memory_key_revoke(struct store *store, str which, int64_t now_ms,
                                  struct arena *arena, struct key_row **out)
{
    struct shelf *shelf = shelf_of(store);
    struct key_row *keys = NULL;
    struct key_row *key = NULL;

    hold_lock();
    size_t count = copy_keys(shelf, arena, &keys);
    enum err err = keys_find_one(keys, count, which, &key);
    if (err == ERR_OK && key->revoked_ms == 0) {
        key->revoked_ms = now_ms;
        for (struct kept_key *kept = shelf->oldest_key; kept != NULL; kept = kept->newer) {
            kept->row.revoked_ms = str_eq(kept->row.id, key->id) ? now_ms : kept->row.revoked_ms;
        }
    }
    release_lock();
    if (err == ERR_OK) {
        *out = key;
    }
    return err;
}

static enum err memory_exchange_append(struct store *store, const struct exchange_row *rows,
                                       size_t count)
{
    struct shelf *shelf = shelf_of(store);

    hold_lock();
    for (size_t i = 0; i < count; i++) {
        str id = arena_copy(&shelf->arena, str_c(rows[i].id));
        struct kept_exchange *kept = ARENA_NEW(&shelf->arena, struct kept_exchange);
        if (map_add(&shelf->exchanges, &shelf->arena, id, kept)) {
            *kept = (struct kept_exchange){.row = rows[i], .older = shelf->newest};
            shelf->newest = kept;
        }
    }
    release_lock();
    return ERR_OK;
}

static enum err memory_exchange_list(struct store *store, size_t count, struct arena *arena,
                                     struct exchange_row **out, size_t *found)
{
    struct shelf *shelf = shelf_of(store);
    size_t n = 0;

    hold_lock();
    size_t room = count < shelf->exchanges.count ? count : shelf->exchanges.count;
    struct exchange_row *rows = ARENA_ARRAY(arena, struct exchange_row, room);
    for (struct kept_exchange *kept = shelf->newest; n < room; kept = kept->older) {
        rows[n++] = kept->row;
    }
    release_lock();
    *out = rows;
    *found = n;
    return ERR_OK;
}

const struct store_ops memory_store = {.scheme = "memory",
                                       .open = memory_open,
                                       .close = memory_close,
                                       .migrate = memory_migrate,
                                       .key_by_hash = memory_key_by_hash,
                                       .key_add = memory_key_add,
                                       .key_list = memory_key_list,
                                       .key_revoke = memory_key_revoke,
                                       .exchange_append = memory_exchange_append,
                                       .exchange_list = memory_exchange_list};
