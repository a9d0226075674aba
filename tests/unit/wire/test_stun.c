#include "wire/stun.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>

#include "base/reader.h"
#include "base/writer.h"
#include "sha1.h"
#include "wire_test.h"

/* RFC 5769 §2.1 to §2.3 */
static const char request_hex[] =
    "00010058 2112a442 b7e7a701bc34d686fa87dfae 80220010 5354554e20746573742063 6c69656e74"
    "00240004 6e0001ff 80290008 932ff9b151263b36 00060009 6576746a3a68367659202020"
    "00080014 9aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a2 80280004 e57a3bcf";
static const char response_v4_hex[] =
    "0101003c 2112a442 b7e7a701bc34d686fa87dfae 8022000b 7465737420766563746f7220"
    "00200008 0001a147e112a643 00080014 2b91f599fd9e90c38c7489f92af9ba53f06be7d7"
    "80280004 c07d4c96";
static const char response_v6_hex[] =
    "01010048 2112a442 b7e7a701bc34d686fa87dfae 8022000b 7465737420766563746f7220"
    "00200014 0002a1470113a9faa5d3f179bc25f4b5bed2b9d9"
    "00080014 a382954e4be67bf11784c97c8292c275bfe3ed41 80280004 c8fb0b4c";
static const uint8_t rfc_transaction[12] = {0xb7, 0xe7, 0xa7, 0x01, 0xbc, 0x34,
                                            0xd6, 0x86, 0xfa, 0x87, 0xdf, 0xae};

static struct jt_stun_key rfc_key(void)
{
    return (struct jt_stun_key){.password = jt_text_of("VOkJxbRl1RmTxUk/WvJxBt"),
                                .hmac = hmac_sha1};
}

/* RFC 2202 §3, case 2: the tests' own HMAC is right. */
static void test_hmac(void **state)
{
    uint8_t want[20];
    uint8_t out[20];

    (void)state;
    from_hex("effcdf6ae5eb2fa2d27416d5f184df9c259a7c79", want, sizeof(want));
    assert_int_equal(hmac_sha1("Jefe", 4, "what do ya want for nothing?", 28, out), 0);
    assert_memory_equal(out, want, 20);
}

static void test_rfc5769_request(void **state)
{
    uint8_t bytes[256];
    size_t size = from_hex(request_hex, bytes, sizeof(bytes));
    struct jt_stun_key key = rfc_key();
    struct jt_stun stun;

    (void)state;
    assert_true(jt_stun_is(bytes, size));
    assert_int_equal(jt_stun_parse(bytes, size, &stun), 0);
    assert_int_equal(stun.message_class, JT_STUN_REQUEST);
    assert_int_equal(stun.method, JT_STUN_METHOD_BINDING);
    assert_memory_equal(stun.transaction, rfc_transaction, 12);
    assert_true(jt_text_is(stun.username, "evtj:h6vY"));
    assert_true(jt_text_is(stun.to_ufrag, "evtj"));
    assert_true(jt_text_is(stun.from_ufrag, "h6vY"));
    assert_int_equal(stun.priority, 0x6e0001ff);
    assert_int_equal(stun.role, JT_STUN_ROLE_CONTROLLED);
    assert_true(stun.tie_breaker == 0x932ff9b151263b36);
    assert_true(stun.has_integrity);
    assert_true(stun.has_fingerprint);
    assert_int_equal(stun.unknown_count, 0); /* SOFTWARE is optional */
    assert_true(jt_stun_verify(&stun, &key));
    key.password.size--;
    assert_false(jt_stun_verify(&stun, &key));
}

static void test_rfc5769_responses(void **state)
{
    uint8_t bytes[256];
    struct jt_stun_key key = rfc_key();
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    struct in6_addr want;
    struct jt_stun stun;

    (void)state;
    assert_int_equal(jt_stun_parse(bytes, from_hex(response_v4_hex, bytes, sizeof(bytes)), &stun),
                     0);
    assert_int_equal(stun.message_class, JT_STUN_SUCCESS);
    assert_true(jt_stun_verify(&stun, &key));
    assert_true(stun.has_mapped);
    memcpy(&v4, &stun.mapped, sizeof(v4));
    assert_int_equal(v4.sin_family, AF_INET);
    assert_int_equal(ntohs(v4.sin_port), 32853);
    assert_int_equal(ntohl(v4.sin_addr.s_addr), 0xc0000201);

    assert_int_equal(jt_stun_parse(bytes, from_hex(response_v6_hex, bytes, sizeof(bytes)), &stun),
                     0);
    assert_true(jt_stun_verify(&stun, &key));
    memcpy(&v6, &stun.mapped, sizeof(v6));
    assert_int_equal(v6.sin6_family, AF_INET6);
    assert_int_equal(ntohs(v6.sin6_port), 32853);
    assert_int_equal(inet_pton(AF_INET6, "2001:db8:1234:5678:11:2233:4455:6677", &want), 1);
    assert_memory_equal(&v6.sin6_addr, &want, 16);
}

/* The RFC's addresses come out as the RFC's attribute bytes; padding and reserved bits are zero. */
static void test_write_success(void **state)
{
    struct jt_stun_key key = rfc_key();
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(32853)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(32853)};
    uint8_t want[64];
    uint8_t out[128];
    struct jt_writer w = jt_writer_of(out, sizeof(out));
    struct jt_stun stun;

    (void)state;
    v4.sin_addr.s_addr = htonl(0xc0000201);
    jt_write_be16(&w, 0); /* as RFC 4571 framing would */
    assert_int_equal(jt_stun_write_success(&w, rfc_transaction, (struct sockaddr *)&v4, &key), 0);
    assert_int_equal(w.size, 2 + 20 + 12 + 24 + 8);
    from_hex("0101002c 2112a442 b7e7a701bc34d686fa87dfae 00200008 0001a147e112a643 00080014", want,
             sizeof(want));
    assert_memory_equal(out + 2, want, 36);
    assert_int_equal(jt_stun_parse(out + 2, w.size - 2, &stun), 0);
    assert_true(stun.has_fingerprint);
    assert_true(jt_stun_verify(&stun, &key));

    assert_int_equal(inet_pton(AF_INET6, "2001:db8:1234:5678:11:2233:4455:6677", &v6.sin6_addr), 1);
    w = jt_writer_of(out, sizeof(out));
    assert_int_equal(jt_stun_write_success(&w, rfc_transaction, (struct sockaddr *)&v6, &key), 0);
    from_hex("00200014 0002a1470113a9faa5d3f179bc25f4b5bed2b9d9", want, sizeof(want));
    assert_memory_equal(out + 20, want, 24);
    w = jt_writer_of(out, 75);
    assert_int_equal(jt_stun_write_success(&w, rfc_transaction, (struct sockaddr *)&v6, &key),
                     -ENOBUFS);
    v6.sin6_family = AF_UNIX;
    w = jt_writer_of(out, sizeof(out));
    assert_int_equal(jt_stun_write_success(&w, rfc_transaction, (struct sockaddr *)&v6, &key),
                     -EINVAL);
}

static void test_write_error(void **state)
{
    static const uint16_t unknown[] = {0x7001, 0x0002, 0x0003};
    const struct jt_stun_error too_much = {
        .code = 420, .unknown = unknown, .unknown_count = JT_COUNT(unknown)};
    struct jt_stun_key key = rfc_key();
    uint8_t want[128];
    uint8_t out[128];
    struct jt_writer w = jt_writer_of(out, sizeof(out));
    struct jt_stun stun;

    (void)state;
    memset(out, 0xff, sizeof(out));
    assert_int_equal(jt_stun_write_error(&w, rfc_transaction, &too_much, &key), 0);
    from_hex("01110048 2112a442 b7e7a701bc34d686fa87dfae"
             "00090015 00000414 556e6b6e6f776e20417474726962757465 000000"
             "000a0006 700100020003 0000 00080014",
             want, sizeof(want));
    assert_memory_equal(out, want, 64);
    assert_int_equal(jt_stun_parse(out, w.size, &stun), 0);
    assert_int_equal(stun.message_class, JT_STUN_ERROR);
    assert_int_equal(stun.error_code, 420);
    assert_true(jt_stun_verify(&stun, &key));

    w = jt_writer_of(out, sizeof(out));
    assert_int_equal(
        jt_stun_write_error(&w, rfc_transaction, &(struct jt_stun_error){.code = 401}, NULL), 0);
    assert_int_equal(jt_stun_parse(out, w.size, &stun), 0);
    assert_int_equal(stun.error_code, 401);
    assert_false(stun.has_integrity);
    assert_false(jt_stun_verify(&stun, &key));
    w = jt_writer_of(out, sizeof(out));
    assert_int_equal(
        jt_stun_write_error(&w, rfc_transaction, &(struct jt_stun_error){.code = 299}, NULL),
        -EINVAL);
}

/* The RFC's request has SOFTWARE and another order, so only its parts can be compared. */
static void test_write_check(void **state)
{
    struct jt_stun_check check = {
        .to_ufrag = jt_text_of("evtj"),
        .from_ufrag = jt_text_of("h6vY"),
        .priority = 0x6e0001ff,
        .tie_breaker = 0x932ff9b151263b36,
        .role = JT_STUN_ROLE_CONTROLLED,
    };
    struct jt_stun_key key = rfc_key();
    uint8_t want[128];
    uint8_t out[128];
    struct jt_writer w = jt_writer_of(out, sizeof(out));
    struct jt_stun stun;

    (void)state;
    memcpy(check.transaction, rfc_transaction, 12);
    assert_int_equal(jt_stun_write_check(&w, &check, &key), 0);
    from_hex("00010044 2112a442 b7e7a701bc34d686fa87dfae 00060009 6576746a3a68367659000000"
             "00240004 6e0001ff 80290008 932ff9b151263b36 00080014",
             want, sizeof(want));
    assert_memory_equal(out, want, 60);
    check.has_use_candidate = true;
    check.role = JT_STUN_ROLE_CONTROLLING;
    w = jt_writer_of(out, sizeof(out));
    assert_int_equal(jt_stun_write_check(&w, &check, &key), 0);
    assert_int_equal(jt_stun_parse(out, w.size, &stun), 0);
    assert_true(stun.has_use_candidate);
    assert_int_equal(stun.role, JT_STUN_ROLE_CONTROLLING);
    assert_true(jt_stun_verify(&stun, &key));
    check.role = JT_STUN_ROLE_NONE;
    assert_int_equal(jt_stun_write_check(&w, &check, &key), -EINVAL);
}

/* A message of header and these attributes, with the right length. */
static size_t build(uint8_t *out, const char *attributes)
{
    size_t size = 20 + from_hex(attributes, out + 20, 1480);

    from_hex("00010000 2112a442 b7e7a701bc34d686fa87dfae", out, 20);
    out[2] = (uint8_t)((size - 20) >> 8);
    out[3] = (uint8_t)(size - 20);
    return size;
}

static int parse_attributes(const char *attributes, struct jt_stun *out)
{
    static uint8_t bytes[1500]; /* `out` borrows from it */

    return jt_stun_parse(bytes, build(bytes, attributes), out);
}

static void test_i2_stun_torture(void **state)
{
    static const char *const bad[] = {
        "0006000c 61626364",                         /* attribute past the end */
        "0006ffff 61626364",                         /* 64 KB of USERNAME */
        "000600",                                    /* half an attribute header */
        "00060001 61",                               /* no padding */
        "00060000",                                  /* empty USERNAME */
        "00240003 00000100",                         /* PRIORITY of 3 */
        "00240008 0000010000000100",                 /* PRIORITY of 8 */
        "80290004 00000001",                         /* tie breaker of 4 */
        "00200008 0003a147e112a643",                 /* family 3 */
        "00200008 0002a147e112a643",                 /* IPv6 of 4 bytes */
        "00200004 0001a147",                         /* address without address */
        "00080010 00000000000000000000000000000000", /* HMAC of 16 */
        "00090004 00000704",                         /* error 704 */
        "00090004 00000464",                         /* error number 100 */
        "80280004 00000000",                         /* wrong FINGERPRINT */
        "80280003 00000000",                         /* FINGERPRINT of 3 */
    };
    struct jt_stun stun;

    (void)state;
    for (size_t i = 0; i < JT_COUNT(bad); i++)
        if (parse_attributes(bad[i], &stun) != -EBADMSG)
            fail_msg("accepted: %s", bad[i]);
    /* a right FINGERPRINT (by zlib's crc32), and something behind it */
    assert_int_equal(parse_attributes("80280004 fdf6ae02", &stun), 0);
    assert_int_equal(parse_attributes("80280004 8efe89cd 80220000", &stun), -EBADMSG);
}

static void test_i2_lengths(void **state)
{
    static uint8_t large[JT_STUN_MESSAGE_MAX_BYTES + 1];
    uint8_t bytes[256];
    size_t size = from_hex(request_hex, bytes, sizeof(bytes));
    struct jt_stun stun;

    (void)state;
    assert_int_equal(jt_stun_parse(large, sizeof(large), &stun), -EMSGSIZE);
    bytes[3]++; /* no multiple of 4 */
    assert_int_equal(jt_stun_parse(bytes, size + 1, &stun), -EBADMSG);
    bytes[3] += 3; /* beyond the datagram */
    assert_int_equal(jt_stun_parse(bytes, size, &stun), -EBADMSG);
    bytes[3] -= 8; /* short of it */
    assert_int_equal(jt_stun_parse(bytes, size, &stun), -EBADMSG);
    bytes[3] += 4;
    assert_int_equal(jt_stun_parse(bytes, size, &stun), 0);
    bytes[4] ^= 1; /* another cookie */
    assert_false(jt_stun_is(bytes, size));
    assert_int_equal(jt_stun_parse(bytes, size, &stun), -EBADMSG);
    bytes[4] ^= 1;
    bytes[0] = 0x40;
    assert_false(jt_stun_is(bytes, size));
    assert_false(jt_stun_is(bytes, 19));
}

static void test_i2_username_limit(void **state)
{
    uint8_t bytes[20 + 4 + 512] = {0x00, 0x01, 0x02, 0x04, 0x21, 0x12, 0xa4, 0x42};
    struct jt_stun stun;

    (void)state;
    memset(bytes + 24, 'u', 512);
    from_hex("00060200", bytes + 20, 4);
    assert_int_equal(jt_stun_parse(bytes, sizeof(bytes), &stun), -EBADMSG);
    from_hex("000601fd", bytes + 20, 4); /* 509 */
    assert_int_equal(jt_stun_parse(bytes, sizeof(bytes), &stun), -EBADMSG);
    from_hex("000601fc", bytes + 20, 4); /* 508 */
    bytes[2] = 0x02;
    bytes[3] = 0x00;
    assert_int_equal(jt_stun_parse(bytes, sizeof(bytes) - 4, &stun), 0);
    assert_int_equal(stun.username.size, 508);
    assert_int_equal(stun.to_ufrag.size, 0); /* no colon */
}

static void test_i2_attribute_limit(void **state)
{
    char hex[33 * 8 + 1] = "";
    struct jt_stun stun;

    (void)state;
    for (unsigned i = 0; i < 32; i++)
        strcat(hex, "80220000");
    assert_int_equal(parse_attributes(hex, &stun), 0);
    strcat(hex, "80220000");
    assert_int_equal(parse_attributes(hex, &stun), -EBADMSG);
}

static void test_i2_duplicates_and_unknown(void **state)
{
    struct jt_stun stun;

    (void)state;
    assert_int_equal(parse_attributes("00060003613a6200 00060003633a6400 00240004 00000001"
                                      "00240004 00000002 802a0008 0000000000000001"
                                      "80290008 0000000000000002",
                                      &stun),
                     0);
    assert_true(jt_text_is(stun.username, "a:b"));
    assert_int_equal(stun.priority, 1);
    assert_int_equal(stun.role, JT_STUN_ROLE_CONTROLLING);
    assert_true(stun.tie_breaker == 1);
    assert_int_equal(parse_attributes("70010000 7fff0004 00000000 c0570004 00000000", &stun), 0);
    assert_int_equal(stun.unknown_count, 2);
    assert_int_equal(stun.unknown[0], 0x7001);
    assert_int_equal(stun.unknown[1], 0x7fff);
}

/* Behind MESSAGE-INTEGRITY nothing is covered by it: USE-CANDIDATE there is not believed (RFC 8489 §14.5). */
static void test_i2_after_integrity(void **state)
{
    struct jt_stun stun;

    (void)state;
    assert_int_equal(parse_attributes("00080014 0000000000000000000000000000000000000000"
                                      "00250000 00060003 613a6200 7001 0000"
                                      "00080014 0000000000000000000000000000000000000000",
                                      &stun),
                     0);
    assert_true(stun.has_integrity);
    assert_int_equal(stun.integrity_offset, 20);
    assert_false(stun.has_use_candidate);
    assert_int_equal(stun.username.size, 0);
    assert_int_equal(stun.unknown_count, 0);
}

/* Every bit of the covered part and of the HMAC matters. */
static void test_i1_integrity_covers_all(void **state)
{
    uint8_t bytes[256];
    size_t size = from_hex(request_hex, bytes, sizeof(bytes));
    struct jt_stun_key key = rfc_key();
    struct jt_stun stun;

    (void)state;
    size -= 8; /* without FINGERPRINT, which would catch it first */
    bytes[3] -= 8;
    assert_int_equal(jt_stun_parse(bytes, size, &stun), 0);
    assert_true(jt_stun_verify(&stun, &key));
    for (size_t bit = 0; bit < size * 8; bit++) {
        uint8_t *copy = exact_copy(bytes, size);

        copy[bit / 8] ^= (uint8_t)(1U << bit % 8);
        if (jt_stun_parse(copy, size, &stun) == 0)
            assert_false(jt_stun_verify(&stun, &key));
        free(copy);
    }
}

static int failing_hmac(const void *key, size_t key_size, const void *data, size_t data_size,
                        uint8_t out[20])
{
    (void)key;
    (void)key_size;
    (void)data;
    (void)data_size;
    memset(out, 0, 20);
    return -ENOMEM;
}

static void test_i1_hmac_failure(void **state)
{
    struct jt_stun_key key = {.password = jt_text_of("x"), .hmac = failing_hmac};
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    uint8_t out[128];
    struct jt_writer w = jt_writer_of(out, sizeof(out));
    struct jt_stun stun;

    (void)state;
    assert_int_equal(parse_attributes("00080014 0000000000000000000000000000000000000000", &stun),
                     0);
    assert_false(jt_stun_verify(&stun, &key));
    assert_int_equal(jt_stun_write_success(&w, rfc_transaction, (struct sockaddr *)&v4, &key),
                     -ENOMEM);
}

static void parse_any(const uint8_t *data, size_t size)
{
    struct jt_stun_key key = rfc_key();
    struct jt_stun stun;

    if (jt_stun_parse(data, size, &stun) == 0 && jt_stun_verify(&stun, &key))
        assert_true(stun.has_integrity);
}

static void test_i2_every_cut(void **state)
{
    uint8_t bytes[256];

    (void)state;
    torture(bytes, from_hex(request_hex, bytes, sizeof(bytes)) - 8, parse_any);
    torture(bytes, from_hex(response_v6_hex, bytes, sizeof(bytes)), parse_any);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hmac),
        cmocka_unit_test(test_rfc5769_request),
        cmocka_unit_test(test_rfc5769_responses),
        cmocka_unit_test(test_write_success),
        cmocka_unit_test(test_write_error),
        cmocka_unit_test(test_write_check),
        cmocka_unit_test(test_i2_stun_torture),
        cmocka_unit_test(test_i2_lengths),
        cmocka_unit_test(test_i2_username_limit),
        cmocka_unit_test(test_i2_attribute_limit),
        cmocka_unit_test(test_i2_duplicates_and_unknown),
        cmocka_unit_test(test_i2_after_integrity),
        cmocka_unit_test(test_i1_integrity_covers_all),
        cmocka_unit_test(test_i1_hmac_failure),
        cmocka_unit_test(test_i2_every_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
