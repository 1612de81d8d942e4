/*
 * Counts tokens of files, for measuring and for comparing.
 *
 *     tokens count SECONDS FILE...    one line a file: tokens, best MB/s of counting
 *     tokens ids FILE                 the ids as 32-bit words, in this machine's order
 */
#include "llm/tokens.h"

#include "base/buf.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static str map_file(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    off_t size = fd < 0 ? -1 : lseek(fd, 0, SEEK_END);

    if (size < 0) {
        (void)fprintf(stderr, "tokens: %s cannot be read\n", path);
        exit(1);
    }
    const void *at = size > 0 ? mmap(NULL, (size_t)size, PROT_READ, MAP_PRIVATE, fd, 0) : "";
    (void)close(fd);
    return str_of(at, (size_t)size);
}

static double now_s(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void count_file(str text, double seconds)
{
    struct arena arena = {0};
    double best = 1e9;
    size_t count = 0;

    for (double end = now_s() + seconds; now_s() < end;) {
        double began = now_s();
        count = tokens_count(text, &arena);
        double took = now_s() - began;
        best = took < best ? took : best;
    }
    (void)printf("%zu %.2f\n", count, (double)text.len / best / 1e6);
    arena_reset(&arena);
}

static void write_ids(str text)
{
    struct arena arena = {0};
    uint32_t *ids = malloc((text.len + 1) * sizeof(*ids));

    if (ids == NULL) {
        abort();
    }
    size_t count = tokens_encode(text, ids, text.len, &arena);
    size_t written = fwrite(ids, sizeof(*ids), count, stdout);
    free(ids);
    arena_reset(&arena);
    if (written != count || fflush(stdout) != 0) {
        exit(1);
    }
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "ids") == 0) {
        write_ids(map_file(argv[2]));
        return 0;
    }
    if (argc < 4 || strcmp(argv[1], "count") != 0) {
        (void)fprintf(stderr, "usage: tokens count SECONDS FILE... | tokens ids FILE\n");
        return 2;
    }
    for (int i = 3; i < argc; i++) {
        count_file(map_file(argv[i]), strtod(argv[2], NULL));
    }
    return 0;
}
