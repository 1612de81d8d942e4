/* JSON in these tables is written with ' for ". */
#include "codec/json_write.h"
#include "wire/embed.h"

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

/* The client's request; its members but the model are given. */
static struct embed_request *read_request(const char *members)
{
    struct embed_request *request = NULL;
    struct fault fault = {0};
    str body = quoted(arena_printf(&arena, "{'model':'x',%s}", members));

    if (embed_read_request(body, &arena, &request, &fault) != ERR_OK) {
        fail_msg("refused: " STR_FMT, STR_ARG(fault.message));
    }
    return request;
}

/* "path body -drop -drop", or the fault in words. */
static str encode(const char *dialect, const char *members, const struct site *site)
{
    struct model model = {.name = STR("m-1"), .quirks = share_quirks("", "openai"), .site = site};
    struct embed_ask ask = {read_request(members), &model, &arena};
    struct provider_request request = {0};
    struct fault fault = {0};
    enum err err = embed_encode(embed_dialect_by_name(str_c(dialect)), &ask, &request, &fault);

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

#define IMAGE "{'content':[{'type':'image_url','image_url':{'url':'data:image/gif;base64,R0lG'}}]}"
#define ALL                                                                               \
    "'input':['a','b'],'dimensions':256,'encoding_format':'base64','input_type':'query'," \
    "'truncate':'END','user':'u'"

static void every_provider_is_asked_in_its_words(void **state)
{
    static const struct {
        const char *dialect;
        const char *members;
        const char *want;
    } cases[] = {
        {"openai", "'input':'a'",
         "/embeddings {'model':'m-1','input':['a'],'encoding_format':"
         "'float'}"},
        {"openai", "'input':[1,2]",
         "/embeddings {'model':'m-1','input':[[1,2]],'encoding_format':'float'}"},
        {"openai", "'input':[[1,2],[3]]",
         "/embeddings {'model':'m-1','input':[[1,2],[3]],'encoding_format':'float'}"},
        {"openai", ALL,
         "/embeddings {'model':'m-1','input':['a','b'],'dimensions':256,'encoding_format':'base64',"
         "'user':'u'} -input_type -truncate"},
        {"openai", "'input':[{'content':[{'type':'text','text':'a'}]}]",
         "/embeddings {'model':'m-1','input':['a'],'encoding_format':'float'}"},
        {"openai", "'input':[" IMAGE "]",
         "invalid [input[0]] `input[0]` must be one text for this model's provider"},
        {"mistral", ALL,
         "/embeddings {'model':'m-1','output_dimension':256,'input':['a','b']} -user -input_type "
         "-truncate"},
        {"mistral", "'input':[1]",
         "invalid [input[0]] `input[0]` must be text: this model's provider does not take token "
         "ids"},
        {"voyage", ALL,
         "/embeddings {'model':'m-1','input_type':'query','output_dimension':256,"
         "'truncation':true,'encoding_format':'base64','input':['a','b']} -user"},
        {"voyage", "'input':'a','input_type':'clustering'",
         "/embeddings {'model':'m-1','input':['a']} -input_type"},
        {"jina", ALL,
         "/embeddings {'model':'m-1','task':'retrieval.query','dimensions':256,'embedding_type':"
         "'base64','truncate':true,'input':['a','b']} -user"},
        {"jina", "'input':['a'," IMAGE "],'task':'code.query'",
         "/embeddings {'model':'m-1','task':'code.query','embedding_type':'float','input':[{'text':"
         "'a'},{'image':'R0lG'}]}"},
        {"cohere", "'input':'a'",
         "/v2/embed {'model':'m-1','input_type':'search_document','embedding_types':['float'],"
         "'texts':['a']}"},
        {"cohere", ALL,
         "/v2/embed {'model':'m-1','input_type':'search_query','embedding_types':['base64'],"
         "'output_dimension':256,'truncate':'END','texts':['a','b']} -user"},
        {"cohere", "'input':'a','task_type':'SEMANTIC_SIMILARITY'",
         "/v2/embed {'model':'m-1','input_type':'search_document','embedding_types':['float'],"
         "'texts':['a']} -input_type"},
        {"cohere", "'input':['a'," IMAGE "],'input_type':'image','truncate':false",
         "/v2/embed {'model':'m-1','input_type':'image','embedding_types':['float'],'truncate':"
         "'NONE','inputs':[{'content':[{'type':'text','text':'a'}]},{'content':[{'type':"
         "'image_url','image_url':{'url':'data:image/gif;base64,R0lG'}}]}]}"},
        {"gemini", "'input':['a'," IMAGE "],'dimensions':768,'input_type':'passage','title':'t'",
         "/v1beta/models/m-1:batchEmbedContents {'requests':[{'model':'models/m-1','content':{"
         "'parts':[{'text':'a'}]},'taskType':'RETRIEVAL_DOCUMENT','title':'t',"
         "'outputDimensionality':768},{'model':'models/m-1','content':{'parts':[{'inlineData':{"
         "'mimeType':'image/gif','data':'R0lG'}}]},'taskType':'RETRIEVAL_DOCUMENT','title':'t',"
         "'outputDimensionality':768}]}"},
        {"vertex", ALL,
         "/v1/publishers/google/models/m-1:predict {'instances':[{'content':'a','task_type':"
         "'RETRIEVAL_QUERY'},{'content':'b','task_type':'RETRIEVAL_QUERY'}],'parameters':{"
         "'outputDimensionality':256,'autoTruncate':true}} -user"},
        {"ollama", ALL,
         "/api/embed {'model':'m-1','truncate':true,'dimensions':256,'input':['a','b']} -user "
         "-input_type"},
        {"titan", "'input':'a','dimensions':256",
         "/model/m-1/invoke {'inputText':'a','dimensions':256}"},
        {"titan", "'input':['a','b']",
         "invalid [input] `input` holds more than this model's provider takes at once"},
    };
    (void)state;

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        bool is_refused = str_has_prefix(str_c(cases[i].want), STR("invalid"));
        str want = is_refused ? str_c(cases[i].want) : quoted(str_c(cases[i].want));
        assert_str_equal(encode(cases[i].dialect, cases[i].members, NULL), want);
        arena_reset(&arena);
    }
    assert_null(embed_dialect_by_name(STR("nobody")));
}

static void platforms_have_paths_of_their_own(void **state)
{
    static const struct {
        const char *dialect;
        struct site site;
        const char *want;
    } cases[] = {
        {"openai", {.platform = PLATFORM_AZURE}, "/openai/v1/embeddings "},
        {"openai",
         {.platform = PLATFORM_AZURE_CLASSIC, .api_version = STR_INIT("2024-10-21")},
         "/openai/deployments/m-1/embeddings?api-version=2024-10-21 "},
        {"vertex",
         {.platform = PLATFORM_VERTEX, .project = STR_INIT("p"), .region = STR_INIT("r")},
         "/v1/projects/p/locations/r/publishers/google/models/m-1:predict "},
    };
    (void)state;

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_true(str_has_prefix(encode(cases[i].dialect, "'input':'a'", &cases[i].site),
                                   str_c(cases[i].want)));
    }
}

/* ---- Answers ---- */

/* "[0.5,0.25] [1.0] prompt/total model", or the fault in words. */
static str decode(const char *dialect, const char *members, const char *body, size_t floats_max)
{
    struct embed_reply reply = {read_request(members), NULL, quoted(str_c(body)), floats_max};
    struct embed_answer answer = {0};
    struct fault fault = {0};
    enum err err = embed_dialect_by_name(str_c(dialect))->decode(&reply, &arena, &answer, &fault);
    str got = STR("");

    if (err != ERR_OK) {
        return in_words(err, &fault);
    }
    assert_int_equal(answer.vector_count, reply.request->input_count);
    for (size_t i = 0; i < answer.vector_count; i++) {
        for (size_t k = 0; k < answer.vectors[i].len; k++) {
            got = arena_printf(&arena, STR_FMT "%s%g", STR_ARG(got), k > 0 ? "," : "[",
                               (double)answer.vectors[i].at[k]);
        }
        got = arena_printf(&arena, STR_FMT "] ", STR_ARG(got));
    }
    return arena_printf(&arena, STR_FMT "%lld/%lld " STR_FMT, STR_ARG(got),
                        (long long)answer.prompt_tokens, (long long)answer.total_tokens,
                        STR_ARG(answer.model));
}

static void every_provider_is_read(void **state)
{
    static const struct {
        const char *dialect;
        const char *members;
        const char *body;
        const char *want;
    } cases[] = {
        {"openai", "'input':['a','b']",
         "{'data':[{'index':1,'embedding':[0.25,0.5]},{'index':0,'embedding':[1,2]}],"
         "'model':'m','usage':{'prompt_tokens':3,'total_tokens':4}}",
         "[1,2] [0.25,0.5] 3/4 m"},
        {"openai", "'input':['a','b']",
         "{'data':[{'embedding':'AACAPwAAAL8='},{'embedding':'AAAAvwAAgD8='}]}",
         "[1,-0.5] [-0.5,1] 0/0 "},
        {"openai", "'input':'a','dimensions':2",
         "{'data':[{'embedding':'AAAAAAAA8D8AAAAAAADgvw=='}]}", "[1,-0.5] 0/0 "},
        {"voyage", "'input':'a'",
         "{'data':[{'embedding':[0.1,0.2],'index':0}],'usage':{'total_tokens':8}}",
         "[0.1,0.2] 8/8 "},
        {"cohere", "'input':['a','b']",
         "{'id':'i','embeddings':{'float':[[0.5,1.5],[2,3]]},'meta':{'billed_units':{"
         "'input_tokens':7}}}",
         "[0.5,1.5] [2,3] 7/7 "},
        {"cohere", "'input':'a'", "{'embeddings':{'base64':['AACAPw==']}}", "[1] 0/0 "},
        {"cohere", "'input':'a'", "{'embeddings':{'int8':[[-21,18,19,-8,-38,15,57,-18]]}}",
         "[-21,18,19,-8,-38,15,57,-18] 0/0 "},
        {"cohere", "'input':'a'", "{'embeddings':[[0.5,1]]}", "[0.5,1] 0/0 "},
        {"gemini", "'input':['a','b']",
         "{'embeddings':[{'values':[3,4]},{'values':[0,0]}],'usageMetadata':{'promptTokenCount':5}"
         "}",
         "[0.6,0.8] [0,0] 5/5 "},
        {"gemini", "'input':'a'", "{'embedding':{'values':[0.0003,0.0004]}}", "[0.6,0.8] 0/0 "},
        {"vertex", "'input':['a','b']",
         "{'predictions':[{'embeddings':{'values':[3,4],'statistics':{'token_count':2}}},"
         "{'embeddings':{'values':[1],'statistics':{'token_count':3}}}]}",
         "[3,4] [1] 5/5 "},
        {"ollama", "'input':'a'", "{'model':'m','embeddings':[[1e-1,2]],'prompt_eval_count':10}",
         "[0.1,2] 10/10 m"},
        {"titan", "'input':'a'", "{'embedding':[0.5],'inputTextTokenCount':6}", "[0.5] 6/6 "},
    };
    (void)state;

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_str_equal(decode(cases[i].dialect, cases[i].members, cases[i].body, 1000),
                         str_c(cases[i].want));
        arena_reset(&arena);
    }
}

#define NO_VECTOR "peer [] the provider sent a vector that is none"
#define NOT_ASKED "peer [] the provider sent a vector that was not asked for"
#define WRONG_LENGTH "peer [] the provider's vectors are not of the length that was asked for"

static void answers_that_do_not_fit_are_refused(void **state)
{
    static const struct {
        const char *members;
        const char *body;
        const char *want;
    } cases[] = {
        {"'input':'a'", "", "peer [] the answer of the provider is not JSON"},
        {"'input':'a'", "<html>", "peer [] the answer of the provider is not JSON"},
        {"'input':'a'", "[]", "peer [] the answer of the provider is not JSON"},
        {"'input':'a'", "{}", "peer [] the provider sent fewer vectors than inputs"},
        {"'input':['a','b']", "{'data':[{'embedding':[1]}]}",
         "peer [] the provider sent fewer vectors than inputs"},
        {"'input':'a'", "{'data':[{'embedding':[1]},{'embedding':[2]}]}", NOT_ASKED},
        {"'input':['a','b']", "{'data':[{'embedding':[1],'index':0},{'embedding':[2],'index':0}]}",
         NOT_ASKED},
        {"'input':'a'", "{'data':[{'embedding':[1],'index':-1}]}", NOT_ASKED},
        {"'input':'a'", "{'data':[{'embedding':null}]}", NO_VECTOR},
        {"'input':'a'", "{'data':[{'embedding':['1']}]}", NO_VECTOR},
        {"'input':'a'", "{'data':[{'embedding':'#7'}]}", NO_VECTOR},
        {"'input':'a'", "{'data':[{'embedding':'AACAf'}]}", NO_VECTOR},
        {"'input':'a'", "{'data':[{'embedding':[]}]}", WRONG_LENGTH},
        {"'input':'a','dimensions':3", "{'data':[{'embedding':[1,2]}]}", WRONG_LENGTH},
        {"'input':'a','dimensions':3", "{'data':[{'embedding':'AACAPw=='}]}", WRONG_LENGTH},
        {"'input':'a'", "{'data':[{'embedding':[1,2,3,4,5,6,7,8,9,10,11,12,13]}]}",
         "too_big [] the provider sent more numbers than are allowed"},
        {"'input':'a'", "{'data':[{'embedding':[1.000,2.000,3.000,4.000,-]}]}",
         "peer [] the provider sent a number that is none"},
        {"'input':'a'", "{'error':{'message':'no','code':429}}", "limited [] no"},
    };
    (void)state;

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_str_equal(decode("openai", cases[i].members, cases[i].body, 12),
                         str_c(cases[i].want));
        arena_reset(&arena);
    }
}

/* More values than the JSON reader takes. */
static void an_answer_may_hold_millions_of_numbers(void **state)
{
    enum { VECTORS = 300, LENGTH = 1024 };
    struct embed_request request = {.input_count = VECTORS};
    struct embed_answer answer = {0};
    struct fault fault = {0};
    struct buf body;
    (void)state;

    buf_init(&body, 1 << 24);
    assert_int_equal(buf_add(&body, STR("{\"data\":[")), ERR_OK);
    for (int i = 0; i < VECTORS; i++) {
        assert_int_equal(buf_printf(&body, "%s{\"embedding\":[%d", i > 0 ? "," : "", i), ERR_OK);
        for (int k = 1; k < LENGTH; k++) {
            assert_int_equal(buf_add(&body, STR(",-0.5")), ERR_OK);
        }
        assert_int_equal(buf_add(&body, STR("]}")), ERR_OK);
    }
    assert_int_equal(buf_add(&body, STR("]}")), ERR_OK);
    struct embed_reply reply = {&request, NULL, buf_str(&body), (size_t)VECTORS * LENGTH};
    assert_int_equal(embed_dialect_by_name(STR("openai"))->decode(&reply, &arena, &answer, &fault),
                     ERR_OK);
    for (int i = 0; i < VECTORS; i++) {
        assert_int_equal(answer.vectors[i].len, LENGTH);
        assert_int_equal((int)answer.vectors[i].at[0], i);
    }
    buf_free(&body);
}

/* ---- Clients ---- */

static void bad_requests_are_refused_in_words(void **state)
{
    static const struct {
        const char *body;
        const char *want;
    } cases[] = {
        {"[]", "invalid [body] `body` must be a JSON object"},
        {"{'input':'a'}", "invalid [model] `model` is required"},
        {"{'model':7,'input':'a'}", "invalid [model] `model` must be a string, and not that long"},
        {"{'model':'m'}", "invalid [input] `input` is required"},
        {"{'model':'m','input':''}", "invalid [input] `input` must not be empty"},
        {"{'model':'m','input':[]}", "invalid [input] `input` must not be empty"},
        {"{'model':'m','input':['a','']}", "invalid [input[1]] `input[1]` must not be empty"},
        {"{'model':'m','input':['a',7]}",
         "invalid [input[1]] `input[1]` must be a string, a list of token ids, or an object of "
         "parts"},
        {"{'model':'m','input':[1,'a']}", "invalid [input] `input` must hold token ids only"},
        {"{'model':'m','input':[-1]}", "invalid [input] `input` must hold token ids only"},
        {"{'model':'m','input':[[]]}", "invalid [input[0]] `input[0]` must not be empty"},
        {"{'model':'m','input':[{'content':[]}]}",
         "invalid [input[0]] `input[0]` must have `content`, a list of parts"},
        {"{'model':'m','input':[{'content':[{'type':'input_audio'}]}]}",
         "invalid [input[0]] `input[0]` holds a part that cannot be embedded: text and image_url "
         "can"},
        {"{'model':'m','input':[{'content':[{'type':'image_url','image_url':'ftp://x'}]}]}",
         "invalid [input[0]] `input[0]` holds an image that is no address and no base64"},
        {"{'model':'m','input':'a','encoding_format':'hex'}",
         "invalid [encoding_format] `encoding_format` must be float or base64"},
        {"{'model':'m','input':'a','dimensions':0}",
         "invalid [dimensions] `dimensions` must be a whole number from 1 to 65536"},
        {"{'model':'m','input':'a','truncate':'MIDDLE'}",
         "invalid [truncate] `truncate` must be true, false, NONE, START or END"},
    };
    (void)state;

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct embed_request *request = NULL;
        struct fault fault = {0};
        enum err err = embed_read_request(quoted(str_c(cases[i].body)), &arena, &request, &fault);
        assert_str_equal(in_words(err, &fault), str_c(cases[i].want));
        assert_null(request);
        arena_reset(&arena);
    }
}

static void answers_are_written_in_the_encoding_that_was_asked_for(void **state)
{
    static const struct identity identity = {
        .generation_id = STR_INIT("gen-1"), .model = STR_INIT("v/m"), .provider = STR_INIT("P")};
    static const float first[] = {1, -0.5F};
    static const float second[] = {0.1F};
    struct embed_vector vectors[] = {{first, 2}, {second, 1}};
    struct embed_answer answer = {
        .vectors = vectors, .vector_count = 2, .prompt_tokens = 3, .total_tokens = 4};
    struct buf out;
    (void)state;

    buf_init(&out, 4096);
    struct embed_request *request = read_request("'input':['a','b']");
    assert_int_equal(embed_write_answer(request, &answer, &identity, &out), ERR_OK);
    assert_str_equal(
        buf_str(&out),
        quoted(STR("{'object':'list','data':[{'object':'embedding','index':0,'embedding':[1.0,-0.5]"
                   "},{'object':'embedding','index':1,'embedding':[0.1]}],'model':'v/m','provider':"
                   "'P','id':'gen-1','usage':{'prompt_tokens':3,'total_tokens':4}}")));
    out.len = 0;
    request = read_request("'input':['a','b'],'encoding_format':'base64'");
    assert_int_equal(embed_write_answer(request, &answer, &identity, &out), ERR_OK);
    assert_str_equal(
        buf_str(&out),
        quoted(STR("{'object':'list','data':[{'object':'embedding','index':0,'embedding':"
                   "'AACAPwAAAL8='},{'object':'embedding','index':1,'embedding':'zczMPQ=='}],"
                   "'model':'v/m','provider':'P','id':'gen-1','usage':{'prompt_tokens':3,"
                   "'total_tokens':4}}")));
    out.limit = 40;
    out.len = 0;
    assert_int_equal(embed_write_answer(request, &answer, &identity, &out), ERR_TOO_BIG);
    buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(every_provider_is_asked_in_its_words, reset),
        cmocka_unit_test_teardown(platforms_have_paths_of_their_own, reset),
        cmocka_unit_test_teardown(every_provider_is_read, reset),
        cmocka_unit_test_teardown(answers_that_do_not_fit_are_refused, reset),
        cmocka_unit_test_teardown(an_answer_may_hold_millions_of_numbers, reset),
        cmocka_unit_test_teardown(bad_requests_are_refused_in_words, reset),
        cmocka_unit_test_teardown(answers_are_written_in_the_encoding_that_was_asked_for, reset),
    };

    return cmocka_run_group_tests_name("embed", tests, NULL, NULL);
}
