#include "app/access_log.h"
#include "app/banner.h"
#include "base/buf.h"
#include "base/log.h"
#include "codec/json.h"

#include "test.h"

static struct arena arena;
static struct buf lines;
static size_t line_count;

static void collect(void *ctx, str line)
{
    (void)ctx;
    line_count++;
    assert_int_equal(buf_add(&lines, line), ERR_OK);
}

static int set_up(void **state)
{
    (void)state;
    buf_init(&lines, 1024 * 1024);
    line_count = 0;
    log_set_sink(collect, NULL);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    log_set_sink(NULL, NULL);
    buf_free(&lines);
    arena_reset(&arena);
    return 0;
}

static enum err append(const struct exchange_row *rows, size_t count)
{
    struct fault fault = {0};
    struct store *store = NULL;
    const struct store_ops *ops = access_log_over(&memory_store);

    assert_int_equal(ops->open(STR("memory:"), &store, &arena, &fault), ERR_OK);
    assert_int_equal(ops->migrate(store, &arena, &fault), ERR_OK);
    enum err err = ops->exchange_append(store, rows, count);
    ops->close(store);
    return err;
}

static struct exchange_row a_row(void)
{
    return (struct exchange_row){.id = "gen-1",
                                 .key_id = "key-1",
                                 .model_asked = "asked",
                                 .model = "served",
                                 .provider = "p",
                                 .status = 200,
                                 .streamed = true,
                                 .at_ms = 1700000000000,
                                 .total_us = 1500000,
                                 .first_byte_us = 250000,
                                 .prompt_tokens = 7,
                                 .completion_tokens = 3,
                                 .cost_known = true,
                                 .cost_nanousd = 13000};
}

static void a_row_is_a_line_of_json(void **state)
{
    struct exchange_row row = a_row();
    struct fault fault = {0};
    json *root = NULL;

    (void)state;
    log_setup(LOG_INFO, true);
    assert_int_equal(append(&row, 1), ERR_OK);
    assert_int_equal(line_count, 1);
    assert_int_equal(lines.at[lines.len - 1], '\n');
    assert_int_equal(json_read(&arena, buf_str(&lines), &root, &fault), ERR_OK);
    assert_str_equal(json_str(root, "event"), STR("request"));
    assert_str_equal(json_str(root, "id"), STR("gen-1"));
    assert_str_equal(json_str(root, "model"), STR("served"));
    assert_true(json_int(root, "status") == 200);
    assert_true(json_is(json_get(root, "error_type"), JSON_ABSENT));
    assert_true(str_find(buf_str(&lines), STR("\"cost\":0.000013}")) < lines.len);
}

static void a_row_is_a_line_of_text_on_a_terminal(void **state)
{
    struct exchange_row row = a_row();

    (void)state;
    log_setup(LOG_INFO, false);
    assert_int_equal(append(&row, 1), ERR_OK);
    assert_true(str_find(buf_str(&lines), STR("200   1.50s first 250ms served 7+3tok $0.000013 "
                                              "gen-1\n")) < lines.len);
}

static void text_from_outside_moves_no_cursor_and_starts_no_line(void **state)
{
    struct exchange_row row = a_row();

    (void)state;
    row.model[0] = '\0';
    (void)snprintf(row.model_asked, sizeof(row.model_asked), "a\x1b[2J\nb\x7f");
    (void)snprintf(row.error_message, sizeof(row.error_message), "c\r\nd");
    for (int is_json = 0; is_json < 2; is_json++) {
        lines.len = 0;
        log_setup(LOG_INFO, is_json == 1);
        row.error_type[0] = 'e';
        assert_int_equal(append(&row, 1), ERR_OK);
        for (size_t i = 0; i + 1 < lines.len; i++) {
            assert_true((unsigned char)lines.at[i] >= 0x20);
        }
        assert_true(is_json == 1 || str_find_char(buf_str(&lines), '\x7f') == lines.len);
    }
}

static void the_longest_row_fits_a_line(void **state)
{
    struct exchange_row rows[2];

    (void)state;
    memset(rows, 0x01, sizeof(rows)); /* each byte takes six in JSON */
    for (int i = 0; i < 2; i++) {
        char *texts[] = {rows[i].id,       rows[i].key_id,     rows[i].model,
                         rows[i].provider, rows[i].error_type, rows[i].error_message};
        size_t sizes[] = {sizeof(rows[i].id),         sizeof(rows[i].key_id),
                          sizeof(rows[i].model),      sizeof(rows[i].provider),
                          sizeof(rows[i].error_type), sizeof(rows[i].error_message)};
        for (size_t j = 0; j < COUNT_OF(texts); j++) {
            texts[j][sizes[j] - 1] = '\0';
        }
        rows[i].at_ms = 1700000000000;
        rows[i].streamed = true;
        rows[i].cost_known = true;
        rows[i].id[0] = (char)('a' + i);
    }
    for (int is_json = 0; is_json < 2; is_json++) {
        line_count = 0;
        log_setup(LOG_INFO, is_json == 1);
        assert_int_equal(append(rows, 2), ERR_OK);
        assert_int_equal(line_count, 2);
    }
}

/* --- the banner --- */

static void a_banner_in_a_pipe_is_one_line_of_json(void **state)
{
    struct provider_key key = {.source = STR("OPENAI_API_KEY"), .secret = STR("never shown")};
    struct provider_key none = {0};
    struct provider providers[] = {{.name = STR("openai"), .keys = &key, .key_count = 1},
                                   {.name = STR("demo"), .keys = &none, .key_count = 1}};
    struct snapshot snapshot = {.providers = providers, .provider_count = 2};
    const struct banner banner = {.base = STR("http://127.0.0.1:8080"),
                                  .data = STR("/data/gatehouse.db"),
                                  .api_key = STR("sk-gh-first"),
                                  .local = true,
                                  .snapshot = &snapshot};
    struct fault fault = {0};
    json *root = NULL;

    (void)state;
    snapshot.settings.demo = true;
    banner_print(&banner, false);
    assert_int_equal(line_count, 1);
    assert_int_equal(json_read(&arena, buf_str(&lines), &root, &fault), ERR_OK);
    assert_str_equal(json_str(root, "event"), STR("ready"));
    assert_str_equal(json_str(root, "base_url"), STR("http://127.0.0.1:8080/v1"));
    assert_str_equal(json_str(root, "api_key"), STR("sk-gh-first"));
    assert_int_equal(json_count(json_get(root, "providers")), 2);
    str curl = json_str(root, "curl");
    assert_true(str_find(curl, STR("Bearer sk-gh-first")) < curl.len);
    assert_true(str_find(curl, STR("demo/echo")) < curl.len);
    assert_true(str_find(buf_str(&lines), STR("never shown")) == lines.len);
}

static void a_later_banner_shows_no_key(void **state)
{
    struct snapshot snapshot = {0};
    const struct banner banner = {.base = STR("http://127.0.0.1:8080"), .snapshot = &snapshot};

    (void)state;
    banner_print(&banner, false);
    assert_true(str_find(buf_str(&lines), STR("\"api_key\"")) == lines.len);
    assert_true(str_find(buf_str(&lines), STR("$GATEHOUSE_API_KEY")) < lines.len);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_row_is_a_line_of_json),
        TEST(a_row_is_a_line_of_text_on_a_terminal),
        TEST(text_from_outside_moves_no_cursor_and_starts_no_line),
        TEST(the_longest_row_fits_a_line),
        TEST(a_banner_in_a_pipe_is_one_line_of_json),
        TEST(a_later_banner_shows_no_key),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
