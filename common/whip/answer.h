/**
 * SDP offer/answer policy of a WHEP player's offer (and, later, a WHIP publisher's): what we
 * accept, what we answer, and why not. Pure: text in, text out (RFC 8829, RFC 8839, RFC 9725,
 * design of the answers in docs/architecture.md).
 */
#ifndef JT_WHIP_ANSWER_H
#define JT_WHIP_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"
#include "media/track.h"
#include "rtc/dtls.h"

enum { JT_ANSWER_MAX_BYTES = 16 * 1024, JT_ANSWER_CANDIDATES_MAX = 8, JT_ANSWER_CNAME_BYTES = 24 };

/** What the show can give: an entry with codec NONE is absent. */
struct jt_answer_source {
    struct jt_track_info video, audio;
};

/** What one media section of an accepted offer came to. payload_type 0 and !is_active: rejected or
 * absent. */
struct jt_answer_media {
    bool is_active;
    uint8_t payload_type, rtx_payload_type; /* rtx 0: not offered */
    uint8_t twcc_id, playout_delay_id;      /* header extension ids as offered; 0: not offered */
    bool has_nack, has_pli, has_transport_cc;
    bool is_stereo;              /* Opus: said so in the answer */
    uint8_t profile_level_id[3]; /* of the payload chosen */
    bool is_profile_exact; /* false: answered with the next best profile; count it and tell the
                              operator */
};

struct jt_answer_plan {
    struct jt_answer_media video, audio; /* each for the first usable section of its kind */
    char peer_ufrag[257], peer_pwd[257];
    uint8_t peer_fingerprint[JT_DTLS_FINGERPRINT_BYTES];
};

/** Refusals: an HTTP status, a stable code and words for a person. */
struct jt_answer_refusal {
    int status; /* 400: not an SDP; 406: nothing in common; 422: an SDP we can't go along with */
    const char *code; /* "sdp_malformed", "no_common_codec", "codec_not_in_webrtc", "not_recvonly",
                         "no_bundle", "no_fingerprint", … */
    const char *title;
};

/**
 * Read a player's offer and choose. Returns 0 and fills `plan`, or -EBADMSG / -EPROTONOSUPPORT /
 * -ENOMEM and fills `refusal`. Any thread.
 *
 * Accepted are at most one audio and one video section (recvonly or sendrecv); further sections are
 * rejected by port 0 in the answer, and so is audio that has no common codec (AAC). Video without a
 * common codec refuses the offer: a player does better to fall back than to show nothing.
 * Refused are also: no recvonly section, more than one section without BUNDLE, no rtcp-mux, no
 * SHA-256 fingerprint or two, anything but DTLS-SRTP (threat H12), a passive or holdconn setup, an
 * ICE-lite peer.
 *
 * H.264: the mode-1 payload with the stream's profile, else the next higher one, else 4d001f,
 * 42e01f, 42001f; never 406 for the profile alone.
 */
JT_MUST_CHECK int jt_answer_choose(const char *offer, size_t offer_size,
                                   const struct jt_answer_source *source,
                                   struct jt_answer_plan *plan, struct jt_answer_refusal *refusal);

/** What goes into the answer from our side. */
struct jt_answer_local {
    const char *ufrag, *pwd, *fingerprint, *cname;
    uint32_t video_ssrc, video_rtx_ssrc, audio_ssrc;
    struct {
        char address[46]; /* numeric */
        uint16_t port;
    } candidates[JT_ANSWER_CANDIDATES_MAX];
    int candidate_count;
    uint64_t session_id;
};

/**
 * The answer's text for the offer and the plan, without a NUL. Returns its length, -EMSGSIZE, or
 * -EINVAL for an offer that jt_answer_choose would not have taken. Any thread.
 */
JT_MUST_CHECK int jt_answer_write(const char *offer, size_t offer_size,
                                  const struct jt_answer_plan *plan,
                                  const struct jt_answer_local *local, char *out, size_t capacity);

#endif
