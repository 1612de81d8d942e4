/* JSON in these tables is written with ' for ". */
#include "codec/json_write.h"
#include "wire/rerank.h"

#include "share.h"
#include "test.h"

static struct arena arena;

static int reset(void **state)
{
    (void)state;
    arena_reset(&arena);
    return 0;
}

static str quoted(str text)
{
    str copy = arena_copy(&arena, text);
    char *at = arena_take_raw(&arena, copy.len + 1);

    for (size_t i = 0; i < copy.len; i++) {
        at[i] = copy.at[i];
        if (at[i] == '\'') {
            at[i] = '"';
        }
    }
    return str_of(at, copy.len);
}

static str in_words(enum err err, const struct fault *fault)
{
    return arena_printf(&arena, "%s [" STR_FMT "] " STR_FMT, err_name(err), STR_ARG(fault->param),
                        STR_ARG(fault->message));
}

/* The client's request; its members but model and query are given. */
static struct rerank_request *read_request(const char *members)
{
    struct rerank_request *request = NULL;
    struct fault fault = {0};
    str body = quoted(arena_printf(&arena, "{'model':'x','query':'q',%s}", members));

    if (rerank_read_request(body, &arena, &request, &fault) != ERR_OK) {
        fail_msg("refused: " STR_FMT, STR_ARG(fault.message));
    }
    return request;
}

static const struct model *model_here(void)
{
    struct model *model = ARENA_NEW(&arena, struct model);

    model->name = STR("m-1");
    model->quirks = share_quirks("", "openai");
    return model;
}

static str encode(const char *dialect, const char *members)
{
    struct rerank_ask ask = {read_request(members), model_here(), &arena};
    struct provider_request request = {0};
    struct fault fault = {0};
    enum err err = rerank_encode(rerank_dialect_by_name(str_c(dialect)), &ask, &request, &fault);

    if (err != ERR_OK) {
        return in_words(err, &fault);
    }
    assert_non_null(json_read_lenient(&arena, request.http.body));
    str got = arena_printf(&arena, STR_FMT " " STR_FMT, STR_ARG(request.http.path),
                           STR_ARG(request.http.body));
    for (size_t i = 0; i < request.drops.count; i++) {
        str drop = request.drops.at[i];
        got = arena_printf(&arena, STR_FMT " -" STR_FMT, STR_ARG(got), STR_ARG(drop));
    }
    return got;
}

#define DOCUMENTS "'documents':['a',{'text':'b','year':7},{'title':'c'}]"
#define ALL                                                                 \
    DOCUMENTS ",'top_n':2,'return_documents':true,'max_tokens_per_doc':99," \
              "'rank_fields':['text']"
#define TEXTS "['a','b','{\\'title\\':\\'c\\'}']"
#define OBJECTS "['a',{'text':'b','year':7},{'title':'c'}]"

static void every_provider_is_asked_in_its_words(void **state)
{
    static const struct {
        const char *dialect;
        const char *members;
        const char *want;
    } cases[] = {
        {"cohere", "'documents':['a']", "/v2/rerank {'model':'m-1','query':'q','documents':['a']}"},
        {"cohere", ALL,
         "/v2/rerank {'model':'m-1','query':'q','documents':" TEXTS
         ",'top_n':2,'max_tokens_per_doc':99} -rank_fields"},
        {"voyage", ALL,
         "/rerank {'model':'m-1','query':'q','documents':" TEXTS
         ",'top_k':2,'return_documents':false} -max_tokens_per_doc -rank_fields"},
        {"jina", ALL,
         "/rerank {'model':'m-1','query':'q','documents':" OBJECTS
         ",'top_n':2,'return_documents':false} -max_tokens_per_doc -rank_fields"},
        {"together", ALL,
         "/rerank {'model':'m-1','query':'q','documents':" OBJECTS
         ",'top_n':2,'return_documents':false,'rank_fields':['text']} -max_tokens_per_doc"},
        {"openrouter", DOCUMENTS, "/rerank {'model':'m-1','query':'q','documents':" OBJECTS "}"},
        {"llamacpp", ALL,
         "/v1/rerank {'model':'m-1','query':'q','documents':" TEXTS
         ",'top_n':2} -max_tokens_per_doc -rank_fields"},
        {"tei", ALL,
         "/rerank {'query':'q','texts':" TEXTS
         ",'return_text':false} -max_tokens_per_doc -rank_fields"},
        {"cohere", "'documents':['a',{'image':'https://example.com/a.png'}]",
         "invalid [documents[1]] `documents[1]` is an image, which this model's provider does not "
         "take"},
    };
    (void)state;

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        bool is_refused = str_has_prefix(str_c(cases[i].want), STR("invalid"));
        str want = is_refused ? str_c(cases[i].want) : quoted(str_c(cases[i].want));
        assert_str_equal(encode(cases[i].dialect, cases[i].members), want);
        arena_reset(&arena);
    }
    assert_null(rerank_dialect_by_name(STR("nobody")));
}

/* "1=0.5 0=0.25 tokens/units", or the fault in words. */
static str decode(const char *dialect, const char *members, const char *body)
{
    struct rerank_ask ask = {read_request(members), model_here(), &arena};
    struct rerank_answer answer = {0};
    struct fault fault = {0};
    enum err err = rerank_decode(rerank_dialect_by_name(str_c(dialect)), &ask, quoted(str_c(body)),
                                 &answer, &fault);
    str got = STR("");

    if (err != ERR_OK) {
        return in_words(err, &fault);
    }
    for (size_t i = 0; i < answer.result_count; i++) {
        got = arena_printf(&arena, STR_FMT "%zu=%g ", STR_ARG(got), answer.results[i].index,
                           answer.results[i].score);
    }
    return arena_printf(&arena, STR_FMT "%lld/%lld", STR_ARG(got), (long long)answer.total_tokens,
                        (long long)answer.search_units);
}

#define THREE "'documents':['a','b','c']"
#define NO_RESULT "peer [] the provider sent a result that names none of the documents"
#define NO_LIST "peer [] the answer of the provider is no list of its documents"

static void every_provider_is_read_in_order(void **state)
{
    static const struct {
        const char *dialect;
        const char *members;
        const char *body;
        const char *want;
    } cases[] = {
        {"cohere", THREE,
         "{'id':'i','results':[{'index':2,'relevance_score':0.75},{'index':0,'relevance_score':"
         "0.5}],'meta':{'billed_units':{'search_units':1}}}",
         "2=0.75 0=0.5 0/1"},
        {"voyage", THREE,
         "{'data':[{'relevance_score':0.25,'index':0},{'relevance_score':0.5,'index':2}],"
         "'usage':{'total_tokens':43}}",
         "2=0.5 0=0.25 43/0"},
        {"jina", THREE ",'top_n':1",
         "{'results':[{'index':0,'relevance_score':-1},{'index':1,'relevance_score':3},{'index':2,"
         "'relevance_score':2}],'usage':{'total_tokens':9}}",
         "1=3 9/0"},
        {"tei", THREE, "[{'index':1,'score':0.5},{'index':0,'score':0.5},{'index':2,'score':0.9}]",
         "2=0.9 1=0.5 0=0.5 0/0"},
        {"llamacpp", THREE, "{'results':[],'usage':{'total_tokens':55}}", "55/0"},
        {"cohere", THREE, "", NO_LIST},
        {"cohere", THREE, "{}", NO_LIST},
        {"cohere", "'documents':['a']",
         "{'results':[{'index':0,'relevance_score':1},{'index':0,'relevance_score':1}]}", NO_LIST},
        {"cohere", THREE, "{'results':[{'index':3,'relevance_score':1}]}", NO_RESULT},
        {"cohere", THREE, "{'results':[{'index':-1,'relevance_score':1}]}", NO_RESULT},
        {"cohere", THREE, "{'results':[{'relevance_score':1}]}", NO_RESULT},
        {"cohere", THREE, "{'results':[{'index':1,'relevance_score':'1'}]}", NO_RESULT},
        {"cohere", THREE,
         "{'results':[{'index':1,'relevance_score':1},{'index':1,'relevance_score':1}]}",
         NO_RESULT},
        {"cohere", THREE, "{'error':'no'}", "peer [] no"},
    };
    (void)state;

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_str_equal(decode(cases[i].dialect, cases[i].members, cases[i].body),
                         str_c(cases[i].want));
        arena_reset(&arena);
    }
}

static void bad_requests_are_refused_in_words(void **state)
{
    static const struct {
        const char *body;
        const char *want;
    } cases[] = {
        {"7", "invalid [body] `body` must be a JSON object"},
        {"{'query':'q','documents':['a']}", "invalid [model] `model` is required"},
        {"{'model':'m','documents':['a']}", "invalid [query] `query` is required"},
        {"{'model':'m','query':'','documents':['a']}",
         "invalid [query] `query` must be a string, not empty and not that long"},
        {"{'model':'m','query':'q'}",
         "invalid [documents] `documents` must be a list of 1 to 10000 documents"},
        {"{'model':'m','query':'q','documents':[]}",
         "invalid [documents] `documents` must be a list of 1 to 10000 documents"},
        {"{'model':'m','query':'q','documents':['a',7]}",
         "invalid [documents[1]] `documents[1]` must be a string or an object"},
        {"{'model':'m','query':'q','documents':['a'],'top_n':0}",
         "invalid [top_n] `top_n` must be a whole number, at least 1"},
        {"{'model':'m','query':'q','documents':['a'],'return_documents':1}",
         "invalid [return_documents] `return_documents` must be true or false"},
        {"{'model':'m','query':'q','documents':['a'],'rank_fields':'text'}",
         "invalid [rank_fields] `rank_fields` must be a list of names"},
    };
    (void)state;

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct rerank_request *request = NULL;
        struct fault fault = {0};
        enum err err = rerank_read_request(quoted(str_c(cases[i].body)), &arena, &request, &fault);
        assert_str_equal(in_words(err, &fault), str_c(cases[i].want));
        assert_null(request);
        arena_reset(&arena);
    }
}

static void documents_come_back_with_the_answer(void **state)
{
    static const struct identity identity = {
        .generation_id = STR_INIT("gen-1"), .model = STR_INIT("v/m"), .provider = STR_INIT("P")};
    struct rerank_result results[] = {{1, 0.5}, {0, 0.25}};
    struct rerank_answer answer = {
        .results = results, .result_count = 2, .total_tokens = 9, .search_units = 1};
    struct buf out;
    (void)state;

    buf_init(&out, 4096);
    struct rerank_request *request = read_request("'documents':['a',{'text':'b','year':7}]");
    assert_int_equal(rerank_write_answer(request, &answer, &identity, &out), ERR_OK);
    assert_str_equal(
        buf_str(&out),
        quoted(STR("{'id':'gen-1','model':'v/m','provider':'P','results':[{'index':1,"
                   "'relevance_score':0.5,'document':{'text':'b','year':7}},{'index':0,"
                   "'relevance_score':0.25,'document':{'text':'a'}}],'usage':{'total_tokens':9,"
                   "'search_units':1}}")));
    out.len = 0;
    request = read_request("'documents':['a','b'],'return_documents':false");
    answer.result_count = 1;
    answer.total_tokens = 0;
    assert_int_equal(rerank_write_answer(request, &answer, &identity, &out), ERR_OK);
    assert_str_equal(buf_str(&out),
                     quoted(STR("{'id':'gen-1','model':'v/m','provider':'P','results':[{'index':1,"
                                "'relevance_score':0.5}],'usage':{'search_units':1}}")));
    buf_free(&out);
}

/* Any number of results, in any order. */
static void results_are_sorted_and_stay_sorted(void **state)
{
    enum { MANY = 257 };
    struct rerank_request request = {.query = STR("q"), .document_count = MANY};
    struct rerank_ask ask = {&request, model_here(), &arena};
    struct rerank_answer answer = {0};
    struct fault fault = {0};
    struct buf body;
    (void)state;

    buf_init(&body, 1 << 16);
    for (size_t count = 0; count <= MANY; count += 16) {
        body.len = 0;
        assert_int_equal(buf_add(&body, STR("{\"results\":[")), ERR_OK);
        for (size_t i = 0; i < count; i++) {
            assert_int_equal(buf_printf(&body, "%s{\"index\":%zu,\"relevance_score\":%zu}",
                                        i > 0 ? "," : "", i, i * 97 % 31),
                             ERR_OK);
        }
        assert_int_equal(buf_add(&body, STR("]}")), ERR_OK);
        assert_int_equal(rerank_decode(rerank_dialect_by_name(STR("cohere")), &ask, buf_str(&body),
                                       &answer, &fault),
                         ERR_OK);
        assert_int_equal(answer.result_count, count);
        for (size_t i = 1; i < count; i++) {
            const struct rerank_result *before = &answer.results[i - 1];
            const struct rerank_result *result = &answer.results[i];
            assert_true(before->score > result->score ||
                        (before->score >= result->score && before->index < result->index));
        }
    }
    buf_free(&body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(every_provider_is_asked_in_its_words, reset),
        cmocka_unit_test_teardown(every_provider_is_read_in_order, reset),
        cmocka_unit_test_teardown(bad_requests_are_refused_in_words, reset),
        cmocka_unit_test_teardown(documents_come_back_with_the_answer, reset),
        cmocka_unit_test_teardown(results_are_sorted_and_stay_sorted, reset),
    };

    return cmocka_run_group_tests_name("rerank", tests, NULL, NULL);
}
