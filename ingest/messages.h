/** Control messages about shows and tracks, as the hub and the worker pool send them. */
#ifndef INGEST_MESSAGES_H
#define INGEST_MESSAGES_H

#include "ring/control.h"

struct ingest_show;
struct ingest_track;

struct jt_control ingest_message_show(const struct ingest_show *show);
struct jt_control ingest_message_track(const struct ingest_show *show,
                                       const struct ingest_track *track);
struct jt_control ingest_message_track_end(const struct ingest_show *show,
                                           const struct ingest_track *track);
struct jt_control ingest_message_warning(const struct ingest_show *show, const char *code,
                                         const char *words);

#endif
