#include "chat/media/control.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "loop/loop.h"
#include "loop/mailbox.h"
#include "net/seqpacket.h"
#include "ring/link.h"

enum { RECONNECT_FIRST_MS = 100, RECONNECT_MAX_MS = 2000, COMMANDS_MAX = 1024 };

enum command_kind { STOP, ACCESS, FORGET };

struct command {
    enum command_kind kind;
    char show[JT_SHOW_NAME_MAX_BYTES];
    enum jt_show_access access;
    char reason[JT_CONTROL_TEXT_MAX_BYTES];
};

/* What was said of a show, to be said again to an ingest that does not know it. */
struct told {
    LIST_ENTRY(told) link;
    char show[JT_SHOW_NAME_MAX_BYTES];
    bool has_access;
    enum jt_show_access access;
    bool is_over;          /* forgotten as soon as its stop was said */
    int64_t stop_until_us; /* a stop that could not be said yet; 0: none */
    char reason[JT_CONTROL_TEXT_MAX_BYTES];
};

struct media_control {
    struct jt_loop *loop;
    char *path;
    struct jt_link *link;
    struct jt_timer *reconnect;
    int64_t reconnect_ms;
    struct jt_mailbox *commands;
    LIST_HEAD(, told) shows;
    int count;
    atomic_bool is_connected;
};

/* ---- saying ---- */

static void say(struct media_control *control, const char *name, const struct told *told)
{
    struct jt_control message = {.type = JT_CONTROL_COMMAND, .access = told->access};

    (void)snprintf(message.show, sizeof(message.show), "%s", told->show);
    (void)snprintf(message.name, sizeof(message.name), "%s", name);
    if (strcmp(name, "stop") == 0)
        (void)snprintf(message.reason, sizeof(message.reason), "%s", told->reason);
    jt_link_send(control->link, &message, NULL);
}

/* ---- what is remembered ---- */

static struct told *find(struct media_control *control, const char *show)
{
    struct told *told;

    LIST_FOREACH (told, &control->shows, link)
        if (strcmp(told->show, show) == 0)
            return told;
    return NULL;
}

static void told_free(struct media_control *control, struct told *told)
{
    LIST_REMOVE(told, link);
    control->count--;
    free(told);
}

static void say_all_of(struct media_control *control, struct told *told)
{
    if (told->has_access)
        say(control, "access", told);
    if (told->stop_until_us > jt_clock_mono_us())
        say(control, "stop", told);
    told->stop_until_us = 0;
    if (told->is_over)
        told_free(control, told);
}

static struct told *find_or_make(struct media_control *control, const char *show)
{
    struct told *told = find(control, show);

    if (told)
        return told;
    told = control->count < MEDIA_CONTROL_SHOWS_MAX ? calloc(1, sizeof(*told)) : NULL;
    if (!told)
        return NULL;
    (void)snprintf(told->show, sizeof(told->show), "%s", show);
    LIST_INSERT_HEAD(&control->shows, told, link);
    control->count++;
    return told;
}

static void on_command(void *arg, void *message)
{
    struct media_control *control = arg;
    const struct command *command = message;
    struct told *told;

    if (command->kind == FORGET) {
        told = find(control, command->show);
        if (told && told->stop_until_us)
            told->is_over = true;
        else if (told)
            told_free(control, told);
        return;
    }
    told = find_or_make(control, command->show);
    if (!told) {
        jt_error("control.shows_full", KV("show", (const char *)command->show));
        return;
    }
    if (command->kind == ACCESS) {
        told->has_access = true;
        told->access = command->access;
    } else {
        (void)snprintf(told->reason, sizeof(told->reason), "%s", command->reason);
        told->stop_until_us =
            jt_clock_mono_us() + (int64_t)MEDIA_CONTROL_STOP_KEPT_MS * JT_USEC_PER_MSEC;
    }
    if (atomic_load(&control->is_connected))
        say_all_of(control, told);
}

/* ---- the link ---- */

/* Its descriptors are closed by the link: chat reads no media. What shows there are comes by hooks. */
static void on_message(void *arg, const struct jt_control *message, int *fds)
{
    struct media_control *control = arg;
    struct told *told, *next;

    (void)fds;
    if (message->type != JT_CONTROL_HELLO || atomic_exchange(&control->is_connected, true))
        return;
    control->reconnect_ms = RECONNECT_FIRST_MS;
    jt_info("ingest.connected", KV("control", (const char *)control->path));
    for (told = LIST_FIRST(&control->shows); told; told = next) {
        next = LIST_NEXT(told, link);
        say_all_of(control, told);
    }
}

static void try_again(struct media_control *control)
{
    jt_timer_start(control->reconnect, control->reconnect_ms * JT_USEC_PER_MSEC, 0);
    control->reconnect_ms = JT_MIN(control->reconnect_ms * 2, (int64_t)RECONNECT_MAX_MS);
}

static void on_end(void *arg, int error)
{
    struct media_control *control = arg;

    jt_link_free(control->link);
    control->link = NULL;
    if (atomic_exchange(&control->is_connected, false))
        jt_warn("ingest.gone", KV("err", error));
    try_again(control);
}

static const struct jt_link_ops link_ops = {.on_message = on_message, .on_end = on_end};

static void try_connect(void *arg)
{
    struct media_control *control = arg;
    int fd = jt_seq_connect(control->path);

    if (fd >= 0 && jt_link_new(control->loop, fd, &link_ops, control, &control->link)) {
        (void)close(fd);
        fd = -1;
    }
    if (fd < 0)
        try_again(control);
    else
        jt_link_hello(control->link, JT_ROLE_CHAT);
}

/* ---- for everybody ---- */

static int post(struct media_control *control, const struct command *about, const char *show)
{
    struct command command = *about;
    size_t size = strnlen(show, JT_SHOW_NAME_MAX_BYTES);

    if (!jt_show_name_is_valid(show, size))
        return -EINVAL;
    memcpy(command.show, show, size + 1);
    return jt_mailbox_post(control->commands, &command);
}

int media_stop_show(struct media_control *control, const char *show, const char *reason)
{
    struct command command = {.kind = STOP};
    size_t size = strnlen(reason, sizeof(command.reason));

    if (size == sizeof(command.reason))
        return -EINVAL;
    for (size_t i = 0; i < size; i++)
        if ((unsigned char)reason[i] < 0x20 || reason[i] == 0x7f)
            return -EINVAL;
    memcpy(command.reason, reason, size + 1);
    return post(control, &command, show);
}

int media_set_access(struct media_control *control, const char *show, enum jt_show_access access)
{
    if ((unsigned)access >= JT_SHOW_ACCESS_COUNT)
        return -EINVAL;
    return post(control, &(struct command){.kind = ACCESS, .access = access}, show);
}

void media_forget_show(struct media_control *control, const char *show)
{
    if (post(control, &(struct command){.kind = FORGET}, show))
        jt_debug("control.forget"); /* it is said once more than need be */
}

bool media_control_is_connected(const struct media_control *control)
{
    return atomic_load(&control->is_connected);
}

/* ---- life ---- */

int media_control_new(struct jt_loop *loop, const char *path, struct media_control **out)
{
    struct media_control *control = calloc(1, sizeof(*control));
    int err;

    if (!control)
        return -ENOMEM;
    LIST_INIT(&control->shows);
    control->loop = loop;
    control->reconnect_ms = RECONNECT_FIRST_MS;
    control->path = strdup(path);
    err = control->path ? 0 : -ENOMEM;
    if (!err)
        err = jt_timer_new(loop, "ingest.reconnect", try_connect, control, &control->reconnect);
    if (!err)
        err = jt_mailbox_new(loop, "control.commands", sizeof(struct command), COMMANDS_MAX,
                             on_command, control, &control->commands);
    if (err) {
        media_control_free(control);
        return err;
    }
    try_connect(control);
    *out = control;
    return 0;
}

void media_control_free(struct media_control *control)
{
    struct told *told;

    if (!control)
        return;
    if (control->commands)
        jt_mailbox_free(control->commands);
    jt_link_free(control->link);
    jt_timer_free(control->reconnect);
    while ((told = LIST_FIRST(&control->shows)))
        told_free(control, told);
    free(control->path);
    free(control);
}
