#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "rig.h"

static void test_parse_and_print(void **state)
{
    static const struct {
        const char *text, *printed;
    } rows[] = {
        {"127.0.0.1:80", "127.0.0.1:80"},
        {"0.0.0.0:0", "0.0.0.0:0"},
        {"255.255.255.255:65535", "255.255.255.255:65535"},
        {"[::1]:8190", "[::1]:8190"},
        {"[2001:db8:0:0:0:0:0:1]:00001", "[2001:db8::1]:1"},
        {"[::ffff:10.0.0.1]:5", "10.0.0.1:5"}, /* IPv4-mapped is IPv4 */
        {"*:443", "[::]:443"},
    };
    char text[JT_ADDRESS_TEXT_BYTES];

    (void)state;
    for (size_t i = 0; i < JT_COUNT(rows); i++) {
        struct jt_address address = address_of(rows[i].text);

        assert_string_equal(jt_address_print(&address, text), rows[i].printed);
    }
}

static void test_refused_text(void **state)
{
    static const char *const wrong[] = {
        "",
        ":",
        ":80",
        "127.0.0.1",
        "127.0.0.1:",
        "127.0.0.1:65536",
        "127.0.0.1:-1",
        "127.0.0.1:+1",
        "127.0.0.1: 80",
        "127.0.0.1:80 ",
        " 127.0.0.1:80",
        "127.0.0.1:8x",
        "127.0.0.1:000080",
        "127.0.1:80",
        "127.0.0.01x:80",
        "256.0.0.1:80",
        "localhost:80",
        "::1:80",
        "[::1]",
        "[::1]80",
        "[::1:80",
        "::1]:80",
        "[]:80",
        "[127.0.0.1]:80",
        "[*]:80",
        "**:80",
        "[::1%lo]:80",
        "[",
        "[:80",
        "[0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000]:80",
    };
    struct jt_address untouched = address_of("127.0.0.1:1"), out = untouched;

    (void)state;
    for (size_t i = 0; i < JT_COUNT(wrong); i++) {
        if (jt_address_parse(wrong[i], &out) != -EINVAL)
            fail_msg("accepted: %s", wrong[i]);
        assert_true(jt_address_equal(&out, &untouched));
    }
}

static void test_equal_and_hash(void **state)
{
    static const char *const texts[] = {"1.2.3.4:5", "1.2.3.4:6", "1.2.3.5:5", "[::1]:5",
                                        "[::1]:6",   "[::2]:5",   "[1::]:5"};
    uint64_t seed = 0x0123456789abcdefU;

    (void)state;
    for (size_t i = 0; i < JT_COUNT(texts); i++)
        for (size_t j = 0; j < JT_COUNT(texts); j++) {
            struct jt_address a = address_of(texts[i]), b = address_of(texts[j]);

            assert_int_equal(jt_address_equal(&a, &b), i == j);
            assert_int_equal(jt_address_hash(&a, seed) == jt_address_hash(&b, seed), i == j);
            assert_true(jt_address_hash(&a, seed) != jt_address_hash(&a, seed + 1));
        }
}

/* Neighbouring addresses and ports spread evenly over the buckets of a small table. */
static void test_hash_spreads(void **state)
{
    enum { BUCKETS = 256, PER_BUCKET = 64 };
    int buckets[BUCKETS] = {0};
    struct jt_address address = address_of("10.0.0.0:1000");

    (void)state;
    for (uint32_t i = 0; i < BUCKETS * PER_BUCKET; i++) {
        address.v4.sin_addr.s_addr = htonl(0x0a000000U + i / 64);
        address.v4.sin_port = htons((uint16_t)(1000 + i % 64));
        buckets[jt_address_hash(&address, 42) % BUCKETS]++;
    }
    for (int i = 0; i < BUCKETS; i++) /* 64 ± 6 standard deviations */
        assert_in_range(buckets[i], 16, 112);
}

static void test_from_the_kernels_form(void **state)
{
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(7), .sin6_scope_id = 3};
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(8)};
    struct sockaddr local = {.sa_family = AF_UNIX};
    struct jt_address out = {0};
    char text[JT_ADDRESS_TEXT_BYTES];

    (void)state;
    assert_int_equal(inet_pton(AF_INET6, "::ffff:192.0.2.1", &v6.sin6_addr), 1);
    assert_int_equal(jt_address_from((struct sockaddr *)&v6, sizeof(v6), &out), 0);
    assert_string_equal(jt_address_print(&out, text), "192.0.2.1:7");
    assert_int_equal(jt_address_size(&out), sizeof(struct sockaddr_in));
    assert_int_equal(inet_pton(AF_INET6, "fe80::1", &v6.sin6_addr), 1);
    assert_int_equal(jt_address_from((struct sockaddr *)&v6, sizeof(v6), &out), 0);
    assert_string_equal(jt_address_print(&out, text), "[fe80::1]:7");
    assert_int_equal(out.v6.sin6_scope_id, 3);
    assert_int_equal(jt_address_from((struct sockaddr *)&v4, sizeof(v4), &out), 0);
    assert_int_equal(jt_address_port(&out), 8);

    assert_int_equal(jt_address_from((struct sockaddr *)&v4, sizeof(v4) - 1, &out), -EINVAL);
    assert_int_equal(jt_address_from((struct sockaddr *)&v6, sizeof(v6) - 1, &out), -EINVAL);
    assert_int_equal(jt_address_from((struct sockaddr *)&v4, 0, &out), -EINVAL);
    assert_int_equal(jt_address_from(&local, sizeof(local), &out), -EAFNOSUPPORT);
}

static void test_mapped(void **state)
{
    struct jt_address v4 = address_of("192.0.2.1:7"), v6 = address_of("[::1]:7");
    struct jt_address mapped = jt_address_to_mapped(&v4);
    char host[INET6_ADDRSTRLEN];

    (void)state;
    assert_string_equal(inet_ntop(AF_INET6, &mapped.v6.sin6_addr, host, sizeof(host)),
                        "::ffff:192.0.2.1");
    assert_int_equal(mapped.sa.sa_family, AF_INET6);
    assert_int_equal(jt_address_port(&mapped), 7);
    mapped = jt_address_to_mapped(&v6);
    assert_true(jt_address_equal(&mapped, &v6));
}

static void test_loopback(void **state)
{
    static const struct {
        const char *text;
        bool is_loopback;
    } rows[] = {
        {"127.0.0.1:1", true},  {"127.255.0.9:1", true},
        {"[::1]:1", true},      {"[::ffff:127.0.0.1]:1", true},
        {"128.0.0.1:1", false}, {"0.0.0.0:1", false},
        {"*:1", false},         {"[::2]:1", false},
        {"[7f00::1]:1", false}, {"1.0.0.127:1", false},
    };
    struct jt_address empty = {0};
    char text[JT_ADDRESS_TEXT_BYTES];

    (void)state;
    for (size_t i = 0; i < JT_COUNT(rows); i++) {
        struct jt_address address = address_of(rows[i].text);

        assert_int_equal(jt_address_is_loopback(&address), rows[i].is_loopback);
    }
    assert_false(jt_address_is_loopback(&empty));
    assert_string_equal(jt_address_print(&empty, text), "-");
    assert_int_equal(jt_address_size(&empty), 0);
    assert_int_equal(jt_address_port(&empty), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse_and_print),
        cmocka_unit_test(test_refused_text),
        cmocka_unit_test(test_equal_and_hash),
        cmocka_unit_test(test_hash_spreads),
        cmocka_unit_test(test_from_the_kernels_form),
        cmocka_unit_test(test_mapped),
        cmocka_unit_test(test_loopback),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
