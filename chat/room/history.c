#include "chat/room/history.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "chat/room/buffer.h"

enum { MSEC = 1000 };

struct line {
    STAILQ_ENTRY(line) link;
    int64_t offset;
    bool is_staff;
    char mid[ROOM_MID_MAX_BYTES + 1], person[ROOM_PERSON_MAX_BYTES + 1];
    char *body; /* NULL: deleted */
};

struct room_history {
    STAILQ_HEAD(, line) waiting;
    size_t waiting_count, waiting_staff;
    struct line
        *shown[ROOM_HISTORY_MAX]; /* a ring by offset: offset o is at o % ROOM_HISTORY_MAX */
    int64_t offset, skipped;
    int64_t credit; /* thousandths of a message that may be shown */
    int64_t credit_at_ms;
};

int room_history_new(struct room_history **out)
{
    struct room_history *history = calloc(1, sizeof(*history));

    if (!history)
        return -ENOMEM;
    STAILQ_INIT(&history->waiting);
    history->credit = ROOM_SHOWN_PER_S * MSEC;
    *out = history;
    return 0;
}

static void free_line(struct line *line)
{
    if (line)
        free(line->body);
    free(line);
}

static void drop_waiting(struct room_history *history, struct line *line)
{
    STAILQ_REMOVE(&history->waiting, line, line, link);
    history->waiting_count--;
    history->waiting_staff -= line->is_staff;
    free_line(line);
}

void room_history_free(struct room_history *history)
{
    if (!history)
        return;
    while (!STAILQ_EMPTY(&history->waiting))
        drop_waiting(history, STAILQ_FIRST(&history->waiting));
    for (size_t i = 0; i < ROOM_HISTORY_MAX; i++)
        free_line(history->shown[i]);
    free(history);
}

static void drop_oldest(struct room_history *history)
{
    struct line *line;

    STAILQ_FOREACH(line, &history->waiting, link)
    if (!line->is_staff) {
        drop_waiting(history, line);
        history->skipped++;
        return;
    }
}

int room_history_add(struct room_history *history, const char *mid, const char *person,
                     bool is_staff, char *body)
{
    struct line *line = NULL;
    int err = -ENOSPC;

    if (!is_staff || history->waiting_staff < ROOM_PENDING_STAFF_MAX) {
        line = calloc(1, sizeof(*line));
        err = -ENOMEM;
    }
    if (!line) {
        free(body);
        return err;
    }
    line->is_staff = is_staff;
    line->body = body;
    strncpy(line->mid, mid, ROOM_MID_MAX_BYTES);
    strncpy(line->person, person, ROOM_PERSON_MAX_BYTES);
    STAILQ_INSERT_TAIL(&history->waiting, line, link);
    history->waiting_count++;
    history->waiting_staff += is_staff;
    if (history->waiting_count - history->waiting_staff > ROOM_PENDING_MAX)
        drop_oldest(history);
    return 0;
}

static struct line *find_shown(const struct room_history *history, const char *mid)
{
    for (size_t i = 0; i < ROOM_HISTORY_MAX; i++) {
        struct line *line = history->shown[i];

        if (line && line->body && strcmp(line->mid, mid) == 0)
            return line;
    }
    return NULL;
}

static struct line *find_waiting(const struct room_history *history, const char *mid)
{
    struct line *line;

    STAILQ_FOREACH(line, &history->waiting, link)
    if (strcmp(line->mid, mid) == 0)
        return line;
    return NULL;
}

int room_history_delete(struct room_history *history, const char *mid, char *person)
{
    struct line *waiting = find_waiting(history, mid);
    struct line *line = waiting ? waiting : find_shown(history, mid);

    if (!line)
        return -ENOENT;
    if (person)
        strcpy(person, line->person);
    if (waiting) {
        drop_waiting(history, waiting);
        return 0;
    }
    free(line->body);
    line->body = NULL;
    return 1;
}

const char *room_history_of(const struct room_history *history, const char *person)
{
    const struct line *line;

    STAILQ_FOREACH(line, &history->waiting, link)
    if (strcmp(line->person, person) == 0)
        return line->mid;
    for (size_t i = 0; i < ROOM_HISTORY_MAX; i++) {
        line = history->shown[i];
        if (line && line->body && strcmp(line->person, person) == 0)
            return line->mid;
    }
    return NULL;
}

bool room_history_is_waiting(const struct room_history *history)
{
    return history->waiting_count > 0;
}

int64_t room_history_offset(const struct room_history *history)
{
    return history->offset;
}

static void write_line(struct room_buffer *out, const struct line *line)
{
    room_buffer_text(out, "{\"ch\":\"chat\",\"o\":");
    room_buffer_integer(out, line->offset);
    room_buffer_text(out, ",");
    if (line->body) {
        room_buffer_text(out, line->body);
    } else {
        room_buffer_text(out, "\"e\":\"gone\",\"d\":{\"mid\":");
        room_buffer_quoted(out, line->mid);
        room_buffer_text(out, "}}");
    }
    room_buffer_text(out, ",");
}

void room_history_skipped(int64_t offset, int64_t count, struct room_buffer *out)
{
    room_buffer_text(out, "{\"ch\":\"chat\",\"o\":");
    room_buffer_integer(out, offset);
    room_buffer_text(out, ",\"e\":\"skipped\",\"d\":{\"n\":");
    room_buffer_integer(out, count);
    room_buffer_text(out, "}},");
}

static void earn(struct room_history *history, int64_t mono_ms)
{
    int64_t elapsed_ms = JT_MAX(mono_ms - history->credit_at_ms, 0);

    history->credit_at_ms = mono_ms;
    history->credit += JT_MIN(elapsed_ms, MSEC) * ROOM_SHOWN_PER_S;
    history->credit = JT_MIN(history->credit, ROOM_SHOWN_PER_S * MSEC);
}

static void show(struct room_history *history, struct line *line, struct room_buffer *out)
{
    struct line **place;

    STAILQ_REMOVE(&history->waiting, line, line, link);
    history->waiting_count--;
    history->waiting_staff -= line->is_staff;
    history->credit -= MSEC;
    line->offset = ++history->offset;
    place = &history->shown[line->offset % ROOM_HISTORY_MAX];
    free_line(*place);
    *place = line;
    write_line(out, line);
}

/* Staff's words need no credit and may overtake: a crowd doesn't hold up the host. */
int room_history_flush(struct room_history *history, int64_t mono_ms, struct room_buffer *out)
{
    struct line *line, *next;
    int count = 0;

    earn(history, mono_ms);
    if (history->skipped && history->waiting_count) {
        room_history_skipped(history->offset, history->skipped, out);
        history->skipped = 0;
    }
    for (line = STAILQ_FIRST(&history->waiting); line; line = next) {
        next = STAILQ_NEXT(line, link);
        if (history->credit < MSEC && !line->is_staff)
            continue;
        show(history, line, out);
        count++;
    }
    return count;
}

bool room_history_can_resume(const struct room_history *history, int64_t offset)
{
    return offset <= history->offset && offset >= history->offset - ROOM_HISTORY_MAX && offset >= 0;
}

void room_history_write(const struct room_history *history, int64_t offset, struct room_buffer *out)
{
    int64_t oldest = JT_MAX(history->offset - ROOM_HISTORY_MAX + 1, 1);
    int64_t at = offset < 0 ? history->offset + 1 : JT_MAX(offset + 1, oldest);

    for (int live = 0; offset < 0 && at > oldest && live < ROOM_HISTORY_JOIN;)
        live += history->shown[--at % ROOM_HISTORY_MAX]->body != NULL;
    for (; at <= history->offset; at++)
        write_line(out, history->shown[at % ROOM_HISTORY_MAX]);
}
