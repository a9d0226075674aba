/**
 * The command messages of RTMP (Adobe RTMP 1.0 §7.2, Enhanced RTMP v2 "connect"), written and read as AMF0; no state.
 * Writers make the body of one command message each. Any thread.
 */
#ifndef JT_RTMP_COMMAND_H
#define JT_RTMP_COMMAND_H

#include <stdbool.h>

#include "base/base.h"
#include "wire/text.h"

struct jt_amf0;
struct jt_writer;

enum {
    JT_RTMP_COMMAND_MAX_BYTES = 2048,    /* ours: room for any command we write */
    JT_RTMP_STATUS_TEXT_MAX_BYTES = 500, /* ours: each text of a status; what is longer is cut */
};

/** What of `connect` matters to us; texts are borrowed from the message. */
struct jt_rtmp_connect {
    struct jt_text app, tc_url;
    bool is_enhanced; /* the peer speaks of FourCCs: tell it which of them we take */
};

/** An onStatus or the information part of an error. */
struct jt_rtmp_status {
    const char *level; /* "status", "error" */
    const char *code;  /* "NetStream.Publish.Start" */
    const char *description;
    const char *redirect; /* NULL, or the URL to go to instead (code 302) */
};

void jt_rtmp_connect_read(const struct jt_amf0 *amf, struct jt_rtmp_connect *out);

/** Success of `connect`: AMF0, and H.264 and AAC as the FourCCs we take. */
void jt_rtmp_write_connected(struct jt_writer *w, double transaction, bool is_enhanced);
/** `_result` with null and undefined. */
void jt_rtmp_write_result(struct jt_writer *w, double transaction);
/** `_result` with null and a number (createStream: the stream id). */
void jt_rtmp_write_result_number(struct jt_writer *w, double transaction, double number);
/** `_error` with null and the status. */
void jt_rtmp_write_error(struct jt_writer *w, double transaction,
                         const struct jt_rtmp_status *status);
/** `onStatus`, or a command of another `name` in the same form (onFCPublish). */
void jt_rtmp_write_status(struct jt_writer *w, const char *name,
                          const struct jt_rtmp_status *status);

/** The client's side. */
void jt_rtmp_write_connect(struct jt_writer *w, double transaction, const char *app,
                           const char *tc_url);
/** A command with null and one text ("releaseStream", "FCPublish", "play"), or without when `text` is NULL. */
void jt_rtmp_write_call(struct jt_writer *w, const char *name, double transaction,
                        const char *text);
void jt_rtmp_write_publish(struct jt_writer *w, double transaction, const char *stream);

#endif
