/* What the send slab puts on the wire, opened by libsrtp: order, sizes, rollover, and what is not sent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <srtp2/srtp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/metrics.h"
#include "media/opus.h"
#include "net/udp.h"
#include "relay/batch.h"
#include "ring/options.h"
#include "ring/ring.h"
#include "rtc/seal.h"

enum { SSRC = 0x11223344, DATAGRAM_MAX = 2048, SMALL_RING = 16 };

struct rig {
    struct jt_udp *udp;
    int receiver;
    struct jt_address to;
    struct jt_seal *seal;
    srtp_t srtp;
    struct relay_batch *batch;
    struct relay_target target;
};

static void rig_open(struct rig *rig)
{
    struct jt_srtp_keys keys = {.profile = JT_SRTP_AEAD_AES_128_GCM};
    uint8_t material[16 + 12];
    srtp_policy_t policy = {
        .ssrc = {.type = ssrc_any_inbound}, .key = material, .window_size = 1024};
    socklen_t size = sizeof(rig->to.v4);
    struct jt_address any;

    for (size_t i = 0; i < sizeof(material); i++)
        material[i] = (uint8_t)(i * 7 + 1);
    memcpy(keys.key, material, 16);
    memcpy(keys.salt, material + 16, 12);
    assert_int_equal(jt_seal_new(&keys, &rig->seal), 0);
    srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy.rtp);
    srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy.rtcp);
    assert_int_equal(srtp_create(&rig->srtp, &policy), srtp_err_status_ok);
    assert_int_equal(jt_address_parse("127.0.0.1:0", &any), 0);
    assert_int_equal(jt_udp_open(&any, false, &rig->udp), 0);
    rig->receiver = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    assert_int_equal(bind(rig->receiver, &any.sa, sizeof(any.v4)), 0);
    assert_int_equal(getsockname(rig->receiver, &rig->to.sa, &size), 0);
    assert_int_equal(relay_batch_new(rig->udp, &rig->batch), 0);
    rig->target = (struct relay_target){.seal = rig->seal, .to = &rig->to};
}

static void rig_close(struct rig *rig)
{
    relay_batch_free(rig->batch);
    jt_udp_close(rig->udp);
    (void)close(rig->receiver);
    (void)srtp_dealloc(rig->srtp);
    jt_seal_free(rig->seal);
}

static struct jt_rtp_header header_of(uint64_t index)
{
    return (struct jt_rtp_header){
        .payload_type = 96, .sequence = (uint16_t)index, .timestamp = 9000, .ssrc = SSRC};
}

static void put(struct rig *rig, uint64_t index, size_t size)
{
    uint8_t payload[JT_PAYLOAD_MAX_BYTES + 2];
    struct jt_rtp_header header = header_of(index);

    memset(payload, (int)(index & 0xff), size);
    relay_batch_copy(rig->batch, &rig->target, &header, index, payload, size);
}

/* The next datagram, opened: its sequence, or -1 when nothing waits. Loopback delivers before sendmmsg returns. */
static int receive(struct rig *rig, size_t payload_size)
{
    uint8_t data[DATAGRAM_MAX];
    int size = (int)recv(rig->receiver, data, sizeof(data), 0);

    if (size < 0)
        return -1;
    assert_int_equal(srtp_unprotect(rig->srtp, data, &size), srtp_err_status_ok);
    assert_int_equal(size, 12 + payload_size);
    for (int i = 12; i < size; i++)
        assert_int_equal(data[i], data[3]); /* put() fills with the low byte of the sequence */
    return data[2] << 8 | data[3];
}

static void test_many_packets_come_whole_and_in_order(void **state)
{
    struct rig rig;

    (void)state;
    rig_open(&rig);
    for (uint64_t i = 1; i <= 20; i++)
        put(&rig, i, 1140);
    for (uint64_t i = 21; i <= 40; i++)
        put(&rig, i, 500); /* other sizes begin other messages */
    put(&rig, 41, 100);
    assert_int_equal(receive(&rig, 1140), -1); /* nothing leaves before the flush */
    relay_batch_flush(rig.batch);
    for (int i = 1; i <= 20; i++)
        assert_int_equal(receive(&rig, 1140), i);
    for (int i = 21; i <= 40; i++)
        assert_int_equal(receive(&rig, 500), i);
    assert_int_equal(receive(&rig, 100), 41);
    assert_int_equal(receive(&rig, 0), -1);
    rig_close(&rig);
}

static int64_t sends(void)
{
    char *text = jt_metrics_text();
    const char *line = strstr(text, "\njangteo_relay_sends_total ");
    int64_t value = line ? strtoll(line + strlen("\njangteo_relay_sends_total "), NULL, 10) : 0;

    free(text);
    return value;
}

/* One message is a run of equal packets, and a shorter one that ends it; one message is what costs. */
static void test_equal_sizes_are_one_send(void **state)
{
    static const struct {
        int sizes[6];
        int sends;
    } cases[] = {
        {{900, 900, 900, 900, 900, 900}, 1},
        {{900, 900, 900, 900, 900, 80}, 1}, /* the sound rides behind the picture */
        {{900, 900, 80, 900, 900, 900}, 2}, /* nothing rides behind the shorter one */
        {{900, 900, 80, 80, 80, 80}, 2},    /* not even its equals */
        {{80, 900, 900, 900, 900, 900}, 2}, /* a longer one begins anew */
        {{100, 200, 300, 400, 500, 600}, 6},
    };
    struct rig rig;
    uint64_t index = 1;
    int next = 1;

    (void)state;
    rig_open(&rig);
    for (size_t i = 0; i < JT_COUNT(cases); i++) {
        int64_t before = sends();

        for (int j = 0; j < 6; j++)
            put(&rig, index++, (size_t)cases[i].sizes[j]);
        relay_batch_flush(rig.batch);
        for (int j = 0; j < 6; j++)
            assert_int_equal(receive(&rig, (size_t)cases[i].sizes[j]), next++);
        assert_int_equal(sends() - before, cases[i].sends);
    }
    rig_close(&rig);
}

/* Packets of several viewers may alternate: neither rides on the other's message, and each gets its own. */
static void test_each_viewer_gets_its_own(void **state)
{
    struct rig one, two;
    int64_t before;

    (void)state;
    rig_open(&one);
    rig_open(&two);
    before = sends();
    for (uint64_t i = 1; i <= 4; i++) {
        struct jt_rtp_header header = header_of(i);
        uint8_t payload[100];

        memset(payload, (int)i, sizeof(payload));
        relay_batch_copy(one.batch, &one.target, &header, i, payload, sizeof(payload));
        relay_batch_copy(one.batch, &two.target, &header, i, payload, sizeof(payload));
        memset(payload, 0xee, sizeof(payload)); /* copied at once */
    }
    relay_batch_flush(one.batch);
    assert_int_equal(sends() - before, 8);
    for (int i = 1; i <= 4; i++) {
        assert_int_equal(receive(&one, 100), i);
        assert_int_equal(receive(&two, 100), i);
    }
    rig_close(&one);
    rig_close(&two);
}

static void test_full_slab_flushes_by_itself(void **state)
{
    struct rig rig;
    int next = 1;

    (void)state;
    rig_open(&rig);
    for (uint64_t i = 1; i <= 1000; i++) {
        put(&rig, i, 1140);
        for (int got = receive(&rig, 1140); got >= 0; got = receive(&rig, 1140))
            assert_int_equal(got, next++);
    }
    assert_true(next > 500); /* most are out already */
    relay_batch_flush(rig.batch);
    for (int got = receive(&rig, 1140); got >= 0; got = receive(&rig, 1140))
        assert_int_equal(got, next++);
    assert_int_equal(next, 1001);
    rig_close(&rig);
}

static void test_s3_sequence_rolls_over(void **state)
{
    struct rig rig;

    (void)state;
    rig_open(&rig);
    for (uint64_t i = 65530; i < 65545; i++)
        put(&rig, i, 200);
    relay_batch_flush(rig.batch);
    for (uint64_t i = 65530; i < 65545; i++)
        assert_int_equal(receive(&rig, 200),
                         (int)(i & 0xffff)); /* libsrtp counts the rollover itself */
    rig_close(&rig);
}

static void write_frame(struct jt_ring_writer *writer, uint64_t number)
{
    const struct jt_frame frame = {
        .dts = (int64_t)number * 960, .pts = (int64_t)number * 960, .is_key = true};
    struct jt_packet_sink sink = jt_ring_writer_sink(writer);

    assert_int_equal(jt_ring_writer_begin(writer, &frame, 0), 0);
    memset(sink.reserve(sink.arg), (int)(number & 0xff), 80);
    assert_int_equal(sink.commit(sink.arg, 80, 0), 0);
    (void)jt_ring_writer_end(writer);
}

static void test_m3_packet_overwritten_before_it_is_sealed_is_not_sent(void **state)
{
    struct jt_ring_options options;
    struct jt_track_info info;
    struct jt_ring_writer *writer;
    struct jt_ring_reader *reader;
    struct jt_ring_packet packet;
    struct jt_rtp_header header = header_of(0);
    struct rig rig;

    (void)state;
    rig_open(&rig);
    jt_opus_track(2, &info);
    options = jt_ring_options_of(&info);
    options.row_count = options.slot_count = SMALL_RING;
    options.first_frame = options.first_seq = 0;
    assert_int_equal(jt_ring_writer_new_with(&info, 1, &options, &writer), 0);
    assert_int_equal(jt_ring_reader_new(dup(jt_ring_writer_fd(writer)), &reader), 0);
    write_frame(writer, 0);
    assert_int_equal(jt_ring_reader_packet(reader, 0, &packet), 0);
    relay_batch_ring(rig.batch, &rig.target, &header, 0, reader, &packet);
    relay_batch_flush(rig.batch);
    assert_int_equal(receive(&rig, 80), 0); /* intact: it goes out */

    write_frame(writer, 1);
    assert_int_equal(jt_ring_reader_packet(reader, 1, &packet), 0);
    header = header_of(1);
    relay_batch_ring(rig.batch, &rig.target, &header, 1, reader, &packet);
    for (uint64_t i = 2; i < 2 + SMALL_RING; i++)
        write_frame(writer, i); /* its slot is another packet's now */
    put(&rig, 2, 200);          /* longer: a message of its own */
    relay_batch_flush(rig.batch);
    assert_int_equal(receive(&rig, 200), 2); /* the message behind it is not held back */
    assert_int_equal(receive(&rig, 0), -1);
    jt_ring_reader_free(reader);
    jt_ring_writer_free(writer);
    rig_close(&rig);
}

static int setup(void **state)
{
    (void)state;
    return srtp_init() == srtp_err_status_ok ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_many_packets_come_whole_and_in_order),
        cmocka_unit_test(test_equal_sizes_are_one_send),
        cmocka_unit_test(test_each_viewer_gets_its_own),
        cmocka_unit_test(test_full_slab_flushes_by_itself),
        cmocka_unit_test(test_s3_sequence_rolls_over),
        cmocka_unit_test(test_m3_packet_overwritten_before_it_is_sealed_is_not_sent),
    };

    return cmocka_run_group_tests(tests, setup, NULL);
}
