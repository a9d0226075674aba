/* Whose address is it, how many watch, what viewers are told: the relay's small tables. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>

#include "net/address.h"
#include "relay/audience.h"
#include "relay/candidates.h"
#include "relay/routes.h"

static struct jt_address address_of(int host, int port)
{
    struct jt_address address;
    char text[64];

    (void)snprintf(text, sizeof(text), "127.0.%d.%d:%d", host >> 8, host & 255, port);
    assert_int_equal(jt_address_parse(text, &address), 0);
    return address;
}

static void test_newest_owner_counts(void **state)
{
    struct jt_address a = address_of(1, 1000), b = address_of(1, 1001);
    struct relay_routes *routes;

    (void)state;
    assert_int_equal(relay_routes_new(16, &routes), 0);
    assert_int_equal(relay_routes_find(routes, &a), -1);
    relay_routes_set(routes, &a, 0);
    relay_routes_set(routes, &b, 1);
    assert_int_equal(relay_routes_find(routes, &a), 0);
    assert_int_equal(relay_routes_find(routes, &b), 1);
    relay_routes_set(routes, &a, 1);
    relay_routes_clear(routes, &a, 0); /* the former owner's late goodbye takes nothing away */
    assert_int_equal(relay_routes_find(routes, &a), 1);
    relay_routes_clear(routes, &a, 1);
    assert_int_equal(relay_routes_find(routes, &a), -1);
    relay_routes_free(routes);
}

static void test_full_table_forgets_but_holds_its_newest(void **state)
{
    struct relay_routes *routes;

    (void)state;
    assert_int_equal(relay_routes_new(1, &routes), 0); /* a single bucket */
    for (int i = 0; i < 1000; i++) {
        struct jt_address address = address_of(i, 5000);

        relay_routes_set(routes, &address, i % 3);
        assert_int_equal(relay_routes_find(routes, &address), i % 3);
    }
    relay_routes_free(routes);
}

static void count_watched(void *arg, const char *show, int watching)
{
    assert_string_equal(show, "fish");
    *(int *)arg += watching;
}

static void test_audience_counts_by_show(void **state)
{
    struct relay_audience *audience;
    int watched = 0;

    (void)state;
    assert_int_equal(relay_audience_new(&audience), 0);
    assert_int_equal(relay_audience_count(audience, "rice"), 0);
    relay_audience_add(audience, "rice", 1);
    relay_audience_add(audience, "rice", 1);
    relay_audience_add(audience, "fish", 1);
    assert_int_equal(relay_audience_count(audience, "rice"), 2);
    assert_int_equal(relay_audience_count(audience, "fish"), 1);
    relay_audience_add(audience, "rice", -1);
    relay_audience_add(audience, "rice", -1);
    assert_int_equal(relay_audience_count(audience, "rice"), 0);
    relay_audience_each_watched(audience, count_watched, &watched);
    assert_int_equal(watched, 0); /* an offer is nobody yet */
    relay_audience_watch(audience, "fish", 1);
    relay_audience_watch(audience, "none", 1);
    relay_audience_each_watched(audience, count_watched, &watched);
    assert_int_equal(watched, 1);
    relay_audience_free(audience); /* with a show still in it */
}

static void expect_candidates(const char *setting, const char *bound, int count, const char *first)
{
    struct relay_candidates found;
    struct jt_address address;

    assert_int_equal(jt_address_parse(bound, &address), 0);
    assert_int_equal(relay_candidates_find(setting, &address, &found), 0);
    assert_int_equal(found.count, count);
    assert_string_equal(found.list[0].address, first);
    assert_int_equal(found.list[0].port, jt_address_port(&address));
}

static void test_candidates_from_setting_and_socket(void **state)
{
    (void)state;
    expect_candidates("", "127.0.0.1:8190", 1, "127.0.0.1");
    expect_candidates("", "[::1]:8190", 1, "::1");
    expect_candidates("192.0.2.7", "0.0.0.0:8190", 1, "192.0.2.7");
    expect_candidates("192.0.2.7, 2001:db8::7", "*:8190", 2, "192.0.2.7");
    expect_candidates(
        "192.0.2.1,192.0.2.2,192.0.2.3,192.0.2.4,192.0.2.5,192.0.2.6,192.0.2.7,192.0.2.8,192.0.2.9",
        "*:1", JT_ANSWER_CANDIDATES_MAX, "192.0.2.1");
}

/* A socket of IPv4 hears nothing on IPv6: a viewer is not sent there in vain. */
static void test_candidates_of_all_interfaces_are_of_the_sockets_family(void **state)
{
    struct relay_candidates found;
    struct jt_address bound;
    bool has_loopback = false;

    (void)state;
    assert_int_equal(jt_address_parse("0.0.0.0:8190", &bound), 0);
    assert_int_equal(relay_candidates_find("", &bound, &found), 0);
    for (int i = 0; i < found.count; i++) {
        assert_null(strchr(found.list[i].address, ':'));
        assert_int_equal(found.list[i].port, 8190);
        has_loopback |= strcmp(found.list[i].address, "127.0.0.1") == 0;
    }
    assert_true(has_loopback);
    assert_int_equal(jt_address_parse("*:8190", &bound), 0);
    assert_int_equal(relay_candidates_find("", &bound, &found), 0);
    assert_in_range(found.count, 1, JT_ANSWER_CANDIDATES_MAX);
}

static void test_candidates_refuse_what_is_no_address(void **state)
{
    static const char *const bad[] = {
        "example.org", "192.0.2.7:80",
        "192.0.2",     "192.0.2.7,,",
        "\r\na=x",     "1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb:cccc"};
    struct relay_candidates found;
    struct jt_address bound = address_of(1, 1);

    (void)state;
    for (size_t i = 0; i < JT_COUNT(bad); i++)
        assert_int_equal(relay_candidates_find(bad[i], &bound, &found), -EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_newest_owner_counts),
        cmocka_unit_test(test_full_table_forgets_but_holds_its_newest),
        cmocka_unit_test(test_audience_counts_by_show),
        cmocka_unit_test(test_candidates_from_setting_and_socket),
        cmocka_unit_test(test_candidates_of_all_interfaces_are_of_the_sockets_family),
        cmocka_unit_test(test_candidates_refuse_what_is_no_address),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
