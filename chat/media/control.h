/**
 * Commands out: chat's link to ingest's control socket. What was said of a show is said again after ingest or the link
 * comes back. Connecting and sending happen on the loop; the commands may come from any thread.
 */
#ifndef CHAT_MEDIA_CONTROL_H
#define CHAT_MEDIA_CONTROL_H

#include <stdbool.h>

#include "base/base.h"
#include "ring/control.h"

struct jt_loop;
struct media_control;

enum {
    MEDIA_CONTROL_SHOWS_MAX = 4096,
    MEDIA_CONTROL_STOP_KEPT_MS = 60 * 1000, /* a stop that could not be said is said until then */
};

/** `path`: ingest's control socket. Connects when it is there, and again and again. Loop thread. */
JT_MUST_CHECK int media_control_new(struct jt_loop *loop, const char *path,
                                    struct media_control **out);
/** Loop thread; nobody may command any more. NULL is fine. */
void media_control_free(struct media_control *control);

/**
 * End the show's publishing: its publisher is told `reason` (words, shown by encoders) and closed, viewers are let go. 0,
 * -EAGAIN when too much waits, -EINVAL for a name or reason that can't be said. Any thread.
 */
JT_MUST_CHECK int media_stop_show(struct media_control *control, const char *show,
                                  const char *reason);
/** Who may watch; obeyed within 2 s by those who watch already. Errors as above. Any thread. */
JT_MUST_CHECK int media_set_access(struct media_control *control, const char *show,
                                   enum jt_show_access access);
/** The show is over: no need to say anything of it again, but for a stop that is not said yet. Any thread. */
void media_forget_show(struct media_control *control, const char *show);

/** Is ingest there? Any thread. */
bool media_control_is_connected(const struct media_control *control);

#endif
