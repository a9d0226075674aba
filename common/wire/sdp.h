/**
 * Session descriptions as WebRTC uses them (RFC 8866, 8829, 8839, 9143, 8853, 8122): one offer into
 * one bounded struct, and lines of an answer out. What to accept is decided in common/whip. Any
 * thread; nothing is allocated.
 */
#ifndef JT_WIRE_SDP_H
#define JT_WIRE_SDP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"
#include "wire/text.h"

struct jt_writer;

enum {
    JT_SDP_MAX_BYTES = 65536,     /* ours: browsers send 4 to 12 KB */
    JT_SDP_LINES_MAX = 2000,      /* ours: a Chromium offer to receive has 205 */
    JT_SDP_SECTIONS_MAX = 8,      /* ours: one audio and one video are used */
    JT_SDP_PAYLOADS_MAX = 64,     /* ours, per section: Chromium offers up to 40 */
    JT_SDP_EXTMAPS_MAX = 24,      /* ours, per section: Chromium offers 13; more are ignored */
    JT_SDP_CANDIDATES_MAX = 64,   /* ours, kept of a fragment; an offer's are only counted (H13) */
    JT_SDP_FINGERPRINTS_MAX = 4,  /* ours: different ones, per section; more are refused */
    JT_SDP_DIGEST_MAX_BYTES = 64, /* SHA-512 */
    JT_SDP_SSRCS_MAX = 16,        /* ours, per section: more are ignored */
    JT_SDP_RIDS_MAX = 8,          /* ours, per section: more are refused */
};

enum jt_sdp_kind {
    JT_SDP_AUDIO,
    JT_SDP_VIDEO,
    JT_SDP_APPLICATION,
    JT_SDP_OTHER,
};

enum jt_sdp_direction {
    JT_SDP_INACTIVE = 0,
    JT_SDP_SENDONLY = 1,
    JT_SDP_RECVONLY = 2,
    JT_SDP_SENDRECV = 3, /* the bits of the two before; the default (RFC 8866 §6.7) */
};

enum jt_sdp_setup {
    JT_SDP_SETUP_NONE,
    JT_SDP_SETUP_ACTPASS,
    JT_SDP_SETUP_ACTIVE,
    JT_SDP_SETUP_PASSIVE,
    JT_SDP_SETUP_HOLDCONN,
};

/** Bits of jt_sdp_payload.feedback. */
enum {
    JT_SDP_FB_NACK = 1 << 0,
    JT_SDP_FB_NACK_PLI = 1 << 1,
    JT_SDP_FB_CCM_FIR = 1 << 2,
    JT_SDP_FB_REMB = 1 << 3,
    JT_SDP_FB_TRANSPORT_CC = 1 << 4,
};

struct jt_sdp_payload {
    uint8_t type;     /* 0..127, in the order of the m= line */
    uint8_t channels; /* 1 when the rtpmap names none */
    uint8_t feedback; /* JT_SDP_FB_* bits, those of "*" included */
    uint32_t clock_hz;
    struct jt_text encoding; /* empty without an rtpmap */
    struct jt_text fmtp;     /* the parameters; empty without */
};

struct jt_sdp_extmap {
    uint8_t id; /* 1..255 */
    enum jt_sdp_direction direction;
    struct jt_text uri;
};

struct jt_sdp_fingerprint {
    struct jt_text hash; /* "sha-256"; compare without regard to case */
    uint8_t digest[JT_SDP_DIGEST_MAX_BYTES];
    uint8_t digest_bytes;
};

/** What bundled sections share. Session level values stand in every section that has none of its
 * own. */
struct jt_sdp_transport {
    struct jt_text ice_ufrag;
    struct jt_text ice_pwd;
    enum jt_sdp_setup setup;
    bool has_trickle;          /* ice-options:trickle */
    uint8_t fingerprint_count; /* repetitions of the same one are kept once */
    struct jt_sdp_fingerprint fingerprints[JT_SDP_FINGERPRINTS_MAX];
};

struct jt_sdp_rid {
    struct jt_text id;
    bool is_send; /* "send", else "recv" */
    struct jt_text restrictions;
};

struct jt_sdp_section {
    enum jt_sdp_kind kind;
    struct jt_text media; /* "video" */
    uint16_t port;        /* 0: refused, unless is_bundle_only */
    struct jt_text proto; /* "UDP/TLS/RTP/SAVPF" */
    struct jt_text mid;
    enum jt_sdp_direction direction;
    struct jt_sdp_transport transport;
    bool is_bundled; /* named in the BUNDLE group */
    bool is_bundle_only;
    bool has_rtcp_mux;
    bool has_rtcp_rsize;
    bool has_crypto; /* an a=crypto line: SDES keys (RFC 4568), never to be accepted (threat H12) */
    bool has_end_of_candidates;
    uint8_t payload_count;
    uint8_t extmap_count;
    uint8_t ssrc_count;
    uint8_t fid_count;
    uint8_t rid_count;
    uint16_t candidate_count; /* a=candidate lines seen, well-formed or not */
    struct jt_text msid_stream;
    struct jt_text msid_track;
    struct jt_text simulcast_send; /* "q;h;f": see jt_sdp_simulcast_next */
    struct jt_text simulcast_recv;
    struct jt_sdp_payload payloads[JT_SDP_PAYLOADS_MAX];
    struct jt_sdp_extmap extmaps[JT_SDP_EXTMAPS_MAX];
    uint32_t ssrcs[JT_SDP_SSRCS_MAX];       /* in order of first mention */
    uint32_t fids[JT_SDP_SSRCS_MAX / 2][2]; /* a=ssrc-group:FID: media, then its RTX (RFC 5576) */
    struct jt_sdp_rid rids[JT_SDP_RIDS_MAX];
};

/** About 40 KB: not for a small stack. All texts are borrowed from the parsed bytes. */
struct jt_sdp {
    struct jt_text bundle; /* the mids of the first BUNDLE group, separated by blanks */
    bool has_ice_lite;
    bool has_extmap_allow_mixed;
    uint8_t section_count;
    struct jt_sdp_section sections[JT_SDP_SECTIONS_MAX];
};

/**
 * Parse a description. Lines end in CR LF or LF (the last one too); unknown lines and attributes
 * are ignored. Returns 0 or -EBADMSG: no v=0, o=, s=, t= or m= line, a malformed line of those
 * listed above, a duplicate mid or payload type, a limit passed, any control byte. `out` is
 * undefined after a failure.
 */
JT_MUST_CHECK int jt_sdp_parse(const void *text, size_t size, struct jt_sdp *out);

/** The payload with that number, or NULL. */
const struct jt_sdp_payload *jt_sdp_payload_find(const struct jt_sdp_section *section,
                                                 uint8_t type);

/** The RTX payload whose apt= is `type` (RFC 4588 §8.6), or NULL. */
const struct jt_sdp_payload *jt_sdp_rtx_find(const struct jt_sdp_section *section, uint8_t type);

/** The extmap with that URI, or NULL. */
const struct jt_sdp_extmap *jt_sdp_extmap_find(const struct jt_sdp_section *section,
                                               const char *uri);

/** The value of one parameter ("packetization-mode") of an a=fmtp text; the name is compared
 * without case. */
bool jt_sdp_fmtp_find(struct jt_text fmtp, const char *name, struct jt_text *value);

/**
 * Take the next stream off a simulcast list (RFC 8853): "q;~h;f,g" gives q, h (paused) and f. Of
 * alternatives only the first is given. Returns false at the end.
 */
bool jt_sdp_simulcast_next(struct jt_text *list, struct jt_text *rid, bool *is_paused);

struct jt_sdp_candidate {
    struct jt_text foundation;
    uint16_t component;       /* 1 is RTP */
    struct jt_text transport; /* "udp", "tcp": compare without case */
    uint32_t priority;
    struct jt_text address; /* as written; may be a name ending in .local. Never resolved. */
    uint16_t port;
    struct jt_text type; /* "host", "srflx", "prflx", "relay" */
    struct jt_text rest; /* " raddr … rport … tcptype …", unparsed */
};
/** The value of an a=candidate line, with or without "candidate:" before it (RFC 8839 §5.1). 0 or
 * -EBADMSG. */
JT_MUST_CHECK int jt_sdp_candidate_parse(struct jt_text value, struct jt_sdp_candidate *out);

struct jt_sdp_fragment_candidate {
    struct jt_text mid;   /* of the section it stands in; empty before the first */
    struct jt_text value; /* for jt_sdp_candidate_parse */
};

/** A body of application/trickle-ice-sdpfrag (RFC 8840 §9). */
struct jt_sdp_fragment {
    struct jt_text ice_ufrag; /* the first seen, at session or media level; empty without */
    struct jt_text ice_pwd;
    bool has_end_of_candidates;
    uint8_t section_count;
    uint8_t candidate_count;
    struct jt_text mids[JT_SDP_SECTIONS_MAX];
    struct jt_sdp_fragment_candidate candidates[JT_SDP_CANDIDATES_MAX]; /* more are ignored */
};
/** Returns 0 or -EBADMSG; limits and line ends as jt_sdp_parse, but the last line may lack its end.
 */
JT_MUST_CHECK int jt_sdp_fragment_parse(const void *text, size_t size, struct jt_sdp_fragment *out);

/**
 * Append one line and its CR LF: jt_sdp_line(&w, "a=mid:%.*s", JT_TEXT_PRINT(mid)). What does not
 * fit, or would hold a control byte (a second line smuggled in by a value), fails the writer.
 */
void jt_sdp_line(struct jt_writer *w, const char *format, ...) JT_PRINTF(2, 3);

/** Append "a=fingerprint:HASH AB:CD:…". */
void jt_sdp_line_fingerprint(struct jt_writer *w, const char *hash, const uint8_t *digest,
                             size_t digest_bytes);

/** "sendonly" and so on. */
const char *jt_sdp_direction_name(enum jt_sdp_direction direction);

#endif
