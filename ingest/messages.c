#include "ingest/messages.h"

#include <stdio.h>

#include "ingest/show.h"

static struct jt_control about(enum jt_control_type type, const struct ingest_show *show)
{
    struct jt_control message = {.type = type, .epoch = ingest_show_epoch(show)};

    (void)snprintf(message.show, sizeof(message.show), "%s", ingest_show_name(show));
    return message;
}

struct jt_control ingest_message_show(const struct ingest_show *show)
{
    struct jt_control message = about(JT_CONTROL_SHOW, show);

    message.state = ingest_show_state(show);
    message.access = ingest_show_access(show);
    return message;
}

struct jt_control ingest_message_track(const struct ingest_show *show,
                                       const struct ingest_track *track)
{
    struct jt_control message = about(JT_CONTROL_TRACK, show);

    message.track = track->id;
    message.source = track->source;
    message.epoch = track->epoch;
    return message;
}

struct jt_control ingest_message_track_end(const struct ingest_show *show,
                                           const struct ingest_track *track)
{
    struct jt_control message = about(JT_CONTROL_TRACK_END, show);

    message.track = track->id;
    message.epoch = track->epoch;
    return message;
}

struct jt_control ingest_message_warning(const struct ingest_show *show, const char *code,
                                         const char *words)
{
    struct jt_control message = about(JT_CONTROL_WARNING, show);

    (void)snprintf(message.name, sizeof(message.name), "%s", code);
    (void)snprintf(message.reason, sizeof(message.reason), "%s", words);
    return message;
}
