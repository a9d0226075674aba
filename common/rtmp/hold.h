/**
 * Media that came before the publisher was admitted. A rude encoder does not wait for the answer; its first messages
 * are the codec headers and the first key frame, without which the rest is worth little. One thread.
 */
#ifndef JT_RTMP_HOLD_H
#define JT_RTMP_HOLD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/base.h"

struct jt_rtmp_message;

enum {
    JT_RTMP_HOLD_MAX_BYTES = 512 * 1024, /* ours: 2 s of 2 Mbps */
    JT_RTMP_HOLD_MAX_MESSAGES = 256,
};

struct jt_rtmp_hold {
    struct jt_rtmp_held *first, **last;
    size_t bytes, count;
    bool has_gap; /* something did not fit: video must go on at a key frame */
};

void jt_rtmp_hold_init(struct jt_rtmp_hold *hold);
/** Drops what is held and the gap; the hold can be used again. */
void jt_rtmp_hold_deinit(struct jt_rtmp_hold *hold);

/** Keep a copy of `message`. Once one does not fit, it and all later ones are dropped. */
void jt_rtmp_hold_push(struct jt_rtmp_hold *hold, const struct jt_rtmp_message *message);

/** The oldest message, or false; its body is valid until jt_rtmp_hold_pop. */
bool jt_rtmp_hold_peek(const struct jt_rtmp_hold *hold, struct jt_rtmp_message *out);
void jt_rtmp_hold_pop(struct jt_rtmp_hold *hold);

#endif
