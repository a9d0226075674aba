#include "wire/sdp.h"

#include <errno.h>

#include "base/writer.h"
#include "wire_test.h"

static struct jt_sdp sdp; /* too large for the stack */
static char text[JT_SDP_MAX_BYTES * 2];

/* ctest runs us in tests/ */
static size_t load(const char *name)
{
    char path[256];
    size_t size;
    FILE *file;

    (void)snprintf(path, sizeof(path), "unit/wire/offers/%s", name);
    file = fopen(path, "rb");
    if (!file)
        fail_msg("no %s: run in tests/", path);
    size = fread(text, 1, sizeof(text), file);
    (void)fclose(file);
    return size;
}

static void parse_offer(const char *name)
{
    size_t size = load(name);

    assert_int_equal(jt_sdp_parse(text, size, &sdp), 0);
}

static void assert_text(struct jt_text got, const char *want)
{
    if (!jt_text_is(got, want))
        fail_msg("\"%.*s\" is not \"%s\"", JT_TEXT_PRINT(got), want);
}

static void check_feedback_of_all_video(const struct jt_sdp_payload *payload)
{
    assert_non_null(payload);
    assert_int_equal(payload->feedback, JT_SDP_FB_NACK | JT_SDP_FB_NACK_PLI | JT_SDP_FB_CCM_FIR |
                                            JT_SDP_FB_REMB | JT_SDP_FB_TRANSPORT_CC);
}

static void test_chromium_recvonly(void **state)
{
    const struct jt_sdp_section *audio = &sdp.sections[0];
    const struct jt_sdp_section *video = &sdp.sections[1];
    const struct jt_sdp_payload *h264;
    const struct jt_sdp_payload *opus;
    struct jt_text value;

    (void)state;
    parse_offer("chromium_recvonly.sdp");
    assert_int_equal(sdp.section_count, 2);
    assert_true(sdp.has_extmap_allow_mixed);
    assert_false(sdp.has_ice_lite);
    assert_text(sdp.bundle, "0 1");
    assert_int_equal(audio->kind, JT_SDP_AUDIO);
    assert_int_equal(video->kind, JT_SDP_VIDEO);
    assert_text(video->proto, "UDP/TLS/RTP/SAVPF");
    assert_text(video->mid, "1");
    assert_true(audio->is_bundled && video->is_bundled);
    assert_int_equal(video->direction, JT_SDP_RECVONLY);
    assert_int_equal(video->transport.setup, JT_SDP_SETUP_ACTPASS);
    assert_true(video->transport.has_trickle);
    assert_int_equal(video->transport.ice_pwd.size, 24);
    assert_int_equal(video->transport.fingerprint_count, 1);
    assert_int_equal(video->transport.fingerprints[0].digest_bytes, 32);
    assert_true(video->has_rtcp_mux && video->has_rtcp_rsize);
    assert_false(video->has_crypto);
    opus = jt_sdp_payload_find(audio, 111);
    assert_non_null(opus);
    assert_text(opus->encoding, "opus");
    assert_int_equal(opus->clock_hz, 48000);
    assert_int_equal(opus->channels, 2);
    assert_int_equal(opus->feedback, JT_SDP_FB_TRANSPORT_CC);
    assert_true(jt_sdp_fmtp_find(opus->fmtp, "useinbandfec", &value));
    assert_text(value, "1");
    h264 = jt_sdp_payload_find(video, 108);
    check_feedback_of_all_video(h264);
    assert_text(h264->encoding, "H264");
    assert_true(jt_sdp_fmtp_find(h264->fmtp, "Profile-Level-ID", &value));
    assert_text(value, "42e01f");
    assert_true(jt_sdp_fmtp_find(h264->fmtp, "packetization-mode", &value));
    assert_text(value, "1");
    assert_false(jt_sdp_fmtp_find(h264->fmtp, "level", &value));
    assert_int_equal(jt_sdp_rtx_find(video, 108)->type, 109);
    assert_null(jt_sdp_rtx_find(video, 109));
    assert_null(jt_sdp_payload_find(video, 111));
    assert_int_equal(jt_sdp_extmap_find(video, "http://www.ietf.org/id/"
                                               "draft-holmer-rmcat-transport-wide-cc-extensions-01")
                         ->id,
                     3);
    assert_int_equal(
        jt_sdp_extmap_find(video, "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay")->id,
        5);
    assert_null(jt_sdp_extmap_find(audio, "urn:3gpp:video-orientation"));
    assert_text(jt_sdp_payload_find(video, 49)->encoding, "flexfec-03");
}

static void test_chromium_sendonly(void **state)
{
    const struct jt_sdp_section *video = &sdp.sections[1];

    (void)state;
    parse_offer("chromium_sendonly.sdp");
    assert_int_equal(video->direction, JT_SDP_SENDONLY);
    assert_int_equal(video->ssrc_count, 2);
    assert_int_equal(video->ssrcs[0], 3912679078);
    assert_int_equal(video->ssrcs[1], 2364054840);
    assert_int_equal(video->fid_count, 1);
    assert_int_equal(video->fids[0][0], 3912679078);
    assert_int_equal(video->fids[0][1], 2364054840);
    assert_text(video->msid_stream, "7cd69d0e-7453-40a8-9595-8ddffca1035e");
    assert_text(video->msid_track, "d9ee5769-2e36-4fda-8070-1aa9e12f2ef1");
    assert_text(sdp.sections[0].transport.ice_ufrag, "lgsA");
    assert_memory_equal(sdp.sections[0].transport.fingerprints[0].digest, "\xA0\x0F\xF8\x4F", 4);
}

static void test_chromium_simulcast(void **state)
{
    const struct jt_sdp_section *video = &sdp.sections[1];
    struct jt_text list;
    struct jt_text rid;
    bool is_paused;

    (void)state;
    parse_offer("chromium_simulcast.sdp");
    assert_int_equal(video->rid_count, 3);
    assert_text(video->rids[2].id, "f");
    assert_true(video->rids[2].is_send);
    assert_int_equal(video->ssrc_count, 0);
    list = video->simulcast_send;
    assert_true(jt_sdp_simulcast_next(&list, &rid, &is_paused));
    assert_text(rid, "q");
    assert_true(jt_sdp_simulcast_next(&list, &rid, &is_paused));
    assert_text(rid, "h");
    assert_true(jt_sdp_simulcast_next(&list, &rid, &is_paused));
    assert_text(rid, "f");
    assert_false(is_paused);
    assert_false(jt_sdp_simulcast_next(&list, &rid, &is_paused));
    assert_int_equal(video->simulcast_recv.size, 0);
}

static void test_firefox(void **state)
{
    const struct jt_sdp_section *audio = &sdp.sections[0];
    const struct jt_sdp_section *video = &sdp.sections[1];

    (void)state;
    parse_offer("firefox_simulcast.sdp");
    assert_int_equal(audio->transport.fingerprint_count, 1); /* the session's */
    assert_int_equal(video->transport.fingerprint_count, 1);
    assert_int_equal(video->transport.fingerprints[0].digest[0], 0xee);
    assert_true(video->transport.has_trickle);
    assert_int_equal(audio->candidate_count, 6);
    assert_true(audio->has_end_of_candidates);
    assert_true(video->is_bundle_only);
    assert_int_equal(video->port, 0);
    assert_text(video->transport.ice_ufrag, "70b33dd9");
    assert_int_equal(audio->extmaps[1].direction, JT_SDP_RECVONLY);
    assert_int_equal(audio->extmaps[1].id, 2);
    assert_int_equal(jt_sdp_payload_find(audio, 9)->channels, 1);
    assert_int_equal(jt_sdp_rtx_find(video, 126)->type, 127);
    check_feedback_of_all_video(jt_sdp_payload_find(video, 126));
    assert_text(video->simulcast_send, "q;h;f");
    assert_text(audio->msid_stream, "{95e4f527-fbfe-49dc-a5f6-359a77c79832}");
}

static void test_safari_and_gstreamer(void **state)
{
    const struct jt_sdp_section *first = &sdp.sections[0];
    const struct jt_sdp_section *second = &sdp.sections[1];
    struct jt_text value;

    (void)state;
    parse_offer("safari_recvonly.sdp");
    assert_true(jt_sdp_fmtp_find(second->payloads[0].fmtp, "profile-level-id", &value));
    assert_text(value, "640c1f");
    assert_int_equal(first->candidate_count, 2);
    assert_int_equal(first->port, 52200);
    parse_offer("gstreamer_sendrecv.sdp");
    assert_text(first->mid, "video0");
    assert_text(second->mid, "audio1");
    assert_true(second->is_bundled && second->is_bundle_only);
    assert_int_equal(first->direction, JT_SDP_SENDRECV);
    assert_int_equal(first->candidate_count, 6);
    assert_true(jt_sdp_fmtp_find(first->payloads[0].fmtp, "sprop-parameter-sets", &value));
    assert_text(value, "Z0LAH9oBQBbpqDAwMDwgABXwABOMBYAIeMGVAA==,aM48gA=="); /* holds '=' */
    assert_int_equal(first->payloads[0].feedback, JT_SDP_FB_NACK_PLI | JT_SDP_FB_TRANSPORT_CC);
}

/* A small offer around the lines under test; LF ends, which are accepted too. */
#define SESSION "v=0\no=- 1 1 IN IP4 127.0.0.1\ns=-\nt=0 0\n"
#define AUDIO "m=audio 9 UDP/TLS/RTP/SAVPF 111\n"

static int parse_text(const char *offer)
{
    return jt_sdp_parse(offer, strlen(offer), &sdp);
}

static void test_h11_structure(void **state)
{
    static const char *const bad[] = {
        "",
        "\n",
        SESSION,                                             /* no section */
        "o=- 1 1 IN IP4 127.0.0.1\ns=-\nt=0 0\n" AUDIO,      /* no v= */
        "v=1\no=- 1 1 IN IP4 127.0.0.1\ns=-\nt=0 0\n" AUDIO, /* another version */
        "v=0\ns=-\nt=0 0\n" AUDIO,                           /* no o= */
        "v=0\no=- 1 1 IN IP4 127.0.0.1\nt=0 0\n" AUDIO,      /* no s= */
        "v=0\no=- 1 1 IN IP4 127.0.0.1\ns=-\n" AUDIO,        /* no t= */
        SESSION AUDIO SESSION AUDIO,                         /* two descriptions */
        SESSION AUDIO "\na=mid:0\n",                         /* a line after a blank one */
        SESSION AUDIO "mid:0\n",                             /* no type */
        SESSION AUDIO "A=mid:0\n",                           /* no such type */
        SESSION AUDIO "a\n",                                 /* too short */
        SESSION AUDIO "a=mid:0",                             /* cut */
        SESSION AUDIO "a=x:\x01\n",                          /* control byte */
        SESSION AUDIO "a=mid:0\ra=sendonly\n",               /* CR within */
        "v=0\ro=- 1 1 IN IP4 127.0.0.1\rs=-\rt=0 0\rm=audio 9 RTP/AVP 0\r", /* CR only */
        SESSION "m=audio -1 UDP/TLS/RTP/SAVPF 111\n",
        SESSION "m=audio 65536 UDP/TLS/RTP/SAVPF 111\n",
        SESSION "m=audio 9\n",
        SESSION "m=audio\n",
        SESSION "m=\n",
        SESSION "m=audio 9 UDP/TLS/RTP/SAVPF\n",
        SESSION "m=audio 9 UDP/TLS/RTP/SAVPF 128\n",
        SESSION "m=audio 9 UDP/TLS/RTP/SAVPF x\n",
        SESSION "m=audio 9 UDP/TLS/RTP/SAVPF 111 111\n",
        SESSION AUDIO "a=mid:0\n" AUDIO "a=mid:0\n",
        SESSION AUDIO "a=mid:0\na=mid:1\n",
        SESSION AUDIO "a=mid:\n",
        SESSION AUDIO "a=mid\n",
    };

    (void)state;
    for (size_t i = 0; i < JT_COUNT(bad); i++)
        if (parse_text(bad[i]) != -EBADMSG)
            fail_msg("accepted: %s", bad[i]);
    assert_int_equal(parse_text(SESSION AUDIO), 0);
    assert_int_equal(parse_text(SESSION AUDIO "\r\n\n"), 0); /* blank lines at the end */
    assert_int_equal(parse_text(SESSION AUDIO "a=unknown\nb=AS:1\nk=clear:x\nz=0 0\n"), 0);
    assert_int_equal(parse_text(SESSION "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\n"), 0);
    assert_int_equal(sdp.sections[0].kind, JT_SDP_APPLICATION);
    assert_int_equal(jt_sdp_parse(SESSION AUDIO "a=x\0y\n", sizeof(SESSION AUDIO) + 5, &sdp),
                     -EBADMSG);
}

static void test_h11_attributes(void **state)
{
    static const char *const bad[] = {
        "a=rtpmap:111\n",
        "a=rtpmap:x opus/48000\n",
        "a=rtpmap:128 opus/48000\n",
        "a=rtpmap:111 opus\n",
        "a=rtpmap:111 /48000\n",
        "a=rtpmap:111 opus/0\n",
        "a=rtpmap:111 opus/-1\n",
        "a=rtpmap:111 opus/48000/0\n",
        "a=rtpmap:111 opus/48000/256\n",
        "a=rtpmap:111 opus/4294967296\n",
        "a=fmtp:x y\n",
        "a=fmtp\n",
        "a=rtcp-fb:x nack\n",
        "a=extmap:1\n",
        "a=extmap:x urn:a\n",
        "a=extmap:0 urn:a\n",
        "a=extmap:1/up urn:a\n",
        "a=extmap:-1 urn:a\n",
        "a=ice-ufrag:abc\n",
        "a=ice-ufrag:ab cd\n",
        "a=ice-ufrag:abcd\na=ice-ufrag:abce\n",
        "a=ice-pwd:tooshort\n",
        "a=ice-pwd:0123456789012345678901234567890\xc3\xa9\n",
        "a=setup:both\n",
        "a=setup\n",
        "a=setup:active\na=setup:passive\n",
        "a=fingerprint:sha-256\n",
        "a=fingerprint:sha-256 AB:CD\n",
        "a=fingerprint\n",
        "a=fingerprint:sha-1 00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:3\n",
        "a=fingerprint:sha-1 00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:3G\n",
        "a=fingerprint:sha-1 00-11-22-33-44-55-66-77-88-99-AA-BB-CC-DD-EE-FF-00-11-22-33\n",
        "a=ssrc:x cname:a\n",
        "a=ssrc:4294967296 cname:a\n",
        "a=ssrc-group:FID 1\n",
        "a=ssrc-group:FID 1 x\n",
        "a=rid:q\n",
        "a=rid:q up\n",
        "a=rid\n",
        "a=simulcast:send\n",
        "a=simulcast:up q\n",
    };

    (void)state;
    for (size_t i = 0; i < JT_COUNT(bad); i++) {
        char offer[512];

        (void)snprintf(offer, sizeof(offer), SESSION AUDIO "%s", bad[i]);
        if (parse_text(offer) != -EBADMSG)
            fail_msg("accepted: %s", bad[i]);
    }
}

/* What is merely strange is left out, not refused. */
static void test_lenient(void **state)
{
    const struct jt_sdp_section *section = &sdp.sections[0];

    (void)state;
    assert_int_equal(parse_text(SESSION AUDIO
                                "a=rtpmap:96 VP8/90000\na=fmtp:96 x=y\n"
                                "a=extmap:15 urn:a\na=extmap:4096 urn:b\na=extmap:3 urn:c\n"
                                "a=extmap:3 urn:d\na=ssrc-group:SIM 1 2 3\n"
                                "a=rtcp-fb:* nack\na=rtcp-fb:111  transport-cc\n"
                                "a=ice-ufrag:abcd\na=ice-ufrag:abcd\na=candidate:nonsense\n"
                                "a=group:BUNDLE 7\na=fmtp:111 a=1\na=fmtp:111 a=2\n"),
                     0);
    assert_int_equal(section->payload_count, 1);
    assert_int_equal(section->extmap_count, 1);
    assert_text(section->extmaps[0].uri, "urn:c");
    assert_int_equal(section->fid_count, 0);
    assert_int_equal(section->payloads[0].feedback, JT_SDP_FB_NACK | JT_SDP_FB_TRANSPORT_CC);
    assert_int_equal(section->candidate_count, 1);
    assert_text(section->payloads[0].fmtp, "a=1");
    assert_false(section->is_bundled);
}

static size_t repeat(const char *head, const char *line, unsigned times)
{
    size_t size = strlen(head);
    size_t line_size = strlen(line);

    memcpy(text, head, size);
    for (unsigned i = 0; i < times && size + line_size <= sizeof(text); i++) {
        memcpy(text + size, line, line_size);
        size += line_size;
    }
    return size;
}

static void test_h11_limits(void **state)
{
    char payloads[600] = SESSION "m=audio 9 UDP/TLS/RTP/SAVPF";
    size_t size;

    (void)state;
    size = repeat(SESSION AUDIO, "a=\n", JT_SDP_LINES_MAX - 5);
    assert_int_equal(jt_sdp_parse(text, size, &sdp), 0);
    size = repeat(SESSION AUDIO, "a=\n", JT_SDP_LINES_MAX - 4);
    assert_int_equal(jt_sdp_parse(text, size, &sdp), -EBADMSG);
    size = repeat(SESSION AUDIO, "a=\n", 10000);
    assert_int_equal(jt_sdp_parse(text, size, &sdp), -EBADMSG);
    size = repeat(SESSION AUDIO "a=", "x", JT_SDP_MAX_BYTES); /* one long line */
    text[size - 1] = '\n';
    assert_int_equal(jt_sdp_parse(text, size, &sdp), -EBADMSG);
    text[JT_SDP_MAX_BYTES - 1] = '\n';
    assert_int_equal(jt_sdp_parse(text, JT_SDP_MAX_BYTES, &sdp), 0);
    size = repeat(SESSION, AUDIO, JT_SDP_SECTIONS_MAX);
    assert_int_equal(jt_sdp_parse(text, size, &sdp), 0);
    size = repeat(SESSION, AUDIO, JT_SDP_SECTIONS_MAX + 1);
    assert_int_equal(jt_sdp_parse(text, size, &sdp), -EBADMSG);
    for (unsigned i = 0; i < JT_SDP_PAYLOADS_MAX; i++)
        (void)snprintf(payloads + strlen(payloads), 5, " %u", i + 20);
    strcat(payloads, "\n");
    assert_int_equal(parse_text(payloads), 0);
    strcpy(payloads + strlen(payloads) - 1, " 127\n");
    assert_int_equal(parse_text(payloads), -EBADMSG);
    size = repeat(SESSION "m=audio 9 UDP/TLS/RTP/SAVPF", " 100", 500);
    text[size++] = '\n';
    assert_int_equal(jt_sdp_parse(text, size, &sdp), -EBADMSG);
    size = repeat(SESSION AUDIO, "a=rid:q send\n", JT_SDP_RIDS_MAX + 1);
    assert_int_equal(jt_sdp_parse(text, size, &sdp), -EBADMSG);
    size = repeat(SESSION AUDIO "a=fingerprint:x", ":AA", JT_SDP_DIGEST_MAX_BYTES);
    text[sizeof(SESSION AUDIO "a=fingerprint:x") - 1] = ' ';
    text[size++] = '\n';
    assert_int_equal(jt_sdp_parse(text, size, &sdp), 0);
    size = repeat(SESSION AUDIO "a=fingerprint:x", ":AA", JT_SDP_DIGEST_MAX_BYTES + 1);
    text[sizeof(SESSION AUDIO "a=fingerprint:x") - 1] = ' ';
    text[size++] = '\n';
    assert_int_equal(jt_sdp_parse(text, size, &sdp), -EBADMSG);
    assert_int_equal(parse_text(SESSION AUDIO "a=fingerprint:x 01\na=fingerprint:x 02\n"
                                              "a=fingerprint:x 03\na=fingerprint:x 04\n"),
                     0);
    assert_int_equal(parse_text(SESSION AUDIO "a=fingerprint:x 01\na=fingerprint:x 02\n"
                                              "a=fingerprint:x 03\na=fingerprint:x 04\n"
                                              "a=fingerprint:x 05\n"),
                     -EBADMSG);
    size = repeat(SESSION AUDIO,
                  "a=ssrc:1 a\na=ssrc:2 a\na=ssrc:3 a\na=ssrc:4 a\na=ssrc:5 a\n"
                  "a=ssrc:6 a\na=ssrc:7 a\na=ssrc:8 a\na=ssrc:9 a\na=ssrc:10 a\n"
                  "a=ssrc:11 a\na=ssrc:12 a\na=ssrc:13 a\na=ssrc:14 a\n"
                  "a=ssrc:15 a\na=ssrc:16 a\na=ssrc:17 a\na=ssrc:18 a\n",
                  1);
    assert_int_equal(jt_sdp_parse(text, size, &sdp), 0);
    assert_int_equal(sdp.sections[0].ssrc_count, JT_SDP_SSRCS_MAX);
    size = repeat(SESSION AUDIO, "a=ssrc-group:FID 1 2\n", 100);
    assert_int_equal(jt_sdp_parse(text, size, &sdp), 0);
    assert_int_equal(sdp.sections[0].fid_count, JT_SDP_SSRCS_MAX / 2);
}

/* Candidates are counted and nothing else; ten thousand end at the limit of lines. */
static void test_h13_candidates(void **state)
{
    static const char line[] = "a=candidate:1 1 udp 1 169.254.169.254 80 typ host\n";
    size_t size = repeat(SESSION AUDIO, line, 1000);

    (void)state;
    assert_int_equal(jt_sdp_parse(text, size, &sdp), 0);
    assert_int_equal(sdp.sections[0].candidate_count, 1000);
    size = repeat(SESSION AUDIO, line, 10000);
    assert_int_equal(jt_sdp_parse(text, size, &sdp), -EBADMSG);
}

#define SHA256                                                                                     \
    "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE"

/* What common/whip needs in order to refuse a downgrade is all there. */
static void test_h12_downgrade_is_visible(void **state)
{
    const struct jt_sdp_section *section = &sdp.sections[0];

    (void)state;
    assert_int_equal(parse_text(SESSION "m=audio 9 RTP/SAVP 0\na=crypto:1 AES_CM_128_HMAC_SHA1_80 "
                                        "inline:x\na=setup:holdconn\n"),
                     0);
    assert_text(section->proto, "RTP/SAVP");
    assert_true(section->has_crypto);
    assert_int_equal(section->transport.setup, JT_SDP_SETUP_HOLDCONN);
    assert_int_equal(section->transport.fingerprint_count, 0);
    assert_int_equal(parse_text(SESSION "a=crypto:1 x\n" AUDIO), 0);
    assert_true(section->has_crypto);
    assert_int_equal(
        parse_text(SESSION AUDIO
                   "a=fingerprint:md5 00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF\n"),
        0);
    assert_text(section->transport.fingerprints[0].hash, "md5");
    assert_int_equal(section->transport.fingerprints[0].digest_bytes, 16);
    /* the same twice, in other letters, is one; another digest is another certificate */
    assert_int_equal(parse_text(SESSION AUDIO "a=fingerprint:sha-256 " SHA256 ":FF\n"
                                              "a=fingerprint:SHA-256 " SHA256 ":ff\n"),
                     0);
    assert_int_equal(section->transport.fingerprint_count, 1);
    assert_int_equal(parse_text(SESSION AUDIO "a=fingerprint:sha-256 " SHA256 ":FF\n"
                                              "a=fingerprint:sha-256 " SHA256 ":FE\n"),
                     0);
    assert_int_equal(section->transport.fingerprint_count, 2);
    /* a section's own replaces the session's (RFC 8122 §5) */
    assert_int_equal(parse_text(SESSION "a=fingerprint:sha-256 " SHA256 ":FF\na=setup:actpass\n"
                                        "a=ice-ufrag:abcd\na=ice-pwd:0123456789012345678901\n"
                                        "a=sendonly\n" AUDIO "a=fingerprint:sha-256 " SHA256
                                        ":FE\na=setup:active\na=ice-ufrag:wxyz\n" AUDIO),
                     0);
    assert_int_equal(section->transport.fingerprint_count, 1);
    assert_int_equal(section->transport.fingerprints[0].digest[31], 0xfe);
    assert_int_equal(section->transport.setup, JT_SDP_SETUP_ACTIVE);
    assert_int_equal(section->transport.ice_pwd.size, 0); /* never half of each */
    assert_int_equal(sdp.sections[1].transport.fingerprints[0].digest[31], 0xff);
    assert_text(sdp.sections[1].transport.ice_ufrag, "abcd");
    assert_int_equal(sdp.sections[1].direction, JT_SDP_SENDONLY);
}

static void touch_all(const uint8_t *data, size_t size)
{
    static struct jt_sdp_fragment fragment;
    struct jt_sdp_candidate candidate;

    if (jt_sdp_parse(data, size, &sdp) == 0) {
        for (size_t i = 0; i < sdp.section_count; i++) {
            const struct jt_sdp_section *section = &sdp.sections[i];

            assert_true(section->payload_count <= JT_SDP_PAYLOADS_MAX);
            for (unsigned type = 0; type < 128; type++)
                (void)jt_sdp_rtx_find(section, (uint8_t)type);
        }
    }
    if (jt_sdp_fragment_parse(data, size, &fragment) == 0)
        for (size_t i = 0; i < fragment.candidate_count; i++)
            (void)!jt_sdp_candidate_parse(fragment.candidates[i].value, &candidate);
}

/* Cut anywhere: refused, unless whole lines are left, which is a shorter description. */
static void test_h11_every_cut(void **state)
{
    static const char *const offers[] = {"chromium_sendonly.sdp", "firefox_simulcast.sdp",
                                         "gstreamer_sendrecv.sdp"};

    (void)state;
    for (size_t n = 0; n < JT_COUNT(offers); n++) {
        size_t size = load(offers[n]);

        for (size_t cut = 0; cut <= size; cut++) {
            uint8_t *copy = exact_copy(text, cut);

            if (jt_sdp_parse(copy, cut, &sdp) == 0)
                assert_int_equal(copy[cut - 1], '\n');
            free(copy);
        }
    }
}

static void test_h11_damaged(void **state)
{
    uint8_t *copy = exact_copy(text, load("firefox_simulcast.sdp"));

    (void)state;
    torture(copy, load("firefox_simulcast.sdp"), touch_all);
    free(copy);
}

static void test_candidate(void **state)
{
    struct jt_sdp_candidate c;

    (void)state;
    /* RFC 8839 §5.1's example */
    assert_int_equal(
        jt_sdp_candidate_parse(jt_text_of("candidate:2 1 UDP 1694498815 192.0.2.3 45664 typ srflx "
                                          "raddr 203.0.113.141 rport 8998"),
                               &c),
        0);
    assert_text(c.foundation, "2");
    assert_int_equal(c.component, 1);
    assert_text(c.transport, "UDP");
    assert_int_equal(c.priority, 1694498815);
    assert_text(c.address, "192.0.2.3");
    assert_int_equal(c.port, 45664);
    assert_text(c.type, "srflx");
    assert_text(c.rest, "raddr 203.0.113.141 rport 8998");
    assert_int_equal(
        jt_sdp_candidate_parse(jt_text_of("1 1 tcp 1 ::1 9 typ host tcptype active"), &c), 0);
}

static void test_h13_bad_candidates(void **state)
{
    static const char *const bad[] = {
        "",
        "candidate:",
        "1 1 udp 1 192.0.2.3 1 typ",
        "1 1 udp 1 192.0.2.3 1 type host",
        "1 0 udp 1 192.0.2.3 1 typ host",
        "1 257 udp 1 192.0.2.3 1 typ host",
        "1 1 udp 4294967296 192.0.2.3 1 typ host",
        "1 1 udp -1 192.0.2.3 1 typ host",
        "1 1 udp 1 192.0.2.3 65536 typ host",
        "1 1 udp 1 192.0.2.3 typ host",
        "a:b 1 udp 1 192.0.2.3 1 typ host",
        "012345678901234567890123456789012 1 udp 1 192.0.2.3 1 typ host",
    };
    struct jt_sdp_candidate c;

    (void)state;
    for (size_t i = 0; i < JT_COUNT(bad); i++)
        if (jt_sdp_candidate_parse(jt_text_of(bad[i]), &c) != -EBADMSG)
            fail_msg("accepted: %s", bad[i]);
}

/* RFC 8840 §9's example, shortened. */
static void test_fragment(void **state)
{
    static const char rfc[] = "a=ice-ufrag:9uB6\r\na=ice-pwd:YH75Fviy6338Vbrhrlp8Yh\r\n"
                              "m=audio 9 RTP/AVP 0\r\na=mid:1\r\n"
                              "a=candidate:1 1 UDP 2130706431 198.51.100.100 49203 typ host\r\n"
                              "m=audio 9 RTP/AVP 0\r\na=mid:2\r\n"
                              "a=candidate:2 1 UDP 2130706431 198.51.100.100 49204 typ host\r\n"
                              "a=end-of-candidates"; /* without its line end */
    static const char *const bad[] = {"a=ice-ufrag:x\n", "a=ice-pwd:short\n", "nonsense\n",
                                      "a=x\ry\n"};
    struct jt_sdp_fragment fragment;

    (void)state;
    assert_int_equal(jt_sdp_fragment_parse(rfc, sizeof(rfc) - 1, &fragment), 0);
    assert_text(fragment.ice_ufrag, "9uB6");
    assert_text(fragment.ice_pwd, "YH75Fviy6338Vbrhrlp8Yh");
    assert_int_equal(fragment.section_count, 2);
    assert_text(fragment.mids[1], "2");
    assert_int_equal(fragment.candidate_count, 2);
    assert_text(fragment.candidates[0].mid, "1");
    assert_text(fragment.candidates[1].mid, "2");
    assert_text(fragment.candidates[1].value, "2 1 UDP 2130706431 198.51.100.100 49204 typ host");
    assert_true(fragment.has_end_of_candidates);
    for (size_t i = 0; i < JT_COUNT(bad); i++)
        assert_int_equal(jt_sdp_fragment_parse(bad[i], strlen(bad[i]), &fragment), -EBADMSG);
    assert_int_equal(jt_sdp_fragment_parse("", 0, &fragment), 0);
    assert_int_equal(jt_sdp_fragment_parse(text, repeat("", "a=candidate:x\n", 1000), &fragment),
                     0);
    assert_int_equal(fragment.candidate_count, JT_SDP_CANDIDATES_MAX);
    assert_int_equal(jt_sdp_fragment_parse(text, repeat("", "m=audio 9 x\n", 9), &fragment),
                     -EBADMSG);
}

static void test_write(void **state)
{
    static const char want[] = "a=mid:video0\r\na=fingerprint:sha-256 00:AB:FF\r\na=sendonly\r\n";
    struct jt_text mid = {.data = "video0 and more", .size = 6};
    char out[128];
    struct jt_writer w = jt_writer_of(out, sizeof(out));

    (void)state;
    jt_sdp_line(&w, "a=mid:%.*s", JT_TEXT_PRINT(mid));
    jt_sdp_line_fingerprint(&w, "sha-256", (const uint8_t *)"\x00\xab\xff", 3);
    jt_sdp_line(&w, "a=%s", jt_sdp_direction_name(JT_SDP_SENDONLY));
    assert_false(w.failed);
    assert_int_equal(w.size, sizeof(want) - 1);
    assert_memory_equal(out, want, w.size);
    jt_sdp_line(&w, "a=tool:%s", "x\r\na=ice-lite");
    assert_true(w.failed);
    for (size_t capacity = 0; capacity < 8; capacity++) {
        w = jt_writer_of(out, capacity);
        jt_sdp_line(&w, "a=abcd"); /* 8 bytes with its end */
        assert_true(w.failed);
    }
    w = jt_writer_of(out, 8);
    jt_sdp_line(&w, "a=abcd");
    assert_false(w.failed);
    jt_sdp_line_fingerprint(&w, "sha-256", (const uint8_t *)"", 0);
    assert_true(w.failed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_chromium_recvonly),
        cmocka_unit_test(test_chromium_sendonly),
        cmocka_unit_test(test_chromium_simulcast),
        cmocka_unit_test(test_firefox),
        cmocka_unit_test(test_safari_and_gstreamer),
        cmocka_unit_test(test_h11_structure),
        cmocka_unit_test(test_h11_attributes),
        cmocka_unit_test(test_lenient),
        cmocka_unit_test(test_h11_limits),
        cmocka_unit_test(test_h12_downgrade_is_visible),
        cmocka_unit_test(test_h13_candidates),
        cmocka_unit_test(test_h11_every_cut),
        cmocka_unit_test(test_h11_damaged),
        cmocka_unit_test(test_candidate),
        cmocka_unit_test(test_h13_bad_candidates),
        cmocka_unit_test(test_fragment),
        cmocka_unit_test(test_write),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
