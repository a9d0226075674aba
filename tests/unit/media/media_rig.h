/*
 * What the tests of common/media share: fixtures, access units out of a byte stream, a sink that
 * keeps payloads.
 */
#ifndef TEST_MEDIA_RIG_H
#define TEST_MEDIA_RIG_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/reader.h"
#include "base/writer.h"
#include "media/h264.h"
#include "media/packet.h"

struct bytes {
    uint8_t *data; /* on the heap and cut to size: ASan sees one byte too far */
    size_t size;
};

static inline struct bytes bytes_copy(const void *data, size_t size)
{
    struct bytes bytes = {.data = malloc(size ? size : 1), .size = size};

    assert_non_null(bytes.data);
    if (size)
        memcpy(bytes.data, data, size);
    return bytes;
}

static inline struct bytes fixture(const char *name)
{
    char path[256];
    uint8_t buffer[65536];
    size_t size;
    FILE *file;

    (void)snprintf(path, sizeof(path), "unit/media/fixtures/%s", name);
    file = fopen(path, "rb");
    if (!file)
        fail_msg("no fixture %s", path);
    size = fread(buffer, 1, sizeof(buffer), file);
    (void)fclose(file);
    return bytes_copy(buffer, size);
}

/* Hexadecimal with blanks to bytes. */
static inline struct bytes hex(const char *text)
{
    uint8_t buffer[2048];
    size_t size = 0;
    unsigned value;

    for (; *text; text += 2) {
        if (*text == ' ') {
            text--;
            continue;
        }
        assert_int_equal(sscanf(text, "%2x", &value), 1);
        buffer[size++] = (uint8_t)value;
    }
    return bytes_copy(buffer, size);
}

static inline void assert_bytes(struct bytes expected, const uint8_t *data, size_t size)
{
    assert_int_equal(size, expected.size);
    assert_memory_equal(data, expected.data, size);
}

/* The first NAL unit of a type in an Annex B stream; empty when there is none. */
static inline struct jt_h264_nal find_nal(struct bytes stream, unsigned type)
{
    struct jt_reader r = jt_reader_of(stream.data, stream.size);
    struct jt_h264_nal nal;

    while (jt_h264_next_annexb(&r, &nal) == 1)
        if (jt_h264_nal_type(nal) == type)
            return nal;
    return (struct jt_h264_nal){0};
}

/*
 * The next access unit of an Annex B stream as x264 writes them (H.264 §7.4.1.2.3: a new one starts
 * with SPS, PPS, SEI or a slice that begins with macroblock 0, i.e. whose first bit is 1), in AVCC
 * form with 4-byte lengths. False at the end.
 */
static inline bool next_au(struct jt_reader *r, struct jt_writer *au)
{
    bool has_slice = false;

    au->size = 0;
    for (;;) {
        struct jt_reader ahead = *r;
        struct jt_h264_nal nal;
        bool is_first;

        if (jt_h264_next_annexb(&ahead, &nal) != 1)
            return has_slice;
        is_first = !jt_h264_nal_is_slice(nal) || nal.data[1] & 0x80;
        if (has_slice && is_first)
            return true;
        has_slice = has_slice || jt_h264_nal_is_slice(nal);
        jt_write_be32(au, (uint32_t)nal.size);
        jt_write_bytes(au, nal.data, nal.size);
        assert_false(au->failed);
        *r = ahead;
    }
}

/* A sink: each payload in an allocation of exactly the room there is. */
struct packets {
    struct jt_payload list[JT_FRAME_PACKETS_MAX];
    uint8_t *open;
    size_t count;
    size_t fail_at; /* reserve fails at this one; 0: never */
};

static inline uint8_t *packets_reserve(void *arg)
{
    struct packets *packets = arg;

    if (packets->fail_at && packets->count + 1 == packets->fail_at)
        return NULL;
    packets->open = malloc(JT_PAYLOAD_MAX_BYTES);
    return packets->open;
}

static inline int packets_commit(void *arg, uint16_t size, unsigned flags)
{
    struct packets *packets = arg;

    assert_in_range(size, 1, JT_PAYLOAD_MAX_BYTES);
    assert_in_range(packets->count, 0, JT_FRAME_PACKETS_MAX - 1);
    packets->list[packets->count].data = packets->open;
    packets->list[packets->count].size = size;
    packets->list[packets->count].flags = (uint16_t)flags;
    packets->count++;
    packets->open = NULL;
    return 0;
}

static inline void packets_clear(struct packets *packets)
{
    for (size_t i = 0; i < packets->count; i++)
        free((void *)(uintptr_t)packets->list[i].data);
    packets->count = 0;
}

static inline struct jt_packet_sink packets_sink(struct packets *packets)
{
    return (struct jt_packet_sink){
        .reserve = packets_reserve, .commit = packets_commit, .arg = packets};
}

/* One RTP packet out of an RFC 4571 dump (rtpstreampay). */
struct rtp {
    uint32_t time;
    bool has_marker;
    struct jt_payload payload;
};

static inline bool next_rtp(struct jt_reader *r, struct rtp *out)
{
    struct jt_reader packet;
    uint8_t second;

    if (r->left == 0)
        return false;
    packet = jt_reader_sub(r, jt_read_be16(r));
    assert_int_equal(jt_read_u8(&packet), 0x80); /* version 2; no padding, extension or sources */
    second = jt_read_u8(&packet);
    (void)jt_read_be16(&packet); /* sequence number */
    out->has_marker = second >> 7;
    out->time = jt_read_be32(&packet);
    (void)jt_read_be32(&packet); /* SSRC */
    assert_false(packet.failed);
    out->payload = (struct jt_payload){.data = packet.next, .size = (uint16_t)packet.left};
    return true;
}

#endif
