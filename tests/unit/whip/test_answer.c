/*
 * whip/answer.h: answers written out by hand, line by line, for the offers of
 * tests/unit/wire/offers. With "--answer CODEC" it reads an offer on stdin and prints the answer:
 * tests/e2e/answer.test.mjs gives it to a browser.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>

#include "media/track.h"
#include "whip/answer.h"

enum { OFFER_MAX = 64 * 1024 };

#define FINGERPRINT                                                                                \
    "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:"   \
    "EE:FF"

static const struct jt_answer_local local = {
    .ufrag = "sUfr",
    .pwd = "serverpasswordserverpassword",
    .fingerprint = FINGERPRINT,
    .cname = "c0ffee",
    .video_ssrc = 1111,
    .video_rtx_ssrc = 2222,
    .audio_ssrc = 3333,
    .candidates = {{"127.0.0.1", 8190}, {"::1", 8190}},
    .candidate_count = 2,
    .session_id = 77,
};

static const struct jt_answer_source h264_opus = {
    .video = {.codec = JT_CODEC_H264, .profile_level_id = {0x42, 0xe0, 0x1f}},
    .audio = {.codec = JT_CODEC_OPUS, .channels = 2},
};

static char *load(const char *name)
{
    char path[128];
    char *text = calloc(1, OFFER_MAX);
    FILE *file;

    (void)snprintf(path, sizeof(path), "unit/wire/offers/%s.sdp", name);
    file = fopen(path, "rb");
    assert_non_null(file);
    assert_non_null(text);
    assert_true(fread(text, 1, OFFER_MAX - 1, file) > 0);
    (void)fclose(file);
    return text;
}

/** Replace every `from` (a text) by `to`; takes and gives a heap text. */
static char *edit(char *text, const char *from, const char *to)
{
    char *out = calloc(1, 2 * OFFER_MAX), *next = out;
    const char *at = text;
    int count = 0;

    assert_non_null(out);
    for (const char *found; (found = strstr(at, from)); at = found + strlen(from), count++)
        next += sprintf(next, "%.*s%s", (int)(found - at), at, to);
    strcpy(next, at);
    assert_true(count > 0);
    free(text);
    return out;
}

static int choose(const char *offer, const struct jt_answer_source *source,
                  struct jt_answer_plan *plan, struct jt_answer_refusal *refusal)
{
    size_t size = strlen(offer);
    char *exact = malloc(size); /* ASan sees one byte too far */
    int err;

    assert_non_null(exact);
    memcpy(exact, offer, size);
    err = jt_answer_choose(exact, size, source, plan, refusal);
    free(exact);
    return err;
}

static void answer(const char *offer, const struct jt_answer_source *source,
                   char out[JT_ANSWER_MAX_BYTES])
{
    struct jt_answer_plan plan;
    struct jt_answer_refusal refusal;
    int size;

    if (choose(offer, source, &plan, &refusal) != 0)
        fail_msg("refused: %s", refusal.code);
    size = jt_answer_write(offer, strlen(offer), &plan, &local, out, JT_ANSWER_MAX_BYTES - 1);
    assert_true(size > 0);
    out[size] = '\0';
}

static void assert_refused(const char *offer, const struct jt_answer_source *source, int status,
                           const char *code)
{
    struct jt_answer_plan plan;
    struct jt_answer_refusal refusal = {0};

    assert_true(choose(offer, source, &plan, &refusal) < 0);
    assert_string_equal(refusal.code, code);
    assert_int_equal(refusal.status, status);
    assert_non_null(refusal.title);
}

static void assert_has(const char *text, const char *line)
{
    if (!strstr(text, line))
        fail_msg("no \"%s\" in:\n%s", line, text);
}

static void assert_has_not(const char *text, const char *line)
{
    if (strstr(text, line))
        fail_msg("\"%s\" in:\n%s", line, text);
}

/* --- whole answers --- */

static void test_chromium(void **state)
{
    static const char expected[] =
        "v=0\r\n"
        "o=- 77 1 IN IP4 127.0.0.1\r\n"
        "s=-\r\n"
        "t=0 0\r\n"
        "a=group:BUNDLE 0 1\r\n"
        "a=msid-semantic: WMS c0ffee\r\n"
        "a=ice-lite\r\n"
        "m=audio 8190 UDP/TLS/RTP/SAVPF 111\r\n"
        "c=IN IP4 127.0.0.1\r\n"
        "a=ice-ufrag:sUfr\r\n"
        "a=ice-pwd:serverpasswordserverpassword\r\n"
        "a=fingerprint:sha-256 " FINGERPRINT "\r\n"
        "a=setup:passive\r\n"
        "a=mid:0\r\n"
        "a=sendonly\r\n"
        "a=rtcp-mux\r\n"
        "a=rtcp-rsize\r\n"
        "a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01\r\n"
        "a=rtpmap:111 opus/48000/2\r\n"
        "a=rtcp-fb:111 transport-cc\r\n"
        "a=fmtp:111 minptime=10;stereo=1;sprop-stereo=1;useinbandfec=1\r\n"
        "a=msid:c0ffee audio\r\n"
        "a=ssrc:3333 cname:c0ffee\r\n"
        "a=ssrc:3333 msid:c0ffee audio\r\n"
        "a=candidate:1 1 udp 2130706431 127.0.0.1 8190 typ host\r\n"
        "a=candidate:2 1 udp 2130706175 ::1 8190 typ host\r\n"
        "a=end-of-candidates\r\n"
        "m=video 8190 UDP/TLS/RTP/SAVPF 108 109\r\n"
        "c=IN IP4 127.0.0.1\r\n"
        "a=ice-ufrag:sUfr\r\n"
        "a=ice-pwd:serverpasswordserverpassword\r\n"
        "a=fingerprint:sha-256 " FINGERPRINT "\r\n"
        "a=setup:passive\r\n"
        "a=mid:1\r\n"
        "a=sendonly\r\n"
        "a=rtcp-mux\r\n"
        "a=rtcp-rsize\r\n"
        "a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01\r\n"
        "a=extmap:5 http://www.webrtc.org/experiments/rtp-hdrext/playout-delay\r\n"
        "a=rtpmap:108 H264/90000\r\n"
        "a=rtcp-fb:108 nack\r\n"
        "a=rtcp-fb:108 nack pli\r\n"
        "a=rtcp-fb:108 ccm fir\r\n"
        "a=rtcp-fb:108 transport-cc\r\n"
        "a=fmtp:108 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f\r\n"
        "a=rtpmap:109 rtx/90000\r\n"
        "a=fmtp:109 apt=108\r\n"
        "a=msid:c0ffee video\r\n"
        "a=ssrc-group:FID 1111 2222\r\n"
        "a=ssrc:1111 cname:c0ffee\r\n"
        "a=ssrc:1111 msid:c0ffee video\r\n"
        "a=ssrc:2222 cname:c0ffee\r\n"
        "a=ssrc:2222 msid:c0ffee video\r\n";
    char *offer = load("chromium_recvonly"), text[JT_ANSWER_MAX_BYTES];

    (void)state;
    answer(offer, &h264_opus, text);
    assert_string_equal(text, expected);
    free(offer);
}

static void test_plan_of_chromium(void **state)
{
    static const uint8_t digest[4] = {0xfa, 0x1d, 0xbb, 0x9d};
    char *offer = load("chromium_recvonly");
    struct jt_answer_refusal refusal;
    struct jt_answer_plan plan;

    (void)state;
    assert_int_equal(choose(offer, &h264_opus, &plan, &refusal), 0);
    assert_string_equal(plan.peer_ufrag, "F+x3");
    assert_string_equal(plan.peer_pwd, "aNAYFBVMhC0LpgZZqJs6Npou");
    assert_memory_equal(plan.peer_fingerprint, digest, sizeof(digest));
    assert_true(plan.video.is_active && plan.video.is_profile_exact && plan.video.has_nack &&
                plan.video.has_pli);
    assert_true(plan.video.has_transport_cc && plan.audio.has_transport_cc);
    assert_int_equal(plan.video.payload_type, 108);
    assert_int_equal(plan.video.rtx_payload_type, 109);
    assert_int_equal(plan.video.twcc_id, 3);
    assert_int_equal(plan.video.playout_delay_id, 5);
    assert_int_equal(plan.audio.payload_type, 111);
    assert_int_equal(plan.audio.rtx_payload_type, 0);
    assert_int_equal(plan.audio.playout_delay_id, 0);
    assert_true(plan.audio.is_stereo);
    assert_false(plan.audio.has_nack);
    free(offer);
}

/* Video first, the second section with port 0 and bundle-only, sendrecv, no RTX, long mids,
 * link-local candidates. */
static void test_gstreamer(void **state)
{
    char *offer = load("gstreamer_sendrecv"), text[JT_ANSWER_MAX_BYTES];

    (void)state;
    answer(offer, &h264_opus, text);
    assert_has(text, "a=group:BUNDLE video0 audio1\r\n");
    assert_has(text, "m=video 8190 UDP/TLS/RTP/SAVPF 96\r\n");
    assert_has(text, "m=audio 8190 UDP/TLS/RTP/SAVPF 97\r\n");
    assert_true(strstr(text, "m=video") < strstr(text, "m=audio"));
    assert_true(strstr(text, "a=end-of-candidates") < strstr(text, "m=audio"));
    assert_has(text, "a=rtcp-fb:96 nack pli\r\n");
    assert_has_not(text, "a=rtcp-fb:96 nack\r\n");
    assert_has_not(
        text,
        "transport-cc"); /* offered as feedback, but without the header extension it is nothing */
    assert_has_not(text, "FID");
    assert_has_not(text, "2222");
    assert_has(text, "a=rtpmap:97 OPUS/48000/2\r\n");
    assert_has(text, "a=fmtp:96 packetization-mode=1;profile-level-id=42c01f\r\n");
    assert_has_not(text, "level-asymmetry");
    free(offer);
}

static void test_safari(void **state)
{
    const struct jt_answer_source high = {
        .video = {.codec = JT_CODEC_H264, .profile_level_id = {0x64, 0x00, 0x28}},
        .audio = {.codec = JT_CODEC_OPUS, .channels = 1}};
    char *offer = load("safari_recvonly"), text[JT_ANSWER_MAX_BYTES];

    (void)state;
    answer(offer, &h264_opus, text);
    assert_has(text, "m=video 8190 UDP/TLS/RTP/SAVPF 98 99\r\n");
    assert_has(text, "profile-level-id=42e01f\r\n");
    assert_has_not(text, "a=rtpmap:96");
    answer(offer, &high, text);
    assert_has(text, "m=video 8190 UDP/TLS/RTP/SAVPF 96 97\r\n");
    assert_has(text, "profile-level-id=640c1f\r\n");
    assert_has(text, "a=fmtp:111 minptime=10;useinbandfec=1\r\n"); /* mono */
    free(offer);
}

/* Firefox: one fingerprint for all at session level, directions on extmaps. */
static void test_firefox(void **state)
{
    const struct jt_answer_source vp8 = {.video = {.codec = JT_CODEC_VP8},
                                         .audio = {.codec = JT_CODEC_OPUS}};
    char *offer = edit(load("firefox_simulcast"), "a=sendonly", "a=recvonly"),
         text[JT_ANSWER_MAX_BYTES];

    (void)state;
    answer(offer, &vp8, text);
    assert_has(text, "m=video 8190 UDP/TLS/RTP/SAVPF 120 124\r\n");
    assert_has(text, "a=rtpmap:120 VP8/90000\r\n");
    assert_has(text, "a=rtcp-fb:120 transport-cc\r\n");
    assert_has_not(text, "goog-remb");
    assert_has(
        text,
        "a=extmap:7 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01\r\n");
    assert_has(
        text, "a=extmap:6/sendonly http://www.webrtc.org/experiments/rtp-hdrext/playout-delay\r\n");
    assert_has(text, "a=group:BUNDLE 0 1\r\n");
    assert_has_not(text, "simulcast");
    assert_has_not(text, "rid");
    free(offer);
}

/* --- H.264 profiles: the design's rule --- */

static void assert_payload(const char *offer, uint8_t profile, uint8_t constraints, int payload,
                           bool is_exact)
{
    const struct jt_answer_source source = {
        .video = {.codec = JT_CODEC_H264, .profile_level_id = {profile, constraints, 0x28}}};
    struct jt_answer_refusal refusal;
    struct jt_answer_plan plan;

    assert_int_equal(choose(offer, &source, &plan, &refusal), 0);
    assert_int_equal(plan.video.payload_type, payload);
    assert_int_equal(plan.video.is_profile_exact, is_exact);
}

static void test_profiles(void **state)
{
    /* Chromium's mode-1 ones: 102 42001f, 108 42e01f, 116 4d001f, 41 f4001f */
    char *offer = load("chromium_recvonly");

    (void)state;
    assert_payload(offer, 0x42, 0xe0, 108, true);
    assert_payload(offer, 0x42, 0xc0, 108, true);
    assert_payload(offer, 0x4d, 0x80, 108,
                   true); /* Main with constraint_set0 is Constrained Baseline */
    assert_payload(offer, 0x42, 0x00, 102, true);
    assert_payload(offer, 0x4d, 0x40, 116, true);
    assert_payload(offer, 0x64, 0x00, 41, false); /* the next higher */
    assert_payload(offer, 0xf4, 0x00, 41, true);
    assert_payload(offer, 0x00, 0x00, 108, true); /* not known yet */
    offer = edit(offer, "profile-level-id=f4001f", "profile-level-id=58001f");
    assert_payload(offer, 0x64, 0x00, 116, false); /* none higher: Main */
    offer = edit(offer, "profile-level-id=4d001f", "profile-level-id=58001f");
    assert_payload(offer, 0x64, 0x00, 108, false);
    offer = edit(offer, "profile-level-id=42e01f", "profile-level-id=58001f");
    assert_payload(offer, 0x64, 0x00, 102, false);
    assert_payload(offer, 0x42, 0xe0, 102, false); /* Baseline is above Constrained Baseline */
    offer = edit(offer, ";profile-level-id=42001f", ""); /* a missing one is 42000a */
    assert_payload(offer, 0x42, 0x00, 102, true);
    offer = edit(offer, "packetization-mode=1", "packetization-mode=0");
    assert_refused(offer, &h264_opus, 406, "no_common_codec");
    free(offer);
}

static void test_profile_in_capitals(void **state)
{
    char *offer =
        edit(load("chromium_recvonly"), "profile-level-id=42e01f", "profile-level-id=42E01F");

    (void)state;
    assert_payload(offer, 0x42, 0xe0, 108, true);
    free(offer);
}

/* --- codecs --- */

static void test_other_codecs(void **state)
{
    static const struct {
        enum jt_codec codec;
        const char *line;
    } all[] = {
        {JT_CODEC_VP8, "m=video 8190 UDP/TLS/RTP/SAVPF 96 97\r\n"},
        {JT_CODEC_VP9, "m=video 8190 UDP/TLS/RTP/SAVPF 98 99\r\n"},
        {JT_CODEC_AV1, "m=video 8190 UDP/TLS/RTP/SAVPF 45 46\r\n"},
    };
    char *offer = load("chromium_recvonly"), text[JT_ANSWER_MAX_BYTES];

    (void)state;
    for (size_t i = 0; i < JT_COUNT(all); i++) {
        const struct jt_answer_source source = {.video = {.codec = all[i].codec}};

        answer(offer, &source, text);
        assert_has(text, all[i].line);
        assert_has(text, "a=group:BUNDLE 1\r\n");
        assert_has(text, "m=audio 0 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 "
                         "0.0.0.0\r\na=mid:0\r\na=inactive\r\nm=video");
        assert_has_not(text, "3333");
        assert_has(text, "a=end-of-candidates\r\n"); /* moved to the video section */
    }
    free(offer);
}

static void test_no_red_no_fec(void **state)
{
    char *offer = load("chromium_recvonly"), text[JT_ANSWER_MAX_BYTES];

    (void)state;
    answer(offer, &h264_opus, text);
    assert_has_not(text, " red/");
    assert_has_not(text, "ulpfec");
    assert_has_not(text, "flexfec");
    assert_has_not(text, "video-orientation");
    assert_has_not(text, "abs-send-time");
    free(offer);
}

static void test_aac_audio_is_left_out(void **state)
{
    const struct jt_answer_source aac = {.video = h264_opus.video,
                                         .audio = {.codec = JT_CODEC_AAC, .channels = 2}};
    const struct jt_answer_source only_aac = {.audio = {.codec = JT_CODEC_AAC, .channels = 2}};
    char *offer = load("chromium_recvonly"), text[JT_ANSWER_MAX_BYTES];

    (void)state;
    answer(offer, &aac, text);
    assert_has(text, "m=audio 0 ");
    assert_has(text, "a=group:BUNDLE 1\r\n");
    assert_refused(offer, &only_aac, 406, "codec_not_in_webrtc");
    free(offer);
}

/* A show of sound alone is answered with the video section rejected; a video that can't be shown is
 * not hidden. */
static void test_video_without_common_codec(void **state)
{
    const struct jt_answer_source audio_only = {.audio = h264_opus.audio};
    char *offer = edit(load("chromium_recvonly"), "H264/90000", "H263/90000"),
         text[JT_ANSWER_MAX_BYTES];

    (void)state;
    assert_refused(offer, &h264_opus, 406, "no_common_codec");
    answer(offer, &audio_only, text);
    assert_has(text, "m=video 0 UDP/TLS/RTP/SAVPF 96\r\n");
    assert_has(text, "a=group:BUNDLE 0\r\n");
    free(offer);
}

static void test_remb_without_transport_cc(void **state)
{
    char *offer = edit(load("chromium_recvonly"), " transport-cc", " x-cc"),
         text[JT_ANSWER_MAX_BYTES];

    (void)state;
    answer(offer, &h264_opus, text);
    assert_has(text, "a=rtcp-fb:108 goog-remb\r\n");
    assert_has_not(text, "transport-cc");
    assert_has_not(text, "transport-wide");
    free(offer);
}

static void test_rtx_of_another_payload(void **state)
{
    char *offer = edit(load("chromium_recvonly"), "apt=108\r\n", "apt=107\r\n"),
         text[JT_ANSWER_MAX_BYTES];

    (void)state;
    answer(offer, &h264_opus, text);
    assert_has(text, "m=video 8190 UDP/TLS/RTP/SAVPF 108\r\n");
    assert_has_not(text, "FID");
    free(offer);
}

/* --- sections we don't take --- */

static void test_further_sections(void **state)
{
    static const char more[] = "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n"
                               "c=IN IP4 0.0.0.0\r\n"
                               "a=mid:2\r\n"
                               "m=video 9 UDP/TLS/RTP/SAVPF 96\r\n"
                               "c=IN IP4 0.0.0.0\r\n"
                               "a=mid:3\r\n"
                               "a=recvonly\r\n"
                               "a=rtcp-mux\r\n"
                               "a=rtpmap:96 VP8/90000\r\n";
    char *offer = edit(load("chromium_recvonly"), "BUNDLE 0 1", "BUNDLE 2 0 1 3"),
         text[JT_ANSWER_MAX_BYTES];

    (void)state;
    offer = realloc(offer, 2 * OFFER_MAX);
    strcat(offer, more);
    answer(offer, &h264_opus, text);
    assert_has(text, "a=group:BUNDLE 0 1\r\n");
    assert_has(
        text,
        "m=application 0 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\na=mid:2\r\n");
    assert_has(text,
               "m=video 0 UDP/TLS/RTP/SAVPF 96\r\nc=IN IP4 0.0.0.0\r\na=mid:3\r\na=inactive\r\n");
    free(offer);
}

static void test_only_audio_is_offered(void **state)
{
    char *offer = load("chromium_recvonly"), text[JT_ANSWER_MAX_BYTES];

    (void)state;
    *strstr(offer, "m=video") = '\0';
    offer = edit(offer, "a=group:BUNDLE 0 1\r\n", ""); /* nothing to bundle */
    answer(offer, &h264_opus, text);
    assert_has(text, "m=audio 8190 ");
    assert_has_not(text, "BUNDLE");
    assert_has_not(text, "m=video");
    free(offer);
}

/* --- refusals --- */

static void refuse_edited(const char *from, const char *to, int status, const char *code)
{
    char *offer = edit(load("chromium_recvonly"), from, to);

    assert_refused(offer, &h264_opus, status, code);
    free(offer);
}

static void test_h12_downgrades(void **state)
{
    (void)state;
    refuse_edited("UDP/TLS/RTP/SAVPF", "RTP/AVP", 422, "insecure_transport");
    refuse_edited("UDP/TLS/RTP/SAVPF", "RTP/SAVP", 422, "insecure_transport");
    refuse_edited("UDP/TLS/RTP/SAVPF", "RTP/SAVPF", 422, "insecure_transport");
    refuse_edited("m=video 9 UDP/TLS/RTP/SAVPF", "m=video 9 RTP/AVPF", 422, "insecure_transport");
    refuse_edited("a=mid:1\r\n",
                  "a=mid:1\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 "
                  "inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz\r\n",
                  422, "insecure_transport");
    refuse_edited("a=setup:actpass", "a=setup:holdconn", 422, "setup_not_active");
    refuse_edited("a=setup:actpass", "a=setup:passive", 422, "setup_not_active");
    refuse_edited("a=fingerprint:sha-256 "
                  "FA:1D:BB:9D:88:33:7B:DC:FA:B4:0F:A3:17:B3:AC:E9:77:F0:83:49:B8:45:E6:4A:0B:37:"
                  "A9:C2:B1:BA:D2:7E",
                  "a=fingerprint:md5 FA:1D:BB:9D:88:33:7B:DC:FA:B4:0F:A3:17:B3:AC:E9", 422,
                  "no_fingerprint");
    refuse_edited("a=mid:0\r\n", "a=mid:0\r\na=fingerprint:sha-256 " FINGERPRINT "\r\n", 422,
                  "no_fingerprint");
    refuse_edited("a=mid:1\r\n", "a=mid:1\r\na=fingerprint:sha-256 " FINGERPRINT "\r\n", 422,
                  "no_fingerprint");
}

/* Another certificate in the second of the bundled sections only. */
static void test_h12_second_certificate(void **state)
{
    char *offer = load("chromium_recvonly");
    char *second = strstr(strstr(offer, "m=video"), "FA:1D");

    (void)state;
    memcpy(second, "00:1D", 5);
    assert_refused(offer, &h264_opus, 422, "no_fingerprint");
    free(offer);
}

static void test_refusals(void **state)
{
    (void)state;
    refuse_edited("a=recvonly", "a=sendonly", 422, "not_recvonly");
    refuse_edited("a=recvonly", "a=inactive", 422, "not_recvonly");
    refuse_edited("a=group:BUNDLE 0 1\r\n", "", 422, "no_bundle");
    refuse_edited("a=group:BUNDLE 0 1\r\n", "a=group:BUNDLE 0\r\n", 422, "no_bundle");
    refuse_edited("a=rtcp-mux\r\n", "", 422, "no_rtcp_mux");
    refuse_edited("a=ice-ufrag:F+x3\r\n", "", 422, "no_ice");
    refuse_edited("a=ice-pwd:aNAYFBVMhC0LpgZZqJs6Npou\r\n", "", 422, "no_ice");
    refuse_edited("a=msid-semantic", "a=ice-lite\r\na=msid-semantic", 422, "ice_lite");
    refuse_edited("v=0\r\n", "v=1\r\n", 400, "sdp_malformed");
    refuse_edited("a=mid:1", "a=mid:0", 400, "sdp_malformed");
}

/* Whatever comes: a plan that can be written, or a refusal with a client's status (threat H11). */
static void torture(const char *offer, size_t size)
{
    struct jt_answer_plan plan;
    struct jt_answer_refusal refusal = {0};
    char *exact = malloc(size ? size : 1), text[JT_ANSWER_MAX_BYTES];

    assert_non_null(exact);
    memcpy(exact, offer, size);
    if (jt_answer_choose(exact, size, &h264_opus, &plan, &refusal) == 0)
        assert_true(jt_answer_write(exact, size, &plan, &local, text, sizeof(text)) > 0);
    else
        assert_true(refusal.status == 400 || refusal.status == 406 || refusal.status == 422);
    free(exact);
}

static void test_h11_cuts_and_damage(void **state)
{
    static const char *const names[] = {"chromium_recvonly", "gstreamer_sendrecv",
                                        "safari_recvonly"};
    uint64_t random = 0x9e3779b97f4a7c15;

    (void)state;
    for (size_t i = 0; i < JT_COUNT(names); i++) {
        char *offer = load(names[i]);
        size_t size = strlen(offer);

        for (size_t cut = 0; cut <= size; cut += i ? 1 : 7)
            torture(offer, cut);
        for (int k = 0; k < 3000; k++) {
            size_t at;
            char kept;

            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            at = (size_t)(random % size);
            kept = offer[at];
            offer[at] = (char)(random >> 32);
            torture(offer, size);
            offer[at] = kept;
        }
        free(offer);
    }
}

static void test_too_small_for_the_answer(void **state)
{
    char *offer = load("chromium_recvonly"), text[JT_ANSWER_MAX_BYTES];
    struct jt_answer_refusal refusal;
    struct jt_answer_plan plan;
    int whole;

    (void)state;
    assert_int_equal(choose(offer, &h264_opus, &plan, &refusal), 0);
    whole = jt_answer_write(offer, strlen(offer), &plan, &local, text, sizeof(text));
    assert_true(whole > 0);
    for (int capacity = 0; capacity < whole; capacity += 13) {
        char *small = malloc((size_t)capacity + 1);

        assert_non_null(small);
        assert_int_equal(
            jt_answer_write(offer, strlen(offer), &plan, &local, small, (size_t)capacity),
            -EMSGSIZE);
        free(small);
    }
    free(offer);
}

/* A plan for another offer does not fit. */
static void test_plan_of_another_offer(void **state)
{
    char *offer = load("chromium_recvonly"), *other = load("gstreamer_sendrecv"),
         text[JT_ANSWER_MAX_BYTES];
    struct jt_answer_refusal refusal;
    struct jt_answer_plan plan;

    (void)state;
    assert_int_equal(choose(offer, &h264_opus, &plan, &refusal), 0);
    assert_true(jt_answer_write(other, strlen(other), &plan, &local, text, sizeof(text)) < 0);
    assert_true(jt_answer_write("x", 1, &plan, &local, text, sizeof(text)) < 0);
    free(offer);
    free(other);
}

static int print_answer(const char *codec)
{
    struct jt_answer_source source = {
        .video = {.codec = jt_codec_parse(codec), .profile_level_id = {0x42, 0xe0, 0x1f}},
        .audio = {.codec = JT_CODEC_OPUS, .channels = 2}};
    static char offer[OFFER_MAX], text[JT_ANSWER_MAX_BYTES];
    size_t offer_size = fread(offer, 1, sizeof(offer), stdin);
    struct jt_answer_refusal refusal;
    struct jt_answer_plan plan;
    int size;

    if (jt_answer_choose(offer, offer_size, &source, &plan, &refusal) < 0) {
        (void)fprintf(stderr, "%d %s\n", refusal.status, refusal.code);
        return EXIT_FAILURE;
    }
    size = jt_answer_write(offer, offer_size, &plan, &local, text, sizeof(text));
    return size > 0 && fwrite(text, 1, (size_t)size, stdout) == (size_t)size ? EXIT_SUCCESS
                                                                             : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_chromium),
        cmocka_unit_test(test_plan_of_chromium),
        cmocka_unit_test(test_gstreamer),
        cmocka_unit_test(test_safari),
        cmocka_unit_test(test_firefox),
        cmocka_unit_test(test_profiles),
        cmocka_unit_test(test_profile_in_capitals),
        cmocka_unit_test(test_other_codecs),
        cmocka_unit_test(test_no_red_no_fec),
        cmocka_unit_test(test_aac_audio_is_left_out),
        cmocka_unit_test(test_video_without_common_codec),
        cmocka_unit_test(test_remb_without_transport_cc),
        cmocka_unit_test(test_rtx_of_another_payload),
        cmocka_unit_test(test_further_sections),
        cmocka_unit_test(test_only_audio_is_offered),
        cmocka_unit_test(test_h12_downgrades),
        cmocka_unit_test(test_h12_second_certificate),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_h11_cuts_and_damage),
        cmocka_unit_test(test_too_small_for_the_answer),
        cmocka_unit_test(test_plan_of_another_offer),
    };

    if (argc == 3 && strcmp(argv[1], "--answer") == 0)
        return print_answer(argv[2]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
