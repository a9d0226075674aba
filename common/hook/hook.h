/**
 * Signed hooks out: JSON by POST to chat (or what stands in for it), from a thread of its own. Posting never blocks; the
 * queue is bounded. No redirects, no proxies, http and https only, addresses as hook/target.h says, answers of 4 KiB, 3 s.
 */
#ifndef JT_HOOK_HOOK_H
#define JT_HOOK_HOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"

struct jt_hooks;
struct jt_keyring;
struct jt_loop;

enum {
    JT_HOOK_TIMEOUT_MS = 3000,          /* threat H14 */
    JT_HOOK_HEAD_MAX_BYTES = 64 * 1024, /* threat H14 */
    JT_HOOK_ANSWER_MAX_BYTES = 4096,
    JT_HOOK_BODY_MAX_BYTES = 64 * 1024, /* what common/http takes */
    JT_HOOK_QUEUE_MAX = 1024,
    JT_HOOK_QUEUE_MAX_BYTES = 8 * 1024 * 1024,
    JT_HOOK_RUNNING_MAX = 16,
    JT_HOOK_TOPIC_MAX_BYTES = 160,
    JT_HOOK_RETRY_FIRST_MS = 500,
    JT_HOOK_RETRY_MAX_MS = 30 * 1000,
    JT_HOOK_RETRY_UNTIL_MS = 10 * 60 * 1000, /* ours: later it is news no more */
};

enum jt_hook_retry {
    JT_HOOK_ONCE, /* who waits for the answer decides; also for what is told again soon anyway */
    JT_HOOK_UNTIL_DONE, /* again and again with back-off, until it is taken, superseded or too old */
};

struct jt_hook_result {
    uint64_t tag;
    int status; /* of HTTP; 0: it was not delivered, or the answer was no answer */
    size_t size;
    char body[JT_HOOK_ANSWER_MAX_BYTES + 1]; /* NUL-terminated */
};
/** On the loop's thread; `result` is borrowed. */
typedef void (*jt_hook_fn)(void *arg, const struct jt_hook_result *result);

struct jt_hooks_config {
    const char *url;      /* as hook/target.h takes it */
    const char *key_path; /* of the keyring; chat makes it, until then nothing can be sent */
    bool may_private;     /* hook/target.h */
    struct jt_loop *loop; /* where results go; NULL: nobody wants any */
    jt_hook_fn on_result; /* NULL with `loop` NULL */
    void *arg;
};

/** Starts the thread. The config is copied. -EINVAL: not a URL of ours. Once a process, before other threads. */
JT_MUST_CHECK int jt_hooks_new(const struct jt_hooks_config *config, struct jt_hooks **out);
/** What waits is dropped, what runs is cut. Loop thread. NULL is fine. */
void jt_hooks_free(struct jt_hooks *hooks);

struct jt_hook_post {
    const char *path; /* "/hooks/publish" */
    const char *body; /* JSON; copied, and wiped after use */
    size_t size;
    const char *
        topic; /* what it is about: a post takes the place of those of its topic that still wait. NULL: none */
    enum jt_hook_retry retry;
    uint64_t tag; /* comes back with the result; 0: no result is wanted */
};

/** 0, -EAGAIN: the queue is full, -EMSGSIZE, -ENOMEM. Any thread. Posts of one topic never overtake each other. */
JT_MUST_CHECK int jt_hooks_post(struct jt_hooks *hooks, const struct jt_hook_post *post);
/** What waits of this topic, or would be tried again, is not wanted any more. Any thread. */
void jt_hooks_drop(struct jt_hooks *hooks, const char *topic);

/** The shared keys, once their file is there; NULL before. Holds as long as `hooks`. Any thread. */
struct jt_keyring *jt_hooks_keyring(struct jt_hooks *hooks);

#endif
