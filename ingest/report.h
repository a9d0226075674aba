/**
 * What chat is told of shows: `live`, everything that is there, at start and each second (with each track's newest capture
 * clock and its bitrate, read from the rings); `unpublish`, that a publisher left or a show ended, until chat takes it.
 * Loop thread only.
 */
#ifndef INGEST_REPORT_H
#define INGEST_REPORT_H

#include "base/base.h"

struct ingest_report;
struct ingest_shows;
struct jt_hooks;
struct jt_loop;

enum {
    INGEST_REPORT_EVERY_MS = 1000,
    INGEST_REPORT_MANY_SHOWS = 200, /* ours: with more, it is told each tenth time */
    INGEST_REPORT_MANY_EVERY = 10,
};

/** `hooks` is borrowed for life. */
JT_MUST_CHECK int ingest_report_new(struct jt_loop *loop, struct ingest_shows *shows,
                                    struct jt_hooks *hooks, struct ingest_report **out);
/** Before the hooks go. NULL is fine. */
void ingest_report_free(struct ingest_report *report);

#endif
