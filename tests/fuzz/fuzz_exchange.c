/*
 * A provider's answer through a whole worker in the simulated world.  links: gate
 *
 * The first byte chooses the provider, whether the client streams and how the answer ends; the
 * second the size of its pieces.  Whatever comes, the client gets one answer and the store one row.
 */
#include "gateway.h"

#include <stdlib.h>

#define MUST(condition) ((condition) ? (void)0 : abort())

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct gateway gateway;
    struct told told;

    if (size < 2) {
        return 0;
    }
    const struct reply reply = {.bytes = str_of((const char *)data + 2, size - 2),
                                .piece_bytes = data[1],
                                .end = (enum reply_end)(data[0] >> 2 & 1U) + 1};
    gateway_make(&gateway, 1);
    gateway_reply(&gateway, (data[0] & 1U) != 0 ? GAMMA : ALPHA, &reply);
    gateway_open(&gateway);
    struct sim_peer *client = gateway_dial(&gateway);
    gateway_ask(client, (data[0] & 1U) != 0 ? "claude" : "one",
                (data[0] & 2U) != 0 ? "\"stream\":true" : "");
    gateway_run_for(&gateway, 200 * INT64_C(1000000));
    told_read(&told, client);
    MUST(told.is_complete && !told.is_broken && told.is_json);
    MUST(told_looks_complete(&told) || told.has_error);
    MUST(store_double.row_count == 1);
    MUST(store_double.rows[0].status == told.status);
    MUST(told.has_error == (store_double.rows[0].error_type[0] != '\0'));
    told_free(&told);
    MUST(gateway_free(&gateway) == 0);
    return 0;
}
