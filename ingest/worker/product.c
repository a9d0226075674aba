#include "ingest/worker/product.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/writer.h"
#include "ingest/worker/convert.h"
#include "ingest/worker/recipe.h"
#include "media/frame.h"
#include "media/packet.h"
#include "ring/bells.h"
#include "ring/link.h"
#include "ring/ring.h"

enum {
    LAUNCH_BYTES = 512,
    NS_PER_S = 1000000000,
    SNAP_PER_S = 1000, /* an audio stamp that is less than 1 ms off its place is put there */
};

struct worker_product {
    struct worker_context context;
    const struct worker_recipe *recipe;
    struct worker_origin origin;
    /* in */
    struct jt_ring_reader *reader;
    struct jt_track_info from;
    uint32_t from_version;
    uint64_t next_frame;
    bool needs_key;
    uint8_t *packets, *unit; /* a frame as packets, and unpacked */
    struct jt_payload *payloads;
    uint32_t packets_capacity;
    struct worker_convert *convert;
    /* out */
    struct jt_ring_writer *writer;
    struct jt_track_info to;
    bool is_described;
    int64_t next_pts; /* audio: where the next frame should begin; 0: not known */
};

static const struct worker_recipe *const recipes[] = {&worker_recipe_opus, &worker_recipe_repair};

/* pts × 10⁹ does not fit 64 bits: split at the second. */
static uint64_t to_ns(int64_t units, uint32_t clock_hz)
{
    return (uint64_t)(units / clock_hz) * NS_PER_S +
           (uint64_t)(units % clock_hz) * NS_PER_S / clock_hz;
}

static int64_t from_ns(uint64_t ns, uint32_t clock_hz)
{
    return (int64_t)(ns / NS_PER_S * clock_hz +
                     (ns % NS_PER_S * clock_hz + NS_PER_S / 2) / NS_PER_S);
}

/* ---- out: what the pipeline made ---- */

static void offer(struct worker_product *product)
{
    struct jt_control message = {.type = JT_CONTROL_TRACK_OFFER,
                                 .source = product->origin.track,
                                 .epoch = product->origin.epoch};
    int fd = jt_ring_writer_fd(product->writer);

    (void)snprintf(message.show, sizeof(message.show), "%s", product->context.show);
    jt_link_send(product->context.link, &message, &fd);
}

static int describe(struct worker_product *product, GstSample *sample)
{
    int err = product->recipe->describe(gst_sample_get_caps(sample), &product->from, &product->to);

    if (err)
        return err;
    if (product->writer) {
        err = jt_ring_writer_set_info(product->writer, &product->to);
    } else {
        err = jt_ring_writer_new(&product->to, product->origin.epoch, &product->writer);
        if (!err)
            offer(product);
    }
    product->is_described = !err;
    return err;
}

static int64_t snap(struct worker_product *product, int64_t pts, GstClockTime duration)
{
    int64_t off = pts - product->next_pts;

    if (jt_codec_is_video((enum jt_codec)product->to.codec) || !GST_CLOCK_TIME_IS_VALID(duration))
        return pts;
    if (product->next_pts && llabs(off) < product->to.clock_hz / SNAP_PER_S)
        pts = product->next_pts;
    product->next_pts = pts + from_ns(duration, product->to.clock_hz);
    return pts;
}

static int put(struct worker_product *product, const struct jt_frame *frame)
{
    struct jt_packet_sink sink = jt_ring_writer_sink(product->writer);
    int n = jt_ring_writer_begin(product->writer, frame, 0);

    if (n)
        return n;
    n = product->recipe->pack(frame, &product->to, &sink);
    if (n <= 0) {
        jt_ring_writer_abort(product->writer);
        return n ? n : -EBADMSG;
    }
    (void)jt_ring_writer_end(product->writer);
    jt_bells_pull(product->context.bells);
    return 0;
}

static void on_sample(void *arg, GstSample *sample)
{
    struct worker_product *product = arg;
    GstBuffer *buffer = gst_sample_get_buffer(sample);
    const GstSegment *segment = gst_sample_get_segment(sample);
    struct jt_frame frame;
    GstClockTime ns;
    GstMapInfo map;

    if (!buffer || gst_buffer_get_size(buffer) == 0 || !GST_BUFFER_PTS_IS_VALID(buffer))
        return;
    if (!product->is_described && describe(product, sample))
        return;
    /* encoders may shift time stamps and segment alike: running time is what went in */
    ns = gst_segment_to_running_time(segment, GST_FORMAT_TIME, GST_BUFFER_PTS(buffer));
    if (!GST_CLOCK_TIME_IS_VALID(ns) || !gst_buffer_map(buffer, &map, GST_MAP_READ))
        return;
    frame =
        (struct jt_frame){.data = map.data,
                          .size = map.size,
                          .is_key = !GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_DELTA_UNIT)};
    frame.pts = snap(product, from_ns(ns, product->to.clock_hz), GST_BUFFER_DURATION(buffer));
    frame.dts = frame.pts;
    frame.capture_us = (int64_t)(ns / 1000);
    if (put(product, &frame))
        jt_warn("worker.put", KV("product", product->recipe->name));
    gst_buffer_unmap(buffer, &map);
}

static void on_error(void *arg, const char *what)
{
    struct worker_product *product = arg;

    product->context.on_failure(product->context.arg, what);
}

static const struct worker_convert_ops convert_ops = {.on_sample = on_sample, .on_error = on_error};

/* ---- in: from the source's ring into the pipeline ---- */

static int start_convert(struct worker_product *product)
{
    char launch[LAUNCH_BYTES];

    worker_convert_free(product->convert);
    product->convert = NULL;
    product->is_described = false;
    product->needs_key = product->recipe->is_key_needed;
    product->recipe->elements(product->context.config, &product->from, launch, sizeof(launch));
    return worker_convert_new(product->context.loop, launch, product->recipe->caps(&product->from),
                              &convert_ops, product, &product->convert);
}

static bool reserve(struct worker_product *product, uint32_t packets)
{
    size_t bytes = (size_t)packets * JT_PAYLOAD_MAX_BYTES;
    void *grown;

    if (packets <= product->packets_capacity)
        return true;
    grown = realloc(product->packets, bytes);
    if (!grown)
        return false;
    product->packets = grown;
    grown = realloc(product->unit, bytes * 3); /* jt_h264_unpack's bound */
    if (!grown)
        return false;
    product->unit = grown;
    grown = realloc(product->payloads, packets * sizeof(*product->payloads));
    if (!grown)
        return false;
    product->payloads = grown;
    product->packets_capacity = packets;
    return true;
}

/* The frame's packets, copied: the decoder shall not read what the writer may overwrite. */
static int copy_packets(struct worker_product *product, const struct jt_ring_frame *frame)
{
    struct jt_ring_packet packet;

    if (!reserve(product, frame->packet_count))
        return -ENOMEM;
    for (uint32_t i = 0; i < frame->packet_count; i++) {
        uint8_t *copy = product->packets + (size_t)i * JT_PAYLOAD_MAX_BYTES;
        int err = jt_ring_reader_packet(product->reader, frame->first_seq + i, &packet);

        if (err)
            return err;
        if (!jt_ring_reader_copy(product->reader, &packet, copy))
            return -ESTALE;
        product->payloads[i] =
            (struct jt_payload){.data = copy, .size = packet.size, .flags = packet.flags};
    }
    return 0;
}

static int feed(struct worker_product *product, const struct jt_ring_frame *frame)
{
    struct jt_writer unit;
    int err;

    if (product->needs_key && !(frame->flags & JT_RING_KEY))
        return 0;
    err = copy_packets(product, frame);
    if (err)
        return err;
    unit =
        jt_writer_of(product->unit, (size_t)product->packets_capacity * JT_PAYLOAD_MAX_BYTES * 3);
    if (product->recipe->unpack(product->payloads, frame->packet_count, &unit))
        return 0; /* not ours to repair: ingest packed it, or lied */
    err = worker_convert_push(product->convert, unit.data, unit.size,
                              to_ns(frame->dts, product->from.clock_hz),
                              to_ns(frame->pts, product->from.clock_hz));
    product->needs_key = err && product->recipe->is_key_needed;
    return err == -EAGAIN ? 0 : err;
}

static void follow_info(struct worker_product *product)
{
    uint32_t version = product->from_version;
    struct jt_track_info before = product->from;

    if (jt_ring_reader_info(product->reader, &product->from, &product->from_version) ||
        version == product->from_version)
        return;
    before.has_b_frames = product->from.has_b_frames; /* only told late, nothing to the decoder */
    if (memcmp(&before, &product->from, sizeof(before)) && start_convert(product))
        on_error(product, "restart");
}

static void skip_to_edge(struct worker_product *product)
{
    struct jt_ring_head head;

    if (jt_ring_reader_head(product->reader, &head))
        return;
    product->needs_key = product->recipe->is_key_needed;
    product->next_frame =
        product->needs_key && head.key_frame != UINT64_MAX ? head.key_frame : head.next_frame;
}

void worker_product_pump(struct worker_product *product)
{
    struct jt_ring_frame frame;
    struct jt_ring_head head;
    int err = 0;

    follow_info(product);
    if (!product->convert || jt_ring_reader_head(product->reader, &head))
        return;
    while (!err && product->next_frame < head.next_frame) {
        err = jt_ring_reader_frame(product->reader, product->next_frame, &frame);
        if (!err && !(frame.flags & JT_RING_WHOLE) && product->next_frame + 1 == head.next_frame)
            return; /* still being written */
        if (!err && (frame.flags & JT_RING_WHOLE))
            err = feed(product, &frame);
        if (!err)
            product->next_frame++;
    }
    if (err == -ESTALE)
        skip_to_edge(product);
    else if (err && err != -EAGAIN)
        on_error(product, strerror(-err));
}

void worker_product_request_key_frame(struct worker_product *product)
{
    if (product->recipe->is_key_needed && product->convert)
        worker_convert_request_key_frame(product->convert);
}

/* ---- life ---- */

static const struct worker_recipe *find_recipe(const char *name)
{
    for (size_t i = 0; i < JT_COUNT(recipes); i++)
        if (strcmp(recipes[i]->name, name) == 0)
            return recipes[i];
    return NULL;
}

static int open_source(struct worker_product *product)
{
    int fd = dup(product->origin.ring_fd);
    int err;

    if (fd < 0)
        return -errno;
    err = jt_ring_reader_new(fd, &product->reader);
    if (err) {
        (void)close(fd);
        return err;
    }
    err = jt_ring_reader_info(product->reader, &product->from, &product->from_version);
    if (!err && product->from.codec != (uint32_t)product->recipe->from)
        err = -EINVAL;
    return err;
}

int worker_product_new(const struct worker_context *context, const char *name,
                       const struct worker_origin *origin, struct worker_product **out)
{
    struct worker_product *product = calloc(1, sizeof(*product));
    int err;

    if (!product)
        return -ENOMEM;
    product->context = *context;
    product->origin = *origin;
    product->recipe = find_recipe(name);
    err = product->recipe ? open_source(product) : -EINVAL;
    if (!err)
        err = start_convert(product);
    if (err) {
        worker_product_free(product);
        return err;
    }
    skip_to_edge(product);
    *out = product;
    return 0;
}

void worker_product_free(struct worker_product *product)
{
    if (!product)
        return;
    worker_convert_free(product->convert);
    jt_ring_writer_free(product->writer);
    jt_ring_reader_free(product->reader);
    free(product->packets);
    free(product->unit);
    free(product->payloads);
    free(product);
}
