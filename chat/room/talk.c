/* What members say, and what those with the right to it do. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/metrics.h"
#include "chat/access/rights.h"
#include "chat/room/private.h"

static struct jt_metric messages_total =
    JT_COUNTER("jangteo_chat_messages_total", "Messages taken from pages.", NULL);
static struct jt_metric refused_total =
    JT_COUNTER("jangteo_chat_refused_total",
               "What pages asked for and did not get, by the answer's code.", "code");

enum { BAD_MESSAGE_COST = 10 /* ours: five in a row and the page is out */ };

static void answer(struct room *room, struct room_member *member, int64_t id, const char *name,
                   const char *json)
{
    struct room_buffer text = {0};

    room_buffer_text(&text, "{");
    if (id >= 0) {
        room_buffer_text(&text, "\"id\":");
        room_buffer_integer(&text, id);
        room_buffer_text(&text, ",");
    }
    room_buffer_quoted(&text, name);
    room_buffer_text(&text, ":");
    room_buffer_text(&text, json);
    room_buffer_text(&text, "}");
    if (text.failed)
        room_put_out(room, member, ROOM_OUT_LOST);
    else
        room_send_text(room, member, text.data, text.size);
    room_buffer_deinit(&text);
}

void room_answer_ok(struct room *room, struct room_member *member, int64_t id, const char *ok)
{
    answer(room, member, id, "ok", ok);
}

/* `code` is a word of ours: needs no escapes. */
void room_answer_error(struct room *room, struct room_member *member, int64_t id, const char *code,
                       int64_t retry_ms)
{
    char json[128];

    jt_metric_add(&refused_total, code, 1);
    if (retry_ms > 0)
        (void)snprintf(json, sizeof(json), "{\"c\":\"%s\",\"t\":1,\"ra\":%" PRId64 "}", code,
                       retry_ms);
    else
        (void)snprintf(json, sizeof(json), "{\"c\":\"%s\",\"t\":%d}", code, retry_ms == 0);
    answer(room, member, id, "er", json);
}

static void say_body(struct room_buffer *body, const struct room_member *member, const char *mid,
                     const char *text, int64_t at_ms)
{
    const struct room_identity *from = &member->person->identity;

    room_buffer_text(body, "\"e\":\"msg\",\"d\":{\"mid\":");
    room_buffer_quoted(body, mid);
    room_buffer_text(body, ",\"from\":{\"id\":");
    room_buffer_quoted(body, from->person);
    room_buffer_text(body, ",\"name\":");
    room_buffer_quoted(body, from->name);
    room_buffer_text(body, ",\"role\":");
    room_buffer_quoted(body, access_role_name(member->role));
    room_buffer_text(body, "},\"t\":");
    room_buffer_quoted(body, text);
    room_buffer_text(body, ",\"at\":");
    room_buffer_integer(body, at_ms);
    room_buffer_text(body, "}}");
}

static void answer_mid(struct room *room, struct room_member *member, int64_t id, const char *mid)
{
    char json[ROOM_MID_MAX_BYTES + 16];

    (void)snprintf(json, sizeof(json), "{\"mid\":\"%s\"}", mid);
    room_answer_ok(room, member, id, json);
}

static void say(struct room *room, struct room_member *member, const struct room_message *message,
                const char *text, const struct room_say *say, struct room_time now)
{
    char mid[ROOM_MID_MAX_BYTES + 1];
    struct room_buffer body = {0};
    char *line;

    (void)snprintf(mid, sizeof(mid), "%s-%" PRId64, room->epoch, ++room->spoken);
    say_body(&body, member, mid, text, now.wall_ms);
    line = room_buffer_take(&body);
    if (!line || room_history_add(room->history, mid, member->person->identity.person,
                                  say->is_staff, line)) {
        room_answer_error(room, member, message->id, "busy", 1000);
        return;
    }
    room->messages++;
    jt_metric_add(&messages_total, NULL, 1);
    (void)room_talk_said(&member->person->talk, say, message->send.key, mid);
    answer_mid(room, member, message->id, mid);
}

/* May this person talk at all? The code that says why not, or NULL. */
static const char *why_silent(const struct room *room, const struct room_member *member,
                              struct room_time now, int64_t *retry_ms)
{
    unsigned roles = access_role_mask(member->role);

    *retry_ms = -1;
    if (member->person->identity.is_reader)
        return "no_session";
    if (!access_may(ACCESS_CHAT_SEND, roles))
        return "forbidden";
    if (member->person->muted_until_ms > now.mono_ms) {
        *retry_ms = member->person->muted_until_ms - now.mono_ms;
        return "muted";
    }
    *retry_ms = 0;
    return room->is_frozen && !access_may(ACCESS_CHAT_SEND_FROZEN, roles) ? "frozen" : NULL;
}

static const char *why_unfit(const struct room *room, const struct room_member *member,
                             const struct room_message *message, char *text, size_t size)
{
    int n = room_text_clean(message->send.text, message->send.size, ROOM_TEXT_MAX_CHARACTERS, text,
                            size);

    if (n == -EMSGSIZE)
        return "too_long";
    if (n == -ENODATA)
        return "empty";
    if (n < 0)
        return "bad_request";
    if (room->words && !room_member_is_staff(member) && room_words_match(room->words, text))
        return "word";
    return NULL;
}

static void on_send(struct room *room, struct room_member *member,
                    const struct room_message *message, struct room_time now)
{
    static const char *const refusals[] = {[ROOM_REFUSED_SLOW] = "slow_mode",
                                           [ROOM_REFUSED_RATE] = "rate",
                                           [ROOM_REFUSED_DUPLICATE] = "duplicate"};
    struct room_talk *talk = &member->person->talk;
    const char *mid = room_talk_find_key(talk, message->send.key, now.mono_ms);
    char text[ROOM_TEXT_MAX_BYTES + 1];
    struct room_say what = {.is_staff = room_member_is_staff(member),
                            .slow_s = room->slow_s,
                            .address = member->address,
                            .now_ms = now.mono_ms};
    enum room_refusal refusal;
    int64_t retry_ms = -1;
    const char *code;

    if (mid) { /* said already; the answer was lost (pitfall 36) */
        answer_mid(room, member, message->id, mid);
        return;
    }
    code = why_silent(room, member, now, &retry_ms);
    if (!code) {
        retry_ms = -1;
        code = why_unfit(room, member, message, text, sizeof(text));
    }
    if (code) {
        room_answer_error(room, member, message->id, code, retry_ms);
        return;
    }
    what.words = room_words_hash(text);
    refusal = room_talk_may(talk, &what, &retry_ms);
    if (refusal)
        room_answer_error(room, member, message->id, refusals[refusal],
                          refusal == ROOM_REFUSED_DUPLICATE ? -1 : retry_ms);
    else
        say(room, member, message, text, &what, now);
}

/* What comes over the cap is not refused, it doesn't count (pitfall 41). */
static void on_heart(struct room *room, struct room_member *member,
                     const struct room_message *message, struct room_time now)
{
    struct room_bucket *hearts = &member->person->hearts;
    int n = JT_MIN(message->hearts, room_bucket_left(hearts, ROOM_RATE_HEARTS, now.mono_ms));
    char json[32];

    room_bucket_take(hearts, ROOM_RATE_HEARTS, n, now.mono_ms);
    room_set_gauge(room, ROOM_GAUGE_HEARTS, room->gauges[ROOM_GAUGE_HEARTS] + n);
    if (message->id < 0)
        return;
    (void)snprintf(json, sizeof(json), "{\"n\":%d}", n);
    room_answer_ok(room, member, message->id, json);
}

static int next_step(struct room_person *person)
{
    static const int steps[] = ROOM_MUTE_STEPS_S;
    int step = JT_MIN(person->mute_step, (int)JT_COUNT(steps) - 1);

    return steps[step];
}

/* Mutes by hand are of the steps; the place in the row follows. -EINVAL: none of them. */
static int step_of(int seconds)
{
    static const int steps[] = ROOM_MUTE_STEPS_S;

    for (size_t i = 0; i < JT_COUNT(steps); i++)
        if (steps[i] == seconds)
            return (int)i;
    return -EINVAL;
}

static void tell_mute(struct room *room, const char *person, int64_t until_ms)
{
    char json[48];

    (void)snprintf(json, sizeof(json), "{\"until\":%" PRId64 "}", until_ms);
    (void)room_tell(room, person, "mute", json);
}

static int mute(struct room *room, struct room_act *act, struct room_person *person,
                struct room_time now)
{
    int step;

    if (!act->until_ms) {
        act->seconds = act->seconds ? act->seconds : next_step(person);
        step = step_of(act->seconds);
        if (step < 0)
            return step;
        person->mute_step = step + 1;
        act->until_ms = now.wall_ms + (int64_t)act->seconds * 1000;
    }
    person->muted_until_ms = now.mono_ms + JT_MAX(act->until_ms - now.wall_ms, 0);
    tell_mute(room, act->person, act->until_ms);
    return 0;
}

static int delete_message(struct room *room, const char *mid, char *person)
{
    struct room_buffer json = {0};
    int err = -ENOMEM;

    (void)room_history_delete(room->history, mid, person);
    room_welcome_drop(room);
    room_buffer_text(&json, "{\"mid\":");
    room_buffer_quoted(&json, mid);
    room_buffer_text(&json, "}");
    if (!json.failed)
        err = room_event(room, "delete", json.data);
    room_buffer_deinit(&json);
    return err;
}

static int ban(struct room *room, struct room_person *person, bool on)
{
    struct room_member *member;
    char mid[ROOM_MID_MAX_BYTES + 1];
    const char *newest;
    int err = 0;

    room_people_set_banned(room->people, person, on);
    if (!on)
        return 0;
    LIST_FOREACH (member, &person->members, of_person)
        room_put_out(room, member, ROOM_OUT_BANNED);
    while (!err && (newest = room_history_of(room->history, person->identity.person))) {
        strcpy(mid, newest);
        err = delete_message(room, mid, NULL);
    }
    return err;
}

static int set_slow(struct room *room, int seconds)
{
    char json[32];

    if (seconds < 0 || seconds > ROOM_SLOW_MAX_S)
        return -EINVAL;
    room->slow_s = seconds;
    (void)snprintf(json, sizeof(json), "{\"s\":%d}", seconds);
    return room_publish(room, "slow", 0, "slow", json);
}

static int act_on_person(struct room *room, struct room_act *act, struct room_time now)
{
    struct room_person *person;

    if (!room_is_token(act->person, strlen(act->person), ROOM_PERSON_MAX_BYTES))
        return -EINVAL;
    person = room_people_get(room->people, act->person, now.mono_ms);
    if (!person)
        return -ENOMEM;
    if (act->verb == ROOM_MUTE)
        return mute(room, act, person, now);
    if (act->verb != ROOM_UNMUTE)
        return ban(room, person, act->verb == ROOM_BAN);
    person->muted_until_ms = 0;
    tell_mute(room, act->person, 0);
    return 0;
}

int room_act_do(struct room *room, struct room_act *act, struct room_time now)
{
    switch (act->verb) {
    case ROOM_DELETE:
        return room_is_token(act->mid, strlen(act->mid), ROOM_MID_MAX_BYTES)
                   ? delete_message(room, act->mid, act->person)
                   : -EINVAL;
    case ROOM_MUTE:
    case ROOM_UNMUTE:
    case ROOM_BAN:
    case ROOM_UNBAN:
        return act_on_person(room, act, now);
    case ROOM_SLOW:
        return set_slow(room, act->seconds);
    case ROOM_FREEZE:
        room->is_frozen = act->on;
        return room_publish(room, "freeze", 0, "freeze",
                            act->on ? "{\"on\":true}" : "{\"on\":false}");
    default:
        return -EINVAL;
    }
}

int room_act(struct room *room, const struct room_act *act, struct room_time now)
{
    struct room_act copy = *act;

    return room_act_do(room, &copy, now);
}

static bool may_act(struct room *room, const struct room_member *member, const struct room_act *act)
{
    static const enum access_operation operations[ROOM_VERBS] = {
        [ROOM_DELETE] = ACCESS_CHAT_DELETE, [ROOM_MUTE] = ACCESS_CHAT_MUTE,
        [ROOM_UNMUTE] = ACCESS_CHAT_MUTE,   [ROOM_BAN] = ACCESS_CHAT_BAN,
        [ROOM_UNBAN] = ACCESS_CHAT_BAN,     [ROOM_SLOW] = ACCESS_CHAT_SLOW,
        [ROOM_FREEZE] = ACCESS_CHAT_FREEZE,
    };
    const struct room_person *target;

    if (member->person->identity.is_reader ||
        !access_may(operations[act->verb], access_role_mask(member->role)))
        return false;
    target = *act->person ? room_people_find(room->people, act->person) : NULL;
    return !target || target->identity.role < member->role; /* nobody puts out their own boss */
}

static void on_act(struct room *room, struct room_member *member,
                   const struct room_message *message, struct room_time now)
{
    struct room_act act = {.verb = message->verb};
    int err;

    strcpy(act.actor, member->person->identity.person);
    if (message->verb == ROOM_DELETE) {
        strcpy(act.mid, message->mid);
    } else if (message->verb == ROOM_SLOW) {
        act.seconds = message->slow_s;
    } else if (message->verb == ROOM_FREEZE) {
        act.on = message->on;
    } else {
        strcpy(act.person, message->whom.person);
        act.seconds = message->whom.seconds;
    }
    if (!may_act(room, member, &act)) {
        room_answer_error(room, member, message->id, "forbidden", -1);
        return;
    }
    err = room_act_do(room, &act, now);
    if (err) {
        room_answer_error(room, member, message->id, err == -EINVAL ? "bad_request" : "busy",
                          err == -EINVAL ? -1 : 1000);
        return;
    }
    room->ops->act(room->arg, &act);
    room_answer_ok(room, member, message->id, "{}");
}

void room_receive(struct room *room, struct room_member *member, const char *bytes, size_t size,
                  struct room_time now)
{
    struct room_message message;
    int err = size ? room_message_read(bytes, size, &message) : 0;
    int cost = err ? BAD_MESSAGE_COST : 1;

    if (member->is_out)
        return;
    if (room_bucket_wait(&member->messages, ROOM_RATE_MESSAGES, cost, now.mono_ms)) {
        room_put_out(room, member, ROOM_OUT_FLOOD);
        return;
    }
    room_bucket_take(&member->messages, ROOM_RATE_MESSAGES, cost, now.mono_ms);
    if (!size) /* a page's word that it is there */
        return;
    if (err)
        room_answer_error(room, member, message.id, "bad_request", -1);
    else if (message.verb == ROOM_HELLO)
        room_put_out(room, member, ROOM_OUT_BAD_MESSAGE);
    else if (message.verb == ROOM_SEND)
        on_send(room, member, &message, now);
    else if (message.verb == ROOM_HEART)
        on_heart(room, member, &message, now);
    else
        on_act(room, member, &message, now);
}
