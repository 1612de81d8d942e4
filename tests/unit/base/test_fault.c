#include "base/fault.h"
#include "base/macros.h"

#include "test.h"

static void every_type_has_a_word_and_an_error_status(void **state)
{
    (void)state;
    for (int type = 0; type < FAULT_TYPES; type++) {
        str name = fault_type_name((enum fault_type)type);
        assert_true(name.len > 0);
        for (size_t i = 0; i < name.len; i++) {
            assert_true((name.at[i] >= 'a' && name.at[i] <= 'z') || name.at[i] == '_');
        }
        assert_in_range(fault_type_status((enum fault_type)type), 400, 599);
    }
}

static void the_words_and_statuses_are_the_public_ones(void **state)
{
    static const struct {
        const char *name;
        enum fault_type type;
        int status;
    } cases[] = {
        {"invalid_request", FAULT_INVALID_REQUEST, 400},
        {"authentication", FAULT_AUTHENTICATION, 401},
        {"payment_required", FAULT_PAYMENT_REQUIRED, 402},
        {"permission_denied", FAULT_PERMISSION_DENIED, 403},
        {"not_found", FAULT_NOT_FOUND, 404},
        {"payload_too_large", FAULT_PAYLOAD_TOO_LARGE, 413},
        {"rate_limit_exceeded", FAULT_RATE_LIMIT, 429},
        {"server", FAULT_SERVER, 500},
        {"provider_unavailable", FAULT_PROVIDER_UNAVAILABLE, 502},
        {"provider_overloaded", FAULT_PROVIDER_OVERLOADED, 503},
        {"timeout", FAULT_TIMEOUT, 504},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_str_equal(fault_type_name(cases[i].type), str_c(cases[i].name));
        assert_int_equal(fault_type_status(cases[i].type), cases[i].status);
    }
}

static void a_status_of_its_own_goes_before_that_of_the_type(void **state)
{
    struct fault fault = {.type = FAULT_RATE_LIMIT};

    (void)state;
    assert_int_equal(fault_status(&fault), 429);
    fault.status = 418;
    assert_int_equal(fault_status(&fault), 418);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_type_has_a_word_and_an_error_status),
        cmocka_unit_test(the_words_and_statuses_are_the_public_ones),
        cmocka_unit_test(a_status_of_its_own_goes_before_that_of_the_type),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
