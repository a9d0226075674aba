/** Which H.264 payload of an offer suits a stream (RFC 6184 §8.1). Pure; any thread. */
#ifndef JT_WHIP_H264_PROFILE_H
#define JT_WHIP_H264_PROFILE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/base.h"

struct jt_sdp_payload;
struct jt_sdp_section;

/** In the order of what their decoders can do: each also decodes those before it. */
enum jt_h264_profile {
    JT_H264_CONSTRAINED_BASELINE,
    JT_H264_BASELINE,
    JT_H264_MAIN,
    JT_H264_CONSTRAINED_HIGH,
    JT_H264_HIGH,
    JT_H264_HIGH_444,
    JT_H264_PROFILE_UNKNOWN,
};

/** The profile of a profile-level-id, whatever its level: RFC 6184 §8.1, table 5. */
enum jt_h264_profile jt_h264_profile_of(const uint8_t profile_level_id[3]);

/** "42e01f" or "42E01F". Returns 0 or -EBADMSG. */
JT_MUST_CHECK int jt_h264_profile_parse(const char *text, unsigned long size, uint8_t out[3]);

struct jt_h264_choice {
    const struct jt_sdp_payload *payload;
    uint8_t profile_level_id[3];
    bool is_exact;
};

/**
 * Choose among the section's H.264 payloads with packetization-mode=1: the stream's profile, else
 * the next higher one, else Main, Constrained Baseline, Baseline. A stream of unknown profile
 * counts as Constrained Baseline. False: none is there.
 */
bool jt_h264_profile_choose(const struct jt_sdp_section *section, const uint8_t stream[3],
                            struct jt_h264_choice *out);

#endif
