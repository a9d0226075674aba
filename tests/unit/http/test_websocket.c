/* http/websocket.h over a TCP connection, the loop turned by hand; the peer's bytes are written from RFC 6455. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "http/place.h"
#include "http/server.h"
#include "http/websocket.h"
#include "loop/loop.h"

enum { PATIENCE_S = 20, ANSWER_MAX = 128, PEER_BUFFER = 16 * 1024 };

/** One group and one socket of it; `peer` is the client's end. */
struct stage {
    struct jt_loop *loop;
    struct jt_ws_group *group;
    struct jt_ws *ws;
    int peer;
    char heard[256]; /* the messages, each in brackets */
    int drained, closed;
    enum jt_ws_why why;
    unsigned code;
    bool frees_group; /* on the next message or end */
    bool closes;      /* on the next message */
};

static void maybe_free(struct stage *stage)
{
    if (stage->frees_group) {
        stage->frees_group = false;
        jt_ws_group_free(stage->group);
        stage->group = NULL;
    }
}

static void on_message(void *arg, struct jt_ws *ws, const char *text, size_t size)
{
    struct stage *stage = arg;
    size_t at = strlen(stage->heard);

    assert_ptr_equal(ws, stage->ws);
    assert_ptr_equal(jt_ws_arg(ws), stage);
    (void)snprintf(stage->heard + at, sizeof(stage->heard) - at, "[%.*s]", (int)size, text);
    if (stage->closes)
        jt_ws_close(ws, 4000, "enough");
    maybe_free(stage);
}

static void on_drained(void *arg, struct jt_ws *ws)
{
    struct stage *stage = arg;

    assert_ptr_equal(ws, stage->ws);
    stage->drained++;
}

static void on_closed(void *arg, struct jt_ws *ws, enum jt_ws_why why, unsigned code)
{
    struct stage *stage = arg;

    assert_ptr_equal(ws, stage->ws);
    assert_int_equal(jt_ws_send(ws, NULL), -ESHUTDOWN);
    stage->closed++;
    stage->why = why;
    stage->code = code;
    stage->ws = NULL;
    maybe_free(stage);
}

static const struct jt_ws_events events = {on_message, on_drained, on_closed};

/** A connection on loopback: what a TCP socket takes of a message ends anywhere. */
static void connect_pair(int ends[2])
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    int buffer = PEER_BUFFER;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_int_equal(bind(listener, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &size), 0);
    ends[1] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(setsockopt(ends[1], SOL_SOCKET, SO_RCVBUF, &buffer, sizeof(buffer)), 0);
    assert_int_equal(connect(ends[1], (struct sockaddr *)&address, size), 0);
    ends[0] = accept(listener, NULL, NULL);
    assert_true(ends[0] >= 0);
    (void)close(listener);
}

static void open_stage(struct stage *stage, const struct jt_ws_config *config)
{
    int ends[2];

    *stage = (struct stage){0};
    assert_int_equal(jt_loop_new("test", &stage->loop), 0);
    assert_int_equal(jt_ws_group_new(stage->loop, config, &events, stage, &stage->group), 0);
    connect_pair(ends);
    assert_int_equal(jt_ws_adopt(stage->group, ends[0], NULL, stage, &stage->ws), 0);
    assert_int_equal(jt_ws_group_count(stage->group), 1);
    stage->peer = ends[1];
}

static void close_stage(struct stage *stage)
{
    jt_ws_group_free(stage->group);
    if (stage->peer >= 0)
        (void)close(stage->peer);
    jt_loop_free(stage->loop);
}

/** Turn the loop until `done`; there is no other way to wait for its timers. */
static void turn_until(struct stage *stage, bool (*done)(struct stage *stage))
{
    int64_t end_us = jt_clock_mono_us() + (int64_t)PATIENCE_S * JT_USEC_PER_SEC;

    while (!done(stage)) {
        if (jt_clock_mono_us() > end_us)
            fail_msg("waited %d s in vain", PATIENCE_S);
        jt_loop_turn(stage->loop);
        (void)usleep(200);
    }
}

static bool is_closed(struct stage *stage)
{
    return stage->closed > 0;
}

static bool has_heard(struct stage *stage)
{
    return stage->heard[0] != '\0';
}

static bool has_answer(struct stage *stage)
{
    char byte;

    return recv(stage->peer, &byte, 1, MSG_PEEK | MSG_DONTWAIT) >= 0;
}

static bool is_drained(struct stage *stage)
{
    char bytes[65536];

    (void)!recv(stage->peer, bytes, sizeof(bytes), MSG_DONTWAIT);
    return stage->drained > 0;
}

static void tell(struct stage *stage, const void *bytes, size_t size)
{
    assert_int_equal(send(stage->peer, bytes, size, MSG_NOSIGNAL), (ssize_t)size);
}

/** Exactly these bytes come next. */
static void expect_answer(struct stage *stage, const void *bytes, size_t size)
{
    char have[ANSWER_MAX];
    size_t got = 0;

    assert_true(size <= sizeof(have));
    while (got < size) {
        ssize_t n;

        turn_until(stage, has_answer);
        n = recv(stage->peer, have + got, size - got, MSG_DONTWAIT);
        assert_true(n > 0);
        got += (size_t)n;
    }
    assert_memory_equal(have, bytes, size);
}

/** And then the end of the stream. */
static void expect_end(struct stage *stage)
{
    char byte;

    turn_until(stage, has_answer);
    assert_int_equal(recv(stage->peer, &byte, 1, MSG_DONTWAIT), 0);
}

static const uint8_t hello[] = {0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d,
                                0x7f, 0x9f, 0x4d, 0x51, 0x58}; /* RFC 6455 §5.7 */
static const uint8_t close_1000[] = {0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe8};

static struct jt_ws_frame *filled(size_t size)
{
    char *text = malloc(size);
    struct jt_ws_frame *frame;

    assert_non_null(text);
    memset(text, 'x', size);
    frame = jt_ws_frame_text(text, size);
    assert_non_null(frame);
    free(text);
    return frame;
}

static void test_hears_and_says(void **state)
{
    struct jt_ws_frame *frame = jt_ws_frame_text("Hello", 5);
    struct stage stage;

    (void)state;
    open_stage(&stage, NULL);
    tell(&stage, hello, sizeof(hello));
    turn_until(&stage, has_heard);
    assert_string_equal(stage.heard, "[Hello]");
    assert_int_equal(jt_ws_send(stage.ws, frame), 0);
    assert_int_equal(jt_ws_queued_bytes(stage.ws), 0);
    expect_answer(&stage, "\x81\x05Hello", 7);
    jt_ws_frame_unref(&frame);
    close_stage(&stage);
    assert_int_equal(stage.closed, 1);
    assert_int_equal(stage.why, JT_WS_WHY_SHUTDOWN);
}

static void test_queue_goes_in_one(void **state)
{
    struct jt_ws_frame *a = jt_ws_frame_text("a", 1), *b = jt_ws_frame_text("b", 1);
    struct stage stage;

    (void)state;
    open_stage(&stage, NULL);
    assert_int_equal(jt_ws_queue(stage.ws, a), 0);
    assert_int_equal(jt_ws_queue(stage.ws, b), 0);
    assert_int_equal(jt_ws_queued_bytes(stage.ws), 6);
    assert_false(has_answer(&stage));
    jt_ws_flush(stage.ws);
    assert_int_equal(jt_ws_queued_bytes(stage.ws), 0);
    expect_answer(&stage,
                  "\x81\x01"
                  "a\x81\x01"
                  "b",
                  6);
    assert_int_equal(jt_ws_queue(stage.ws, a), 0); /* goes by itself in the next turn, … */
    assert_int_equal(jt_ws_send(stage.ws, b), 0);  /* … or before what is sent after it */
    expect_answer(&stage,
                  "\x81\x01"
                  "a\x81\x01"
                  "b",
                  6);
    assert_int_equal(jt_ws_queue(stage.ws, a), 0);
    expect_answer(&stage,
                  "\x81\x01"
                  "a",
                  3);
    jt_ws_frame_unref(&a);
    jt_ws_frame_unref(&b);
    close_stage(&stage);
}

static void test_w1_ping_is_answered(void **state)
{
    static const uint8_t ping[] = {0x89, 0x82, 1, 2, 3, 4, 'h' ^ 1, 'i' ^ 2};
    struct stage stage;

    (void)state;
    open_stage(&stage, NULL);
    tell(&stage, ping, sizeof(ping));
    expect_answer(&stage, "\x8a\x02hi", 4);
    close_stage(&stage);
}

static void test_w1_peer_closes(void **state)
{
    struct stage stage;

    (void)state;
    open_stage(&stage, NULL);
    tell(&stage, close_1000, sizeof(close_1000));
    expect_answer(&stage, "\x88\x02\x03\xe8", 4);
    expect_end(&stage);
    turn_until(&stage, is_closed);
    assert_int_equal(stage.why, JT_WS_WHY_PEER);
    assert_int_equal(stage.code, 1000);
    assert_int_equal(jt_ws_group_count(stage.group), 0);
    close_stage(&stage);
    assert_int_equal(stage.closed, 1);
}

static void test_w1_we_close(void **state)
{
    struct stage stage;

    (void)state;
    open_stage(&stage, &(struct jt_ws_config){.close_ms = 100000});
    jt_ws_close(stage.ws, 4001, "bye");
    jt_ws_close(stage.ws, 4002, "again");
    assert_int_equal(stage.closed, 0); /* not from within */
    turn_until(&stage, is_closed);
    assert_int_equal(stage.why, JT_WS_WHY_OWNER);
    assert_int_equal(stage.code, 4001);
    expect_answer(&stage,
                  "\x88\x05\x0f\xa1"
                  "bye",
                  7);
    tell(&stage, hello, sizeof(hello)); /* on its way already: nobody hears it */
    for (int i = 0; i < 10; i++)
        jt_loop_turn(stage.loop);
    assert_false(has_answer(&stage)); /* waits for the peer's close frame (§7.1.1) */
    tell(&stage, close_1000, sizeof(close_1000));
    expect_end(&stage);
    assert_string_equal(stage.heard, "");
    close_stage(&stage);
}

static void test_w1_failures_say_why(void **state)
{
    static const struct {
        const char *bytes, *answer;
        size_t size;
        unsigned code;
    } samples[] = {
        {"\x81\x01"
         "a",
         "\x88\x02\x03\xea", 3, 1002},
        {"\x82\x80\0\0\0\0", "\x88\x02\x03\xeb", 6, 1003},
        {"\x81\x81\0\0\0\0\xff", "\x88\x02\x03\xef", 7, 1007},
        {"\x81\xff\x00\x00\x00\x01\x00\x00\x00\x00", "\x88\x02\x03\xf1", 10, 1009},
    };

    (void)state;
    for (size_t i = 0; i < JT_COUNT(samples); i++) {
        struct stage stage;

        open_stage(&stage, NULL);
        tell(&stage, samples[i].bytes, samples[i].size);
        expect_answer(&stage, samples[i].answer, 4);
        tell(&stage, hello, sizeof(hello)); /* read and thrown away */
        expect_end(&stage);
        turn_until(&stage, is_closed);
        assert_int_equal(stage.why, JT_WS_WHY_FAILED);
        assert_int_equal(stage.code, samples[i].code);
        assert_string_equal(stage.heard, "");
        close_stage(&stage);
    }
}

static void test_w7_half_close(void **state)
{
    struct stage stage;

    (void)state;
    open_stage(&stage, NULL);
    tell(&stage, hello, sizeof(hello));
    assert_int_equal(shutdown(stage.peer, SHUT_WR), 0);
    turn_until(&stage, is_closed);
    assert_string_equal(stage.heard, "[Hello]");
    assert_int_equal(stage.why, JT_WS_WHY_GONE);
    assert_int_equal(stage.code, JT_WS_CODE_ABNORMAL);
    expect_end(&stage);
    close_stage(&stage);
}

static void test_w7_no_first_message(void **state)
{
    static const uint8_t ping[] = {0x89, 0x80, 0, 0, 0, 0};
    struct stage stage;

    (void)state;
    open_stage(&stage, &(struct jt_ws_config){.first_message_ms = 100});
    tell(&stage, ping, sizeof(ping)); /* says nothing */
    expect_answer(&stage, "\x8a\x00", 2);
    expect_answer(&stage, "\x88\x02\x0f\xa2", 4);
    turn_until(&stage, is_closed);
    assert_int_equal(stage.why, JT_WS_WHY_STALE);
    close_stage(&stage);
}

static void test_w7_no_pong(void **state)
{
    struct stage stage;

    (void)state;
    open_stage(&stage,
               &(struct jt_ws_config){.ping_ms = 60, .pong_ms = 60, .has_text_heartbeat = true});
    tell(&stage, hello, sizeof(hello));
    expect_answer(&stage, "\x81\x00\x89\x00", 4);
    tell(&stage, "\x8a\x80\0\0\0\0", 6);          /* answered: goes on */
    expect_answer(&stage, "\x81\x00\x89\x00", 4); /* not answered */
    expect_answer(&stage, "\x88\x02\x0f\xac", 4);
    turn_until(&stage, is_closed);
    assert_int_equal(stage.why, JT_WS_WHY_SILENT);
    close_stage(&stage);
}

/* Pings closer together than the answer may take: an unanswered one is not followed by another. */
static void test_w7_no_pong_to_frequent_pings(void **state)
{
    struct stage stage;

    (void)state;
    open_stage(&stage, &(struct jt_ws_config){.ping_ms = 40, .pong_ms = 160});
    tell(&stage, hello, sizeof(hello));
    expect_answer(&stage, "\x89\x00\x88\x02\x0f\xac", 6);
    turn_until(&stage, is_closed);
    assert_int_equal(stage.why, JT_WS_WHY_SILENT);
    close_stage(&stage);
}

/* The peer does not even take our last word: the descriptor comes back all the same. */
static void test_w7_close_is_not_waited_for_forever(void **state)
{
    struct jt_http_places *places;
    struct jt_http_place *place, *next = NULL;
    struct stage stage;
    int ends[2];

    (void)state;
    open_stage(&stage, &(struct jt_ws_config){.close_ms = 60});
    assert_int_equal(jt_http_places_new(1, -1, &places), 0);
    assert_int_equal(jt_http_place_take(places, "::1", &place), 0);
    connect_pair(ends);
    assert_int_equal(jt_http_place_take(places, "::1", &next), -EMFILE);
    jt_ws_close(stage.ws, 1000, NULL);
    turn_until(&stage, is_closed);
    assert_int_equal(jt_ws_adopt(stage.group, ends[0], place, &stage, &stage.ws), 0);
    jt_ws_close(stage.ws, 1000, NULL);
    stage.closed = 0;
    turn_until(&stage, is_closed);
    while (jt_http_place_take(places, "::1", &next) == -EMFILE) /* given back with the descriptor */
        jt_loop_turn(stage.loop);
    assert_int_equal(fcntl(ends[0], F_GETFD), -1);
    jt_http_place_free(next);
    jt_http_places_free(places);
    (void)close(ends[1]);
    close_stage(&stage);
}

static void test_w3_message_that_never_ends(void **state)
{
    struct stage stage;

    (void)state;
    open_stage(&stage, &(struct jt_ws_config){.message_timeout_ms = 100});
    tell(&stage, hello, sizeof(hello));
    tell(&stage, "\x01\x81\0\0\0\0a", 7);
    expect_answer(&stage, "\x88\x02\x03\xf1", 4);
    turn_until(&stage, is_closed);
    assert_int_equal(stage.why, JT_WS_WHY_FAILED);
    assert_int_equal(stage.code, 1009);
    close_stage(&stage);
}

/* One message ends and the next begins in the same segment, again and again: none takes long. */
static void test_w3_time_is_counted_per_message(void **state)
{
    static const uint8_t next[] = {0x80, 0x81, 0, 0, 0, 0, 'b', 0x01, 0x81, 0, 0, 0, 0, 'a'};
    int64_t end_us = jt_clock_mono_us() + 900 * JT_USEC_PER_MSEC;
    struct stage stage;

    (void)state;
    open_stage(&stage, &(struct jt_ws_config){.message_timeout_ms = 300});
    tell(&stage, next + 7, sizeof(next) - 7);
    while (jt_clock_mono_us() < end_us) {
        tell(&stage, next, sizeof(next));
        turn_until(&stage, has_heard);
        assert_string_equal(stage.heard, "[ab]");
        stage.heard[0] = '\0';
        assert_int_equal(stage.closed, 0);
        (void)usleep(20000);
    }
    close_stage(&stage);
}

static void test_p33_ping_flood(void **state)
{
    static const uint8_t ping[] = {0x89, 0x80, 0, 0, 0, 0};
    struct stage stage;

    (void)state;
    open_stage(&stage, NULL);
    for (int i = 0; i < JT_WS_CONTROLS_PER_S_MAX + 1; i++)
        tell(&stage, ping, sizeof(ping));
    for (int i = 0; i < JT_WS_CONTROLS_PER_S_MAX; i++)
        expect_answer(&stage, "\x8a\x00", 2);
    expect_answer(&stage, "\x88\x02\x03\xf0", 4);
    turn_until(&stage, is_closed);
    assert_int_equal(stage.code, JT_WS_CODE_POLICY);
    close_stage(&stage);
}

/** What the peer finds when it reads at last: the frame that was half out is whole, then the reason. */
static void expect_whole_frames_then_slow(struct stage *stage, size_t size)
{
    uint8_t bytes[2048];
    size_t got = 0, want = 4;

    for (;;) {
        turn_until(stage, has_answer);
        got += (size_t)recv(stage->peer, bytes + got, want - got, MSG_DONTWAIT);
        if (got < want)
            continue;
        if (bytes[0] == 0x88)
            break;
        assert_int_equal(bytes[0], 0x81);
        assert_int_equal(bytes[2] << 8 | bytes[3], size);
        want = want == 4 ? 4 + size : 4;
        got = want == 4 ? 0 : got;
    }
    assert_memory_equal(bytes, "\x88\x02\x0f\xa8", 4);
    expect_end(stage);
}

static void test_p31_queue_is_bounded(void **state)
{
    struct jt_ws_frame *frame = filled(1000);
    struct stage stage;
    size_t most = 0;
    int err = 0;

    (void)state;
    open_stage(&stage, &(struct jt_ws_config){.queue_max_bytes = 20000});
    for (int i = 0; i < 100000 && !err; i++) {
        err = jt_ws_send(stage.ws, frame);
        most = JT_MAX(most, jt_ws_queued_bytes(stage.ws));
    }
    assert_int_equal(err, -ENOBUFS);
    assert_true(most > 18000 && most <= 20000);
    assert_int_equal(jt_ws_send(stage.ws, frame), -ESHUTDOWN);
    assert_true(jt_ws_queued_bytes(stage.ws) < 1100); /* at once: half a frame and the last word */
    assert_int_equal(stage.closed, 0);
    turn_until(&stage, is_closed);
    assert_int_equal(stage.why, JT_WS_WHY_SLOW);
    assert_int_equal(stage.code, JT_WS_CODE_SLOW);
    expect_whole_frames_then_slow(&stage, 1000);
    jt_ws_frame_unref(&frame);
    close_stage(&stage);
}

static void test_p31_small_frames_are_counted_too(void **state)
{
    struct jt_ws_frame *frame = jt_ws_frame_text("", 0);
    struct stage stage;
    int err = 0, queued = 0;

    (void)state;
    open_stage(&stage, NULL);
    while (!err && queued < 100000) {
        err = jt_ws_queue(stage.ws, frame);
        queued += !err;
    }
    assert_int_equal(err, -ENOBUFS);
    assert_int_equal(queued, JT_WS_QUEUE_MAX_FRAMES);
    turn_until(&stage, is_closed);
    assert_int_equal(stage.why, JT_WS_WHY_SLOW);
    jt_ws_frame_unref(&frame);
    close_stage(&stage);
}

static void fill_socket(struct stage *stage, struct jt_ws_frame *frame)
{
    while (jt_ws_queued_bytes(stage->ws) < 10 * PEER_BUFFER)
        assert_int_equal(jt_ws_send(stage->ws, frame), 0);
}

static void test_p31_queue_that_does_not_move(void **state)
{
    struct jt_ws_frame *frame = filled(1000);
    struct stage stage;

    (void)state;
    open_stage(&stage, &(struct jt_ws_config){.progress_ms = 100, .close_ms = 100});
    fill_socket(&stage, frame);
    turn_until(&stage, is_closed);
    assert_int_equal(stage.why, JT_WS_WHY_SLOW);
    jt_ws_frame_unref(&frame);
    close_stage(&stage);
}

/** Takes a byte each time it is asked: not enough to be called progress. */
static bool is_closed_nibbling(struct stage *stage)
{
    char byte;

    (void)!recv(stage->peer, &byte, 1, MSG_DONTWAIT);
    return stage->closed > 0;
}

static void test_p31_queue_that_moves_by_bytes(void **state)
{
    struct jt_ws_frame *frame = filled(1000);
    struct stage stage;

    (void)state;
    open_stage(&stage, &(struct jt_ws_config){.progress_ms = 200});
    fill_socket(&stage, frame);
    turn_until(&stage, is_closed_nibbling);
    assert_int_equal(stage.why, JT_WS_WHY_SLOW);
    jt_ws_frame_unref(&frame);
    close_stage(&stage);
}

static void test_drained(void **state)
{
    struct jt_ws_frame *frame = filled(1000);
    struct stage stage;

    (void)state;
    open_stage(&stage, NULL);
    fill_socket(&stage, frame);
    assert_int_equal(stage.drained, 0);
    turn_until(&stage, is_drained);
    assert_int_equal(jt_ws_queued_bytes(stage.ws), 0);
    assert_int_equal(stage.closed, 0);
    jt_ws_frame_unref(&frame);
    close_stage(&stage);
}

/* What is queued comes whole and in order, wherever the socket cut it. */
static void test_backlog_keeps_order(void **state)
{
    enum { FRAMES = 600, SIZE = 700 };
    struct stage stage;
    char *want = malloc((size_t)FRAMES * SIZE * 2), *have = malloc((size_t)FRAMES * SIZE * 2);
    size_t size = 0, got = 0;

    (void)state;
    assert_true(want && have);
    open_stage(&stage, &(struct jt_ws_config){.queue_max_bytes = 1 << 20});
    for (int i = 0; i < FRAMES; i++) {
        char text[SIZE];
        struct jt_ws_frame *frame;

        memset(text, 'a' + i % 26, sizeof(text));
        frame = jt_ws_frame_text(text, sizeof(text));
        assert_int_equal(i % 3 ? jt_ws_send(stage.ws, frame) : jt_ws_queue(stage.ws, frame), 0);
        jt_ws_frame_unref(&frame);
        memcpy(want + size, "\x81\x7e\x02\xbc", 4); /* 700 */
        memcpy(want + size + 4, text, sizeof(text));
        size += 4 + sizeof(text);
    }
    while (got < size) {
        ssize_t n;

        turn_until(&stage, has_answer);
        n = recv(stage.peer, have + got, JT_MIN((size_t)777, size - got), MSG_DONTWAIT);
        assert_true(n > 0);
        got += (size_t)n;
    }
    assert_memory_equal(have, want, size);
    free(want);
    free(have);
    close_stage(&stage);
}

static void test_callbacks_may_close(void **state)
{
    uint8_t twice[2 * sizeof(hello)];
    struct stage stage;

    (void)state;
    memcpy(twice, hello, sizeof(hello));
    memcpy(twice + sizeof(hello), hello, sizeof(hello));
    open_stage(&stage, NULL);
    stage.closes = true;
    tell(&stage, twice, sizeof(twice));
    turn_until(&stage, is_closed);
    assert_string_equal(stage.heard, "[Hello]"); /* the second came too late */
    assert_int_equal(stage.why, JT_WS_WHY_OWNER);
    close_stage(&stage);
}

static void test_callbacks_may_free_the_group(void **state)
{
    struct stage stage;

    (void)state;
    open_stage(&stage, NULL);
    stage.frees_group = true;
    tell(&stage, hello, sizeof(hello));
    turn_until(&stage, is_closed);
    assert_int_equal(stage.why, JT_WS_WHY_SHUTDOWN);
    expect_answer(&stage, "\x88\x02\x03\xe9", 4);
    close_stage(&stage);

    open_stage(&stage, NULL);
    stage.frees_group = true; /* from on_closed, while the socket still finishes */
    jt_ws_close(stage.ws, 1000, NULL);
    turn_until(&stage, is_closed);
    assert_null(stage.group);
    close_stage(&stage);
}

static void test_peer_that_is_gone(void **state)
{
    struct jt_ws_frame *frame = jt_ws_frame_text("a", 1);
    const struct linger reset = {.l_onoff = 1};
    struct stage stage;

    (void)state;
    open_stage(&stage, NULL);
    assert_int_equal(setsockopt(stage.peer, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset)), 0);
    (void)close(stage.peer);
    stage.peer = -1;
    assert_int_equal(jt_ws_send(stage.ws, frame), -ESHUTDOWN);
    assert_int_equal(jt_ws_send(stage.ws, frame), -ESHUTDOWN);
    jt_ws_close(stage.ws, 1000, NULL);
    assert_int_equal(stage.closed, 0);
    turn_until(&stage, is_closed);
    assert_int_equal(stage.why, JT_WS_WHY_GONE);
    jt_ws_frame_unref(&frame);
    close_stage(&stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hears_and_says),
        cmocka_unit_test(test_queue_goes_in_one),
        cmocka_unit_test(test_w1_ping_is_answered),
        cmocka_unit_test(test_w1_peer_closes),
        cmocka_unit_test(test_w1_we_close),
        cmocka_unit_test(test_w1_failures_say_why),
        cmocka_unit_test(test_w7_half_close),
        cmocka_unit_test(test_w7_no_first_message),
        cmocka_unit_test(test_w7_no_pong),
        cmocka_unit_test(test_w7_no_pong_to_frequent_pings),
        cmocka_unit_test(test_w7_close_is_not_waited_for_forever),
        cmocka_unit_test(test_w3_message_that_never_ends),
        cmocka_unit_test(test_w3_time_is_counted_per_message),
        cmocka_unit_test(test_p33_ping_flood),
        cmocka_unit_test(test_p31_queue_is_bounded),
        cmocka_unit_test(test_p31_small_frames_are_counted_too),
        cmocka_unit_test(test_p31_queue_that_does_not_move),
        cmocka_unit_test(test_p31_queue_that_moves_by_bytes),
        cmocka_unit_test(test_drained),
        cmocka_unit_test(test_backlog_keeps_order),
        cmocka_unit_test(test_callbacks_may_close),
        cmocka_unit_test(test_callbacks_may_free_the_group),
        cmocka_unit_test(test_peer_that_is_gone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
