#include "base/buf.h"
#include "codec/json_text.h"

#include "test.h"

static void members_keep_the_text_they_were_written_in(void **state)
{
    static const struct {
        const char *text;
        const char *want; /* name=value; of each member or element */
    } cases[] = {
        {"{}", ""},
        {"[]", ""},
        {" { } ", ""},
        {"{\"a\":123456789012345678901234567890,\"b\":1.10}",
         "a=123456789012345678901234567890;b=1.10;"},
        {"{ \"a\" : \"x,\\\"}\" , \"b\" : [ 1 , {\"c\":\"]\"} ] }",
         "a=\"x,\\\"}\";b=[ 1 , {\"c\":\"]\"} ];"},
        {"[1,\"two\",null,{\"a\":[]},[[2]]]", "=1;=\"two\";=null;={\"a\":[]};=[[2]];"},
        {"{\"\":true}", "=true;"},
        {"{\"a\\nb\":1e400}", "a\\nb=1e400;"},
        /* Not JSON: no member, and nothing is read outside. */
        {"", ""},
        {"7", ""},
        {"{\"a\"", ""},
        {"{\"a\":", ""},
        {"{\"a\":\"b", "a=\"b;"},
        {"[\"\\", "=\"\\;"},
        {"{a}", ""},
        {"[}", ""},
    };
    struct buf out;
    (void)state;

    buf_init(&out, 4096);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct json_text_walk walk = json_text_walk(str_c(cases[i].text));
        out.len = 0;
        while (json_text_next(&walk)) {
            assert_int_equal(
                buf_printf(&out, STR_FMT "=" STR_FMT ";", STR_ARG(walk.name), STR_ARG(walk.value)),
                ERR_OK);
        }
        assert_str_equal(buf_str(&out), str_c(cases[i].want));
    }
    buf_free(&out);
}

static void a_member_is_found_by_its_name(void **state)
{
    str object = STR("{\"a\":{\"b\":[10,20]},\"b\":-0.0}");
    (void)state;

    assert_str_equal(json_text_find(object, STR("b")), STR("-0.0"));
    assert_str_equal(json_text_find(json_text_find(object, STR("a")), STR("b")), STR("[10,20]"));
    assert_null(json_text_find(object, STR("c")).at);
    assert_null(json_text_find(STR("[\"a\",1]"), STR("a")).at);
    assert_null(json_text_find(STR_NONE, STR("a")).at);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_keep_the_text_they_were_written_in),
        cmocka_unit_test(a_member_is_found_by_its_name),
    };

    return cmocka_run_group_tests_name("json_text", tests, NULL, NULL);
}
