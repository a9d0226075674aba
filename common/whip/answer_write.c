/* The text of an answer: jt_answer_write of whip/answer.h. */
#include "whip/answer.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/writer.h"
#include "whip/answer_section.h"
#include "wire/sdp.h"

/** What the parts of one answer need. */
struct answer {
    struct jt_writer w;
    const struct jt_sdp *offer;
    const struct jt_answer_plan *plan;
    const struct jt_answer_local *local;
    const struct jt_sdp_section *video, *audio; /* accepted ones, or NULL */
};

static bool is_accepted(const struct answer *answer, const struct jt_sdp_section *section)
{
    return section == answer->video || section == answer->audio;
}

/** The section that carries the transport of all (RFC 9143 §7.3.1). */
static const struct jt_sdp_section *tagged(const struct answer *answer)
{
    if (!answer->video || !answer->audio)
        return answer->video ? answer->video : answer->audio;
    return answer->video < answer->audio ? answer->video : answer->audio;
}

/* In the offer's order; rejected sections are left out (RFC 9143 §7.3.3). */
static void write_group(struct answer *answer)
{
    char mids[256] = "";
    struct jt_writer list = jt_writer_of(mids, sizeof(mids) - 1);
    struct jt_text rest = answer->offer->bundle;

    while (rest.size > 0) {
        struct jt_text mid = jt_text_cut(&rest, ' ');

        for (int i = 0; i < answer->offer->section_count; i++) {
            const struct jt_sdp_section *section = &answer->offer->sections[i];

            if (!is_accepted(answer, section) || !mid.size || !jt_text_equal(section->mid, mid))
                continue;
            jt_write_bytes(&list, " ", 1);
            jt_write_bytes(&list, mid.data, mid.size);
        }
    }
    answer->w.failed |= list.failed;
    if (list.size > 0)
        jt_sdp_line(&answer->w, "a=group:BUNDLE%s", mids);
}

static void write_session(struct answer *answer)
{
    struct jt_writer *w = &answer->w;

    jt_sdp_line(w, "v=0");
    jt_sdp_line(w, "o=- %" PRIu64 " 1 IN IP4 127.0.0.1",
                answer->local->session_id & INT64_MAX); /* RFC 8829 §5.2.1 */
    jt_sdp_line(w, "s=-");
    jt_sdp_line(w, "t=0 0");
    write_group(answer);
    jt_sdp_line(w, "a=msid-semantic: WMS %s", answer->local->cname);
    jt_sdp_line(w, "a=ice-lite");
}

static void write_mid(struct jt_writer *w, const struct jt_sdp_section *section)
{
    if (section->mid.size)
        jt_sdp_line(w, "a=mid:%.*s", JT_TEXT_PRINT(section->mid));
}

/* RFC 3264 §6: port 0; the formats mean nothing, but there has to be one. */
static void write_rejected(struct answer *answer, const struct jt_sdp_section *section)
{
    struct jt_writer *w = &answer->w;
    bool is_media = section->payload_count > 0;

    if (is_media)
        jt_sdp_line(w, "m=%.*s 0 %.*s %d", JT_TEXT_PRINT(section->media),
                    JT_TEXT_PRINT(section->proto), section->payloads[0].type);
    else
        jt_sdp_line(w, "m=%.*s 0 %.*s %s", JT_TEXT_PRINT(section->media),
                    JT_TEXT_PRINT(section->proto),
                    section->kind == JT_SDP_APPLICATION ? "webrtc-datachannel" : "0");
    jt_sdp_line(w, "c=IN IP4 0.0.0.0");
    write_mid(w, section);
    if (is_media)
        jt_sdp_line(w, "a=inactive");
}

/* RFC 8445 §5.1.2.1: host candidates, the first the most liked. */
static void write_candidates(struct answer *answer)
{
    for (int i = 0; i < answer->local->candidate_count; i++) {
        uint32_t priority = 126U << 24 | (uint32_t)(65535 - i) << 8 | 255U;

        jt_sdp_line(&answer->w, "a=candidate:%d 1 udp %" PRIu32 " %s %u typ host", i + 1, priority,
                    answer->local->candidates[i].address,
                    (unsigned)answer->local->candidates[i].port);
    }
    jt_sdp_line(&answer->w, "a=end-of-candidates");
}

static void write_transport(struct answer *answer, const struct jt_sdp_section *section)
{
    struct jt_writer *w = &answer->w;
    const struct jt_answer_local *local = answer->local;

    jt_sdp_line(w, "a=ice-ufrag:%s", local->ufrag);
    jt_sdp_line(w, "a=ice-pwd:%s", local->pwd);
    jt_sdp_line(w, "a=fingerprint:sha-256 %s", local->fingerprint);
    jt_sdp_line(w, "a=setup:passive");
    write_mid(w, section);
    jt_sdp_line(w, "a=sendonly");
    jt_sdp_line(w, "a=rtcp-mux");
    if (section->has_rtcp_rsize)
        jt_sdp_line(w, "a=rtcp-rsize");
}

/* RFC 8285 §6: the id as offered; a direction is only said if one was offered. */
static void write_extension(struct jt_writer *w, const struct jt_sdp_section *section, uint8_t id,
                            const char *uri)
{
    const struct jt_sdp_extmap *extmap = jt_sdp_extmap_find(section, uri);

    if (id && extmap)
        jt_sdp_line(w, "a=extmap:%u%s %s", (unsigned)id,
                    extmap->direction == JT_SDP_SENDRECV ? "" : "/sendonly", uri);
}

static void write_feedback(struct jt_writer *w, const struct jt_sdp_payload *payload,
                           const struct jt_answer_media *media)
{
    unsigned type = payload->type;

    if (media->has_nack)
        jt_sdp_line(w, "a=rtcp-fb:%u nack", type);
    if (media->has_pli)
        jt_sdp_line(w, "a=rtcp-fb:%u nack pli", type);
    if (payload->feedback & JT_SDP_FB_CCM_FIR)
        jt_sdp_line(w, "a=rtcp-fb:%u ccm fir", type);
    if (media->has_transport_cc)
        jt_sdp_line(w, "a=rtcp-fb:%u transport-cc", type);
    else if (payload->feedback & JT_SDP_FB_REMB)
        jt_sdp_line(w, "a=rtcp-fb:%u goog-remb", type);
}

static void write_format(struct jt_writer *w, const struct jt_sdp_payload *payload,
                         const struct jt_answer_media *media)
{
    unsigned type = payload->type;
    const uint8_t *id = media->profile_level_id;
    struct jt_text asymmetry;

    if (jt_text_is_nocase(payload->encoding, "H264"))
        jt_sdp_line(w, "a=fmtp:%u %spacketization-mode=1;profile-level-id=%02x%02x%02x", type,
                    jt_sdp_fmtp_find(payload->fmtp, "level-asymmetry-allowed", &asymmetry) &&
                            jt_text_is(asymmetry, "1")
                        ? "level-asymmetry-allowed=1;"
                        : "",
                    id[0], id[1], id[2]);
    else if (jt_text_is_nocase(payload->encoding, "opus")) /* RFC 7587 §6.1 */
        jt_sdp_line(w, "a=fmtp:%u minptime=10;%suseinbandfec=1", type,
                    media->is_stereo ? "stereo=1;sprop-stereo=1;" : "");
    else if (payload->fmtp.size)
        jt_sdp_line(w, "a=fmtp:%u %.*s", type, JT_TEXT_PRINT(payload->fmtp));
}

static void write_payload(struct answer *answer, const struct jt_sdp_section *section,
                          const struct jt_answer_media *media)
{
    struct jt_writer *w = &answer->w;
    const struct jt_sdp_payload *payload = jt_sdp_payload_find(section, media->payload_type);

    if (!payload) { /* not the offer of this plan */
        w->failed = true;
        return;
    }
    jt_sdp_line(w, "a=rtpmap:%u %.*s/%" PRIu32 "%s", (unsigned)payload->type,
                JT_TEXT_PRINT(payload->encoding), payload->clock_hz,
                payload->channels == 2 ? "/2" : "");
    write_feedback(w, payload, media);
    write_format(w, payload, media);
    if (!media->rtx_payload_type)
        return;
    jt_sdp_line(w, "a=rtpmap:%u rtx/%" PRIu32, (unsigned)media->rtx_payload_type,
                payload->clock_hz);
    jt_sdp_line(w, "a=fmtp:%u apt=%u", (unsigned)media->rtx_payload_type, (unsigned)payload->type);
}

static void write_source(struct answer *answer, uint32_t ssrc, const char *track)
{
    const char *cname = answer->local->cname;

    jt_sdp_line(&answer->w, "a=ssrc:%" PRIu32 " cname:%s", ssrc, cname);
    jt_sdp_line(&answer->w, "a=ssrc:%" PRIu32 " msid:%s %s", ssrc, cname, track);
}

/* RFC 5576; browsers need them to tell repairs from media before the first packet comes. */
static void write_sources(struct answer *answer, const struct jt_answer_media *media, bool is_video)
{
    const struct jt_answer_local *local = answer->local;
    const char *track = is_video ? "video" : "audio";
    uint32_t ssrc = is_video ? local->video_ssrc : local->audio_ssrc;
    bool has_rtx = is_video && media->rtx_payload_type;

    jt_sdp_line(&answer->w, "a=msid:%s %s", local->cname, track);
    if (has_rtx)
        jt_sdp_line(&answer->w, "a=ssrc-group:FID %" PRIu32 " %" PRIu32, ssrc,
                    local->video_rtx_ssrc);
    write_source(answer, ssrc, track);
    if (has_rtx)
        write_source(answer, local->video_rtx_ssrc, track);
}

static void write_media_line(struct answer *answer, const struct jt_sdp_section *section,
                             const struct jt_answer_media *media)
{
    const struct jt_answer_local *local = answer->local;
    bool has_candidate = local->candidate_count > 0;
    const char *address = has_candidate ? local->candidates[0].address : "0.0.0.0";
    char rtx[8] = "";

    if (media->rtx_payload_type)
        (void)snprintf(rtx, sizeof(rtx), " %u", (unsigned)media->rtx_payload_type);
    jt_sdp_line(&answer->w, "m=%.*s %u %.*s %u%s", JT_TEXT_PRINT(section->media),
                has_candidate ? (unsigned)local->candidates[0].port : 9U,
                JT_TEXT_PRINT(section->proto), (unsigned)media->payload_type, rtx);
    jt_sdp_line(&answer->w, "c=IN %s %s", strchr(address, ':') ? "IP6" : "IP4", address);
}

static void write_accepted(struct answer *answer, const struct jt_sdp_section *section)
{
    bool is_video = section == answer->video;
    const struct jt_answer_media *media = is_video ? &answer->plan->video : &answer->plan->audio;

    write_media_line(answer, section, media);
    write_transport(answer, section);
    write_extension(&answer->w, section, media->twcc_id, JT_ANSWER_TWCC);
    write_extension(&answer->w, section, media->playout_delay_id, JT_ANSWER_PLAYOUT_DELAY);
    write_payload(answer, section, media);
    write_sources(answer, media, is_video);
    if (section == tagged(answer))
        write_candidates(answer);
}

static int write_all(struct answer *answer)
{
    const struct jt_answer_plan *plan = answer->plan;

    answer->video =
        plan->video.is_active ? jt_answer_section_first(answer->offer, JT_SDP_VIDEO) : NULL;
    answer->audio =
        plan->audio.is_active ? jt_answer_section_first(answer->offer, JT_SDP_AUDIO) : NULL;
    if (!answer->video && !answer->audio)
        return -EINVAL;
    write_session(answer);
    for (int i = 0; i < answer->offer->section_count; i++) {
        const struct jt_sdp_section *section = &answer->offer->sections[i];

        if (is_accepted(answer, section))
            write_accepted(answer, section);
        else
            write_rejected(answer, section);
    }
    return answer->w.failed ? -EMSGSIZE : (int)answer->w.size;
}

int jt_answer_write(const char *offer, size_t offer_size, const struct jt_answer_plan *plan,
                    const struct jt_answer_local *local, char *out, size_t capacity)
{
    struct jt_sdp *sdp = malloc(sizeof(*sdp));
    struct answer answer = {
        .w = jt_writer_of(out, capacity), .offer = sdp, .plan = plan, .local = local};
    int result = -EINVAL;

    if (!sdp)
        return -ENOMEM;
    if (jt_sdp_parse(offer, offer_size, sdp) == 0)
        result = write_all(&answer);
    free(sdp);
    return result;
}
