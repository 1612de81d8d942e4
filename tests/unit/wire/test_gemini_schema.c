/* JSON in these tables is written with ' for ". */
#include "wire/gemini.h"

#include "test.h"

static struct arena arena;

static int reset(void **state)
{
    (void)state;
    arena_reset(&arena);
    return 0;
}

static str quoted(const char *text)
{
    str copy = arena_copy(&arena, str_c(text));
    char *at = arena_take_raw(&arena, copy.len + 1);

    for (size_t i = 0; i <= copy.len; i++) {
        at[i] = (char)(copy.at[i] == '\'' ? '"' : copy.at[i]);
    }
    return str_of(at, copy.len);
}

static str cleaned(str schema)
{
    struct buf out;
    struct json_writer writer = json_write_to(&out);

    buf_init(&out, 64 << 20);
    gemini_schema_put(&writer, NULL, json_read_lenient(&arena, schema), &arena);
    assert_int_equal(json_write_end(&writer), ERR_OK);
    str text = arena_copy(&arena, buf_str(&out));
    buf_free(&out);
    return text;
}

struct schema_case {
    const char *schema;
    const char *want;
};

static void check(const struct schema_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        assert_str_equal(cleaned(quoted(cases[i].schema)), quoted(cases[i].want));
    }
}

static void what_the_subset_knows_is_kept(void **state)
{
    static const struct schema_case cases[] = {
        {"{'type':'STRING','minLength':1,'maxLength':9,'pattern':'^a','title':'T'}",
         "{'type':'STRING','title':'T','pattern':'^a','minLength':1,'maxLength':9}"},
        {"{'type':'object','description':'D','properties':{'a':{'type':'integer','minimum':1,"
         "'maximum':9},'b':{'type':'boolean'}},'required':['a'],'propertyOrdering':['b','a'],"
         "'minProperties':1,'maxProperties':2}",
         "{'description':'D','type':'object','properties':{'a':{'type':'integer','minimum':1,"
         "'maximum':9},'b':{'type':'boolean'}},'required':['a'],'minProperties':1,"
         "'maxProperties':2,'propertyOrdering':['b','a']}"},
        {"{'type':'array','items':{'type':'number'},'minItems':1,'maxItems':3}",
         "{'type':'array','items':{'type':'number'},'minItems':1,'maxItems':3}"},
        {"{'type':'string','nullable':true}", "{'type':'string','nullable':true}"},
        {"{'type':'object'}", "{'type':'object'}"},
    };

    (void)state;
    check(cases, COUNT_OF(cases));
}

static void what_the_subset_refuses_is_left_out(void **state)
{
    static const struct schema_case cases[] = {
        {"{'$schema':'x','$id':'y','$comment':'z','type':'object','additionalProperties':false,"
         "'patternProperties':{},'propertyNames':{},'unevaluatedProperties':false,'strict':true,"
         "'not':{},'if':{},'then':{},'else':{},'dependentRequired':{},'$defs':{},'default':1,"
         "'examples':[1],'uniqueItems':true}",
         "{'type':'object'}"},
        {"{'type':'string','format':'email'}", "{'type':'string'}"},
        {"{'type':'string','format':'date-time'}", "{'type':'string','format':'date-time'}"},
        {"{'type':'integer','format':'int64'}", "{'type':'integer','format':'int64'}"},
        {"{'type':'integer','format':'date-time'}", "{'type':'integer'}"},
        {"{'type':'integer','exclusiveMinimum':0,'exclusiveMaximum':9}",
         "{'type':'integer','minimum':0,'maximum':9}"},
        {"{'type':'integer','exclusiveMinimum':true,'minimum':3}",
         "{'type':'integer','minimum':3}"},
        {"{'type':'object','properties':{},'required':['a']}", "{'type':'object'}"},
        {"{'type':'object','properties':{'a':{'type':'string'}},'required':['a','b','a',7]}",
         "{'type':'object','properties':{'a':{'type':'string'}},'required':['a']}"},
    };

    (void)state;
    check(cases, COUNT_OF(cases));
}

static void names_of_properties_are_no_keywords(void **state)
{
    static const struct schema_case cases[] = {
        {"{'type':'object','properties':{'const':{'type':'string'},'$ref':{'type':'string'},"
         "'title':{'type':'object','properties':{'oneOf':{'type':'string'}}}},"
         "'required':['const','$ref']}",
         "{'type':'object','properties':{'const':{'type':'string'},'$ref':{'type':'string'},"
         "'title':{'type':'object','properties':{'oneOf':{'type':'string'}}}},"
         "'required':['const','$ref']}"},
    };

    (void)state;
    check(cases, COUNT_OF(cases));
}

static void types_and_values_become_those_that_can_be_said(void **state)
{
    static const struct schema_case cases[] = {
        {"{'type':['string','null']}", "{'type':'string','nullable':true}"},
        {"{'type':['string','integer','null'],'enum':['a',null]}",
         "{'anyOf':[{'type':'string','enum':['a']},{'type':'integer'}],'nullable':true}"},
        {"{'type':['array','object'],'items':{'type':'string'},'properties':{'a':{}}}",
         "{'anyOf':[{'type':'array','items':{'type':'string'}},"
         "{'type':'object','properties':{'a':{'type':'string'}}}]}"},
        {"{'const':'on'}", "{'type':'string','enum':['on']}"},
        {"{'const':7,'type':'integer'}", "{'description':'Always 7.','type':'integer'}"},
        {"{'enum':['a','','b']}", "{'type':'string','enum':['a','b']}"},
        {"{'enum':['']}", "{'description':'One of [\\'\\'].','type':'string'}"},
        {"{'type':'integer','enum':[1,2],'description':'D'}",
         "{'description':'D\\n\\nOne of [1,2].','type':'integer'}"},
        {"{'properties':{'a':true,'b':false,'c':7}}",
         "{'type':'object','properties':{'a':{'type':'string'},'b':{'type':'string'},"
         "'c':{'type':'string'}}}"},
        {"{'type':'array'}", "{'type':'array','items':{'type':'string'}}"},
        {"{'type':'array','prefixItems':[{'type':'number'},{'type':'string'}]}",
         "{'type':'array','items':{'type':'number'}}"},
        {"{'items':[{'type':'number'}]}", "{'type':'array','items':{'type':'number'}}"},
        {"{}", "{'type':'string'}"},
        {"{'type':['null']}", "{'type':'string','nullable':true}"},
    };

    (void)state;
    check(cases, COUNT_OF(cases));
}

static void alternatives_and_intersections_are_simplified(void **state)
{
    static const struct schema_case cases[] = {
        {"{'anyOf':[{'type':'string'},{'type':'null'}],'description':'D','default':null}",
         "{'description':'D','type':'string','nullable':true}"},
        {"{'oneOf':[{'type':'string'},{'type':'integer'}]}",
         "{'anyOf':[{'type':'string'},{'type':'integer'}]}"},
        {"{'anyOf':[{'type':'string'},{'type':'integer'},{'type':'null'}]}",
         "{'anyOf':[{'type':'string'},{'type':'integer'}],'nullable':true}"},
        {"{'anyOf':[{'type':'null'}]}", "{'type':'string','nullable':true}"},
        {"{'anyOf':[]}", "{'type':'string'}"},
        {"{'allOf':[{'type':'object','properties':{'a':{'type':'string'}},'required':['a']},"
         "{'properties':{'b':{'type':'integer'},'a':{'type':'number'}},'required':['b','a']}]}",
         "{'type':'object','properties':{'a':{'type':'string'},'b':{'type':'integer'}},"
         "'required':['a','b']}"},
        {"{'type':'object','properties':{'a':{}},'anyOf':[{'required':['a']},{'required':[]}]}",
         "{'type':'object','properties':{'a':{'type':'string'}}}"},
    };

    (void)state;
    check(cases, COUNT_OF(cases));
}

static void references_are_written_out_and_end(void **state)
{
    static const struct schema_case cases[] = {
        {"{'$defs':{'Color':{'type':'string','enum':['red'],'description':'C'}},'type':'object',"
         "'properties':{'a':{'$ref':'#/$defs/Color','description':'mine'},"
         "'b':{'$ref':'#/$defs/Color'}}}",
         "{'type':'object','properties':{'a':{'description':'mine','type':'string','enum':['red']},"
         "'b':{'description':'C','type':'string','enum':['red']}}}"},
        {"{'$ref':'#/definitions/Root','definitions':{'Root':{'type':'object','properties':"
         "{'x':{'type':'number'}}}}}",
         "{'type':'object','properties':{'x':{'type':'number'}}}"},
        {"{'$defs':{'Node':{'type':'object','properties':{'next':{'$ref':'#/$defs/Node'},"
         "'all':{'type':'array','items':{'$ref':'#/$defs/Node'}}}}},'$ref':'#/$defs/Node'}",
         "{'type':'object','properties':{'next':{'type':'object'},"
         "'all':{'type':'array','items':{'type':'object'}}}}"},
        {"{'type':'object','properties':{'me':{'$ref':'#'}}}",
         "{'type':'object','properties':{'me':{'type':'object'}}}"},
        {"{'type':'object','properties':{'a':{'$ref':'#/$defs/None'},"
         "'b':{'$ref':'https://x.example/y'}}}",
         "{'type':'object','properties':{'a':{'type':'string'},'b':{'type':'string'}}}"},
    };

    (void)state;
    check(cases, COUNT_OF(cases));
}

/* Each definition holds the next twice: written out, the last would stand there 2^64 times. */
static void references_that_fan_out_stay_bounded(void **state)
{
    (void)state;
    struct buf text;

    buf_init(&text, 1 << 20);
    assert_int_equal(buf_printf(&text, "{\"$ref\":\"#/$defs/d0\",\"$defs\":{"), ERR_OK);
    for (int i = 0; i < 64; i++) {
        assert_int_equal(buf_printf(&text,
                                    "\"d%d\":{\"type\":\"object\",\"properties\":{"
                                    "\"a\":{\"$ref\":\"#/$defs/d%d\"},"
                                    "\"b\":{\"$ref\":\"#/$defs/d%d\"}}},",
                                    i, i + 1, i + 1),
                         ERR_OK);
    }
    assert_int_equal(buf_printf(&text, "\"d64\":{\"type\":\"string\"}}}"), ERR_OK);
    str out = cleaned(buf_str(&text));
    assert_non_null(json_read_lenient(&arena, out));
    assert_true(out.len < 16 << 20);
    buf_free(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(what_the_subset_knows_is_kept, reset),
        cmocka_unit_test_teardown(what_the_subset_refuses_is_left_out, reset),
        cmocka_unit_test_teardown(names_of_properties_are_no_keywords, reset),
        cmocka_unit_test_teardown(types_and_values_become_those_that_can_be_said, reset),
        cmocka_unit_test_teardown(alternatives_and_intersections_are_simplified, reset),
        cmocka_unit_test_teardown(references_are_written_out_and_end, reset),
        cmocka_unit_test_teardown(references_that_fan_out_stay_bounded, reset),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
