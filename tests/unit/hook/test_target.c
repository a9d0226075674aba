/* Where hooks may go. The addresses are those of RFC 6890's registries and the clouds' documents. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "hook/target.h"

static bool allows(const struct jt_hook_target *target, const char *text)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
    struct sockaddr_storage address = {0};

    if (inet_pton(AF_INET, text, &v4.sin_addr) == 1) {
        memcpy(&address, &v4, sizeof(v4));
    } else {
        assert_int_equal(inet_pton(AF_INET6, text, &v6.sin6_addr), 1);
        memcpy(&address, &v6, sizeof(v6));
    }
    return jt_hook_target_allows(target, (const struct sockaddr *)&address);
}

static void test_h14_a_name_leads_only_outside(void **state)
{
    static const char *const never[] = {
        "127.0.0.1",
        "127.255.1.2",
        "0.0.0.0",
        "169.254.169.254",
        "192.0.0.192",
        "100.100.100.200",
        "224.0.0.1",
        "255.255.255.255",
        "240.0.0.1",
        "198.18.0.1",
        "192.0.2.1",
        "203.0.113.9",
        "::",
        "::1",
        "fe80::1",
        "ff02::1",
        "fd00:ec2::254",
        "2001:db8::1",
        "2001::1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe",
        "2002:7f00:1::",
        "2002:a9fe:a9fe::",
        "::127.0.0.1",
        "fec0::1",
    };
    static const char *const private[] = {"10.0.0.1",    "172.16.0.1",       "172.31.255.255",
                                          "192.168.1.1", "::ffff:10.0.0.1",  "fc00::1",
                                          "fd12::1",     "64:ff9b::c0a8:101"};
    static const char *const fine[] = {"1.1.1.1",          "172.15.0.1",          "172.32.0.1",
                                       "9.255.255.255",    "2606:4700::1111",     "::ffff:8.8.8.8",
                                       "64:ff9b::808:808", "2a00:1450:4001::200e"};
    struct jt_hook_target target, lenient;

    (void)state;
    assert_int_equal(jt_hook_target_parse("https://hooks.example/x", false, &target), 0);
    assert_int_equal(jt_hook_target_parse("https://hooks.example/x", true, &lenient), 0);
    for (size_t i = 0; i < JT_COUNT(never); i++)
        assert_false(allows(&target, never[i]));
    for (size_t i = 0; i < JT_COUNT(never); i++)
        if (strcmp(never[i], "100.100.100.200") !=
            0) /* RFC 6598: private, and a metadata service */
            assert_false(allows(&lenient, never[i]));
    for (size_t i = 0; i < JT_COUNT(private); i++) {
        assert_false(allows(&target, private[i]));
        assert_true(allows(&lenient, private[i]));
    }
    for (size_t i = 0; i < JT_COUNT(fine); i++)
        assert_true(allows(&target, fine[i]));
}

static void test_h14_an_address_in_the_url_was_meant(void **state)
{
    static const char *const literal[] = {"http://127.0.0.1:8083", "http://[::1]:8083/in/",
                                          "http://localhost:1", "https://10.1.2.3"};
    struct jt_hook_target target;

    (void)state;
    for (size_t i = 0; i < JT_COUNT(literal); i++) {
        assert_int_equal(jt_hook_target_parse(literal[i], false, &target), 0);
        assert_true(target.is_literal);
        assert_true(allows(&target, "127.0.0.1"));
    }
    /* other spellings of an address are the same address, never a name */
    assert_int_equal(jt_hook_target_parse("http://0x7f.1/", false, &target), 0);
    assert_string_equal(target.base, "http://127.0.0.1");
    assert_int_equal(jt_hook_target_parse("http://localhost.evil.example/", false, &target), 0);
    assert_false(target.is_literal);
}

static void test_h14_what_is_no_target(void **state)
{
    static const char *const bad[] = {
        "",
        "unix:",
        "chat",
        "file:///etc/passwd",
        "ftp://a.example/",
        "gopher://a",
        "http://",

        "http://u:p@a.example/",
        "http://u@a.example",
        "https://a.example/?x=1",
        "https://a.example/#x",
        "http://a b/",
        "http://a.example:99999/",
        "//a.example/",
        "dict://a:1/x",
        "javascript:alert(1)",
    };
    char long_path[200] = "unix:/";
    struct jt_hook_target target = {.base = "untouched"};

    (void)state;
    memset(long_path + 6, 'x', sizeof(long_path) - 7);
    for (size_t i = 0; i < JT_COUNT(bad); i++)
        assert_int_equal(jt_hook_target_parse(bad[i], true, &target), -EINVAL);
    assert_int_equal(jt_hook_target_parse(long_path, true, &target), -EINVAL);
    assert_string_equal(target.base, "untouched");
}

static void test_the_unix_socket(void **state)
{
    struct sockaddr address = {.sa_family = AF_UNIX};
    char url[JT_HOOK_URL_MAX_BYTES] = "";
    struct jt_hook_target target;

    (void)state;
    assert_int_equal(jt_hook_target_fill(url, "/run/jangteo"), 0);
    assert_string_equal(url, "unix:/run/jangteo/chat-hooks.sock");
    assert_int_equal(jt_hook_target_fill(url, "/elsewhere"), 0);
    assert_string_equal(url, "unix:/run/jangteo/chat-hooks.sock");
    assert_int_equal(jt_hook_target_parse(url, false, &target), 0);
    assert_string_equal(target.socket, "/run/jangteo/chat-hooks.sock");
    assert_true(jt_hook_target_allows(&target, &address));
    assert_false(allows(&target, "1.1.1.1"));
    assert_int_equal(jt_hook_target_parse("https://hooks.example/a/", false, &target), 0);
    assert_string_equal(target.base, "https://hooks.example/a");
    assert_false(jt_hook_target_allows(&target, &address));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_h14_a_name_leads_only_outside),
        cmocka_unit_test(test_h14_an_address_in_the_url_was_meant),
        cmocka_unit_test(test_h14_what_is_no_target),
        cmocka_unit_test(test_the_unix_socket),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
