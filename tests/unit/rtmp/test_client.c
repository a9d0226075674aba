/* The client against what an independent server (FFmpeg) sent, and against our own session for what that can't show. */
#include "tracks.h"

#include "base/reader.h"
#include "rtmp/chunk_reader.h"
#include "rtmp/client.h"
#include "rtmp/message.h"

struct peer {
    struct jt_rtmp_client *client;
    struct bytes out;
    struct tracks got;
    bool is_ready;
};

static int client_write(void *arg, const uint8_t *data, size_t size)
{
    add(&((struct peer *)arg)->out, data, size);
    return 0;
}

static void client_ready(void *arg)
{
    ((struct peer *)arg)->is_ready = true;
}

static void client_media(void *arg, const struct jt_rtmp_message *m)
{
    struct tracks *t = &((struct peer *)arg)->got;

    if (m->type == JT_RTMP_AUDIO)
        note_audio(t, m->time_ms, m->body, m->size);
    else if (m->type == JT_RTMP_VIDEO)
        note_video(t, m->time_ms, m->body, m->size);
    else
        note_metadata(t, m->body[0]);
}

static const struct jt_rtmp_client_ops client_ops = {
    .write = client_write, .on_ready = client_ready, .on_media = client_media};

static void peer_open(struct peer *p, enum jt_rtmp_client_role role, const char *stream)
{
    const struct jt_rtmp_target target = {
        .role = role, .app = "live", .stream = stream, .url = "rtmp://127.0.0.1:1935/live"};

    assert_int_equal(jt_rtmp_client_new(&target, &client_ops, p, &p->client), 0);
    assert_int_equal(jt_rtmp_client_start(p->client), 0);
    assert_int_equal(p->out.size, 1537);
}

static void peer_close(struct peer *p)
{
    jt_rtmp_client_free(p->client);
    release(&p->out);
    release_tracks(&p->got);
    *p = (struct peer){0};
}

static int peer_push(struct peer *p, const uint8_t *data, size_t size)
{
    uint8_t *copy = calloc(1, size ? size : 1);
    int result;

    assert_non_null(copy);
    if (size)
        memcpy(copy, data, size);
    result = jt_rtmp_client_push(p->client, copy, size);
    free(copy);
    return result;
}

static void play_capture(const struct bytes *b, size_t cut, size_t piece, struct tracks *wanted)
{
    struct peer p = {0};

    peer_open(&p, JT_RTMP_CLIENT_PLAY, "key");
    if (piece) {
        for (size_t at = 0; at < b->size; at += piece)
            assert_int_equal(peer_push(&p, b->data + at, JT_MIN(piece, b->size - at)), 0);
    } else {
        assert_int_equal(peer_push(&p, b->data, cut), 0);
        assert_int_equal(peer_push(&p, b->data + cut, b->size - cut), 0);
    }
    assert_true(p.is_ready);
    assert_memory_equal(p.out.data + 1537, b->data + 1, 1536); /* C2 echoes S1 */
    expect_same(&p.got, wanted, cut);
    peer_close(&p);
}

/* FFmpeg's server to a player: the packets are those FFmpeg's own client saw. */
static void test_play_from_ffmpeg(void **state)
{
    struct bytes b = read_whole_file("unit/rtmp/captures/play_server.bin");
    struct tracks wanted = {0};

    (void)state;
    expect_packets("play", &wanted);
    add_text(&wanted.others, "metadata 2\n"); /* this server leaves the @setDataFrame in front */
    play_capture(&b, 0, 1, &wanted);
    for (size_t cut = 0; cut <= b.size; cut += cut < 3070 || cut > 4500 ? 37 : 1)
        play_capture(&b, cut, 0, &wanted);
    release(&b);
    release_tracks(&wanted);
}

/* The names of the commands in what a client sent after its handshake. */
static void list_commands(const struct bytes *out, char *text, size_t size)
{
    const struct jt_rtmp_chunk_limits limits = {
        .video_max_bytes = 1 << 20, .other_max_bytes = 65536, .partial_max_bytes = 1 << 20};
    struct jt_reader in = jt_reader_of(out->data + 3073, out->size - 3073);
    struct jt_rtmp_chunk_reader *reader;
    struct jt_rtmp_message m;
    size_t used = 0;

    text[0] = '\0';
    assert_int_equal(jt_rtmp_chunk_reader_new(&limits, &reader), 0);
    while (jt_rtmp_chunk_read(reader, &in, &m) > 0)
        if (m.type == JT_RTMP_COMMAND_AMF0)
            used += (size_t)snprintf(text + used, size - used, "%.*s@%u ", m.body[2],
                                     (const char *)m.body + 3, m.stream_id);
    jt_rtmp_chunk_reader_free(reader);
}

static void test_publish_to_ffmpeg(void **state)
{
    struct bytes b = read_whole_file("unit/rtmp/captures/publish_server.bin");
    const struct jt_rtmp_message audio = {.type = JT_RTMP_AUDIO, .body = b.data, .size = 9};
    struct peer p = {0};
    char text[256];

    (void)state;
    peer_open(&p, JT_RTMP_CLIENT_PUBLISH, "key");
    assert_int_equal(jt_rtmp_client_send(p.client, &audio), -EAGAIN);
    for (size_t at = 0; at < b.size; at++)
        assert_int_equal(peer_push(&p, b.data + at, 1), 0);
    assert_true(p.is_ready);
    list_commands(&p.out, text, sizeof(text));
    assert_string_equal(text, "connect@0 releaseStream@0 FCPublish@0 createStream@0 publish@1 ");
    assert_int_equal(jt_rtmp_client_send(p.client, &audio), 0);
    assert_int_equal(jt_rtmp_client_finish(p.client), 0);
    list_commands(&p.out, text, sizeof(text));
    assert_non_null(strstr(text, "publish@1 FCUnpublish@0 deleteStream@0 "));
    peer_close(&p);
    release(&b);
}

/* Carry bytes between the client and our session until both are quiet. */
static int converse(struct peer *p, struct owner *o)
{
    int result = 0;

    while ((p->out.size || o->out.size) && result == 0) {
        struct bytes to_server = p->out, to_client = o->out;

        p->out = o->out = (struct bytes){0};
        (void)push(o, to_server.data, to_server.size);
        result = peer_push(p, to_client.data, to_client.size);
        release(&to_server);
        release(&to_client);
    }
    return result;
}

static void test_publish_to_our_session(void **state)
{
    static uint8_t big[200000] = {0x17, 1};
    const struct jt_rtmp_message video = {
        .type = JT_RTMP_VIDEO, .time_ms = 0x1000000, .body = big, .size = sizeof(big)};
    struct owner o = {0};
    struct peer p = {0};

    (void)state;
    owner_open(&o);
    peer_open(&p, JT_RTMP_CLIENT_PUBLISH, "KEY?token=x");
    assert_int_equal(converse(&p, &o), 0);
    assert_true(p.is_ready);
    assert_int_equal(jt_rtmp_client_send(p.client, &video), 0);
    assert_int_equal(jt_rtmp_client_finish(p.client), 0);
    assert_int_equal(converse(&p, &o), 0);
    assert_non_null(strstr(told(&o), "publish live KEY\nvideo 16777216 200000 "));
    assert_non_null(strstr(told(&o), "unpublish\n"));
    peer_close(&p);
    owner_close(&o);
}

static void test_refusal_reaches_the_client(void **state)
{
    struct owner o = {.answer = ANSWER_REFUSE};
    struct peer p = {0};

    (void)state;
    owner_open(&o);
    peer_open(&p, JT_RTMP_CLIENT_PUBLISH, "KEY");
    assert_int_equal(converse(&p, &o), -EACCES);
    assert_false(p.is_ready);
    assert_string_equal(jt_rtmp_client_refusal(p.client), "NetStream.Publish.BadName");
    peer_close(&p);
    owner_close(&o);
}

static void test_play_from_our_session(void **state)
{
    struct owner o = {0};
    struct peer p = {0};

    (void)state;
    owner_open(&o);
    peer_open(&p, JT_RTMP_CLIENT_PLAY, "show");
    assert_int_equal(converse(&p, &o), 0);
    assert_true(p.is_ready);
    add_message(&o.out, 4, 77, 8, 1, "\xaf\x01z", 3);
    assert_int_equal(converse(&p, &o), 0);
    assert_memory_equal(p.got.lines[AUDIO].data, "77 77 1 007a007a", 16);
    peer_close(&p);
    owner_close(&o);
}

static void test_texts_too_long(void **state)
{
    char text[600];
    const struct jt_rtmp_target target = {.app = "live", .stream = text, .url = "rtmp://h/live"};
    struct jt_rtmp_client *client;

    (void)state;
    memset(text, 'a', sizeof(text));
    text[599] = '\0';
    assert_int_equal(jt_rtmp_client_new(&target, &client_ops, NULL, &client), -ENAMETOOLONG);
}

/* A server that lies: no crash, and nothing without end is said back. */
static void test_corrupted_server(void **state)
{
    const struct jt_rtmp_target target = {
        .role = JT_RTMP_CLIENT_PLAY, .app = "live", .stream = "key", .url = "rtmp://h/live"};
    const struct jt_rtmp_client_ops deaf = {.write = client_write, .on_ready = client_ready};
    struct bytes play = read_whole_file("unit/rtmp/captures/play_server.bin");
    uint32_t random = 3;

    (void)state;
    for (int round = 0; round < 2000; round++) {
        struct bytes b = {0};
        struct peer p = {0};

        add(&b, play.data, 5000);
        for (int i = 0; i < 4; i++) {
            random = random * 1664525 + 1013904223;
            b.data[3073 + (random >> 8) % 1000] = (uint8_t)(random >> 24);
        }
        assert_int_equal(jt_rtmp_client_new(&target, &deaf, &p, &p.client), 0);
        (void)peer_push(&p, b.data, b.size);
        assert_true(p.out.size < 3073 + 4096);
        release(&b);
        peer_close(&p);
    }
    release(&play);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_play_from_ffmpeg),
        cmocka_unit_test(test_publish_to_ffmpeg),
        cmocka_unit_test(test_publish_to_our_session),
        cmocka_unit_test(test_refusal_reaches_the_client),
        cmocka_unit_test(test_play_from_our_session),
        cmocka_unit_test(test_texts_too_long),
        cmocka_unit_test(test_corrupted_server),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
