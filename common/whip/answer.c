#include "whip/answer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "whip/answer_section.h"
#include "whip/h264_profile.h"
#include "wire/sdp.h"

enum { ONE_BYTE_ID_MAX = 14 }; /* RFC 8285 §4.2 */

static const struct jt_answer_refusal
    malformed = {400, "sdp_malformed", "Malformed session description"},
    no_memory = {503, "no_memory", "Out of memory"},
    not_recvonly = {422, "not_recvonly", "Nothing in the offer is to be received"},
    insecure = {422, "insecure_transport", "Only UDP/TLS/RTP/SAVPF is accepted"},
    no_bundle = {422, "no_bundle", "BUNDLE is required"},
    no_rtcp_mux = {422, "no_rtcp_mux", "rtcp-mux is required"},
    no_ice = {422, "no_ice", "ice-ufrag and ice-pwd are required"},
    both_lite = {422, "ice_lite", "One side has to do full ICE"},
    bad_setup = {422, "setup_not_active", "The player has to open the DTLS connection"},
    no_fingerprint = {422, "no_fingerprint", "One SHA-256 fingerprint is required"},
    not_in_webrtc = {406, "codec_not_in_webrtc", "The show's codecs are not for WebRTC"},
    no_codec = {406, "no_common_codec", "The player takes none of the show's codecs"};

bool jt_answer_section_is_usable(const struct jt_sdp_section *section)
{
    return (section->port != 0 || section->is_bundle_only) && section->direction & JT_SDP_RECVONLY;
}

const struct jt_sdp_section *jt_answer_section_first(const struct jt_sdp *offer,
                                                     enum jt_sdp_kind kind)
{
    for (int i = 0; i < offer->section_count; i++) {
        if (offer->sections[i].kind == kind && jt_answer_section_is_usable(&offer->sections[i]))
            return &offer->sections[i];
    }
    return NULL;
}

uint8_t jt_answer_extension_id(const struct jt_sdp_section *section, const char *uri)
{
    const struct jt_sdp_extmap *extmap = jt_sdp_extmap_find(section, uri);

    return extmap && extmap->id <= ONE_BYTE_ID_MAX && extmap->direction & JT_SDP_RECVONLY
               ? extmap->id
               : 0;
}

/* --- what both sides must be able to do --- */

/** Media without DTLS-SRTP must never flow (RFC 8827 §6.5, threat H12): one such section spoils the
 * offer. */
static bool is_secure(const struct jt_sdp *offer)
{
    for (int i = 0; i < offer->section_count; i++) {
        const struct jt_sdp_section *section = &offer->sections[i];

        if (section->has_crypto)
            return false;
        if (section->kind != JT_SDP_AUDIO && section->kind != JT_SDP_VIDEO)
            continue;
        if (!jt_text_is(section->proto, "UDP/TLS/RTP/SAVPF") &&
            !jt_text_is(section->proto, "TCP/DTLS/RTP/SAVPF"))
            return false;
    }
    return true;
}

/** The one SHA-256 digest, or NULL: none or, of different certificates, more than one. */
static const uint8_t *find_digest(const struct jt_sdp_transport *transport)
{
    const uint8_t *found = NULL;

    for (int i = 0; i < transport->fingerprint_count; i++) {
        const struct jt_sdp_fingerprint *fingerprint = &transport->fingerprints[i];

        if (!jt_text_is_nocase(fingerprint->hash, "sha-256") ||
            fingerprint->digest_bytes != JT_DTLS_FINGERPRINT_BYTES)
            continue;
        if (found)
            return NULL;
        found = fingerprint->digest;
    }
    return found;
}

static const struct jt_answer_refusal *read_transport(const struct jt_sdp_transport *transport,
                                                      struct jt_answer_plan *plan)
{
    const uint8_t *digest = find_digest(transport);

    if (!transport->ice_ufrag.size || !transport->ice_pwd.size ||
        jt_text_copy(transport->ice_ufrag, plan->peer_ufrag, sizeof(plan->peer_ufrag)) < 0 ||
        jt_text_copy(transport->ice_pwd, plan->peer_pwd, sizeof(plan->peer_pwd)) < 0)
        return &no_ice;
    if (!digest)
        return &no_fingerprint;
    memcpy(plan->peer_fingerprint, digest, sizeof(plan->peer_fingerprint));
    if (transport->setup == JT_SDP_SETUP_PASSIVE || transport->setup == JT_SDP_SETUP_HOLDCONN)
        return &bad_setup;
    return NULL;
}

/* Bundled sections share one transport: another certificate in the second one has no business
 * there. */
static const struct jt_answer_refusal *check_second(const struct jt_sdp_section *section,
                                                    const struct jt_answer_plan *plan)
{
    const uint8_t *digest = find_digest(&section->transport);

    if (section->transport.fingerprint_count &&
        (!digest || memcmp(digest, plan->peer_fingerprint, sizeof(plan->peer_fingerprint)) != 0))
        return &no_fingerprint;
    return section->has_rtcp_mux ? NULL : &no_rtcp_mux;
}

static const struct jt_answer_refusal *check_transport(const struct jt_sdp *offer,
                                                       const struct jt_sdp_section *first,
                                                       const struct jt_sdp_section *second,
                                                       struct jt_answer_plan *plan)
{
    const struct jt_answer_refusal *refusal;

    if (offer->has_ice_lite)
        return &both_lite;
    if (!is_secure(offer))
        return &insecure;
    if (!first)
        return &not_recvonly;
    if (second && (!first->is_bundled || !second->is_bundled))
        return &no_bundle;
    if (!first->has_rtcp_mux)
        return &no_rtcp_mux;
    refusal = read_transport(&first->transport, plan);
    return refusal || !second ? refusal : check_second(second, plan);
}

/* --- codecs --- */

static void fill(struct jt_answer_media *media, const struct jt_sdp_section *section,
                 const struct jt_sdp_payload *payload)
{
    const struct jt_sdp_payload *rtx = jt_sdp_rtx_find(section, payload->type);
    uint8_t twcc = jt_answer_extension_id(section, JT_ANSWER_TWCC);

    media->is_active = true;
    media->payload_type = payload->type;
    media->rtx_payload_type = rtx ? rtx->type : 0;
    media->has_nack = payload->feedback & JT_SDP_FB_NACK;
    media->has_pli = payload->feedback & JT_SDP_FB_NACK_PLI;
    media->has_transport_cc = twcc && payload->feedback & JT_SDP_FB_TRANSPORT_CC;
    media->twcc_id = media->has_transport_cc ? twcc : 0;
}

static bool is_value_or_absent(struct jt_text fmtp, const char *name, const char *value)
{
    struct jt_text found;

    return !jt_sdp_fmtp_find(fmtp, name, &found) || jt_text_is(found, value);
}

static bool is_codec(const struct jt_sdp_payload *payload, enum jt_codec codec)
{
    switch (codec) {
    case JT_CODEC_OPUS: /* RFC 7587 §7 */
        return jt_text_is_nocase(payload->encoding, "opus") && payload->clock_hz == 48000 &&
               payload->channels == 2;
    case JT_CODEC_VP8:
        return jt_text_is_nocase(payload->encoding, "VP8");
    case JT_CODEC_VP9: /* profile 0 is what publishers' browsers send */
        return jt_text_is_nocase(payload->encoding, "VP9") &&
               is_value_or_absent(payload->fmtp, "profile-id", "0");
    case JT_CODEC_AV1:
        return jt_text_is_nocase(payload->encoding, "AV1") &&
               is_value_or_absent(payload->fmtp, "profile", "0");
    default:
        return false;
    }
}

static const struct jt_sdp_payload *find_codec(const struct jt_sdp_section *section,
                                               enum jt_codec codec)
{
    for (int i = 0; i < section->payload_count; i++) {
        if (is_codec(&section->payloads[i], codec))
            return &section->payloads[i];
    }
    return NULL;
}

static void choose_video(const struct jt_sdp_section *section, const struct jt_track_info *source,
                         struct jt_answer_media *media)
{
    struct jt_h264_choice choice = {.is_exact = true};

    if (source->codec == JT_CODEC_H264)
        (void)jt_h264_profile_choose(section, source->profile_level_id, &choice);
    else
        choice.payload = find_codec(section, (enum jt_codec)source->codec);
    if (!choice.payload)
        return;
    fill(media, section, choice.payload);
    media->playout_delay_id = jt_answer_extension_id(section, JT_ANSWER_PLAYOUT_DELAY);
    memcpy(media->profile_level_id, choice.profile_level_id, sizeof(media->profile_level_id));
    media->is_profile_exact = choice.is_exact;
}

static void choose_audio(const struct jt_sdp_section *section, const struct jt_track_info *source,
                         struct jt_answer_media *media)
{
    const struct jt_sdp_payload *payload = find_codec(section, (enum jt_codec)source->codec);

    if (!payload || source->codec != JT_CODEC_OPUS)
        return;
    fill(media, section, payload);
    media->rtx_payload_type = 0; /* there is no second source for audio */
    media->is_profile_exact = true;
    media->is_stereo = source->channels != 1;
}

static bool is_for_webrtc(const struct jt_answer_source *source)
{
    return source->video.codec == JT_CODEC_H264 || source->video.codec == JT_CODEC_VP8 ||
           source->video.codec == JT_CODEC_VP9 || source->video.codec == JT_CODEC_AV1 ||
           source->audio.codec == JT_CODEC_OPUS;
}

static const struct jt_answer_refusal *choose(const struct jt_sdp *offer,
                                              const struct jt_answer_source *source,
                                              struct jt_answer_plan *plan)
{
    const struct jt_sdp_section *video = jt_answer_section_first(offer, JT_SDP_VIDEO);
    const struct jt_sdp_section *audio = jt_answer_section_first(offer, JT_SDP_AUDIO);
    bool is_video_first = video && (!audio || video < audio);
    const struct jt_answer_refusal *refusal = check_transport(offer, is_video_first ? video : audio,
                                                              !video || !audio ? NULL
                                                              : is_video_first ? audio
                                                                               : video,
                                                              plan);

    if (refusal)
        return refusal;
    if (!is_for_webrtc(source))
        return &not_in_webrtc;
    if (video)
        choose_video(video, &source->video, &plan->video);
    if (audio)
        choose_audio(audio, &source->audio, &plan->audio);
    if (video && source->video.codec != JT_CODEC_NONE && !plan->video.is_active)
        return &no_codec;
    return plan->video.is_active || plan->audio.is_active ? NULL : &no_codec;
}

int jt_answer_choose(const char *offer, size_t offer_size, const struct jt_answer_source *source,
                     struct jt_answer_plan *plan, struct jt_answer_refusal *refusal)
{
    struct jt_sdp *sdp = malloc(sizeof(*sdp));
    struct jt_answer_plan made = {0};
    const struct jt_answer_refusal *why = NULL;
    int err = 0;

    if (!sdp) {
        *refusal = no_memory;
        return -ENOMEM;
    }
    if (jt_sdp_parse(offer, offer_size, sdp) < 0) {
        why = &malformed;
        err = -EBADMSG;
    } else {
        why = choose(sdp, source, &made);
        err = why ? -EPROTONOSUPPORT : 0;
    }
    free(sdp);
    if (why)
        *refusal = *why;
    else
        *plan = made;
    return err;
}
