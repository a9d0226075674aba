#include "media/flv.h"

#include <errno.h>
#include <string.h>

#include "base/reader.h"
#include "base/writer.h"

enum { /* FLV 10.1 §E.4.3.1 and §E.4.2.1 */
       FRAME_KEY = 1,
       FRAME_INTER = 2,
       FRAME_GENERATED_KEY = 4,
       FRAME_COMMAND = 5,
       VIDEO_AVC = 7,
       AUDIO_EX_HEADER = 9, /* Enhanced RTMP v2 */
       AUDIO_AAC = 10,
       AAC_HEAD = AUDIO_AAC << 4 |
                  0x0f, /* 44 kHz, 16 bit, stereo: fixed for AAC, the config tells the truth */
       AVC_CONFIG = 0,
       AVC_FRAME = 1,
       AVC_END = 2,
};

enum packet_type { /* Enhanced RTMP v2, VideoPacketType and AudioPacketType where they agree */
                   PACKET_START = 0,
                   PACKET_FRAME = 1,
                   PACKET_END = 2,
                   PACKET_VIDEO_FRAME_X = 3, /* composition time 0 */
                   PACKET_METADATA = 4,      /* audio: MultichannelConfig */
                   PACKET_VIDEO_TS_START = 5,
                   PACKET_AUDIO_MULTITRACK = 5,
                   PACKET_VIDEO_MULTITRACK = 6,
                   PACKET_MOD_EX = 7,
};

enum { MOD_EX_TIMESTAMP_NANO = 0, MULTITRACK_MANY_CODECS = 2 };

struct known_codec {
    uint32_t id; /* FourCC or legacy number */
    enum jt_codec codec;
    const char *name;
};

#define FOURCC(a, b, c, d)                                                                         \
    ((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8 | (uint32_t)(d))

static const struct known_codec fourccs[] = {
    {FOURCC('a', 'v', 'c', '1'), JT_CODEC_H264, "h264"},
    {FOURCC('h', 'v', 'c', '1'), JT_CODEC_NONE, "hevc"},
    {FOURCC('v', 'v', 'c', '1'), JT_CODEC_NONE, "vvc"},
    {FOURCC('a', 'v', '0', '1'), JT_CODEC_AV1, "av1"},
    {FOURCC('v', 'p', '0', '8'), JT_CODEC_VP8, "vp8"},
    {FOURCC('v', 'p', '0', '9'), JT_CODEC_VP9, "vp9"},
    {FOURCC('m', 'p', '4', 'a'), JT_CODEC_AAC, "aac"},
    {FOURCC('O', 'p', 'u', 's'), JT_CODEC_OPUS, "opus"},
    {FOURCC('f', 'L', 'a', 'C'), JT_CODEC_NONE, "flac"},
    {FOURCC('a', 'c', '-', '3'), JT_CODEC_NONE, "ac3"},
    {FOURCC('e', 'c', '-', '3'), JT_CODEC_NONE, "eac3"},
    {FOURCC('.', 'm', 'p', '3'), JT_CODEC_NONE, "mp3"},
};

static const struct known_codec video_ids[] =
    {
        {VIDEO_AVC, JT_CODEC_H264, "h264"},
        {2, JT_CODEC_NONE, "h263"},
        {3, JT_CODEC_NONE, "screen"},
        {4, JT_CODEC_NONE, "vp6"},
        {5, JT_CODEC_NONE, "vp6"},
        {6, JT_CODEC_NONE, "screen"},
        {12, JT_CODEC_NONE, "hevc"},
        {13, JT_CODEC_AV1, "av1"}, /* the last two unofficial, but seen */
};

static const struct known_codec audio_ids[] = {
    {AUDIO_AAC, JT_CODEC_AAC, "aac"}, {0, JT_CODEC_NONE, "pcm"},
    {1, JT_CODEC_NONE, "adpcm"},      {2, JT_CODEC_NONE, "mp3"},
    {3, JT_CODEC_NONE, "pcm"},        {4, JT_CODEC_NONE, "nellymoser"},
    {5, JT_CODEC_NONE, "nellymoser"}, {6, JT_CODEC_NONE, "nellymoser"},
    {7, JT_CODEC_NONE, "g711"},       {8, JT_CODEC_NONE, "g711"},
    {11, JT_CODEC_NONE, "speex"},     {13, JT_CODEC_OPUS, "opus"},
    {14, JT_CODEC_NONE, "mp3"},
};

static const struct known_codec unknown_codec = {0, JT_CODEC_NONE, "unknown"};

static const struct known_codec *find_codec(const struct known_codec *list, size_t count,
                                            uint32_t id)
{
    for (size_t i = 0; i < count; i++)
        if (list[i].id == id)
            return &list[i];
    return &unknown_codec;
}

const char *jt_flv_refusal_name(enum jt_flv_refusal refusal)
{
    switch (refusal) {
    case JT_FLV_REFUSAL_CODEC:
        return "codec_not_supported";
    case JT_FLV_REFUSAL_MULTITRACK:
        return "multitrack_not_supported";
    case JT_FLV_REFUSAL_EXTENSION:
        return "extension_not_supported";
    case JT_FLV_REFUSAL_NONE:
        break;
    }
    return "none";
}

static void set_codec(struct jt_flv_message *message, const struct known_codec *codec)
{
    message->codec = codec->codec;
    message->codec_name = codec->name;
}

static void refuse(struct jt_flv_message *message, enum jt_flv_refusal refusal)
{
    message->kind = JT_FLV_REFUSED;
    message->refusal = refusal;
}

/*
 * What is left is the data; nothing is -EBADMSG for a configuration and no frame at all for a
 * frame.
 */
static int set_data(struct jt_reader *r, enum jt_flv_kind kind, struct jt_flv_message *message)
{
    if (r->failed)
        return -EBADMSG;
    if (r->left == 0 && kind == JT_FLV_CONFIG)
        return -EBADMSG;
    message->kind = r->left == 0 && kind == JT_FLV_FRAME ? JT_FLV_NOTHING : kind;
    message->size = r->left;
    message->data = jt_reader_take(r, r->left);
    return 0;
}

static int32_t read_composition(struct jt_reader *r)
{
    uint32_t value = jt_read_be24(r);

    return (int32_t)(value ^ 0x800000) - 0x800000; /* extends the sign of 24 bits */
}

static int parse_avc(struct jt_reader *r, struct jt_flv_message *message)
{
    uint8_t type = jt_read_u8(r);
    int32_t composition_ms = read_composition(r);

    switch (type) {
    case AVC_CONFIG:
        return set_data(r, JT_FLV_CONFIG, message);
    case AVC_FRAME:
        message->composition_ms = composition_ms;
        return set_data(r, JT_FLV_FRAME, message);
    case AVC_END:
        message->kind = JT_FLV_END; /* whether its composition time is there or not */
        return 0;
    default:
        return -EBADMSG;
    }
}

/*
 * Enhanced RTMP v2, ModEx: a chain of extensions in front of the real packet type. The only one
 * defined, a time offset in nanoseconds, is below our resolution and passed over. Returns false for
 * one we don't know.
 */
static bool skip_mod_ex(struct jt_reader *r, uint8_t *packet_type)
{
    bool is_known = true;

    while (*packet_type == PACKET_MOD_EX && !r->failed) {
        size_t size = (size_t)jt_read_u8(r) + 1;
        uint8_t next;

        if (size == 256)
            size = (size_t)jt_read_be16(r) + 1;
        jt_reader_take(r, size);
        next = jt_read_u8(r);
        is_known = is_known && next >> 4 == MOD_EX_TIMESTAMP_NANO;
        *packet_type = next & 0x0f;
    }
    return is_known;
}

/* The header after the packet type: several tracks, or one with its FourCC. */
static int parse_fourcc(struct jt_reader *r, bool is_multitrack, struct jt_flv_message *message)
{
    bool has_fourcc = true;

    if (is_multitrack) {
        has_fourcc = jt_read_u8(r) >> 4 != MULTITRACK_MANY_CODECS;
        refuse(message, JT_FLV_REFUSAL_MULTITRACK);
    }
    if (has_fourcc)
        set_codec(message, find_codec(fourccs, JT_COUNT(fourccs), jt_read_be32(r)));
    return r->failed ? -EBADMSG : 0;
}

static int parse_enhanced_video(struct jt_reader *r, uint8_t head, struct jt_flv_message *message)
{
    uint8_t packet_type = head & 0x0f;
    bool is_known = skip_mod_ex(r, &packet_type);

    if (r->failed)
        return -EBADMSG;
    if ((head >> 4 & 7) == FRAME_COMMAND && packet_type != PACKET_METADATA)
        return 0;
    if (parse_fourcc(r, packet_type == PACKET_VIDEO_MULTITRACK, message))
        return -EBADMSG;
    if (message->kind == JT_FLV_REFUSED)
        return 0;
    if (message->codec != JT_CODEC_H264)
        refuse(message, JT_FLV_REFUSAL_CODEC);
    else if (!is_known || packet_type > PACKET_METADATA)
        refuse(message, JT_FLV_REFUSAL_EXTENSION);
    else if (packet_type == PACKET_START)
        return set_data(r, JT_FLV_CONFIG, message);
    else if (packet_type == PACKET_END)
        message->kind = JT_FLV_END;
    else if (packet_type != PACKET_METADATA) {
        message->composition_ms = packet_type == PACKET_FRAME ? read_composition(r) : 0;
        return set_data(r, JT_FLV_FRAME, message);
    }
    return 0;
}

static int parse_video(struct jt_reader *r, struct jt_flv_message *message)
{
    uint8_t head = jt_read_u8(r);
    uint8_t frame_type = head >> 4 & 7;

    message->is_key = frame_type == FRAME_KEY || frame_type == FRAME_GENERATED_KEY;
    if (head & 0x80) {
        message->is_enhanced = true;
        return parse_enhanced_video(r, head, message);
    }
    set_codec(message, find_codec(video_ids, JT_COUNT(video_ids), head & 0x0f));
    if (message->codec != JT_CODEC_H264)
        refuse(message, JT_FLV_REFUSAL_CODEC);
    else if (frame_type == 0 || frame_type > FRAME_COMMAND)
        return -EBADMSG;
    else if (frame_type != FRAME_COMMAND)
        return parse_avc(r, message);
    return 0;
}

int jt_flv_video_parse(const uint8_t *body, size_t size, struct jt_flv_message *out)
{
    struct jt_flv_message message = {.codec_name = unknown_codec.name};
    struct jt_reader r = jt_reader_of(body, size);
    int err = size ? parse_video(&r, &message) : 0;

    if (!err)
        *out = message;
    return err;
}

static int parse_enhanced_audio(struct jt_reader *r, uint8_t head, struct jt_flv_message *message)
{
    uint8_t packet_type = head & 0x0f;
    bool is_known = skip_mod_ex(r, &packet_type);

    if (r->failed || parse_fourcc(r, packet_type == PACKET_AUDIO_MULTITRACK, message))
        return -EBADMSG;
    if (message->kind == JT_FLV_REFUSED)
        return 0;
    if (message->codec != JT_CODEC_AAC)
        refuse(message, JT_FLV_REFUSAL_CODEC);
    else if (is_known && packet_type == PACKET_START)
        return set_data(r, JT_FLV_CONFIG, message);
    else if (is_known && packet_type == PACKET_FRAME)
        return set_data(r, JT_FLV_FRAME, message);
    else if (is_known && packet_type == PACKET_END)
        message->kind = JT_FLV_END;
    else if (!is_known || packet_type != PACKET_METADATA)
        refuse(message, JT_FLV_REFUSAL_EXTENSION);
    return 0;
}

static int parse_audio(struct jt_reader *r, struct jt_flv_message *message)
{
    uint8_t head = jt_read_u8(r);
    uint8_t format = head >> 4;
    uint8_t type;

    if (format == AUDIO_EX_HEADER) {
        message->is_enhanced = true;
        return parse_enhanced_audio(r, head, message);
    }
    set_codec(message, find_codec(audio_ids, JT_COUNT(audio_ids), format));
    if (message->codec != JT_CODEC_AAC) {
        refuse(message, JT_FLV_REFUSAL_CODEC);
        return 0;
    }
    type = jt_read_u8(r);
    if (r->failed || type > 1)
        return -EBADMSG;
    return set_data(r, type == 0 ? JT_FLV_CONFIG : JT_FLV_FRAME, message);
}

int jt_flv_audio_parse(const uint8_t *body, size_t size, struct jt_flv_message *out)
{
    struct jt_flv_message message = {.codec_name = unknown_codec.name};
    struct jt_reader r = jt_reader_of(body, size);
    int err = size ? parse_audio(&r, &message) : 0;

    if (!err)
        *out = message;
    return err;
}

void jt_flv_write_file_header(struct jt_writer *w, bool has_audio, bool has_video)
{
    jt_write_bytes(w, "FLV", 3);
    jt_write_u8(w, 1);
    jt_write_u8(w, (uint8_t)((has_audio ? 4 : 0) | (has_video ? 1 : 0)));
    jt_write_be32(w, 9);
    jt_write_be32(w, 0); /* PreviousTagSize0 */
}

void jt_flv_write_tag_header(struct jt_writer *w, enum jt_flv_tag_type type, uint32_t size,
                             uint32_t time_ms)
{
    jt_write_u8(w, (uint8_t)type);
    jt_write_be24(w, size);
    jt_write_be24(w, time_ms & 0xffffff);
    jt_write_u8(w, (uint8_t)(time_ms >> 24));
    jt_write_be24(w, 0); /* stream id */
}

void jt_flv_write_tag_end(struct jt_writer *w, uint32_t size)
{
    jt_write_be32(w, JT_FLV_TAG_HEADER_BYTES + size);
}

static void write_avc_head(struct jt_writer *w, bool is_key, uint8_t type, int32_t composition_ms)
{
    jt_write_u8(w, (uint8_t)((is_key ? FRAME_KEY : FRAME_INTER) << 4 | VIDEO_AVC));
    jt_write_u8(w, type);
    jt_write_be24(w, (uint32_t)composition_ms & 0xffffff);
}

void jt_flv_write_video_config(struct jt_writer *w, const uint8_t *record, size_t size)
{
    write_avc_head(w, true, AVC_CONFIG, 0);
    jt_write_bytes(w, record, size);
}

void jt_flv_write_video_head(struct jt_writer *w, bool is_key, int32_t composition_ms)
{
    write_avc_head(w, is_key, AVC_FRAME, composition_ms);
}

void jt_flv_write_video_end(struct jt_writer *w)
{
    write_avc_head(w, true, AVC_END, 0);
}

void jt_flv_write_audio_config(struct jt_writer *w, const uint8_t *config, size_t size)
{
    jt_write_u8(w, AAC_HEAD);
    jt_write_u8(w, 0);
    jt_write_bytes(w, config, size);
}

void jt_flv_write_audio_head(struct jt_writer *w)
{
    jt_write_u8(w, AAC_HEAD);
    jt_write_u8(w, 1);
}
