/**
 * One thing made from one track of the show: reads the source's ring, converts, writes a ring of its own and offers it to
 * ingest when its format is known. Loop thread only.
 */
#ifndef WORKER_PRODUCT_H
#define WORKER_PRODUCT_H

#include <stdint.h>

#include "base/base.h"

struct jt_bells;
struct jt_link;
struct jt_loop;
struct worker_config;
struct worker_product;

/** What all products of a worker share. */
struct worker_context {
    const struct worker_config *config;
    struct jt_loop *loop;
    struct jt_link *link;
    struct jt_bells *bells; /* of relays */
    const char *show;
    void (*on_failure)(void *arg, const char *what); /* a pipeline broke: end the worker */
    void *arg;
};

/** The track a product is made from. */
struct worker_origin {
    uint32_t track, epoch;
    int ring_fd; /* borrowed */
};

/**
 * `name`: "opus" (AAC → Opus) or "repair" (H.264 → H.264 without B-frames). -EINVAL: another name, or it does not fit the
 * track's codec.
 */
JT_MUST_CHECK int worker_product_new(const struct worker_context *context, const char *name,
                                     const struct worker_origin *origin,
                                     struct worker_product **out);
void worker_product_free(struct worker_product *product);

/** New frames may be in the source's ring. */
void worker_product_pump(struct worker_product *product);
void worker_product_request_key_frame(struct worker_product *product);

#endif
