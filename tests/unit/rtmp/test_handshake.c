/*
 * Digests expected here were made with Python's hmac and hashlib over the same bytes; how they are placed and keyed is
 * as librtmp and FFmpeg do it. FFmpeg refuses a server whose digests are wrong: the integration tests rest on that.
 */
#include "owner.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/reader.h"
#include "base/writer.h"
#include "rtmp/handshake.h"

enum { PACKET = JT_RTMP_HANDSHAKE_BYTES };

/* C1 of FFmpeg's version 9.0.124.2 and a pattern; the digest at `offset` as Python computed it. */
static void make_c1(uint8_t c1[PACKET], size_t offset, const char *digest_hex)
{
    struct bytes digest = {0};

    for (unsigned i = 0; i < PACKET; i++)
        c1[i] = (uint8_t)(i * 7 + 3);
    memcpy(c1 + 4, "\x09\x00\x7c\x02", 4);
    add_hex(&digest, digest_hex);
    assert_int_equal(digest.size, 32);
    memcpy(c1 + offset, digest.data, 32);
    release(&digest);
}

static void first_scheme(uint8_t c1[PACKET])
{
    make_c1(c1, 290, "f89f1f7af03c88aada0200583415ae45a083c4505de98ca5dd416f5e7d6b7374");
}

static void second_scheme(uint8_t c1[PACKET])
{
    make_c1(c1, 942, "800bff09306b5703cdc89a8129090d0416f23e5177138ceb24137523ab8d6dfd");
}

static void test_digest_is_found_in_both_schemes(void **state)
{
    uint8_t c1[PACKET];
    size_t offset = 0;

    (void)state;
    first_scheme(c1);
    assert_int_equal(jt_rtmp_handshake_find_digest(c1, &offset), JT_RTMP_DIGEST_FIRST);
    assert_int_equal(offset, 290);
    second_scheme(c1);
    assert_int_equal(jt_rtmp_handshake_find_digest(c1, &offset), JT_RTMP_DIGEST_SECOND);
    assert_int_equal(offset, 942);
}

static void test_one_wrong_bit_is_no_digest(void **state)
{
    uint8_t c1[PACKET];
    size_t offset;

    (void)state;
    for (size_t bit = 0; bit < 8 * PACKET; bit += 11) {
        first_scheme(c1);
        c1[bit / 8] ^= (uint8_t)(1U << bit % 8);
        assert_int_equal(jt_rtmp_handshake_find_digest(c1, &offset), JT_RTMP_DIGEST_NONE);
    }
}

/* The sums that put the digest furthest back: never past the packet. */
static void test_digest_pointer_extremes(void **state)
{
    uint8_t c1[PACKET];
    size_t offset;

    (void)state;
    for (unsigned sum = 0; sum <= 1020; sum++) {
        memset(c1, 0, sizeof(c1));
        for (unsigned i = 0, left = sum; i < 4; i++) {
            unsigned part = left < 255 ? left : 255;

            c1[8 + i] = c1[772 + i] = (uint8_t)part;
            left -= part;
        }
        assert_int_equal(jt_rtmp_handshake_find_digest(c1, &offset), JT_RTMP_DIGEST_NONE);
    }
}

/* Serve C0 C1 C2 cut at `cut`; the answer and how many bytes came with the first part. */
static int serve(const uint8_t *c1, size_t cut, uint8_t *answer, size_t *answer_size)
{
    uint8_t in[1 + 2 * PACKET] = {3};
    struct jt_rtmp_handshake *handshake;
    struct jt_writer w = jt_writer_of(answer, JT_RTMP_HANDSHAKE_OUT_BYTES);
    struct jt_reader first = jt_reader_of(in, cut);
    struct jt_reader second = jt_reader_of(in + cut, sizeof(in) - cut);
    int got;

    memcpy(in + 1, c1, PACKET);
    assert_int_equal(jt_rtmp_handshake_new(&handshake), 0);
    got = jt_rtmp_handshake_serve(handshake, &first, &w);
    assert_int_equal(got, cut == sizeof(in));
    assert_int_equal(w.size, cut >= 1 + PACKET ? JT_RTMP_HANDSHAKE_OUT_BYTES : 0);
    if (got == 0)
        got = jt_rtmp_handshake_serve(handshake, &second, &w);
    *answer_size = w.size;
    jt_rtmp_handshake_free(handshake);
    return got;
}

/* §5.2.3, §5.2.4: S1 has a zero where the version was, S2 echoes C1. */
static void test_simple_answer_at_every_cut(void **state)
{
    static uint8_t answer[JT_RTMP_HANDSHAKE_OUT_BYTES];
    uint8_t c1[PACKET];
    size_t size;

    (void)state;
    for (unsigned i = 0; i < PACKET; i++)
        c1[i] = i < 8 ? 0 : (uint8_t)(i * 5);
    for (size_t cut = 0; cut <= 1 + 2 * PACKET; cut++) {
        assert_int_equal(serve(c1, cut, answer, &size), 1);
        assert_int_equal(size, sizeof(answer));
        assert_int_equal(answer[0], 3);
        assert_memory_equal(answer + 5, "\0\0\0\0", 4);
        assert_memory_equal(answer + 1 + PACKET, c1, PACKET);
    }
}

/* S1 carries the server's digest at the place the scheme says, S2 ends with one keyed by the client's. */
static void expect_signed(const uint8_t *answer, const uint8_t *client_digest, size_t pointer)
{
    const uint8_t *s1 = answer + 1;
    const uint8_t *s2 = answer + 1 + PACKET;
    struct bytes key = {0};
    uint8_t rest[PACKET - 32], digest[32], temporary[32];
    size_t at = pointer + 4 +
                ((size_t)s1[pointer] + s1[pointer + 1] + s1[pointer + 2] + s1[pointer + 3]) % 728;

    add(&key, "Genuine Adobe Flash Media Server 001", 36);
    memcpy(rest, s1, at);
    memcpy(rest + at, s1 + at + 32, sizeof(rest) - at);
    HMAC(EVP_sha256(), key.data, 36, rest, sizeof(rest), digest, NULL);
    assert_memory_equal(s1 + at, digest, 32);
    add_hex(&key, "f0eec24a8068bee82e00d0d1029e7e576eec5d2d29806fab93b8e636cfeb31ae");
    HMAC(EVP_sha256(), key.data, (int)key.size, client_digest, 32, temporary, NULL);
    HMAC(EVP_sha256(), temporary, 32, s2, PACKET - 32, digest, NULL);
    assert_memory_equal(s2 + PACKET - 32, digest, 32);
    assert_true(s1[4] >= 3); /* what FFmpeg takes for "knows digests" */
    release(&key);
}

static void test_signed_answer_in_the_scheme_of_the_client(void **state)
{
    static uint8_t answer[JT_RTMP_HANDSHAKE_OUT_BYTES];
    uint8_t c1[PACKET];
    size_t size;

    (void)state;
    for (int i = 0; i < 50; i++) { /* the random bytes differ */
        first_scheme(c1);
        assert_int_equal(serve(c1, 1 + PACKET, answer, &size), 1);
        expect_signed(answer, c1 + 290, 8);
        second_scheme(c1);
        assert_int_equal(serve(c1, 1 + PACKET, answer, &size), 1);
        expect_signed(answer, c1 + 942, 772);
    }
}

/* A version but no digest that holds: the simple form, as nginx-rtmp and SRS do. */
static void test_version_without_digest_gets_the_simple_answer(void **state)
{
    static uint8_t answer[JT_RTMP_HANDSHAKE_OUT_BYTES];
    uint8_t c1[PACKET];
    size_t size;

    (void)state;
    first_scheme(c1);
    c1[300] ^= 1;
    assert_int_equal(serve(c1, 7, answer, &size), 1);
    assert_memory_equal(answer + 1 + PACKET, c1, PACKET);
}

static void test_what_follows_c2_is_left(void **state)
{
    static uint8_t answer[JT_RTMP_HANDSHAKE_OUT_BYTES];
    struct jt_writer w = jt_writer_of(answer, sizeof(answer));
    struct jt_rtmp_handshake *handshake;
    struct bytes b = {0};
    struct jt_reader in;

    (void)state;
    add_handshake(&b);
    add_hex(&b, "03 aa bb");
    in = jt_reader_of(b.data, b.size);
    assert_int_equal(jt_rtmp_handshake_new(&handshake), 0);
    assert_int_equal(jt_rtmp_handshake_serve(handshake, &in, &w), 1);
    assert_int_equal(in.left, 3);
    jt_rtmp_handshake_free(handshake);
    release(&b);
}

static void test_r2_every_first_byte_but_3_closes_without_answer(void **state)
{
    (void)state;
    for (unsigned first = 0; first < 256; first++) {
        struct owner o = {0};
        struct bytes b = {0};

        add_u8(&b, first);
        add_zeros(&b, 2 * PACKET);
        owner_open(&o);
        if (first == 3) {
            assert_int_equal(push(&o, b.data, b.size), 0);
            assert_int_equal(o.out.size, 1 + 2 * PACKET);
        } else {
            assert_int_equal(push(&o, b.data, b.size), -EPROTO);
            assert_int_equal(o.out.size, 0);
            assert_string_equal(jt_rtmp_session_close_reason(o.session), "version");
        }
        owner_close(&o);
        release(&b);
    }
}

static void test_client_and_server_meet(void **state)
{
    static uint8_t to_server[1 + 2 * PACKET], to_client[1 + 2 * PACKET];
    struct jt_writer client_out = jt_writer_of(to_server, sizeof(to_server));
    struct jt_writer server_out = jt_writer_of(to_client, sizeof(to_client));
    struct jt_rtmp_handshake *client, *server;
    struct jt_reader in;

    (void)state;
    assert_int_equal(jt_rtmp_handshake_new(&client), 0);
    assert_int_equal(jt_rtmp_handshake_new(&server), 0);
    assert_int_equal(jt_rtmp_handshake_hello(client, &client_out), 0);
    in = jt_reader_of(to_server, client_out.size);
    assert_int_equal(jt_rtmp_handshake_serve(server, &in, &server_out), 0);
    in = jt_reader_of(to_client, server_out.size);
    assert_int_equal(jt_rtmp_handshake_join(client, &in, &client_out), 1);
    assert_memory_equal(to_server + 1 + PACKET, to_client + 1, PACKET); /* C2 is S1 */
    in = jt_reader_of(to_server + 1 + PACKET, PACKET);
    assert_int_equal(jt_rtmp_handshake_serve(server, &in, &server_out), 1);
    jt_rtmp_handshake_free(client);
    jt_rtmp_handshake_free(server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_digest_is_found_in_both_schemes),
        cmocka_unit_test(test_one_wrong_bit_is_no_digest),
        cmocka_unit_test(test_digest_pointer_extremes),
        cmocka_unit_test(test_simple_answer_at_every_cut),
        cmocka_unit_test(test_signed_answer_in_the_scheme_of_the_client),
        cmocka_unit_test(test_version_without_digest_gets_the_simple_answer),
        cmocka_unit_test(test_what_follows_c2_is_left),
        cmocka_unit_test(test_r2_every_first_byte_but_3_closes_without_answer),
        cmocka_unit_test(test_client_and_server_meet),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
