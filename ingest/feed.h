/**
 * From a publisher's FLV message bodies (RTMP) to frames on the rings of its show: parses, orders in time, repacks,
 * and tells the show of tracks and of what the seller should know. Loop thread only.
 */
#ifndef INGEST_FEED_H
#define INGEST_FEED_H

#include <stddef.h>
#include <stdint.h>

#include "base/base.h"

struct jt_bells;
struct ingest_feed;
struct ingest_show;

enum {
    INGEST_BAD_FRAMES_MAX = 100, /* threat R10: within the window below */
    INGEST_BAD_FRAMES_WINDOW_MS = 10000,
};

JT_MUST_CHECK int ingest_feed_new(struct ingest_show *show, struct jt_bells *bells,
                                  struct ingest_feed **out);
/** Its tracks end with the show's epoch (ingest_show_leave), not here. */
void ingest_feed_free(struct ingest_feed *feed);

/**
 * A message body with the publisher's time. Bad frames are dropped and counted. 0, or -EPROTO: too many of them, or
 * -EPROTONOSUPPORT: a codec nobody could watch (the show was warned; words for the seller in *why). Close the publisher.
 */
JT_MUST_CHECK int ingest_feed_video(struct ingest_feed *feed, uint32_t time_ms, const uint8_t *body,
                                    size_t size, int64_t now_us, const char **why);
JT_MUST_CHECK int ingest_feed_audio(struct ingest_feed *feed, uint32_t time_ms, const uint8_t *body,
                                    size_t size, int64_t now_us, const char **why);

#endif
