#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "base/clock.h"

/* RFC 5905 figure 4 gives dates and their NTP seconds. */
static void test_ntp_seconds_of_rfc5905(void **state)
{
    static const struct {
        struct tm date;
        uint32_t ntp_s;
    } rows[] = {
        {{.tm_year = 70, .tm_mon = 0, .tm_mday = 1}, 2208988800U},
        {{.tm_year = 72, .tm_mon = 0, .tm_mday = 1}, 2272060800U},
        {{.tm_year = 99, .tm_mon = 11, .tm_mday = 31}, 3155587200U},
        {{.tm_year = 136, .tm_mon = 1, .tm_mday = 8}, 63104U}, /* era 1 has begun */
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct tm date = rows[i].date;
        int64_t wall_us = (int64_t)timegm(&date) * JT_USEC_PER_SEC;

        assert_int_equal(jt_clock_ntp(wall_us) >> 32, rows[i].ntp_s);
        assert_int_equal(jt_clock_ntp(wall_us) & 0xffffffffU, 0);
    }
}

static void test_ntp_fraction(void **state)
{
    (void)state;
    assert_true((jt_clock_ntp(500000) & 0xffffffffU) == 0x80000000U);
    assert_true((jt_clock_ntp(250000) & 0xffffffffU) == 0x40000000U);
    assert_true((jt_clock_ntp(999999) & 0xffffffffU) ==
                0xffffef39U); /* 2^32 - 4295 (rounded down) */
    assert_true(jt_clock_ntp(-500000) == ((uint64_t)2208988799U << 32 | 0x80000000U));
}

/* V9: monotonic time is the system's, for all processes the same, and does not go back. */
static void test_v9_monotonic(void **state)
{
    int64_t last_us = jt_clock_mono_us();
    struct timespec now;

    (void)state;
    for (int i = 0; i < 10000; i++) {
        int64_t now_us = jt_clock_mono_us();

        assert_true(now_us >= last_us);
        last_us = now_us;
    }
    assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &now), 0);
    assert_true((int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000 - last_us < 5000000);
}

static void test_wall_is_monotonic_plus_offset(void **state)
{
    int64_t offset_us = jt_clock_wall_offset_us();
    int64_t error_us = jt_clock_mono_us() + offset_us - jt_clock_wall_us();

    (void)state;
    assert_true(llabs(error_us) < 5000000);
    assert_true(llabs(jt_clock_wall_us() / JT_USEC_PER_SEC - (int64_t)time(NULL)) <= 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ntp_seconds_of_rfc5905),
        cmocka_unit_test(test_ntp_fraction),
        cmocka_unit_test(test_v9_monotonic),
        cmocka_unit_test(test_wall_is_monotonic_plus_offset),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
