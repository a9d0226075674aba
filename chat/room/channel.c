/* The functions that any thread may call: each makes a post. */
#include "chat/room/channel.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "chat/room/buffer.h"
#include "chat/room/hall.h"
#include "chat/room/words.h"
#include "http/server.h"

static const struct jt_thread_ops thread_ops = {.start = hall_start, .stop = hall_stop};

int channel_new(const struct channel_ops *ops, void *arg, struct channel **out)
{
    struct channel *channel = calloc(1, sizeof(*channel));
    int err;

    if (!channel)
        return -ENOMEM;
    channel->ops = ops;
    channel->arg = arg;
    err = getrandom(&channel->random, sizeof(channel->random), 0) == sizeof(channel->random) ? 0
                                                                                             : -EIO;
    channel->random |= 1;
    if (!err)
        err = jt_thread_start("rooms", &thread_ops, channel, &channel->thread);
    if (err) {
        free(channel);
        return err;
    }
    *out = channel;
    return 0;
}

void channel_free(struct channel *channel)
{
    if (!channel)
        return;
    jt_thread_stop(channel->thread);
    free(channel);
}

void post_free(struct post *post)
{
    if (post->fd >= 0) {
        (void)close(post->fd);
        jt_http_place_free(post->place);
    }
    room_words_free(post->words);
    free(post->json);
    free(post);
}

static bool is_for_all(enum post_kind kind)
{
    return kind == POST_ADOPT || kind == POST_TELL || kind == POST_KICK;
}

/* "" for `show` and `key`: none. NULL without memory, or (with EINVAL) when one of them is too long. */
static struct post *post_new(enum post_kind kind, const char *show, const char *key)
{
    struct post *post;

    errno = EINVAL;
    if (strlen(show) > ROOM_SHOW_MAX_BYTES || strlen(key) > HALL_KEY_MAX_BYTES ||
        (!*show && !is_for_all(kind)))
        return NULL;
    errno = ENOMEM;
    post = calloc(1, sizeof(*post));
    if (!post)
        return NULL;
    post->kind = kind;
    post->fd = -1;
    post->bytes = sizeof(*post);
    strcpy(post->show, show);
    strcpy(post->key, key);
    return post;
}

static int set_event(struct post *post, const char *event, const char *json)
{
    size_t size = strlen(json);

    if (strlen(event) > HALL_EVENT_MAX_BYTES || size > CHANNEL_JSON_MAX_BYTES || *json != '{')
        return -EINVAL;
    strcpy(post->event, event);
    post->json = strdup(json);
    post->bytes += size;
    return post->json ? 0 : -ENOMEM;
}

/* Takes `post` in every case, but for its descriptor after a failure. */
static int send_post(struct channel *channel, struct post *post, int err)
{
    size_t bytes = post->bytes;

    if (!err && atomic_fetch_add(&channel->waiting_bytes, bytes) > CHANNEL_MAILBOX_BYTES_MAX) {
        atomic_fetch_sub(&channel->waiting_bytes, bytes);
        err = -EAGAIN;
    } else if (!err) {
        err = jt_mailbox_post(channel->mailbox, &post);
        if (err)
            atomic_fetch_sub(&channel->waiting_bytes, bytes);
    }
    if (err) {
        post->fd = -1;
        post_free(post);
    }
    return err;
}

int channel_adopt(struct channel *channel, int fd, struct jt_http_place *place, const char *address)
{
    struct post *post = post_new(POST_ADOPT, "", address);

    if (!post)
        return -errno;
    post->fd = fd;
    post->place = place;
    return send_post(channel, post, 0);
}

int channel_publish(struct channel *channel, const char *show, const char *key, int64_t version,
                    const char *event, const char *json)
{
    struct post *post = post_new(POST_PUBLISH, show, key);

    if (!post)
        return -errno;
    post->number = version;
    return send_post(channel, post, set_event(post, event, json));
}

/* Text that was laid out in a buffer. */
static int publish_buffer(struct channel *channel, const char *show, const char *key,
                          int64_t version, const char *event, struct room_buffer *json)
{
    int err =
        json->failed ? -ENOMEM : channel_publish(channel, show, key, version, event, json->data);

    room_buffer_deinit(json);
    return err;
}

static void add_integer(struct room_buffer *json, const char *before, int64_t value)
{
    room_buffer_text(json, before);
    room_buffer_integer(json, value);
}

int channel_state(struct channel *channel, const char *show, const char *state, int64_t version)
{
    struct room_buffer json = {0};

    room_buffer_text(&json, "{\"state\":");
    room_buffer_quoted(&json, state);
    room_buffer_text(&json, "}");
    return publish_buffer(channel, show, "state", version, "state", &json);
}

int channel_pin(struct channel *channel, const char *show, int64_t product, int64_t version,
                const char *track, int64_t capture_us)
{
    struct room_buffer json = {0};

    room_buffer_text(&json, "{\"product\":");
    if (product)
        room_buffer_integer(&json, product);
    else
        room_buffer_text(&json, "null");
    add_integer(&json, ",\"v\":", version);
    room_buffer_text(&json, ",\"media\":");
    if (track) {
        room_buffer_text(&json, "{\"track\":");
        room_buffer_quoted(&json, track);
        add_integer(&json, ",\"capture_us\":", capture_us);
        room_buffer_text(&json, "}}");
    } else {
        room_buffer_text(&json, "null}");
    }
    return publish_buffer(channel, show, "pin", version, "pin", &json);
}

int channel_notice(struct channel *channel, const char *show, const char *text, int64_t version)
{
    char clean[ROOM_NOTICE_MAX_BYTES + 1] = "";
    int n = room_text_clean(text, strlen(text), ROOM_NOTICE_MAX_CHARACTERS, clean, sizeof(clean));
    struct room_buffer json = {0};

    if (n < 0 && n != -ENODATA)
        return n == -ENOMEM ? n : -EINVAL;
    room_buffer_text(&json, "{\"text\":");
    room_buffer_quoted(&json, n < 0 ? "" : clean);
    add_integer(&json, ",\"v\":", version);
    room_buffer_text(&json, "}");
    return publish_buffer(channel, show, "notice", version, "notice", &json);
}

int channel_stock(struct channel *channel, const char *show, int64_t product, int64_t variant,
                  int64_t left, int64_t version)
{
    char key[HALL_KEY_MAX_BYTES + 1];
    struct room_buffer json = {0};

    (void)snprintf(key, sizeof(key), "stock:%" PRId64, variant);
    add_integer(&json, "{\"product\":", product);
    add_integer(&json, ",\"variant\":", variant);
    add_integer(&json, ",\"left\":", left);
    add_integer(&json, ",\"v\":", version);
    room_buffer_text(&json, "}");
    return publish_buffer(channel, show, key, version, "stock", &json);
}

int channel_product(struct channel *channel, const char *show, int64_t product, const char *json,
                    int64_t version)
{
    char key[HALL_KEY_MAX_BYTES + 1];

    (void)snprintf(key, sizeof(key), "product:%" PRId64, product);
    return channel_publish(channel, show, key, version, "product", json);
}

int channel_sales(struct channel *channel, const char *show, bool is_stopped, int64_t version)
{
    return channel_publish(channel, show, "sales", version, "sales",
                           is_stopped ? "{\"on\":false}" : "{\"on\":true}");
}

int channel_end(struct channel *channel, const char *show)
{
    struct post *post = post_new(POST_EVENT, show, "");

    if (!post)
        return -errno;
    return send_post(channel, post, set_event(post, "end", "{}"));
}

static int set_gauge(struct channel *channel, const char *show, enum room_gauge gauge,
                     int64_t value)
{
    struct post *post = post_new(POST_GAUGE, show, "");

    if (!post)
        return -errno;
    post->code = (int)gauge;
    post->number = value;
    return send_post(channel, post, 0);
}

int channel_sold(struct channel *channel, const char *show, int64_t units)
{
    return set_gauge(channel, show, ROOM_GAUGE_SOLD, units);
}

int channel_viewers(struct channel *channel, const char *show, int64_t viewers)
{
    return set_gauge(channel, show, ROOM_GAUGE_VIEWERS, viewers);
}

int channel_tell(struct channel *channel, const char *show, const char *person, const char *event,
                 const char *json)
{
    struct post *post = post_new(POST_TELL, show ? show : "", person);

    if (!post)
        return -errno;
    return send_post(channel, post, set_event(post, event, json));
}

int channel_act(struct channel *channel, const char *show, const struct room_act *act)
{
    struct post *post = post_new(POST_ACT, show, "");

    if (!post)
        return -errno;
    post->act = *act;
    return send_post(channel, post, 0);
}

int channel_opened(struct channel *channel, const char *show, int error, int64_t hearts,
                   int64_t messages, const char *words)
{
    struct post *post = post_new(POST_OPENED, show, "");
    int err = 0;

    if (!post)
        return -errno;
    post->code = error;
    post->number = hearts;
    post->more = messages;
    if (!error)
        err = room_words_new(words, &post->words);
    return send_post(channel, post, err == -EMSGSIZE ? -EINVAL : err);
}

int channel_kick(struct channel *channel, const char *person)
{
    struct post *post = post_new(POST_KICK, "", person);

    return post ? send_post(channel, post, 0) : -errno;
}

int channel_close(struct channel *channel, const char *show)
{
    struct post *post = post_new(POST_CLOSE, show, "");

    return post ? send_post(channel, post, 0) : -errno;
}
