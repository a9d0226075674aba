/**
 * FLV tags and RTMP audio and video message bodies, which are the same (FLV 10.1 Annex E; Enhanced
 * RTMP v1 and v2): what publishers send is parsed, what players get is built. Pure; any thread.
 */
#ifndef JT_MEDIA_FLV_H
#define JT_MEDIA_FLV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"
#include "media/track.h"

struct jt_writer;

enum jt_flv_tag_type {
    JT_FLV_AUDIO = 8,
    JT_FLV_VIDEO = 9,
    JT_FLV_SCRIPT = 18,
};

enum {
    JT_FLV_FILE_HEADER_BYTES = 13, /* with the first PreviousTagSize */
    JT_FLV_TAG_HEADER_BYTES = 11,
    JT_FLV_TAG_END_BYTES = 4,    /* PreviousTagSize */
    JT_FLV_VIDEO_HEAD_BYTES = 5, /* what jt_flv_write_video_head writes */
    JT_FLV_AUDIO_HEAD_BYTES = 2,
    JT_FLV_TAG_MAX_BYTES = 0xffffff,
};

enum jt_flv_kind {
    JT_FLV_NOTHING, /* nothing to do: an empty body, a command frame, metadata (HDR), a keep-alive
                     */
    JT_FLV_CONFIG,  /* data is the codec's configuration: AVCDecoderConfigurationRecord,
                       AudioSpecificConfig */
    JT_FLV_FRAME,   /* data is a frame: AVCC with the record's length size; raw_data_block */
    JT_FLV_END,     /* end of sequence: a new CONFIG follows, if anything */
    JT_FLV_REFUSED, /* understood, but not carried: `refusal` and `codec_name` say why */
};

enum jt_flv_refusal {
    JT_FLV_REFUSAL_NONE,
    JT_FLV_REFUSAL_CODEC,      /* codec_name, or "unknown" */
    JT_FLV_REFUSAL_MULTITRACK, /* Enhanced RTMP v2 multitrack */
    JT_FLV_REFUSAL_EXTENSION,  /* an unknown packet type or ModEx */
};

/** "codec_not_supported", "multitrack_not_supported", …: for counters, logs and onStatus. */
const char *jt_flv_refusal_name(enum jt_flv_refusal refusal);

struct jt_flv_message {
    enum jt_flv_kind kind;
    enum jt_flv_refusal refusal;
    enum jt_codec codec;    /* JT_CODEC_H264, JT_CODEC_AAC; others only with REFUSED; NONE when ours
                               has no number */
    const char *codec_name; /* static: "h264", "hevc", "av1", "mp3", "speex", …; never NULL */
    bool is_enhanced;
    bool is_key; /* video: what the tag says; the NAL units decide (jt_h264_au_normalize) */
    int32_t composition_ms; /* video frames: pts - dts, signed 24 bits */
    const uint8_t *data;    /* borrowed from the body */
    size_t size;
};

/**
 * Parse the body of a video or audio message.
 * Returns 0 with `out` set (look at kind), or -EBADMSG for a body that is cut or contradicts
 * itself: drop it and count it (threat R10).
 */
JT_MUST_CHECK int jt_flv_video_parse(const uint8_t *body, size_t size, struct jt_flv_message *out);
JT_MUST_CHECK int jt_flv_audio_parse(const uint8_t *body, size_t size, struct jt_flv_message *out);

/* ---- building; all write through a jt_writer, whose `failed` the caller checks ---- */

/** "FLV", version 1, flags, and PreviousTagSize0. */
void jt_flv_write_file_header(struct jt_writer *w, bool has_audio, bool has_video);

/** A tag's head: `size` is the body's, time in ms (wraps at 2^32 as RTMP's does). */
void jt_flv_write_tag_header(struct jt_writer *w, enum jt_flv_tag_type type, uint32_t size,
                             uint32_t time_ms);

/** What follows the body: PreviousTagSize = body size + 11. */
void jt_flv_write_tag_end(struct jt_writer *w, uint32_t size);

/** Body of the AVC sequence header: the record follows. */
void jt_flv_write_video_config(struct jt_writer *w, const uint8_t *record, size_t size);

/** The 5 bytes in front of a frame's NAL units (AVCC, 4-byte lengths); the caller appends those. */
void jt_flv_write_video_head(struct jt_writer *w, bool is_key, int32_t composition_ms);

/** Body of an AVC end of sequence. */
void jt_flv_write_video_end(struct jt_writer *w);

/** Body of the AAC sequence header. */
void jt_flv_write_audio_config(struct jt_writer *w, const uint8_t *config, size_t size);

/** The 2 bytes in front of a raw_data_block; the caller appends that. */
void jt_flv_write_audio_head(struct jt_writer *w);

#endif
