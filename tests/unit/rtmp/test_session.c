/* The server session against a scripted peer whose bytes are put together by hand (peer.h). */
#include "owner.h"

#include <malloc.h>

#include "base/clock.h"
#include "base/metrics.h"
#include "rtmp/hold.h"

enum { SEC = JT_USEC_PER_SEC };

/* A peer that is connected to app live, with stream 1 made. */
static void greet(struct bytes *b)
{
    add_handshake(b);
    add_connect(b, "live", "rtmp://127.0.0.1/live");
    add_call(b, 0, "createStream", 2, NULL);
}

static void greet_and_publish(struct bytes *b)
{
    greet(b);
    add_call(b, 1, "publish", 3, "KEY");
}

static int push_all(struct owner *o, struct bytes *b)
{
    int result = push(o, b->data, b->size);

    release(b);
    return result;
}

static void publishing(struct owner *o)
{
    struct bytes b = {0};

    owner_open(o);
    greet_and_publish(&b);
    assert_int_equal(push_all(o, &b), 0);
    assert_string_equal(told(o), "publish live KEY\n");
    o->log.size = 0;
    o->out.size = 0;
}

static void expect_closed(struct owner *o, int err, const char *reason)
{
    assert_int_equal(o->result, err);
    assert_string_equal(jt_rtmp_session_close_reason(o->session), reason);
    assert_int_equal(jt_rtmp_session_push(o->session, (const uint8_t *)"x", 1, o->now_us), err);
    assert_int_equal(jt_rtmp_session_poll(o->session, o->now_us), err);
    owner_close(o);
}

static bool sent_hex(const struct owner *o, const char *hex)
{
    struct bytes b = {0};
    bool found;

    add_hex(&b, hex);
    found = memmem(o->out.data, o->out.size, b.data, b.size) != NULL;
    release(&b);
    return found;
}

static size_t count_sent(const struct owner *o, const char *hex)
{
    struct bytes b = {0};
    size_t count = 0;

    add_hex(&b, hex);
    for (size_t at = 0; at + b.size <= o->out.size; at++)
        count += memcmp(o->out.data + at, b.data, b.size) == 0;
    release(&b);
    return count;
}

/* ---- the conversation ---- */

/* What a connect is answered with: windows, chunk size and a result with its transaction, byte by byte. */
static void test_connect_is_answered(void **state)
{
    struct owner o = {0};
    struct bytes b = {0};
    static const uint8_t setup[] = {
        0x02, 0, 0, 0, 0, 0, 4, 5, 0, 0, 0, 0, 0x00, 0x26, 0x25, 0xa0,       /* window 2,500,000 */
        0x02, 0, 0, 0, 0, 0, 5, 6, 0, 0, 0, 0, 0x00, 0x26, 0x25, 0xa0, 0x02, /* dynamic */
        0x02, 0, 0, 0, 0, 0, 6, 4, 0, 0, 0, 0, 0,    0,    0,    0,    0,
        0,                                                             /* stream 0 begins */
        0x02, 0, 0, 0, 0, 0, 4, 1, 0, 0, 0, 0, 0x00, 0x00, 0xea, 0x60, /* chunks of 60,000 */
        0x03, 0, 0, 0,
    };

    (void)state;
    owner_open(&o);
    add_handshake(&b);
    add_connect(&b, "live", NULL);
    assert_int_equal(push_all(&o, &b), 0);
    assert_memory_equal(o.out.data + 3073, setup, sizeof(setup));
    assert_true(sent_hex(
        &o, "02 00 07 5f 72 65 73 75 6c 74 00 3f f0 00 00 00 00 00 00 03")); /* _result 1 { */
    assert_true(sent(&o, "NetConnection.Connect.Success"));
    assert_false(sent(&o, "fourCcList"));
    owner_close(&o);
}

/* Enhanced RTMP v2: whatever a peer offers, it is told avc1 and mp4a. */
static void test_enhanced_peer_is_told_what_we_take(void **state)
{
    struct owner o = {0};
    struct bytes b = {0}, body = {0};

    (void)state;
    owner_open(&o);
    add_handshake(&b);
    amf_string(&body, "connect");
    amf_number(&body, 1);
    add_u8(&body, 3);
    amf_property(&body, "app", "live");
    add_hex(&body, "00 0a 66 6f 75 72 43 63 4c 69 73 74 0a 00 00 00 02"); /* fourCcList: [ */
    amf_string(&body, "hvc1");
    amf_string(&body, "avc1");
    add_hex(&body, "00 00 09");
    add_command(&b, 0, &body);
    assert_int_equal(push_all(&o, &b), 0);
    assert_true(sent_hex(&o, "00 0a 66 6f 75 72 43 63 4c 69 73 74 0a 00 00 00 02"
                             "02 00 04 61 76 63 31 02 00 04 6d 70 34 61")); /* ["avc1", "mp4a"] */
    assert_true(sent(&o, "videoFourCcInfoMap"));
    assert_false(sent(&o, "hvc1"));
    release(&body);
    owner_close(&o);
}

static void test_transactions_are_answered_by_their_number(void **state)
{
    static const char *const names[] = {"releaseStream", "FCPublish", "FCUnpublish", "_checkbw",
                                        "FCSubscribe"};
    struct owner o = {0};
    struct bytes b = {0};

    (void)state;
    owner_open(&o);
    greet(&b);
    assert_int_equal(push_all(&o, &b), 0);
    assert_true(sent_hex(&o, "02 00 07 5f 72 65 73 75 6c 74 00 40 00 00 00 00 00 00 00 05"
                             "00 3f f0 00 00 00 00 00 00")); /* _result 2 null 1 */
    for (size_t i = 0; i < JT_COUNT(names); i++) {
        o.out.size = 0;
        add_call(&b, 0, names[i], 7, "KEY");
        assert_int_equal(push_all(&o, &b), 0);
        assert_true(sent_hex(
            &o, "5f 72 65 73 75 6c 74 00 40 1c 00 00 00 00 00 00 05")); /* _result 7 null */
        o.out.size = 0;
        add_call(&b, 0, names[i], 0, "KEY"); /* asks for no answer */
        assert_int_equal(push_all(&o, &b), 0);
        assert_int_equal(o.out.size, 0);
    }
    add_call(&b, 0, "getStreamLength", 9, "KEY");
    assert_int_equal(push_all(&o, &b), 0);
    assert_true(sent_hex(
        &o, "5f 72 65 73 75 6c 74 00 40 22 00 00 00 00 00 00 05 00 00 00 00 00 00 00 00 00"));
    o.out.size = 0;
    add_call(&b, 0, "whatIsThis", 8, "KEY");
    assert_int_equal(push_all(&o, &b), 0);
    assert_int_equal(o.out.size, 0);
    owner_close(&o);
}

static void test_publish_is_accepted(void **state)
{
    struct owner o = {0};
    struct bytes b = {0};

    (void)state;
    owner_open(&o);
    greet_and_publish(&b);
    assert_int_equal(push_all(&o, &b), 0);
    assert_true(sent(&o, "NetStream.Publish.Start"));
    assert_int_equal(jt_rtmp_session_stream_id(o.session), 1);
    add_message(&b, 4, 40, 8, 1, "\xaf\x01zz", 4);
    add_message(&b, 6, 41, 9, 1, "\x17\x01\0\0\0zz", 7);
    assert_int_equal(push_all(&o, &b), 0);
    o.log.size = 0;
    add_message(&b, 4, 40, 8, 1, "\xaf", 1);
    add_message(&b, 4, 40, 8, 1, "", 0); /* an empty one is passed over */
    assert_int_equal(push_all(&o, &b), 0);
    assert_string_equal(told(&o), "audio 40 1 00af00af\n");
    owner_close(&o);
}

/* AMF3's command form (type 17): a zero, then AMF0 all the same. */
static void test_commands_in_amf3_form(void **state)
{
    struct owner o = {0};
    struct bytes b = {0}, body = {0};

    (void)state;
    owner_open(&o);
    greet(&b);
    add_u8(&body, 0);
    amf_string(&body, "publish");
    amf_number(&body, 5);
    add_u8(&body, 5);
    amf_string(&body, "KEY");
    add_message(&b, 3, 0, 17, 1, body.data, body.size);
    release(&body);
    add_u8(&body, 0);
    amf_string(&body, "onMetaData");
    add_hex(&body, "08 00 00 00 00 00 00 09");
    add_message(&b, 4, 0, 15, 1, body.data, body.size);
    assert_int_equal(push_all(&o, &b), 0);
    assert_non_null(strstr(told(&o), "publish live KEY\nmetadata 8 "));
    release(&body);
    owner_close(&o);
}

static void add_metadata(struct bytes *b, bool is_wrapped, const char *hex)
{
    struct bytes body = {0};

    if (is_wrapped)
        amf_string(&body, "@setDataFrame");
    amf_string(&body, "onMetaData");
    add_hex(&body, hex);
    add_message(b, 5, 0, 18, 1, body.data, body.size);
    release(&body);
}

static void test_metadata_without_its_wrapper(void **state)
{
    struct owner o = {0};
    struct bytes b = {0};

    (void)state;
    publishing(&o);
    add_metadata(&b, true, "08 00 00 00 01 00 01 61 05 00 00 09");
    add_metadata(&b, false, "08 00 00 00 01 00 01 61 05 00 00 09");
    assert_int_equal(push_all(&o, &b), 0);
    assert_string_equal(told(&o), "metadata 12 02700079\nmetadata 12 02700079\n");
    owner_close(&o);
}

static void test_every_way_to_unpublish(void **state)
{
    (void)state;
    for (int way = 0; way < 6; way++) {
        struct owner o = {0};
        struct bytes b = {0};

        publishing(&o);
        if (way == 0)
            add_call(&b, 0, "FCUnpublish", 4, "KEY");
        else if (way == 1)
            add_delete_stream(&b, 1);
        else if (way == 2)
            add_call(&b, 0, "deleteStream", 0, "KEY"); /* rtmp2sink */
        else if (way == 3)
            add_call(&b, 1, "closeStream", 0, NULL);
        else if (way == 4)
            add_call(&b, 0, "FCUnpublish", 0, "KEY"),
                add_delete_stream(&b, 1); /* both: one event */
        else
            add_delete_stream(&b, 1), add_call(&b, 0, "FCUnpublish", 0, "KEY");
        assert_int_equal(push_all(&o, &b), 0);
        assert_string_equal(told(&o), "unpublish\n");
        o.log.size = 0;
        add_message(&b, 4, 40, 8, 1, "\xaf", 1); /* late media is dropped */
        add_call(&b, 1, "publish", 6, "KEY2");   /* and it may publish again */
        assert_int_equal(push_all(&o, &b), 0);
        assert_string_equal(told(&o), "publish live KEY2\n");
        owner_close(&o);
    }
}

static void test_delete_of_another_stream_changes_nothing(void **state)
{
    struct owner o = {0};
    struct bytes b = {0};

    (void)state;
    publishing(&o);
    add_delete_stream(&b, 2);
    assert_int_equal(push_all(&o, &b), 0);
    assert_int_equal(o.log.size, 0);
    owner_close(&o);
}

static void test_refusal_is_told_then_closes(void **state)
{
    struct owner o = {.answer = ANSWER_REFUSE};
    struct bytes b = {0};

    (void)state;
    owner_open(&o);
    greet_and_publish(&b);
    add_message(&b, 4, 40, 8, 1, "\xaf", 1); /* never handed out */
    assert_int_equal(push_all(&o, &b), -EACCES);
    assert_string_equal(told(&o), "publish live KEY\n");
    assert_true(sent(&o, "NetStream.Publish.BadName"));
    assert_true(sent(&o, "No such key."));
    expect_closed(&o, -EACCES, "refused");
}

/* Words of any length for the peer: cut at a whole character, not our end. */
static void test_refusal_with_long_words(void **state)
{
    char words[3001], cut[502];
    struct owner o = {.answer = ANSWER_LATER};
    struct bytes b = {0};

    (void)state;
    for (size_t i = 0; i + 3 <= sizeof(words); i += 3)
        memcpy(words + i, "\xea\xb0\x80", 3); /* U+AC00 */
    words[3000] = '\0';
    memcpy(cut, words, 501); /* 167 characters: one more byte than fits */
    cut[501] = '\0';
    owner_open(&o);
    greet_and_publish(&b);
    assert_int_equal(push_all(&o, &b), 0);
    jt_rtmp_session_refuse(o.session, words, words);
    assert_false(sent(&o, cut));
    cut[498] = '\0';
    assert_true(sent(&o, cut));
    assert_int_equal(count_sent(&o, "02 01 f2 ea b0 80"), 2); /* strings of 498 bytes */
    assert_string_equal(jt_rtmp_session_close_reason(o.session), "refused");
    owner_close(&o);
}

static void test_player_is_sent_elsewhere(void **state)
{
    struct owner o = {.answer = ANSWER_REDIRECT};
    struct bytes b = {0};

    (void)state;
    owner_open(&o);
    greet(&b);
    add_call(&b, 1, "play", 0, "show?token=x");
    assert_int_equal(push_all(&o, &b), -EREMCHG);
    assert_string_equal(told(&o), "play live show\n");
    assert_true(sent(&o, "NetConnection.Connect.Rejected"));
    assert_true(sent_hex(&o, "00 04 63 6f 64 65 00 40 72 e0 00 00 00 00 00")); /* code: 302 */
    assert_true(sent(&o, "rtmp://127.0.0.1:1937/live/show"));
    expect_closed(&o, -EREMCHG, "redirected");
}

static void test_player_is_accepted(void **state)
{
    struct owner o = {0};
    struct bytes b = {0};

    (void)state;
    owner_open(&o);
    greet(&b);
    add_call(&b, 1, "play", 0, "show");
    assert_int_equal(push_all(&o, &b), 0);
    assert_true(sent_hex(
        &o, "02 00 00 00 00 00 06 04 00 00 00 00 00 00 00 00 00 01")); /* stream 1 begins */
    assert_true(sent(&o, "NetStream.Play.Start"));
    o.now_us += 3600LL * SEC;
    assert_int_equal(jt_rtmp_session_poll(o.session, o.now_us), 0);
    add_delete_stream(&b, 1);
    assert_int_equal(push_all(&o, &b), 0);
    assert_string_equal(told(&o), "play live show\nunpublish\n");
    owner_close(&o);
}

/* ---- media before the answer ---- */

static void test_early_media_is_held_back(void **state)
{
    struct owner o = {.answer = ANSWER_LATER};
    struct bytes b = {0};

    (void)state;
    owner_open(&o);
    greet_and_publish(&b);
    add_metadata(&b, true, "05");
    add_message(&b, 6, 0, 9, 1, "\x17\x00", 2);
    add_message(&b, 6, 5, 9, 1, "\x17\x01", 2);
    add_message(&b, 4, 6, 8, 1, "\xaf\x01", 2);
    assert_int_equal(push_all(&o, &b), 0);
    assert_string_equal(told(&o), "publish live KEY\n");
    assert_int_equal(jt_rtmp_session_accept(o.session), 0);
    add_message(&b, 6, 9, 9, 1, "\x27\x01", 2);
    assert_int_equal(push_all(&o, &b), 0);
    assert_string_equal(told(&o), "publish live KEY\nmetadata 1 00050005\nvideo 0 2 002e0017\n"
                                  "video 5 2 002f0018\naudio 6 2 015f00b0\nvideo 9 2 004f0028\n");
    assert_int_equal(jt_rtmp_session_accept(o.session), -EINVAL);
    owner_close(&o);
}

/* More than is held: what is dropped must not leave a hole in the picture, so video goes on at a key frame. */
static void test_early_media_over_the_limit(void **state)
{
    static uint8_t big[60000] = {0x17, 1};
    struct owner o = {.answer = ANSWER_LATER};
    struct bytes b = {0};

    (void)state;
    owner_open(&o);
    greet_and_publish(&b);
    for (int i = 0; i < 20; i++)
        add_message(&b, 6, 1, 9, 1, big, sizeof(big));
    assert_int_equal(push_all(&o, &b), 0);
    assert_int_equal(jt_rtmp_session_accept(o.session), 0);
    assert_true(o.log.size > 100);
    o.log.size = 0;
    add_message(&b, 6, 2, 9, 1, "\x27\x01", 2);
    add_message(&b, 6, 3, 9, 1, "\x17\x00", 2); /* a codec header is no picture */
    add_message(&b, 6, 4, 9, 1, "\x27\x01", 2);
    add_message(&b, 4, 4, 8, 1, "\xaf\x01", 2);
    add_message(&b, 6, 5, 9, 1,
                "\x91"
                "avc1",
                5); /* Enhanced RTMP: coded frames, key */
    add_message(&b, 6, 6, 9, 1, "\x27\x01", 2);
    assert_int_equal(push_all(&o, &b), 0);
    assert_string_equal(told(&o), "video 3 2 002e0017\naudio 4 2 015f00b0\nvideo 5 5 06b201fc\n"
                                  "video 6 2 004f0028\n");
    owner_close(&o);
}

static void test_withdrawn_before_the_answer(void **state)
{
    struct owner o = {.answer = ANSWER_LATER};
    struct bytes b = {0};

    (void)state;
    owner_open(&o);
    greet_and_publish(&b);
    add_message(&b, 6, 5, 9, 1, "\x17\x01", 2);
    add_delete_stream(&b, 1);
    assert_int_equal(push_all(&o, &b), 0);
    assert_string_equal(told(&o), "publish live KEY\nunpublish\n");
    assert_int_equal(jt_rtmp_session_accept(o.session), -EINVAL);
    assert_false(sent(&o, "NetStream.Publish.Start"));
    owner_close(&o);
}

/* ---- deadlines: the defaults, to the microsecond ---- */

static void test_default_limits(void **state)
{
    const struct jt_rtmp_limits limits = jt_rtmp_limits_default();

    (void)state;
    assert_int_equal(limits.handshake_us, 5 * SEC);
    assert_int_equal(limits.publish_us, 10 * SEC);
    assert_int_equal(limits.first_media_us, 10 * SEC);
    assert_int_equal(limits.silence_us, 30 * SEC);
    assert_int_equal(limits.video_message_max_bytes, 4 << 20);
    assert_int_equal(limits.other_message_max_bytes, 64 << 10);
    assert_int_equal(limits.partial_max_bytes, 6 << 20);
    assert_int_equal(limits.rate_max_bps, 20000000);
}

static void expect_deadline(struct owner *o, int64_t after_us, const char *reason)
{
    assert_int_equal(jt_rtmp_session_poll(o->session, o->now_us + after_us - 1), 0);
    o->now_us += after_us;
    o->result = jt_rtmp_session_poll(o->session, o->now_us);
    expect_closed(o, -ETIMEDOUT, reason);
}

static void test_r1_half_open_handshake(void **state)
{
    struct owner o = {0};

    (void)state;
    owner_open(&o);
    expect_deadline(&o, 5 * SEC, "handshake_timeout");
    owner_open(&o);
    assert_int_equal(push(&o, (const uint8_t *)"\x03", 1), 0);
    for (int i = 0; i < 4; i++) { /* one byte a second does not help */
        o.now_us += SEC;
        assert_int_equal(push(&o, (const uint8_t *)"x", 1), 0);
    }
    expect_deadline(&o, SEC, "handshake_timeout");
}

/* At most 8 KiB are held for a socket that has not finished its handshake. */
static void test_r1_memory_of_a_half_open_handshake(void **state)
{
    struct owner o = {0};
    struct bytes b = {0};
    size_t before, after;

    (void)state;
    add_handshake(&b);
    before = mallinfo2().uordblks;
    owner_open(&o);
    assert_int_equal(jt_rtmp_session_push(o.session, b.data, 1, o.now_us), 0);
    assert_int_equal(jt_rtmp_session_push(o.session, b.data + 1, 1535, o.now_us), 0);
    after = mallinfo2().uordblks;
    assert_true(after - before <= 8192);
    release(&b);
    owner_close(&o);
}

static void test_r1_no_publish(void **state)
{
    struct owner o = {0};
    struct bytes b = {0};

    (void)state;
    owner_open(&o);
    add_handshake(&b);
    assert_int_equal(push_all(&o, &b), 0);
    expect_deadline(&o, 10 * SEC, "publish_timeout");
    owner_open(&o);
    add_handshake(&b);
    assert_int_equal(push_all(&o, &b), 0);
    o.now_us += 9 * SEC; /* connect does not start the time anew */
    add_connect(&b, "live", NULL);
    assert_int_equal(push_all(&o, &b), 0);
    expect_deadline(&o, SEC, "publish_timeout");
}

static void test_no_answer_from_the_owner(void **state)
{
    struct owner o = {.answer = ANSWER_LATER};
    struct bytes b = {0};

    (void)state;
    owner_open(&o);
    greet_and_publish(&b);
    assert_int_equal(push_all(&o, &b), 0);
    expect_deadline(&o, 10 * SEC, "answer_timeout");
}

static void test_no_media_then_silence(void **state)
{
    struct owner o = {0};
    struct bytes b = {0};

    (void)state;
    publishing(&o);
    expect_deadline(&o, 10 * SEC, "media_timeout");
    publishing(&o);
    o.now_us += 9 * SEC;
    add_message(&b, 4, 0, 8, 1, "\xaf\x01", 2);
    assert_int_equal(push_all(&o, &b), 0);
    o.now_us += 20 * SEC; /* pings and metadata are not media */
    add_metadata(&b, true, "05");
    add_message(&b, 2, 0, 4, 0, "\0\6\0\0\0\1", 6);
    assert_int_equal(push_all(&o, &b), 0);
    expect_deadline(&o, 10 * SEC, "silence_timeout");
}

/* ---- threats ---- */

/* A refusal is counted once under its reason. */
static void test_r3_chunk_size_closes_with_its_reason(void **state)
{
    struct owner o = {0};
    struct bytes b = {0};
    char *text;

    (void)state;
    owner_open(&o);
    greet(&b);
    add_message(&b, 2, 0, 1, 0, "\0\0\0\0", 4);
    assert_int_equal(push_all(&o, &b), -EPROTO);
    expect_closed(&o, -EPROTO, "chunk_size");
    text = jt_metrics_text();
    assert_non_null(text);
    assert_non_null(strstr(text, "jangteo_rtmp_refused_total{reason=\"chunk_size\"} 1\n"));
    free(text);
}

static void nest(struct bytes *body, int depth)
{
    for (int i = 0; i < depth; i++)
        add_hex(body, "00 01 61 03"); /* a: { */
}

static void test_r7_amf_depth_in_connect(void **state)
{
    struct owner o = {0};
    struct bytes b = {0}, body = {0};

    (void)state;
    owner_open(&o);
    add_handshake(&b);
    amf_string(&body, "connect");
    amf_number(&body, 1);
    add_u8(&body, 3);
    nest(&body, 16000);
    add_command(&b, 0, &body);
    release(&body);
    assert_int_equal(push_all(&o, &b), -E2BIG);
    expect_closed(&o, -E2BIG, "amf_limit");
}

/* In metadata, which is a hint, the same is dropped and the publisher kept. */
static void test_r7_amf_depth_in_metadata(void **state)
{
    struct owner o = {0};
    struct bytes b = {0}, body = {0};

    (void)state;
    publishing(&o);
    amf_string(&body, "onMetaData");
    add_u8(&body, 3);
    nest(&body, 16000);
    add_message(&b, 4, 0, 18, 1, body.data, body.size);
    add_message(&b, 4, 40, 8, 1, "\xaf", 1);
    release(&body);
    assert_int_equal(push_all(&o, &b), 0);
    assert_string_equal(told(&o), "audio 40 1 00af00af\n");
    owner_close(&o);
}

static void test_r8_amf_lies_in_a_command(void **state)
{
    static const char *const lies[] = {
        "0a 80 00 00 00", /* strict array of 2^31 */
        "02 ff ff 61",    /* string past the end */
        "03 00 01 61 05", /* no end marker */
        "07 00 00",       /* reference to nothing */
        "0e",
        "1f",
        "ff",
        "00 00 00",       /* unknown, cut */
        "0c ff ff ff ff", /* long string of 4 GiB */
    };

    (void)state;
    for (size_t i = 0; i < JT_COUNT(lies); i++) {
        struct owner o = {0};
        struct bytes b = {0}, body = {0};

        owner_open(&o);
        greet(&b);
        amf_string(&body, "FCPublish");
        amf_number(&body, 4);
        add_hex(&body, lies[i]);
        add_command(&b, 0, &body);
        release(&body);
        assert_true(push_all(&o, &b) < 0);
        assert_non_null(strstr(jt_rtmp_session_close_reason(o.session), "amf_"));
        owner_close(&o);
    }
}

/* Every type with bodies of 0 to 16 bytes, in each phase: ignored or closed, and never a move out of turn. */
static void test_r9_every_type_with_a_tiny_body(void **state)
{
    static const uint8_t fillers[] = {0x00, 0x02, 0xff};

    (void)state;
    for (int phase = 0; phase < 4; phase++)
        for (unsigned type = 0; type < 256; type++)
            for (size_t size = 0; size <= 16; size++)
                for (size_t f = 0; f < JT_COUNT(fillers); f++) {
                    struct owner o = {.answer = phase == 2 ? ANSWER_LATER : ANSWER_ACCEPT};
                    struct bytes b = {0};
                    uint8_t body[16];

                    memset(body, fillers[f], sizeof(body));
                    owner_open(&o);
                    add_handshake(&b);
                    if (phase >= 1)
                        add_connect(&b, "live", NULL);
                    if (phase >= 2)
                        add_call(&b, 1, "publish", 3, "KEY");
                    assert_int_equal(push_all(&o, &b), 0);
                    o.log.size = 0;
                    add_message(&b, 7, 9, type, 1, body, size);
                    if (push_all(&o, &b))
                        assert_non_null(jt_rtmp_session_close_reason(o.session));
                    else
                        assert_null(jt_rtmp_session_close_reason(o.session));
                    if (phase < 3)
                        assert_int_equal(o.log.size, 0);
                    else if (o.log.size)
                        assert_true(size > 0 && (type == 8 || type == 9));
                    owner_close(&o);
                }
}

static void test_r9_commands_out_of_turn_close(void **state)
{
    static const char *const early[] = {"createStream",  "publish",     "play",
                                        "deleteStream",  "FCUnpublish", "closeStream",
                                        "releaseStream", "xyz"};

    (void)state;
    for (size_t i = 0; i < JT_COUNT(early); i++) {
        struct owner o = {0};
        struct bytes b = {0};

        owner_open(&o);
        add_handshake(&b);
        add_call(&b, 1, early[i], 3, "KEY");
        assert_int_equal(push_all(&o, &b), -EPROTO);
        assert_int_equal(o.log.size, 0);
        expect_closed(&o, -EPROTO, "out_of_turn");
    }
    for (int twice = 0; twice < 3; twice++) {
        struct owner o = {0};
        struct bytes b = {0};

        publishing(&o);
        if (twice == 0)
            add_connect(&b, "live", NULL);
        else
            add_call(&b, 1, twice == 1 ? "publish" : "play", 3, "KEY2");
        assert_int_equal(push_all(&o, &b), -EPROTO);
        assert_int_equal(o.log.size, 0);
        expect_closed(&o, -EPROTO, "out_of_turn");
    }
}

static void test_r13_broken_time_passes_as_sent(void **state)
{
    struct owner o = {0};
    struct bytes b = {0};

    (void)state;
    publishing(&o);
    add_message(&b, 4, 5000, 8, 1, "\xaf", 1);
    add_message(&b, 4, 0, 8, 1, "\xaf", 1);
    add_message(&b, 4, 0x80000000, 8, 1, "\xaf", 1);
    add_message(&b, 4, 0xffffffff, 8, 1, "\xaf", 1);
    assert_int_equal(push_all(&o, &b), 0);
    assert_string_equal(told(&o), "audio 5000 1 00af00af\naudio 0 1 00af00af\n"
                                  "audio 2147483648 1 00af00af\naudio 4294967295 1 00af00af\n");
    owner_close(&o);
}

static void test_r16_bad_key_gets_bad_name(void **state)
{
    static const char *const keys[] = {"../x", "a%2fb", "a\r\nb", "$(id)", "\xff", "", "a'b"};

    (void)state;
    for (size_t i = 0; i < JT_COUNT(keys); i++) {
        struct owner o = {0};
        struct bytes b = {0};

        owner_open(&o);
        greet(&b);
        assert_int_equal(push_all(&o, &b), 0);
        o.out.size = 0;
        add_call(&b, 1, "publish", 3, keys[i]);
        assert_int_equal(push_all(&o, &b), -EINVAL);
        assert_int_equal(o.log.size, 0);
        assert_true(sent(&o, "NetStream.Publish.BadName"));
        if (*keys[i])
            assert_false(sent(&o, keys[i]));
        expect_closed(&o, -EINVAL, "bad_name");
    }
}

static void test_r16_app_too_long(void **state)
{
    struct owner o = {0};
    struct bytes b = {0};
    char app[4001];

    (void)state;
    memset(app, 'a', sizeof(app) - 1);
    app[sizeof(app) - 1] = '\0';
    owner_open(&o);
    add_handshake(&b);
    add_connect(&b, app, NULL);
    assert_int_equal(push_all(&o, &b), -EINVAL);
    assert_true(sent(&o, "NetConnection.Connect.InvalidApp"));
    assert_true(o.out.size < 3073 + 300);
    expect_closed(&o, -EINVAL, "bad_app");
}

/* §5.4.3: acknowledged each window; the number is the bytes so far. */
static void test_r17_acknowledgement(void **state)
{
    static uint8_t body[50000] = {0x17, 1};
    struct owner o = {0};
    struct bytes b = {0};
    uint64_t total;

    (void)state;
    publishing(&o);
    add_message(&b, 2, 0, 5, 0, "\x00\x01\x86\xa0", 4); /* window 100,000 */
    add_message(&b, 6, 0, 9, 1, body, sizeof(body));
    assert_int_equal(push_all(&o, &b), 0);
    assert_int_equal(o.out.size, 0);
    add_message(&b, 6, 0, 9, 1, body, sizeof(body));
    assert_int_equal(push_all(&o, &b), 0);
    total = jt_rtmp_session_bytes_in(o.session);
    assert_int_equal(o.out.size, 16);
    assert_memory_equal(o.out.data, "\x02\0\0\0\0\0\x04\x03\0\0\0\0", 12);
    assert_int_equal((uint32_t)o.out.data[12] << 24 | (uint32_t)o.out.data[13] << 16 |
                         (uint32_t)o.out.data[14] << 8 | o.out.data[15],
                     total);
    owner_close(&o);
}

/* Windows of 0 and 1 must not make us answer every byte. */
static void test_r17_tiny_window(void **state)
{
    static uint8_t body[60000] = {0x17, 1};

    (void)state;
    for (uint8_t window = 0; window < 2; window++) {
        struct owner o = {0};
        struct bytes b = {0};
        const uint8_t size[] = {0, 0, 0, window};

        publishing(&o);
        add_message(&b, 2, 0, 5, 0, size, 4);
        for (int i = 0; i < 10; i++)
            add_message(&b, 6, 0, 9, 1, body, sizeof(body));
        push_in_pieces(&o, &b, 100);
        assert_int_equal(o.result, 0);
        assert_in_range(count_sent(&o, "02 00 00 00 00 00 04 03 00 00 00 00"), 1, 10);
        release(&b);
        owner_close(&o);
    }
}

static void test_r17_ping_flood(void **state)
{
    struct owner o = {0};
    struct bytes b = {0};

    (void)state;
    publishing(&o);
    for (int i = 0; i < 100000; i++)
        add_message(&b, 2, 0, 4, 0, "\0\6\1\2\3\4", 6);
    assert_int_equal(push_all(&o, &b), 0);
    assert_int_equal(count_sent(&o, "00 07 01 02 03 04"), 50);
    o.now_us += 5 * SEC; /* the next window */
    add_message(&b, 2, 0, 4, 0, "\0\6\1\2\3\4", 6);
    assert_int_equal(push_all(&o, &b), 0);
    assert_int_equal(count_sent(&o, "00 07 01 02 03 04"), 51);
    owner_close(&o);
}

static void test_r17_acknowledgement_flood_is_silent(void **state)
{
    struct owner o = {0};
    struct bytes b = {0};

    (void)state;
    publishing(&o);
    for (int i = 0; i < 100000; i++)
        add_message(&b, 2, 0, 3, 0, "\1\2\3\4", 4);
    assert_int_equal(push_all(&o, &b), 0);
    assert_int_equal(o.out.size, 0);
    owner_close(&o);
}

static void test_r17_command_flood(void **state)
{
    struct owner o = {0};
    struct bytes b = {0};

    (void)state;
    publishing(&o);
    for (int i = 0; i < 10000; i++)
        add_call(&b, 0, "_checkbw", 9, NULL);
    assert_int_equal(push_all(&o, &b), -EDQUOT);
    assert_true(count_sent(&o, "5f 72 65 73 75 6c 74") <= 64);
    expect_closed(&o, -EDQUOT, "command_flood");
}

static void test_r17_message_streams_are_bounded(void **state)
{
    struct owner o = {0};
    struct bytes b = {0};

    (void)state;
    publishing(&o);
    for (int i = 0; i < 16; i++)
        add_call(&b, 0, "createStream", 9, NULL);
    assert_int_equal(push_all(&o, &b), -ENOBUFS);
    expect_closed(&o, -ENOBUFS, "message_streams");
}

/* 12.5 MB in 5 s pass, a byte more closes; after 5 s the count begins anew. */
static void test_r17_rate(void **state)
{
    static uint8_t body[60000] = {0x17, 1};
    struct owner o = {0};
    struct bytes b = {0};

    (void)state;
    publishing(&o);
    add_message(&b, 6, 0, 9, 1, body, sizeof(body));
    for (int window = 0; window < 3; window++) {
        uint64_t start = window ? jt_rtmp_session_bytes_in(o.session) : 0;

        while (jt_rtmp_session_bytes_in(o.session) - start + b.size <= 12500000)
            assert_int_equal(push(&o, b.data, b.size), 0);
        o.now_us += 5 * SEC - (window == 2);
    }
    assert_int_equal(push(&o, b.data, b.size), -EDQUOT);
    release(&b);
    expect_closed(&o, -EDQUOT, "rate");
}

static void test_r17_full_write_queue_closes(void **state)
{
    struct owner o = {0};
    struct bytes b = {0};

    (void)state;
    publishing(&o);
    o.write_err = -ENOBUFS;
    add_message(&b, 2, 0, 4, 0, "\0\6\1\2\3\4", 6);
    assert_int_equal(push_all(&o, &b), -ENOBUFS);
    expect_closed(&o, -ENOBUFS, "write_queue");
}

/* Most encoders are gone before the answer to their goodbye: that is no refusal of ours. */
static void test_broken_connection_is_not_counted(void **state)
{
    struct owner o = {0};
    struct bytes b = {0};
    char *text;

    (void)state;
    publishing(&o);
    o.write_err = -EPIPE;
    add_call(&b, 0, "FCUnpublish", 4, "KEY");
    assert_int_equal(push_all(&o, &b), -EPIPE);
    assert_string_equal(told(&o), "unpublish\n");
    expect_closed(&o, -EPIPE, "broken");
    text = jt_metrics_text();
    assert_non_null(text);
    assert_null(strstr(text, "reason=\"broken\""));
    free(text);
}

/* §7.1.6: times of the tags inside count from the message's. */
static void test_aggregate(void **state)
{
    struct owner o = {0};
    struct bytes b = {0}, body = {0};

    (void)state;
    publishing(&o);
    add_hex(&body, "08 00 00 01 00 03 e8 00 00 00 00 af 00 00 00 0c");    /* audio at 1000 */
    add_hex(&body, "09 00 00 02 00 03 fc 00 00 00 00 17 01 00 00 00 0d"); /* video at 1020 */
    add_message(&b, 6, 5000, 22, 1, body.data, body.size);
    assert_int_equal(push_all(&o, &b), 0);
    assert_string_equal(told(&o), "audio 5000 1 00af00af\nvideo 5020 2 002f0018\n");
    for (size_t cut = 0; cut < body.size; cut++) {
        add_message(&b, 6, 5000, 22, 1, body.data, cut);
        assert_int_equal(push_all(&o, &b), 0);
    }
    release(&body);
    owner_close(&o);
}

/* The script of a whole session with wrong bytes in it: no crash, and bounded answers. */
static void test_corrupted_conversation(void **state)
{
    uint32_t random = 7;

    (void)state;
    for (int round = 0; round < 2000; round++) {
        struct owner o = {0};
        struct bytes b = {0};

        greet_and_publish(&b);
        add_metadata(&b, true, "08 00 00 00 01 00 01 61 05 00 00 09");
        add_message(&b, 6, 1, 9, 1, "\x17\x00\0\0\0abc", 8);
        add_message(&b, 4, 0x1000000, 8, 1, "\xaf\x01zzz", 5);
        add_delete_stream(&b, 1);
        for (int i = 0; i < 4; i++) {
            random = random * 1664525 + 1013904223;
            b.data[3073 + (random >> 8) % (b.size - 3073)] = (uint8_t)(random >> 24);
        }
        owner_open(&o);
        push_in_pieces(&o, &b, 1 + (size_t)round % 50);
        assert_true(o.out.size < 3073 + 8192);
        release(&b);
        owner_close(&o);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_connect_is_answered),
        cmocka_unit_test(test_enhanced_peer_is_told_what_we_take),
        cmocka_unit_test(test_transactions_are_answered_by_their_number),
        cmocka_unit_test(test_publish_is_accepted),
        cmocka_unit_test(test_commands_in_amf3_form),
        cmocka_unit_test(test_metadata_without_its_wrapper),
        cmocka_unit_test(test_every_way_to_unpublish),
        cmocka_unit_test(test_delete_of_another_stream_changes_nothing),
        cmocka_unit_test(test_refusal_is_told_then_closes),
        cmocka_unit_test(test_refusal_with_long_words),
        cmocka_unit_test(test_player_is_sent_elsewhere),
        cmocka_unit_test(test_player_is_accepted),
        cmocka_unit_test(test_early_media_is_held_back),
        cmocka_unit_test(test_early_media_over_the_limit),
        cmocka_unit_test(test_withdrawn_before_the_answer),
        cmocka_unit_test(test_default_limits),
        cmocka_unit_test(test_r1_half_open_handshake),
        cmocka_unit_test(test_r1_memory_of_a_half_open_handshake),
        cmocka_unit_test(test_r1_no_publish),
        cmocka_unit_test(test_no_answer_from_the_owner),
        cmocka_unit_test(test_no_media_then_silence),
        cmocka_unit_test(test_r3_chunk_size_closes_with_its_reason),
        cmocka_unit_test(test_r7_amf_depth_in_connect),
        cmocka_unit_test(test_r7_amf_depth_in_metadata),
        cmocka_unit_test(test_r8_amf_lies_in_a_command),
        cmocka_unit_test(test_r9_every_type_with_a_tiny_body),
        cmocka_unit_test(test_r9_commands_out_of_turn_close),
        cmocka_unit_test(test_r13_broken_time_passes_as_sent),
        cmocka_unit_test(test_r16_bad_key_gets_bad_name),
        cmocka_unit_test(test_r16_app_too_long),
        cmocka_unit_test(test_r17_acknowledgement),
        cmocka_unit_test(test_r17_tiny_window),
        cmocka_unit_test(test_r17_ping_flood),
        cmocka_unit_test(test_r17_acknowledgement_flood_is_silent),
        cmocka_unit_test(test_r17_command_flood),
        cmocka_unit_test(test_r17_message_streams_are_bounded),
        cmocka_unit_test(test_r17_rate),
        cmocka_unit_test(test_r17_full_write_queue_closes),
        cmocka_unit_test(test_broken_connection_is_not_counted),
        cmocka_unit_test(test_aggregate),
        cmocka_unit_test(test_corrupted_conversation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
