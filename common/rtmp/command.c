#include "rtmp/command.h"

#include <stddef.h>
#include <string.h>

#include "wire/amf0.h"

enum {
    REDIRECT_CODE = 302,
    CAN_FORWARD = 4, /* Enhanced RTMP v2, FourCcInfoMask */
};

void jt_rtmp_connect_read(const struct jt_amf0 *amf, struct jt_rtmp_connect *out)
{
    const struct jt_amf0_value *object = jt_amf0_at(amf, 2);

    *out = (struct jt_rtmp_connect){
        .app = jt_amf0_text(jt_amf0_find(amf, object, "app")),
        .tc_url = jt_amf0_text(jt_amf0_find(amf, object, "tcUrl")),
        .is_enhanced = jt_amf0_find(amf, object, "fourCcList") ||
                       jt_amf0_find(amf, object, "videoFourCcInfoMap") ||
                       jt_amf0_find(amf, object, "audioFourCcInfoMap"),
    };
}

static void write_head(struct jt_writer *w, const char *name, double transaction)
{
    jt_amf0_write_string(w, name);
    jt_amf0_write_number(w, transaction);
}

static void write_text_property(struct jt_writer *w, const char *name, const char *text)
{
    jt_amf0_write_name(w, name);
    jt_amf0_write_string(w, text);
}

/* As much of a text of the owner's as we send; never half a character of UTF-8. */
static struct jt_text shorten(const char *text)
{
    struct jt_text cut = {.data = text, .size = strnlen(text, JT_RTMP_STATUS_TEXT_MAX_BYTES + 1)};

    if (cut.size <= JT_RTMP_STATUS_TEXT_MAX_BYTES)
        return cut;
    cut.size = JT_RTMP_STATUS_TEXT_MAX_BYTES;
    while (cut.size && ((unsigned char)text[cut.size] & 0xc0) == 0x80)
        cut.size--;
    return cut;
}

static void write_status_property(struct jt_writer *w, const char *name, const char *text)
{
    jt_amf0_write_name(w, name);
    jt_amf0_write_text(w, shorten(text));
}

static void write_number_property(struct jt_writer *w, const char *name, double number)
{
    jt_amf0_write_name(w, name);
    jt_amf0_write_number(w, number);
}

static void write_codec_map(struct jt_writer *w, const char *name, const char *codec)
{
    jt_amf0_write_name(w, name);
    jt_amf0_write_object(w);
    write_number_property(w, codec, CAN_FORWARD);
    jt_amf0_write_end(w);
}

/* Only what we take, whatever was offered: an encoder must not pick a codec that no viewer gets. */
static void write_codecs(struct jt_writer *w)
{
    jt_amf0_write_name(w, "fourCcList");
    jt_amf0_write_strict_array(w, 2);
    jt_amf0_write_string(w, "avc1");
    jt_amf0_write_string(w, "mp4a");
    write_codec_map(w, "videoFourCcInfoMap", "avc1");
    write_codec_map(w, "audioFourCcInfoMap", "mp4a");
    write_number_property(w, "capsEx", 0);
}

void jt_rtmp_write_connected(struct jt_writer *w, double transaction, bool is_enhanced)
{
    write_head(w, "_result", transaction);
    jt_amf0_write_object(w);
    write_text_property(w, "fmsVer", "FMS/3,0,1,123"); /* some encoders ask for an FMS 3 */
    write_number_property(w, "capabilities", 31);
    if (is_enhanced)
        write_codecs(w);
    jt_amf0_write_end(w);
    jt_amf0_write_object(w);
    write_text_property(w, "level", "status");
    write_text_property(w, "code", "NetConnection.Connect.Success");
    write_text_property(w, "description", "Connection succeeded.");
    write_number_property(w, "objectEncoding", 0); /* AMF0 */
    jt_amf0_write_end(w);
}

void jt_rtmp_write_result(struct jt_writer *w, double transaction)
{
    write_head(w, "_result", transaction);
    jt_amf0_write_null(w);
    jt_amf0_write_null(w);
}

void jt_rtmp_write_result_number(struct jt_writer *w, double transaction, double number)
{
    write_head(w, "_result", transaction);
    jt_amf0_write_null(w);
    jt_amf0_write_number(w, number);
}

static void write_info(struct jt_writer *w, const struct jt_rtmp_status *status)
{
    jt_amf0_write_object(w);
    write_status_property(w, "level", status->level);
    write_status_property(w, "code", status->code);
    write_status_property(w, "description", status->description);
    if (status->redirect) {
        jt_amf0_write_name(w, "ex");
        jt_amf0_write_object(w);
        write_number_property(w, "code", REDIRECT_CODE);
        write_status_property(w, "redirect", status->redirect);
        jt_amf0_write_end(w);
    }
    jt_amf0_write_end(w);
}

void jt_rtmp_write_error(struct jt_writer *w, double transaction,
                         const struct jt_rtmp_status *status)
{
    write_head(w, "_error", transaction);
    jt_amf0_write_null(w);
    write_info(w, status);
}

void jt_rtmp_write_status(struct jt_writer *w, const char *name,
                          const struct jt_rtmp_status *status)
{
    write_head(w, name, 0);
    jt_amf0_write_null(w);
    write_info(w, status);
}

void jt_rtmp_write_connect(struct jt_writer *w, double transaction, const char *app,
                           const char *tc_url)
{
    write_head(w, "connect", transaction);
    jt_amf0_write_object(w);
    write_text_property(w, "app", app);
    write_text_property(w, "type", "nonprivate");
    write_text_property(w, "flashVer", "FMLE/3.0 (compatible; Jangteo)");
    write_text_property(w, "tcUrl", tc_url);
    jt_amf0_write_end(w);
}

void jt_rtmp_write_call(struct jt_writer *w, const char *name, double transaction, const char *text)
{
    write_head(w, name, transaction);
    jt_amf0_write_null(w);
    if (text)
        jt_amf0_write_string(w, text);
}

void jt_rtmp_write_publish(struct jt_writer *w, double transaction, const char *stream)
{
    jt_rtmp_write_call(w, "publish", transaction, stream);
    jt_amf0_write_string(w, "live");
}
