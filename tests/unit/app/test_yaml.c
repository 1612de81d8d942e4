#include "app/yaml.h"

#include "test.h"

/* The tree as one line: {key:value,key:[a,b]}; quoted scalars in quotes. */
/* NOLINTNEXTLINE(misc-no-recursion): like the tree */
static void print(const struct yaml_node *node, struct buf *out)
{
    if (node->kind == YAML_SCALAR) {
        const char *quote = node->quoted ? "'" : "";
        assert_int_equal(buf_printf(out, "%s" STR_FMT "%s", quote, STR_ARG(node->text), quote),
                         ERR_OK);
        return;
    }
    bool is_map = node->kind == YAML_MAP;
    assert_int_equal(buf_add_char(out, is_map ? '{' : '['), ERR_OK);
    for (size_t i = 0; i < node->count; i++) {
        assert_int_equal(buf_add(out, i > 0 ? STR(",") : STR("")), ERR_OK);
        if (is_map) {
            print(node->keys[i], out);
            assert_int_equal(buf_add_char(out, ':'), ERR_OK);
        }
        print(node->items[i], out);
    }
    assert_int_equal(buf_add_char(out, is_map ? '}' : ']'), ERR_OK);
}

static const struct {
    const char *yaml;
    const char *want; /* NULL: refused; "": no document */
} cases[] = {
    {"", ""},
    {"# nothing\n", ""},
    {"---\n", ""},
    {"a: 1", "{a:1}"},
    {"\xef\xbb\xbf"
     "a: 1",
     "{a:1}"},
    {"a: {b: [c, 'd', \"e\"]}", "{a:{b:[c,'d','e']}}"},
    {"{\"json\": [true, null, 1.5]}", "{'json':[true,null,1.5]}"},
    {"a: &x [1, 2]\nb: *x\n", "{a:[1,2],b:[1,2]}"},
    {"a: |\n  text\n", "{a:'text\n'}"},
    {"a:\n", "{a:}"},
    {"a: &x [*x]", NULL},
    {"a: *x\nb: &x 1\n", NULL},
    {"a: &x 1\nb: &x 2\n", NULL},
    {"a: !x 1", NULL},
    {"{[a]: 1}", NULL},
    {"a: \"\\0\"", NULL},
    {"a: 1\n---\nb: 1\n", NULL},
    {"a: [1", NULL},
    {"a: b: c", NULL},
};

static void documents_become_trees_or_errors(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct arena arena = {0};
        struct diagnostics *diagnostics = ARENA_NEW(&arena, struct diagnostics);
        const struct yaml_node *root = NULL;
        struct buf out;

        *diagnostics = (struct diagnostics){.arena = &arena, .source = str_c(cases[i].yaml)};
        buf_init(&out, 4096);
        print_message("%s\n", cases[i].yaml);
        enum err err = yaml_read(diagnostics, &arena, &root);
        assert_int_equal(err, cases[i].want != NULL ? ERR_OK : ERR_INVALID);
        assert_int_equal(diagnostics->count, cases[i].want != NULL ? 0 : 1);
        if (root != NULL) {
            print(root, &out);
        }
        assert_str_equal(buf_str(&out), str_c(cases[i].want));
        buf_free(&out);
        arena_reset(&arena);
    }
}

static void every_node_knows_where_it_stands(void **state)
{
    const str source = STR("# comment\r\nä: {ö: 'grün', list: [\"a\",\n   b]}\n");
    struct arena arena = {0};
    struct diagnostics *diagnostics = ARENA_NEW(&arena, struct diagnostics);
    const struct yaml_node *root = NULL;

    (void)state;
    *diagnostics = (struct diagnostics){.arena = &arena, .source = source};
    assert_int_equal(yaml_read(diagnostics, &arena, &root), ERR_OK);
    const struct yaml_node *map = yaml_get(root, STR("ä"));
    const struct yaml_node *green = yaml_get(map, STR("ö"));
    const struct yaml_node *list = yaml_get(map, STR("list"));
    assert_str_equal(str_of(source.at + green->place.offset, green->place.width), STR("'grün'"));
    assert_int_equal(green->place.line, 2);
    assert_int_equal(green->place.column, 8);
    const struct yaml_node *last = list->items[1];
    assert_str_equal(str_of(source.at + last->place.offset, last->place.width), STR("b"));
    assert_int_equal(last->place.line, 3);
    assert_int_equal(last->place.column, 4);
    assert_null(yaml_get(map, STR("nothing")));
    assert_null(yaml_get(list, STR("a")));
    assert_null(yaml_get(NULL, STR("a")));
    arena_reset(&arena);
}

static void a_key_that_stands_twice_is_told_and_the_rest_is_read(void **state)
{
    struct arena arena = {0};
    struct diagnostics *diagnostics = ARENA_NEW(&arena, struct diagnostics);
    const struct yaml_node *root = NULL;

    (void)state;
    *diagnostics = (struct diagnostics){.arena = &arena, .source = STR("a: 1\na: 2\nb: 3\n")};
    assert_int_equal(yaml_read(diagnostics, &arena, &root), ERR_OK);
    assert_int_equal(diagnostics->count, 1);
    assert_int_equal(diagnostics->at[0].code, DIAGNOSTIC_TWICE);
    assert_str_equal(yaml_get(root, STR("b"))->text, STR("3"));
    arena_reset(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(documents_become_trees_or_errors),
        cmocka_unit_test(every_node_knows_where_it_stands),
        cmocka_unit_test(a_key_that_stands_twice_is_told_and_the_rest_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
