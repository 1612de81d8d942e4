/* What an exchange costs: read off the answer, written in it, and kept in the row. */
#include "gate/relay.h"

#include "answers.h"
#include "bench.h"

#define USAGE(prompt, completion) \
    "\"usage\":{\"prompt_tokens\":" #prompt ",\"completion_tokens\":" #completion "}"

/* A whole answer with that text, reason to have ended and usage. */
static str whole(const char *text, const char *finish, const char *usage)
{
    str body = arena_printf(&bench.arena,
                            "{\"id\":\"c\",\"choices\":[{\"index\":0,\"message\":{\"role\":"
                            "\"assistant\",\"content\":\"%s\"},\"finish_reason\":%s}],%s}",
                            text, finish, usage);

    return answer_make(&bench.arena, 200, "application/json", body.at, BY_LENGTH);
}

static str streamed(const char *text, const char *finish, const char *usage)
{
    str body = arena_printf(&bench.arena,
                            "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{\"content\":"
                            "\"%s\"},\"finish_reason\":%s}],%s}\n\ndata: [DONE]\n\n",
                            text, finish, usage);

    return answer_make(&bench.arena, 200, "text/event-stream", body.at, BY_LENGTH);
}

/* alpha takes 0.000001 for a token of the prompt and 0.000002 for one of the answer. */
static const struct {
    const char *text;
    const char *finish;
    const char *usage;
    bool known;
    int64_t nanousd;
    const char *shown;
} cases[] = {
    {"Hi", "\"stop\"", USAGE(7, 3), true, 13000, "\"cost\":0.000013"},
    {"", "null", USAGE(7, 0), true, 0, "\"cost\":0,"},
    {"", "\"stop\"", USAGE(7, 0), true, 7000, "\"cost\":0.000007"},
    {"Hi", "null", USAGE(7, 3), true, 13000, "\"cost\":0.000013"},
    {"Hi", "\"stop\"", USAGE(900000000000000, 3), false, 0, "\"is_byok\":false"},
};

static void an_answer_that_is_empty_costs_nothing(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2 * COUNT_OF(cases); i++) {
        size_t at = i / 2;
        open_bench();
        str answer = i % 2 == 0 ? whole(cases[at].text, cases[at].finish, cases[at].usage)
                                : streamed(cases[at].text, cases[at].finish, cases[at].usage);
        gateway_reply(&bench.gateway, ALPHA, &(struct reply){.bytes = answer});
        ask("one", i % 2 == 0 ? "" : "\"stream\":true,\"stream_options\":{\"include_usage\":true}");
        const struct told *told = read_told();
        assert_true(told->has_usage);
        assert_int_equal(the_row()->cost_known, cases[at].known);
        assert_int_equal(the_row()->cost_nanousd, cases[at].nanousd);
        str seen = buf_str(&bench.client->received);
        assert_true(str_find(seen, str_c(cases[at].shown)) < seen.len);
        assert_int_equal(str_find(seen, STR("\"cost\"")) < seen.len, cases[at].known);
        close_bench();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_that_is_empty_costs_nothing),
    };

    return cmocka_run_group_tests_name("relay cost", tests, NULL, NULL);
}
