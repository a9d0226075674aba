/* SRTP and SRTCP against RFC 3711 B.3, RFC 7714 §16 and §17, and libsrtp as the independent
 * implementation. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <srtp2/srtp.h>

#include "rtc/seal.h"
#include "rtc/seal_backend.h"

static size_t unhex(const char *text, uint8_t *out)
{
    size_t n = 0;

    for (; *text; text++) {
        char pair[3] = {text[0], 0, 0};

        if (*text == ' ')
            continue;
        text++;
        pair[1] = *text;
        out[n++] = (uint8_t)strtoul(pair, NULL, 16);
    }
    return n;
}

static const enum jt_srtp_profile profiles[] = {JT_SRTP_AEAD_AES_128_GCM,
                                                JT_SRTP_AES128_CM_SHA1_80};

static size_t salt_size(enum jt_srtp_profile profile)
{
    return profile == JT_SRTP_AEAD_AES_128_GCM ? 12 : 14;
}

static struct jt_srtp_keys some_keys(enum jt_srtp_profile profile)
{
    struct jt_srtp_keys keys = {.profile = profile};

    for (size_t i = 0; i < sizeof(keys.key); i++)
        keys.key[i] = (uint8_t)(i * 37 + 11);
    for (size_t i = 0; i < sizeof(keys.salt); i++)
        keys.salt[i] = (uint8_t)(i * 59 + 3);
    return keys;
}

/* libsrtp with the same master key; `services` for RTCP. */
static srtp_t reference(const struct jt_srtp_keys *keys, srtp_ssrc_type_t direction,
                        srtp_sec_serv_t services)
{
    uint8_t master[JT_SRTP_KEY_BYTES + JT_SRTP_SALT_MAX_BYTES];
    srtp_profile_t profile = keys->profile == JT_SRTP_AEAD_AES_128_GCM
                                 ? srtp_profile_aead_aes_128_gcm
                                 : srtp_profile_aes128_cm_sha1_80;
    srtp_policy_t policy = {.window_size = 1024};
    srtp_t srtp = NULL;

    assert_int_equal(srtp_crypto_policy_set_from_profile_for_rtp(&policy.rtp, profile),
                     srtp_err_status_ok);
    assert_int_equal(srtp_crypto_policy_set_from_profile_for_rtcp(&policy.rtcp, profile),
                     srtp_err_status_ok);
    policy.rtcp.sec_serv = services;
    memcpy(master, keys->key, sizeof(keys->key));
    memcpy(master + sizeof(keys->key), keys->salt, salt_size(keys->profile));
    policy.key = master;
    policy.ssrc.type = direction;
    assert_int_equal(srtp_create(&srtp, &policy), srtp_err_status_ok);
    return srtp;
}

static void test_key_derivation_of_rfc_3711_b3(void **state)
{
    struct jt_srtp_keys master = {.profile = JT_SRTP_AES128_CM_SHA1_80};
    struct jt_session_keys session;
    uint8_t expected[32];

    (void)state;
    unhex("E1F97A0D3E018BE0D64FA32C06DE4139", master.key);
    unhex("0EC675AD498AFEEBB6960B3AABE6", master.salt);
    assert_int_equal(jt_session_derive(&master, JT_SESSION_RTP, &session), 0);
    unhex("C61E7A93744F39EE10734AFE3FF7A087", expected);
    assert_memory_equal(session.cipher, expected, 16);
    unhex("30CBBC08863D8C85D49DB34A9AE1", expected);
    assert_memory_equal(session.salt, expected, 14);
    unhex("CEBE321F6FF7716B6FD4AB49AF256A156D38BAA4", expected);
    assert_memory_equal(session.auth, expected, 20);
}

static struct jt_session_keys rfc7714_keys(void)
{
    struct jt_session_keys keys = {.profile = JT_SRTP_AEAD_AES_128_GCM};

    unhex("000102030405060708090a0b0c0d0e0f", keys.cipher);
    unhex("517569642070726f2071756f", keys.salt);
    return keys;
}

static void test_s3_rtp_of_rfc_7714_16(void **state)
{
    struct jt_session_keys keys = rfc7714_keys();
    struct jt_seal *seal;
    uint8_t clear[64], expected[96], out[96];
    size_t clear_size = unhex("8040f17b 8041f8d3 5501a0b2"
                              "47616c6c696120657374206f6d6e6973206469766973612069"
                              "6e207061727465732074726573",
                              clear);
    size_t expected_size =
        unhex("8040f17b 8041f8d3 5501a0b2"
              "f24de3a3fb34de6cacba861c9d7e4bcabe633bd50d294e6f42a5f47a51c7d19b36de3adf8833"
              "899d7f27beb16a9152cf765ee4390cce",
              expected);
    struct jt_seal_job job = {.payload = clear + 12,
                              .out = out,
                              .header_size = 12,
                              .payload_size = (uint16_t)(clear_size - 12)};

    (void)state;
    assert_int_equal(jt_seal_from_session(&keys, &keys, &seal), 0);
    memcpy(out, clear, 12);
    job.seal = seal;
    jt_seal_rtp(&job, 1);
    assert_int_equal(expected_size, clear_size + 16);
    assert_memory_equal(out, expected, expected_size);
    jt_seal_free(seal);
}

static void test_s3_rtcp_of_rfc_7714_17(void **state)
{
    struct jt_session_keys keys = rfc7714_keys();
    struct jt_seal *seal;
    struct jt_unseal *unseal;
    uint8_t clear[64], expected[96], packet[96];
    size_t clear_size =
        unhex("81c8000d 4d617273 4e545031 4e545032 52545020 0000042a 0000e930 4c756e61"
              "deadbeef deadbeef deadbeef deadbeef deadbeef",
              clear);
    size_t expected_size =
        unhex("81c8000d 4d617273 63e94885 dcdab67c a727d766 2f6b7e99 7ff5c0f7 6c06f32d"
              "c676a5f1 730d6fda 4ce09b46 86303ded 0bb9275b c84aa458 96cf4d2f c5abf872"
              "45d9eade 800005d4",
              expected);
    size_t size = clear_size;

    (void)state;
    assert_int_equal(jt_seal_from_session(&keys, &keys, &seal), 0);
    assert_int_equal(jt_unseal_from_session(&keys, &unseal), 0);
    memcpy(packet, clear, clear_size);
    assert_int_equal(jt_seal_rtcp(seal, 0x5d4, packet, &size, sizeof(packet)), 0);
    assert_int_equal(size, expected_size);
    assert_memory_equal(packet, expected, expected_size);
    assert_int_equal(jt_unseal_rtcp(unseal, packet, &size), 0);
    assert_int_equal(size, clear_size);
    assert_memory_equal(packet, clear, clear_size);
    jt_seal_free(seal);
    jt_unseal_free(unseal);
}

/* Header forms: plain, one-byte extension, two CSRCs. */
static const char *const headers[] = {
    "80e00000 01020304 a1b2c3d4",
    "90600000 01020304 a1b2c3d4 bede0001 31005500",
    "82600000 01020304 a1b2c3d4 00000001 00000002",
};
static const uint16_t payload_sizes[] = {0, 1, 15, 16, 17, 31, 100, 1139, 1140, 1200};

static void seal_and_compare(enum jt_srtp_profile profile, srtp_t srtp, struct jt_seal *seal,
                             uint32_t index)
{
    uint8_t payload[1200], ours[1400], theirs[1400];
    size_t header = unhex(headers[index % JT_COUNT(headers)], ours);
    uint16_t size = payload_sizes[index % JT_COUNT(payload_sizes)];
    struct jt_seal_job job = {.seal = seal,
                              .payload = payload,
                              .out = ours,
                              .header_size = (uint16_t)header,
                              .payload_size = size,
                              .roc = index >> 16};
    int theirs_size = (int)(header + size);

    for (size_t i = 0; i < sizeof(payload); i++)
        payload[i] = (uint8_t)(i * index + 5);
    ours[2] = (uint8_t)(index >> 8);
    ours[3] = (uint8_t)index;
    memcpy(theirs, ours, header);
    memcpy(theirs + header, payload, size);
    assert_int_equal(srtp_protect(srtp, theirs, &theirs_size), srtp_err_status_ok);
    jt_seal_rtp(&job, 1);
    assert_int_equal(theirs_size, header + size + jt_seal_overhead(seal));
    assert_memory_equal(ours, theirs, (size_t)theirs_size);
    assert_int_equal(jt_seal_overhead(seal), profile == JT_SRTP_AEAD_AES_128_GCM ? 16 : 10);
}

static void test_s3_rtp_same_bytes_as_libsrtp_across_rollover(void **state)
{
    (void)state;
    for (size_t p = 0; p < JT_COUNT(profiles); p++) {
        struct jt_srtp_keys keys = some_keys(profiles[p]);
        srtp_t srtp = reference(&keys, ssrc_any_outbound, sec_serv_conf_and_auth);
        struct jt_seal *seal;

        assert_int_equal(jt_seal_new(&keys, &seal), 0);
        for (uint32_t index = 32000;
             index<200000; index += index % 65536> 65400 || index % 65536 < 100 ? 1 : 97)
            seal_and_compare(profiles[p], srtp, seal, index);
        jt_seal_free(seal);
        srtp_dealloc(srtp);
    }
}

/* One call with jobs of both profiles and several seals in turn gives what single calls give. */
static void test_batches_may_mix_seals(void **state)
{
    struct jt_seal *seals[2];
    struct jt_seal_job jobs[8];
    uint8_t payload[300], batch[8][400], single[400];

    (void)state;
    memset(payload, 0x5a, sizeof(payload));
    for (size_t p = 0; p < 2; p++) {
        struct jt_srtp_keys keys = some_keys(profiles[p]);

        assert_int_equal(jt_seal_new(&keys, &seals[p]), 0);
    }
    for (size_t i = 0; i < 8; i++) {
        unhex(headers[0], batch[i]);
        batch[i][3] = (uint8_t)i;
        jobs[i] = (struct jt_seal_job){.seal = seals[i % 2],
                                       .payload = payload,
                                       .out = batch[i],
                                       .header_size = 12,
                                       .payload_size = (uint16_t)(200 + i)};
    }
    jt_seal_rtp(jobs, 8);
    for (size_t i = 0; i < 8; i++) {
        struct jt_seal_job job = jobs[i];

        memcpy(single, batch[i], 12);
        job.out = single;
        jt_seal_rtp(&job, 1);
        assert_memory_equal(single, batch[i], 12U + job.payload_size + jt_seal_overhead(job.seal));
    }
    jt_seal_free(seals[0]);
    jt_seal_free(seals[1]);
}

/* An RR and an SDES-like filler; `extra` bytes after the RR's 32. */
static size_t some_rtcp(uint8_t *out, size_t extra)
{
    size_t n =
        unhex("81c90007 11223344 a1b2c3d4 10000005 0001f00d 00000020 aabbccdd 00010000", out);

    for (size_t i = 0; i < extra; i++)
        out[n + i] = (uint8_t)(i * 7);
    return n + extra;
}

static void test_s3_rtcp_same_bytes_as_libsrtp(void **state)
{
    (void)state;
    for (size_t p = 0; p < JT_COUNT(profiles); p++) {
        struct jt_srtp_keys keys = some_keys(profiles[p]);
        srtp_t srtp = reference(&keys, ssrc_any_outbound, sec_serv_conf_and_auth);
        struct jt_seal *seal;

        assert_int_equal(jt_seal_new(&keys, &seal), 0);
        for (uint32_t index = 1; index < 300; index++) { /* libsrtp counts from 1 */
            uint8_t ours[1500], theirs[1500];
            size_t size = some_rtcp(ours, index * 4);
            int theirs_size = (int)some_rtcp(theirs, index * 4);

            assert_int_equal(srtp_protect_rtcp(srtp, theirs, &theirs_size), srtp_err_status_ok);
            assert_int_equal(jt_seal_rtcp(seal, index, ours, &size, sizeof(ours)), 0);
            assert_int_equal(size, theirs_size);
            assert_memory_equal(ours, theirs, size);
        }
        jt_seal_free(seal);
        srtp_dealloc(srtp);
    }
}

static void test_rtcp_of_libsrtp_is_opened(void **state)
{
    (void)state;
    for (size_t p = 0; p < JT_COUNT(profiles); p++) {
        struct jt_srtp_keys keys = some_keys(profiles[p]);
        srtp_t srtp = reference(&keys, ssrc_any_outbound, sec_serv_conf_and_auth);
        struct jt_unseal *unseal;

        assert_int_equal(jt_unseal_new(&keys, &unseal), 0);
        for (size_t extra = 0; extra < 1000; extra += 4) {
            uint8_t clear[1500], packet[1500];
            size_t clear_size = some_rtcp(clear, extra);
            int size = (int)some_rtcp(packet, extra);
            size_t opened;

            assert_int_equal(srtp_protect_rtcp(srtp, packet, &size), srtp_err_status_ok);
            opened = (size_t)size;
            assert_int_equal(jt_unseal_rtcp(unseal, packet, &opened), 0);
            assert_int_equal(opened, clear_size);
            assert_memory_equal(packet, clear, clear_size);
        }
        jt_unseal_free(unseal);
        srtp_dealloc(srtp);
    }
}

static void test_s1_tampered_rtcp_is_refused(void **state)
{
    (void)state;
    for (size_t p = 0; p < JT_COUNT(profiles); p++) {
        struct jt_srtp_keys keys = some_keys(profiles[p]);
        struct jt_seal *seal;
        struct jt_unseal *unseal;
        uint8_t packet[100], copy[100];
        size_t size = some_rtcp(packet, 4), opened;

        assert_int_equal(jt_seal_new(&keys, &seal), 0);
        assert_int_equal(jt_unseal_new(&keys, &unseal), 0);
        assert_int_equal(jt_seal_rtcp(seal, 7, packet, &size, sizeof(packet)), 0);
        for (size_t bit = 0; bit < size * 8; bit++) {
            memcpy(copy, packet, size);
            copy[bit / 8] ^= (uint8_t)(1U << bit % 8);
            opened = size;
            assert_int_equal(jt_unseal_rtcp(unseal, copy, &opened), -EBADMSG);
        }
        for (size_t cut = 0; cut < size; cut++) {
            uint8_t *exact = malloc(cut + 1); /* so that ASan sees a read past the end */

            memcpy(exact, packet, cut);
            opened = cut;
            assert_int_equal(jt_unseal_rtcp(unseal, exact, &opened), -EBADMSG);
            free(exact);
        }
        opened = size; /* nothing of that was remembered as seen */
        assert_int_equal(jt_unseal_rtcp(unseal, packet, &opened), 0);
        jt_seal_free(seal);
        jt_unseal_free(unseal);
    }
}

static void test_s2_clear_rtcp_is_refused(void **state)
{
    (void)state;
    for (size_t p = 0; p < JT_COUNT(profiles); p++) {
        struct jt_srtp_keys keys = some_keys(profiles[p]);
        srtp_t srtp = reference(&keys, ssrc_any_outbound, sec_serv_auth); /* tag right, E bit 0 */
        struct jt_unseal *unseal;
        uint8_t packet[100];
        int size = (int)some_rtcp(packet, 0);
        size_t opened;

        assert_int_equal(jt_unseal_new(&keys, &unseal), 0);
        assert_int_equal(srtp_protect_rtcp(srtp, packet, &size), srtp_err_status_ok);
        opened = (size_t)size;
        assert_int_equal(jt_unseal_rtcp(unseal, packet, &opened), -EBADMSG);
        jt_unseal_free(unseal);
        srtp_dealloc(srtp);
    }
}

static int open_index(struct jt_seal *seal, struct jt_unseal *unseal, uint32_t index)
{
    uint8_t packet[100];
    size_t size = some_rtcp(packet, 0);

    assert_int_equal(jt_seal_rtcp(seal, index, packet, &size, sizeof(packet)), 0);
    return jt_unseal_rtcp(unseal, packet, &size);
}

static void test_s3_rtcp_replays_are_dropped(void **state)
{
    struct jt_srtp_keys keys = some_keys(JT_SRTP_AEAD_AES_128_GCM);
    struct jt_seal *seal;
    struct jt_unseal *unseal;

    (void)state;
    assert_int_equal(jt_seal_new(&keys, &seal), 0);
    assert_int_equal(jt_unseal_new(&keys, &unseal), 0);
    assert_int_equal(open_index(seal, unseal, 0), 0); /* index 0 as the first */
    assert_int_equal(open_index(seal, unseal, 0), -EBADMSG);
    assert_int_equal(open_index(seal, unseal, 1000), 0);
    assert_int_equal(open_index(seal, unseal, 1000), -EBADMSG);
    for (uint32_t age = 1; age < 128; age++)
        assert_int_equal(open_index(seal, unseal, 1000 - age), 0);
    for (uint32_t age = 0; age < 140; age++)
        assert_int_equal(open_index(seal, unseal, 1000 - age), -EBADMSG);
    for (uint32_t step = 1; step < 200;
         step++) { /* each shift of the window: the oldest inside is still known */
        uint32_t base = 2000 + 1000 * step;

        assert_int_equal(open_index(seal, unseal, base), 0);
        assert_int_equal(open_index(seal, unseal, base + step), 0);
        assert_int_equal(open_index(seal, unseal, base), -EBADMSG);
        if (step > 1 && step < 128)
            assert_int_equal(open_index(seal, unseal, base + 1), 0);
    }
    assert_int_equal(open_index(seal, unseal, 0x7fffffff), 0); /* the last index there is */
    assert_int_equal(open_index(seal, unseal, 0x7fffffff), -EBADMSG);
    assert_int_equal(open_index(seal, unseal, 0x7ffffffe), 0);
    jt_seal_free(seal);
    jt_unseal_free(unseal);
}

/* Against the plain rule: new if above the highest, or within 128 below it and not seen before. */
static void test_s3_rtcp_window_against_a_model(void **state)
{
    enum { INDEXES = 60000 };
    struct jt_srtp_keys keys = some_keys(JT_SRTP_AES128_CM_SHA1_80);
    uint8_t *seen = calloc(INDEXES, 1);
    struct jt_seal *seal;
    struct jt_unseal *unseal;
    uint32_t highest = 0;
    bool has_any = false;

    (void)state;
    srand(7);
    assert_int_equal(jt_seal_new(&keys, &seal), 0);
    assert_int_equal(jt_unseal_new(&keys, &unseal), 0);
    for (int i = 0; i < 20000; i++) {
        uint32_t step = (uint32_t)rand() % (rand() % 50 ? 12 : 300);
        uint32_t back = (uint32_t)rand() % 160;
        uint32_t index = rand() % 2 ? highest + step : highest - JT_MIN(back, highest);
        bool is_new = !has_any || index > highest || (highest - index < 128 && !seen[index]);

        if (index >= INDEXES)
            break;
        assert_int_equal(open_index(seal, unseal, index), is_new ? 0 : -EBADMSG);
        seen[index] = 1;
        highest = has_any ? JT_MAX(highest, index) : index;
        has_any = true;
    }
    assert_true(highest > 10000);
    free(seen);
    jt_seal_free(seal);
    jt_unseal_free(unseal);
}

static void test_bad_arguments_are_refused(void **state)
{
    struct jt_srtp_keys keys = some_keys(JT_SRTP_NONE);
    struct jt_seal *seal = NULL;
    struct jt_unseal *unseal = NULL;
    uint8_t packet[100];
    size_t size = some_rtcp(packet, 0);

    (void)state;
    assert_int_equal(jt_seal_new(&keys, &seal), -EINVAL);
    assert_int_equal(jt_unseal_new(&keys, &unseal), -EINVAL);
    assert_null(seal);
    assert_null(unseal);
    keys.profile = JT_SRTP_AEAD_AES_128_GCM;
    assert_int_equal(jt_seal_new(&keys, &seal), 0);
    assert_int_equal(jt_seal_rtcp(seal, 1U << 31, packet, &size, sizeof(packet)), -EINVAL);
    assert_int_equal(jt_seal_rtcp(seal, 1, packet, &size, size + 19), -EMSGSIZE);
    assert_int_equal(jt_seal_rtcp(seal, 1, packet, &size, size + 20), 0);
    size = 7;
    assert_int_equal(jt_seal_rtcp(seal, 1, packet, &size, sizeof(packet)), -EINVAL);
    jt_seal_free(seal);
    jt_seal_free(NULL);
    jt_unseal_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_key_derivation_of_rfc_3711_b3),
        cmocka_unit_test(test_s3_rtp_of_rfc_7714_16),
        cmocka_unit_test(test_s3_rtcp_of_rfc_7714_17),
        cmocka_unit_test(test_s3_rtp_same_bytes_as_libsrtp_across_rollover),
        cmocka_unit_test(test_batches_may_mix_seals),
        cmocka_unit_test(test_s3_rtcp_same_bytes_as_libsrtp),
        cmocka_unit_test(test_rtcp_of_libsrtp_is_opened),
        cmocka_unit_test(test_s1_tampered_rtcp_is_refused),
        cmocka_unit_test(test_s2_clear_rtcp_is_refused),
        cmocka_unit_test(test_s3_rtcp_replays_are_dropped),
        cmocka_unit_test(test_s3_rtcp_window_against_a_model),
        cmocka_unit_test(test_bad_arguments_are_refused),
    };
    int failed;

    if (srtp_init() != srtp_err_status_ok)
        return 1;
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    (void)srtp_shutdown();
    return failed;
}
