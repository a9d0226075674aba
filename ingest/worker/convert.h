/**
 * One GStreamer pipeline between an appsrc and an appsink. GStreamer's threads stay inside: what comes out arrives on the
 * loop's thread, in order. An error of the pipeline is final: the worker ends, and ingest starts another.
 */
#ifndef WORKER_CONVERT_H
#define WORKER_CONVERT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <gst/gst.h>

#include "base/base.h"

struct jt_loop;
struct worker_convert;

enum { WORKER_CONVERT_QUEUE_BYTES = 8 * 1024 * 1024 };

struct worker_convert_ops {
    void (*on_sample)(void *arg, GstSample *sample); /* borrowed */
    void (*on_error)(void *arg, const char *what);
};

/**
 * `elements`: what stands between source and sink, in gst-launch's words. `caps`: of the input; taken.
 */
JT_MUST_CHECK int worker_convert_new(struct jt_loop *loop, const char *elements, GstCaps *caps,
                                     const struct worker_convert_ops *ops, void *arg,
                                     struct worker_convert **out);
void worker_convert_free(struct worker_convert *convert);

/** A frame with its times in ns; copied. -EAGAIN: the pipeline is that far behind, drop up to a key frame. */
JT_MUST_CHECK int worker_convert_push(struct worker_convert *convert, const uint8_t *data,
                                      size_t size, uint64_t dts_ns, uint64_t pts_ns);

/** Ask the encoder for a key frame. */
void worker_convert_request_key_frame(struct worker_convert *convert);

#endif
