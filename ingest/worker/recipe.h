/** What differs between products: the pipeline, how a source frame is unpacked, what becomes of what comes out. */
#ifndef WORKER_RECIPE_H
#define WORKER_RECIPE_H

#include <gst/gst.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"
#include "media/track.h"

struct jt_frame;
struct jt_packet_sink;
struct jt_payload;
struct jt_writer;
struct worker_config;

struct worker_recipe {
    const char *name; /* as ingest demands it */
    enum jt_codec from;
    bool is_key_needed; /* begin at a key frame, and after a gap go on at the next */
    /** The elements between appsrc and appsink. */
    void (*elements)(const struct worker_config *config, const struct jt_track_info *from,
                     char *out, size_t capacity);
    GstCaps *(*caps)(const struct jt_track_info *from);
    int (*unpack)(const struct jt_payload *payloads, size_t count, struct jt_writer *out);
    /** Track info of the output from the first sample's caps; -EAGAIN: not known yet. */
    int (*describe)(const GstCaps *caps, const struct jt_track_info *from,
                    struct jt_track_info *out);
    /** Put an output frame into a sink. Returns payloads (> 0) or a negative errno. */
    int (*pack)(const struct jt_frame *frame, const struct jt_track_info *info,
                const struct jt_packet_sink *sink);
};

extern const struct worker_recipe worker_recipe_opus;
extern const struct worker_recipe worker_recipe_repair;

#endif
