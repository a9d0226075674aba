/* What a capture holds by track, and what an independent server made of it (captures/README.md), as text. */
#ifndef TESTS_RTMP_TRACKS_H
#define TESTS_RTMP_TRACKS_H

#include "owner.h"

enum { VIDEO, AUDIO, TRACKS };

struct tracks {
    struct bytes lines[TRACKS]; /* "dts pts size sum" */
    struct bytes others;        /* the rest of the events; of onMetaData the first */
    bool has_metadata;
};

static UNUSED void add_text(struct bytes *b, const char *format, ...)
{
    char text[256];
    va_list args;
    int n;

    va_start(args, format);
    n = vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    assert_in_range(n, 0, sizeof(text) - 1);
    add(b, text, (size_t)n);
}

static UNUSED void release_tracks(struct tracks *t)
{
    release(&t->lines[VIDEO]);
    release(&t->lines[AUDIO]);
    release(&t->others);
}

/* FLV 10.1 §E.4.2: two bytes, then the codec header (0) or a frame. */
static UNUSED void note_audio(struct tracks *t, uint32_t time_ms, const uint8_t *body, size_t size)
{
    struct bytes *lines = &t->lines[AUDIO];

    assert_true(size > 2);
    if (body[1] == 0)
        add_text(lines, "header %zu %08x\n", size - 2, adler(body + 2, size - 2));
    else
        add_text(lines, "%u %u %zu %08x\n", time_ms, time_ms, size - 2, adler(body + 2, size - 2));
}

/* §E.4.3: two bytes and the composition time, then the codec header (0) or a frame (1); 2 ends the sequence. */
static UNUSED void note_video(struct tracks *t, uint32_t time_ms, const uint8_t *body, size_t size)
{
    struct bytes *lines = &t->lines[VIDEO];
    uint32_t composition;

    assert_true(size >= 5);
    composition = (uint32_t)body[2] << 16 | (uint32_t)body[3] << 8 | body[4];
    if (body[1] == 0)
        add_text(lines, "header %zu %08x\n", size - 5, adler(body + 5, size - 5));
    else if (body[1] == 1)
        add_text(lines, "%u %u %zu %08x\n", time_ms, time_ms + composition, size - 5,
                 adler(body + 5, size - 5));
}

static UNUSED void note_metadata(struct tracks *t, uint8_t marker)
{
    if (!t->has_metadata) /* flvmux sends it with each change of the bit rate */
        add_text(&t->others, "metadata %u\n", marker);
    t->has_metadata = true;
}

static UNUSED void expect_packets(const char *name, struct tracks *out)
{
    char path[256], line[256];
    unsigned track, dts, pts, duration, size, sum;
    FILE *file;

    (void)snprintf(path, sizeof(path), "unit/rtmp/captures/%s.framecrc", name);
    file = fopen(path, "r");
    assert_non_null(file);
    while (fgets(line, sizeof(line), file)) {
        if (sscanf(line, "#extradata %u: %u, %x", &track, &size, &sum) == 3 && track < TRACKS)
            add_text(&out->lines[track], "header %u %08x\n", size, sum);
        else if (sscanf(line, "%u, %u, %u, %u, %u, %x", &track, &dts, &pts, &duration, &size,
                        &sum) == 6 &&
                 track < TRACKS)
            add_text(&out->lines[track], "%u %u %u %08x\n", dts, pts, size, sum);
    }
    (void)fclose(file);
}

static UNUSED bool same(const struct bytes *a, const struct bytes *b)
{
    return a->size == b->size && memcmp(a->data, b->data, a->size) == 0;
}

static UNUSED void expect_same(struct tracks *got, struct tracks *wanted, size_t cut)
{
    for (int i = 0; i < TRACKS; i++)
        if (!same(&got->lines[i], &wanted->lines[i]))
            fail_msg("track %d, cut %zu: got\n%.*s\nwanted\n%.*s", i, cut, (int)got->lines[i].size,
                     (const char *)got->lines[i].data, (int)wanted->lines[i].size,
                     (const char *)wanted->lines[i].data);
    if (!same(&got->others, &wanted->others))
        fail_msg("cut %zu: got\n%.*s", cut, (int)got->others.size, (const char *)got->others.data);
}

#endif
