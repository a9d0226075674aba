/**
 * AAC: AudioSpecificConfig (ISO/IEC 14496-3 §1.6.2.1) and the ADTS header (§1.A.2.2). Pure; any
 * thread.
 */
#ifndef JT_MEDIA_AAC_H
#define JT_MEDIA_AAC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"

struct jt_track_info;

enum jt_aac_object_type { /* ISO/IEC 14496-3 table 1.17, those that occur */
                          JT_AAC_MAIN = 1,
                          JT_AAC_LC = 2,
                          JT_AAC_SSR = 3,
                          JT_AAC_LTP = 4,
                          JT_AAC_SBR = 5,
                          JT_AAC_PS = 29,
};

enum {
    JT_AAC_CONFIG_MAX_BYTES =
        64, /* ours: 2–5 in practice, a program config element takes some 30 */
    JT_AAC_FRAME_MAX_BYTES = 8191, /* 13 bits of size: ADTS and RFC 3640 AAC-hbr alike */
    JT_AAC_SAMPLE_RATE_MIN_HZ = 7350,
    JT_AAC_SAMPLE_RATE_MAX_HZ = 96000,
};

struct jt_aac_config {
    uint8_t object_type;    /* of the core coder: JT_AAC_LC almost always */
    uint8_t channels;       /* 1–8 */
    uint16_t frame_samples; /* 1024 or 960, of the core coder's rate */
    uint32_t sample_rate;   /* of the core coder: the RTP and FLV clock */
    bool has_sbr, has_ps;   /* signalled explicitly (HE-AAC v1, v2) */
    bool may_have_sbr;    /* not signalled, but at 24 kHz or less decoders may find it (implicit) */
    uint32_t output_rate; /* what a decoder gives: twice the sample_rate with SBR signalled */
};

/**
 * Parse an AudioSpecificConfig, with its hierarchical and backward compatible SBR/PS signalling.
 * Refuses what is not AAC of 1–8 channels (escaped object types such as xHE-AAC included), reserved
 * rates, and channel configuration 0 without a program config element that says how many there are
 * (threat R11).
 * Returns 0, -EBADMSG (cut, nonsense) or -EPROTONOSUPPORT (well-formed, but not a kind we carry).
 */
JT_MUST_CHECK int jt_aac_config_parse(const uint8_t *config, size_t size,
                                      struct jt_aac_config *out);

/**
 * Fill a whole track info (layer "main") from an AudioSpecificConfig. Errors as
 * jt_aac_config_parse.
 */
JT_MUST_CHECK int jt_aac_config_to_track(const uint8_t *config, size_t size,
                                         struct jt_track_info *out);

struct jt_aac_adts {
    uint8_t header_bytes; /* 7, or 9 with CRC */
    uint16_t frame_bytes; /* header and raw data */
    uint8_t config[2];    /* the AudioSpecificConfig that says the same */
};

/**
 * Is this an ADTS frame (some encoders send them where raw AAC belongs)? Returns 0 with `out` set,
 * or -EBADMSG.
 */
JT_MUST_CHECK int jt_aac_adts_parse(const uint8_t *data, size_t size, struct jt_aac_adts *out);

#endif
