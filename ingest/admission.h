/**
 * Who may publish: asked of chat by the hook `publish`, with the stream key, which goes nowhere else. When chat can't
 * answer, unknown keys are refused; whoever published a show that still waits for its publisher comes back to it all the
 * same, recognised by an HMAC of the key under a secret of this process (threat A4: the key itself is not kept). A key
 * that chat refuses is refused, also on a return: it may have been changed meanwhile. Loop thread only.
 */
#ifndef INGEST_ADMISSION_H
#define INGEST_ADMISSION_H

#include "base/base.h"
#include "ring/control.h"

struct ingest_admission;
struct ingest_config;
struct ingest_question;
struct ingest_shows;
struct jt_hooks;
struct jt_loop;

/** Starts the hooks' thread. */
JT_MUST_CHECK int ingest_admission_new(struct jt_loop *loop, const struct ingest_config *config,
                                       struct ingest_shows *shows, struct ingest_admission **out);
/** Nobody waits for an answer any more. NULL is fine. */
void ingest_admission_free(struct ingest_admission *admission);

/** For what else is told to chat. Borrowed. */
struct jt_hooks *ingest_admission_hooks(struct ingest_admission *admission);

struct ingest_verdict {
    const char *show; /* NULL: refused, and then: */
    enum jt_show_access access;
    const char *reason;       /* for logs and metrics; ours */
    const char *code, *words; /* for RTMP's onStatus */
};
/** Comes once, unless cancelled; may come before ingest_admission_ask returns. All borrowed. */
typedef void (*ingest_verdict_fn)(void *arg, const struct ingest_verdict *verdict);

struct ingest_request {
    const char *key;  /* [A-Za-z0-9_-]{1,128}; wiped nowhere but here */
    const char *peer; /* address, as text */
    ingest_verdict_fn fn;
    void *arg;
};

/** `*out` is set before the verdict comes, and is no more once it came. 0 or -ENOMEM (no verdict comes). */
JT_MUST_CHECK int ingest_admission_ask(struct ingest_admission *admission,
                                       const struct ingest_request *request,
                                       struct ingest_question **out);
/** The publisher is gone: no verdict comes. */
void ingest_admission_cancel(struct ingest_question *question);

#endif
