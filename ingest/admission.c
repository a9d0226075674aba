#include "ingest/admission.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/random.h>

#include "base/json.h"
#include "base/log.h"
#include "base/metrics.h"
#include "hook/hook.h"
#include "ingest/config.h"
#include "ingest/show.h"
#include "net/address.h"
#include "token/mac.h"

enum {
    KEY_MAX_BYTES = 128,
    DEPTH_MAX = 4,
    STATUS_REFUSED = 403,
};

static struct jt_metric verdicts_total =
    JT_COUNTER("jangteo_ingest_admissions_total", "Publishers by what was decided.", "verdict");

struct ingest_question {
    LIST_ENTRY(ingest_question) link;
    struct ingest_admission *admission;
    uint64_t tag;
    uint8_t mac[JT_MAC_BYTES]; /* of the key */
    ingest_verdict_fn fn;
    void *arg;
};

/* Whose key the publisher of a show had. It counts only while the show is there and waits. */
struct memory {
    LIST_ENTRY(memory) link;
    char show[JT_SHOW_NAME_MAX_BYTES];
    uint8_t mac[JT_MAC_BYTES];
};

struct ingest_admission {
    struct ingest_shows *shows;
    struct jt_hooks *hooks;
    uint8_t secret[JT_MAC_BYTES]; /* of this process: a copy of the memory is worth nothing */
    uint64_t last_tag;
    LIST_HEAD(, ingest_question) questions;
    LIST_HEAD(, memory) memories;
};

/* ---- who came before ---- */

static struct memory *memory_of_show(struct ingest_admission *admission, const char *show)
{
    struct memory *memory;

    LIST_FOREACH (memory, &admission->memories, link)
        if (strcmp(memory->show, show) == 0)
            return memory;
    return NULL;
}

static void forget(struct memory *memory)
{
    LIST_REMOVE(memory, link);
    free(memory);
}

static void remember(struct ingest_admission *admission, const char *show,
                     const uint8_t mac[JT_MAC_BYTES])
{
    struct memory *memory = memory_of_show(admission, show);

    if (!memory) {
        memory = calloc(1, sizeof(*memory));
        if (!memory)
            return; /* it may have to wait for chat, then */
        (void)snprintf(memory->show, sizeof(memory->show), "%s", show);
        LIST_INSERT_HEAD(&admission->memories, memory, link);
    }
    memcpy(memory->mac, mac, JT_MAC_BYTES);
}

/* A show that waits for the publisher with this key. */
static struct ingest_show *find_waiting(struct ingest_admission *admission,
                                        const uint8_t mac[JT_MAC_BYTES])
{
    struct ingest_show *found = NULL;
    struct memory *memory;

    LIST_FOREACH (memory, &admission->memories, link) {
        struct ingest_show *show;

        if (!jt_mac_is_equal(memory->mac, mac))
            continue;
        show = ingest_show_find(admission->shows, memory->show);
        if (show && ingest_show_state(show) == JT_SHOW_WAITING && !ingest_show_is_stopped(show))
            found = show;
    }
    return found;
}

static void on_state(void *arg, const struct ingest_show *show)
{
    struct memory *memory;

    if (ingest_show_state(show) != JT_SHOW_ENDED)
        return;
    memory = memory_of_show(arg, ingest_show_name(show));
    if (memory)
        forget(memory);
}

static const struct ingest_show_events show_events = {.on_state = on_state};

/* ---- verdicts ---- */

/* What chat's codes are to who sits at the encoder. */
static const struct ingest_verdict refusals[] = {
    {.reason = "unknown_key",
     .code = "NetStream.Publish.BadName",
     .words = "This stream key is not known here."},
    {.reason = "no_show",
     .code = "NetStream.Publish.Denied",
     .words = "There is no show to go live with: make one in the studio first."},
    {.reason = "show_stopped",
     .code = "NetStream.Publish.Denied",
     .words = "The operator stopped this show."},
    {.reason = "already_live",
     .code = "NetStream.Publish.BadName",
     .words = "Somebody is already live with this stream key."},
    {.reason = "too_many",
     .code = "NetStream.Publish.Denied",
     .words = "Too many tries. Try again in a minute."},
    {.reason = "refused",
     .code = "NetStream.Publish.Denied",
     .words = "The server refused this stream."},
};
static const struct ingest_verdict unreachable = {
    .reason = "chat_unreachable",
    .code = "NetStream.Publish.Failed",
    .words = "The server can't check stream keys now. Try again in a moment.",
};

static const struct ingest_verdict *refusal_of(const char *code)
{
    size_t i = 0;

    while (i < JT_COUNT(refusals) - 1 && strcmp(refusals[i].reason, code) != 0)
        i++;
    return &refusals[i];
}

/* The question is over before anybody hears of it. */
static void decide(struct ingest_question *question, const struct ingest_verdict *verdict)
{
    ingest_verdict_fn fn = question->fn;
    void *arg = question->arg;

    jt_metric_add(&verdicts_total, verdict->reason, 1);
    ingest_admission_cancel(question);
    fn(arg, verdict);
}

static void decide_alone(struct ingest_question *question)
{
    const struct ingest_show *show = find_waiting(question->admission, question->mac);
    struct ingest_verdict verdict = unreachable;

    if (show) {
        verdict = (struct ingest_verdict){.show = ingest_show_name(show),
                                          .access = ingest_show_access(show),
                                          .reason = "readmitted"};
        jt_info("publish.readmitted", KV("show", verdict.show));
    }
    decide(question, &verdict);
}

static bool read_access(const char *text, enum jt_show_access *out)
{
    for (unsigned i = 0; text && i < JT_SHOW_ACCESS_COUNT; i++)
        if (strcmp(jt_show_access_names[i], text) == 0) {
            *out = (enum jt_show_access)i;
            return true;
        }
    return false;
}

static void decide_as_told(struct ingest_question *question, int status, const json_t *answer)
{
    const json_t *show = json_object_get(answer, "show");
    const char *code = json_string_value(json_object_get(answer, "code"));
    struct ingest_verdict verdict = {.reason = "accepted"};

    if (status == STATUS_REFUSED) {
        decide(question, refusal_of(code ? code : ""));
        return;
    }
    if (!json_is_string(show) ||
        !jt_show_name_is_valid(json_string_value(show), json_string_length(show)) ||
        !read_access(json_string_value(json_object_get(answer, "access")), &verdict.access)) {
        jt_error("publish.answer", KV("status", status), KV("reason", "no show in it"));
        decide(question, &unreachable);
        return;
    }
    verdict.show = json_string_value(show);
    remember(question->admission, verdict.show, question->mac);
    decide(question, &verdict);
}

static struct ingest_question *find_question(struct ingest_admission *admission, uint64_t tag)
{
    struct ingest_question *question;

    LIST_FOREACH (question, &admission->questions, link)
        if (question->tag == tag)
            return question;
    return NULL;
}

static void on_result(void *arg, const struct jt_hook_result *result)
{
    struct ingest_question *question = find_question(arg, result->tag);
    json_error_t error;
    json_t *answer = NULL;

    if (!question) /* who asked has gone */
        return;
    if (jt_json_is_flat(result->body, result->size, DEPTH_MAX))
        answer = json_loadb(result->body, result->size, JSON_REJECT_DUPLICATES, &error);
    if (result->status == 200 || result->status == STATUS_REFUSED)
        decide_as_told(question, result->status, answer);
    else
        decide_alone(question);
    json_decref(answer);
}

/* ---- questions ---- */

static int post(struct ingest_admission *admission, const struct ingest_request *request,
                uint64_t tag)
{
    char body[KEY_MAX_BYTES + JT_ADDRESS_TEXT_BYTES + 64]; /* neither needs escaping */
    struct jt_hook_post post = {.path = "/hooks/publish", .body = body, .tag = tag};
    int size = snprintf(body, sizeof(body), "{\"key\":\"%s\",\"kind\":\"rtmp\",\"peer\":\"%s\"}",
                        request->key, request->peer);
    int err = -EMSGSIZE;

    post.size = (size_t)size;
    if (post.size < sizeof(body))
        err = jt_hooks_post(admission->hooks, &post);
    explicit_bzero(body, sizeof(body));
    return err;
}

int ingest_admission_ask(struct ingest_admission *admission, const struct ingest_request *request,
                         struct ingest_question **out)
{
    const struct jt_mac_piece piece = {request->key, strlen(request->key)};
    struct ingest_question *question = calloc(1, sizeof(*question));

    if (!question)
        return -ENOMEM;
    if (jt_mac(admission->secret, sizeof(admission->secret), &piece, 1, question->mac)) {
        free(question);
        return -ENOMEM;
    }
    question->admission = admission;
    question->tag = ++admission->last_tag;
    question->fn = request->fn;
    question->arg = request->arg;
    LIST_INSERT_HEAD(&admission->questions, question, link);
    *out = question;
    if (post(admission, request, question->tag))
        decide_alone(question);
    return 0;
}

void ingest_admission_cancel(struct ingest_question *question)
{
    LIST_REMOVE(question, link);
    explicit_bzero(question->mac, sizeof(question->mac));
    free(question);
}

struct jt_hooks *ingest_admission_hooks(struct ingest_admission *admission)
{
    return admission->hooks;
}

/* ---- life ---- */

int ingest_admission_new(struct jt_loop *loop, const struct ingest_config *config,
                         struct ingest_shows *shows, struct ingest_admission **out)
{
    struct ingest_admission *admission = calloc(1, sizeof(*admission));
    const struct jt_hooks_config hooks = {.url = config->hook_url,
                                          .key_path = config->auth_keys,
                                          .may_private = config->hook_private,
                                          .loop = loop,
                                          .on_result = on_result,
                                          .arg = admission};
    int err;

    if (!admission)
        return -ENOMEM;
    admission->shows = shows;
    LIST_INIT(&admission->questions);
    LIST_INIT(&admission->memories);
    err = getrandom(admission->secret, sizeof(admission->secret), 0) ==
                  (ssize_t)sizeof(admission->secret)
              ? 0
              : -EIO;
    if (!err)
        err = ingest_shows_listen(shows, &show_events, admission);
    if (!err)
        err = jt_hooks_new(&hooks, &admission->hooks);
    if (err) {
        ingest_admission_free(admission);
        return err;
    }
    *out = admission;
    return 0;
}

void ingest_admission_free(struct ingest_admission *admission)
{
    struct memory *memory;

    if (!admission)
        return;
    jt_hooks_free(admission->hooks);
    while (!LIST_EMPTY(&admission->questions))
        ingest_admission_cancel(LIST_FIRST(&admission->questions));
    while ((memory = LIST_FIRST(&admission->memories)))
        forget(memory);
    explicit_bzero(admission->secret, sizeof(admission->secret));
    free(admission);
}
