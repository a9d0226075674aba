/* Hooks over their unix socket: what common/hook sends, and what strangers, replayers and forgers send. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include <errno.h>
#include <stdatomic.h>

#include "base/clock.h"
#include "chat/media/hooks.h"
#include "hook/hook.h"
#include "hook/set.h"
#include "hook/sign.h"
#include "loop/loop.h"
#include "token/keyring.h"

enum { PATIENCE_MS = 20000 };

struct rig {
    char dir[32], keys[64], socket[64];
    struct jt_keyring *keyring;
    struct media_hooks *hooks;
    struct jt_loop *loop;
    struct jt_timer *deadline;
    atomic_int published, unpublished, live, viewers;
    char show[32], reason[32];
    size_t count;
    int sessions;
    struct jt_hook_result result;
    bool is_busy;
};

static int on_publish(void *arg, const struct media_publish *who, struct media_admission *out)
{
    struct rig *rig = arg;

    atomic_fetch_add(&rig->published, 1);
    if (strcmp(who->key, "broken") == 0)
        return -EIO;
    if (strcmp(who->key, "good-key") != 0) {
        (void)snprintf(out->code, sizeof(out->code), "unknown_key");
        return -EACCES;
    }
    (void)snprintf(out->show, sizeof(out->show), "rice");
    out->access = JT_ACCESS_TOKEN;
    return 0;
}

static void on_unpublish(void *arg, const char *show, uint32_t epoch, const char *reason)
{
    struct rig *rig = arg;

    (void)epoch;
    (void)snprintf(rig->show, sizeof(rig->show), "%s", show);
    (void)snprintf(rig->reason, sizeof(rig->reason), "%s", reason);
    atomic_fetch_add(&rig->unpublished, 1);
}

static void on_live(void *arg, const struct media_show *shows, size_t count)
{
    struct rig *rig = arg;

    (void)shows;
    rig->count = count;
    atomic_fetch_add(&rig->live, 1);
}

static void on_viewers(void *arg, const struct media_audience *shows, size_t count)
{
    struct rig *rig = arg;

    rig->count = count;
    for (size_t i = 0; i < count; i++)
        rig->sessions += shows[i].sessions;
    atomic_fetch_add(&rig->viewers, 1);
}

static const struct media_events events = {
    .publish = on_publish, .unpublish = on_unpublish, .live = on_live, .viewers = on_viewers};

/* A pool of no threads: at once, or never. */
static int submit(void *pool, media_job_fn fn, void *arg, struct jt_http_request *request)
{
    struct rig *rig = pool;

    if (rig->is_busy)
        return -EBUSY;
    fn(arg, request);
    return 0;
}

static void on_deadline(void *arg)
{
    (void)arg;
    fail_msg("nothing came in time");
}

static int set_up(void **state)
{
    struct rig *rig = calloc(1, sizeof(*rig));
    struct media_hooks_config config = {
        .submit = submit, .pool = rig, .events = &events, .arg = rig};

    (void)snprintf(rig->dir, sizeof(rig->dir), "/tmp/jt-hooks-XXXXXX");
    assert_non_null(mkdtemp(rig->dir));
    (void)snprintf(rig->keys, sizeof(rig->keys), "%s/keys", rig->dir);
    (void)snprintf(rig->socket, sizeof(rig->socket), "%s/hooks.sock", rig->dir);
    assert_int_equal(jt_keyring_open(rig->keys, true, 1, &rig->keyring), 0);
    config.socket = rig->socket;
    config.keyring = rig->keyring;
    assert_int_equal(media_hooks_new(&config, &rig->hooks), 0);
    assert_int_equal(jt_loop_new("test", &rig->loop), 0);
    assert_int_equal(jt_timer_new(rig->loop, "test.deadline", on_deadline, rig, &rig->deadline), 0);
    jt_timer_start(rig->deadline, (int64_t)PATIENCE_MS * JT_USEC_PER_MSEC, 0);
    *state = rig;
    return 0;
}

static int tear_down(void **state)
{
    struct rig *rig = *state;

    media_hooks_stop(rig->hooks);
    media_hooks_free(rig->hooks);
    jt_keyring_close(rig->keyring);
    jt_timer_free(rig->deadline);
    jt_loop_free(rig->loop);
    (void)unlink(rig->socket);
    (void)unlink(rig->keys);
    (void)rmdir(rig->dir);
    free(rig);
    return 0;
}

/* ---- by hand ---- */

/* POST with these stamps; returns the status, and the answer in `out`. */
static int post(struct rig *rig, const char *path, const struct jt_hook_claim *claim,
                const char *body, char *out, size_t capacity)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char request[2048];
    size_t got = 0;
    ssize_t n;
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    int size =
        snprintf(request, sizeof(request),
                 "POST %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                 "Content-Length: %zu\r\n%s%s%s%s%s%s%s%s%s\r\n%s",
                 path, strlen(body), claim->id ? "Jangteo-Id: " : "", claim->id ? claim->id : "",
                 claim->id ? "\r\n" : "", claim->timestamp ? "Jangteo-Timestamp: " : "",
                 claim->timestamp ? claim->timestamp : "", claim->timestamp ? "\r\n" : "",
                 claim->signature ? "Jangteo-Signature: " : "",
                 claim->signature ? claim->signature : "", claim->signature ? "\r\n" : "", body);

    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", rig->socket);
    assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(write(fd, request, (size_t)size), size);
    while ((n = read(fd, out + got, capacity - 1 - got)) > 0)
        got += (size_t)n;
    out[got] = '\0';
    (void)close(fd);
    assert_memory_equal(out, "HTTP/1.1 ", 9);
    return atoi(out + 9);
}

static const char unpublish_body[] = "{\"show\":\"rice\",\"epoch\":3,\"reason\":\"left\"}";

static void test_a2_a_signed_hook_counts_once(void **state)
{
    struct rig *rig = *state;
    struct jt_hook_stamp stamp;
    struct jt_hook_claim claim = {stamp.id, stamp.timestamp, stamp.signature};
    char answer[2048];

    assert_int_equal(jt_hook_sign(rig->keyring, unpublish_body, strlen(unpublish_body),
                                  jt_clock_wall_us() / 1000, &stamp),
                     0);
    assert_int_equal(post(rig, "/hooks/unpublish", &claim, unpublish_body, answer, sizeof(answer)),
                     204);
    assert_string_equal(rig->show, "rice");
    assert_string_equal(rig->reason, "left");
    assert_int_equal(post(rig, "/hooks/unpublish", &claim, unpublish_body, answer, sizeof(answer)),
                     409);
    assert_non_null(strstr(answer, "hook_replayed"));
    assert_int_equal(rig->unpublished, 1);
}

static void test_a1_unsigned_and_forged_hooks(void **state)
{
    struct rig *rig = *state;
    struct jt_hook_stamp stamp;
    char answer[2048], other[] = "{\"show\":\"rice\",\"epoch\":4,\"reason\":\"left\"}";

    assert_int_equal(jt_hook_sign(rig->keyring, unpublish_body, strlen(unpublish_body),
                                  jt_clock_wall_us() / 1000, &stamp),
                     0);
    for (int without = 0; without < 4; without++) {
        struct jt_hook_claim claim = {stamp.id, stamp.timestamp, stamp.signature};
        const char *body = without == 3 ? other : unpublish_body;

        if (without == 0)
            claim.id = NULL;
        if (without == 1)
            claim.timestamp = NULL;
        if (without == 2)
            claim.signature = NULL;
        assert_int_equal(post(rig, "/hooks/unpublish", &claim, body, answer, sizeof(answer)), 401);
        assert_non_null(strstr(answer, "hook_unsigned"));
    }
    assert_int_equal(rig->unpublished, 0);
}

static void test_a2_old_hooks_and_those_from_before(void **state)
{
    static const int ages_s[] = {301, -301, 2, 299};
    struct rig *rig = *state;
    struct jt_hook_stamp stamp;
    const struct jt_hook_claim claim = {stamp.id, stamp.timestamp, stamp.signature};
    char answer[2048];

    for (size_t i = 0; i < JT_COUNT(ages_s); i++) { /* it began less than 2 s ago */
        assert_int_equal(jt_hook_sign(rig->keyring, unpublish_body, strlen(unpublish_body),
                                      jt_clock_wall_us() / 1000 - ages_s[i] * 1000LL, &stamp),
                         0);
        assert_int_equal(
            post(rig, "/hooks/unpublish", &claim, unpublish_body, answer, sizeof(answer)), 401);
        assert_non_null(strstr(answer, "hook_late"));
    }
    assert_int_equal(rig->unpublished, 0);
}

static void test_signed_nonsense(void **state)
{
    static const char *const paths[] = {"/hooks/publish", "/hooks/unpublish", "/hooks/live",
                                        "/hooks/viewers"};
    static const char *const bodies[] = {"", "{", "[]", "{}",
                                         "{\"set\":1,\"part\":1,\"parts\":1,\"shows\":[1]}"};
    struct rig *rig = *state;
    struct jt_hook_stamp stamp;
    const struct jt_hook_claim claim = {stamp.id, stamp.timestamp, stamp.signature};
    char answer[2048];

    for (size_t i = 0; i < JT_COUNT(paths) * JT_COUNT(bodies); i++) {
        const char *body = bodies[i % JT_COUNT(bodies)];

        assert_int_equal(
            jt_hook_sign(rig->keyring, body, strlen(body), jt_clock_wall_us() / 1000, &stamp), 0);
        assert_int_equal(
            post(rig, paths[i / JT_COUNT(bodies)], &claim, body, answer, sizeof(answer)), 400);
    }
    assert_int_equal(rig->live + rig->viewers + rig->published + rig->unpublished, 0);
}

/* ---- by common/hook ---- */

static void on_result(void *arg, const struct jt_hook_result *result)
{
    struct rig *rig = arg;

    rig->result = *result;
    jt_loop_stop(rig->loop);
}

static struct jt_hooks *sender(struct rig *rig)
{
    char url[80];
    const struct jt_hooks_config config = {
        .url = url, .key_path = rig->keys, .loop = rig->loop, .on_result = on_result, .arg = rig};
    struct jt_hooks *hooks = NULL;

    (void)snprintf(url, sizeof(url), "unix:%s", rig->socket);
    assert_int_equal(jt_hooks_new(&config, &hooks), 0);
    return hooks;
}

static int ask(struct rig *rig, struct jt_hooks *hooks, const char *key)
{
    char body[128];
    struct jt_hook_post question = {.path = "/hooks/publish", .body = body, .tag = 7};

    question.size = (size_t)snprintf(
        body, sizeof(body), "{\"key\":\"%s\",\"kind\":\"rtmp\",\"peer\":\"127.0.0.1\"}", key);
    assert_int_equal(jt_hooks_post(hooks, &question), 0);
    jt_loop_run(rig->loop);
    assert_int_equal(rig->result.tag, 7);
    return rig->result.status;
}

static void test_publish_is_answered(void **state)
{
    struct rig *rig = *state;
    struct jt_hooks *hooks = sender(rig);

    assert_int_equal(ask(rig, hooks, "good-key"), 200);
    assert_string_equal(rig->result.body, "{\"show\":\"rice\",\"access\":\"token\"}");
    assert_int_equal(ask(rig, hooks, "other-key"), 403);
    assert_non_null(strstr(rig->result.body, "\"unknown_key\""));
    assert_null(strstr(rig->result.body, "other-key"));
    assert_int_equal(ask(rig, hooks, "broken"), 503);
    rig->is_busy = true;
    assert_int_equal(ask(rig, hooks, "good-key"), 503);
    assert_int_equal(rig->published, 3);
    jt_hooks_free(hooks);
}

static void test_chat_is_not_there(void **state)
{
    struct rig *rig = *state;
    struct jt_hooks *hooks = sender(rig);

    media_hooks_stop(rig->hooks);
    assert_int_equal(ask(rig, hooks, "good-key"), 0);
    jt_hooks_free(hooks);
}

static void test_keys_that_come_later(void **state)
{
    struct rig *rig = *state;
    char elsewhere[80];
    struct jt_hooks *hooks;

    (void)snprintf(elsewhere, sizeof(elsewhere), "%s.later", rig->keys);
    assert_int_equal(rename(rig->keys, elsewhere), 0);
    hooks = sender(rig);
    assert_null(jt_hooks_keyring(hooks));
    assert_int_equal(ask(rig, hooks, "good-key"), 0); /* fails closed */
    assert_int_equal(rename(elsewhere, rig->keys), 0);
    while (ask(rig, hooks, "good-key") != 200) /* the deadline ends it */
        ;
    assert_non_null(jt_hooks_keyring(hooks));
    jt_hooks_free(hooks);
}

static void turn_until(struct rig *rig, const atomic_int *count, int wanted)
{
    int64_t end_us = jt_clock_mono_us() + (int64_t)PATIENCE_MS * JT_USEC_PER_MSEC;

    (void)rig;
    while (atomic_load(count) < wanted) {
        assert_true(jt_clock_mono_us() < end_us);
        (void)usleep(1000);
    }
}

static void test_a_long_set_and_an_empty_one(void **state)
{
    enum { SHOWS = 3000 };
    struct rig *rig = *state;
    struct jt_hooks *hooks = sender(rig);
    struct jt_hook_set *set;
    char json[128];

    assert_int_equal(jt_hook_set_new(&set), 0);
    for (int i = 0; i < SHOWS; i++) {
        int size = snprintf(json, sizeof(json), "{\"show\":\"show-%d\",\"sessions\":2}", i);

        assert_int_equal(jt_hook_set_add(set, json, (size_t)size), 0);
    }
    assert_int_equal(jt_hook_set_post(set, hooks, "/hooks/viewers", 1), 0);
    jt_hook_set_free(set);
    turn_until(rig, &rig->viewers, 1);
    assert_int_equal(rig->count, SHOWS);
    assert_int_equal(rig->sessions, 2 * SHOWS);
    assert_int_equal(jt_hook_set_new(&set), 0);
    assert_int_equal(jt_hook_set_post(set, hooks, "/hooks/live", 2), 0);
    jt_hook_set_free(set);
    turn_until(rig, &rig->live, 1);
    assert_int_equal(rig->count, 0);
    jt_hooks_free(hooks);
}

/* Chat is away, then back: what waits comes, the newest of its topic alone. */
static void test_unpublish_waits_for_chat(void **state)
{
    struct rig *rig = *state;
    struct jt_hooks *hooks = sender(rig);
    struct media_hooks_config config = {
        .submit = submit, .pool = rig, .events = &events, .arg = rig};
    const char *const reasons[] = {"left", "ended"};

    media_hooks_stop(rig->hooks);
    media_hooks_free(rig->hooks);
    for (int i = 0; i < 3; i++) {
        char body[128];
        struct jt_hook_post message = {.path = "/hooks/unpublish",
                                       .body = body,
                                       .topic = i == 2 ? "unpublish/fish" : "unpublish/rice",
                                       .retry = JT_HOOK_UNTIL_DONE,
                                       .tag = 9};

        message.size =
            (size_t)snprintf(body, sizeof(body), "{\"show\":\"%s\",\"epoch\":1,\"reason\":\"%s\"}",
                             i == 2 ? "fish" : "rice", reasons[i == 1]);
        assert_int_equal(jt_hooks_post(hooks, &message), 0);
        jt_loop_run(rig->loop); /* it failed once */
        assert_int_equal(rig->result.status, 0);
    }
    jt_hooks_drop(hooks, "unpublish/fish");
    config.socket = rig->socket;
    config.keyring = rig->keyring;
    assert_int_equal(media_hooks_new(&config, &rig->hooks), 0);
    while (rig->result.status != 204)
        jt_loop_run(rig->loop);
    assert_int_equal(rig->unpublished, 1);
    assert_string_equal(rig->show, "rice");
    assert_string_equal(rig->reason, "ended");
    jt_hooks_free(hooks);
}

static void test_what_does_not_fit(void **state)
{
    struct rig *rig = *state;
    struct jt_hooks *hooks = sender(rig);
    char *large = calloc(1, JT_HOOK_BODY_MAX_BYTES + 1);
    struct jt_hook_post message = {
        .path = "/hooks/live", .body = large, .size = JT_HOOK_BODY_MAX_BYTES + 1};
    struct jt_hook_set *set;

    assert_int_equal(jt_hooks_post(hooks, &message), -EMSGSIZE);
    assert_int_equal(jt_hook_set_new(&set), 0);
    assert_int_equal(jt_hook_set_add(set, large, JT_HOOK_BODY_MAX_BYTES), -EMSGSIZE);
    for (int i = 0; i < JT_HOOK_SET_PARTS_MAX; i++)
        assert_int_equal(jt_hook_set_add(set, large, JT_HOOK_SET_PART_BYTES - 1), 0);
    assert_int_equal(jt_hook_set_add(set, large, JT_HOOK_SET_PART_BYTES - 1), -ENOSPC);
    jt_hook_set_free(set);
    free(large);
    jt_hooks_free(hooks);
}

#define WITH_RIG(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_RIG(test_a2_a_signed_hook_counts_once),
        WITH_RIG(test_a1_unsigned_and_forged_hooks),
        WITH_RIG(test_a2_old_hooks_and_those_from_before),
        WITH_RIG(test_signed_nonsense),
        WITH_RIG(test_publish_is_answered),
        WITH_RIG(test_chat_is_not_there),
        WITH_RIG(test_keys_that_come_later),
        WITH_RIG(test_a_long_set_and_an_empty_one),
        WITH_RIG(test_unpublish_waits_for_chat),
        WITH_RIG(test_what_does_not_fit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
