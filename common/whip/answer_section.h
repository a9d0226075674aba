/** What choosing and writing an answer agree on: which sections of an offer are taken. Private to
 * common/whip. */
#ifndef JT_WHIP_ANSWER_SECTION_H
#define JT_WHIP_ANSWER_SECTION_H

#include <stdbool.h>

#include "wire/sdp.h"

#define JT_ANSWER_TWCC "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"
#define JT_ANSWER_PLAYOUT_DELAY "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay"

/** Is it offered at all (port 0 without bundle-only is not), and would the peer receive on it? */
bool jt_answer_section_is_usable(const struct jt_sdp_section *section);

/** The first usable section of that kind, or NULL. */
const struct jt_sdp_section *jt_answer_section_first(const struct jt_sdp *offer,
                                                     enum jt_sdp_kind kind);

/** Id of a header extension that we may send in one-byte form (RFC 8285 §4.2), or 0. */
uint8_t jt_answer_extension_id(const struct jt_sdp_section *section, const char *uri);

#endif
