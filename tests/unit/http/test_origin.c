/* http/origin.h: threat H5 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "http/origin.h"

static void test_h5_hosts_served(void **state)
{
    (void)state;
    assert_true(jt_http_host_is_served("localhost", "127.0.0.1", NULL));
    assert_true(jt_http_host_is_served("LocalHost:8082", "127.0.0.1", ""));
    assert_true(jt_http_host_is_served("127.0.0.1:1", "127.0.0.1", ""));
    assert_true(jt_http_host_is_served("[::1]:8082", "[::1]", ""));
    assert_true(jt_http_host_is_served("192.0.2.7:8082", "192.0.2.7", ""));
    assert_true(jt_http_host_is_served("Shop.Example:443", "127.0.0.1", "a.example, shop.example"));
    assert_true(jt_http_host_is_served("10.0.0.2:8080", "127.0.0.1", "10.0.0.2:8080"));
}

static void test_h5_hosts_refused(void **state)
{
    static const char *const hosts[] = {
        "evil.example",
        "0.0.0.0",
        "0.0.0.0:8082",
        "192.0.2.7",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "evil.example:127.0.0.1",
        "127.0.0.1:",
        "127.0.0.1:8082:1",
        "127.0.0.1:x",
        "[::1",
        "[::1]x",
        "[]",
        "",
        ":80",
        "a b",
        "user@localhost",
        "localhost/",
        "xshop.example",
        "shop.example.evil",
        "10.0.0.2:8081",
        "10.0.0.2",
        "2130706433", /* 127.0.0.1 as one number */
        "127.1",
    };

    (void)state;
    assert_false(jt_http_host_is_served(NULL, "127.0.0.1", ""));
    for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
        if (jt_http_host_is_served(hosts[i], "127.0.0.1", "shop.example,10.0.0.2:8080"))
            fail_msg("served: %s", hosts[i]);
    }
}

static void test_h5_origins_served(void **state)
{
    (void)state;
    assert_true(jt_http_origin_is_served("http://127.0.0.1:8080", "127.0.0.1:8080", false, ""));
    assert_true(jt_http_origin_is_served("HTTP://LOCALHOST", "localhost", false, ""));
    assert_true(jt_http_origin_is_served("http://localhost", "localhost:80", false, ""));
    assert_true(jt_http_origin_is_served("https://shop.example:443", "shop.example", true, ""));
    assert_true(jt_http_origin_is_served("https://cdn.example", "shop.example", true,
                                         "https://x, https://cdn.example"));
    assert_true(jt_http_origin_is_served("null", "shop.example", true, "*"));
}

static void test_h5_origins_refused(void **state)
{
    static const char *const origins[] = {
        "null",
        "",
        "http://shop.example",               /* other scheme */
        "https://shop.example:8443",         /* other port */
        "https://shop.example.evil.example", /* suffix trick */
        "https://evilshop.example",
        "https://shop.example/",
        "https://shop.example@evil.example",
        "https://",
        "shop.example",
        "https://cdn.example:444",
        "http://cdn.example",
        "https://0.0.0.0",
        "file://",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(origins) / sizeof(origins[0]); i++) {
        if (jt_http_origin_is_served(origins[i], "shop.example", true, "https://cdn.example"))
            fail_msg("served: %s", origins[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_h5_hosts_served),
        cmocka_unit_test(test_h5_hosts_refused),
        cmocka_unit_test(test_h5_origins_served),
        cmocka_unit_test(test_h5_origins_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
