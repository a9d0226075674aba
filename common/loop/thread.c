#include "loop/thread.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "loop/private.h"

enum { NAME_MAX_BYTES = 16 }; /* pthread_setname_np(3) */

struct jt_thread {
    pthread_t id;
    char name[NAME_MAX_BYTES];
    struct jt_loop *loop;
    const struct jt_thread_ops *ops;
    void *arg;

    pthread_mutex_t mutex;
    pthread_cond_t started;
    bool has_started;
    int error; /* of ops->start */
};

static void tell_started(struct jt_thread *thread, int error)
{
    (void)pthread_mutex_lock(&thread->mutex);
    thread->error = error;
    thread->has_started = true;
    (void)pthread_cond_signal(&thread->started);
    (void)pthread_mutex_unlock(&thread->mutex);
}

static int wait_started(struct jt_thread *thread)
{
    int error;

    (void)pthread_mutex_lock(&thread->mutex);
    while (!thread->has_started)
        (void)pthread_cond_wait(&thread->started, &thread->mutex);
    error = thread->error;
    (void)pthread_mutex_unlock(&thread->mutex);
    return error;
}

static void *thread_main(void *arg)
{
    struct jt_thread *thread = arg;
    int error;

    (void)pthread_setname_np(pthread_self(), thread->name);
    jt_loop_claim(thread->loop);
    error = thread->ops->start ? thread->ops->start(thread->arg, thread->loop) : 0;
    tell_started(thread, error);
    if (error)
        return NULL;
    jt_loop_run(thread->loop);
    if (thread->ops->stop)
        thread->ops->stop(thread->arg);
    return NULL;
}

/* Signals go to the main thread: a new thread inherits a mask that blocks all but those that tell of its own faults. */
static int create_masked(struct jt_thread *thread)
{
    sigset_t all, before;
    int err;

    (void)sigfillset(&all);
    (void)sigdelset(&all, SIGSEGV);
    (void)sigdelset(&all, SIGBUS);
    (void)sigdelset(&all, SIGFPE);
    (void)sigdelset(&all, SIGILL);
    (void)sigdelset(&all, SIGABRT);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    err = pthread_create(&thread->id, NULL, thread_main, thread);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return -err;
}

static void destroy(struct jt_thread *thread)
{
    jt_loop_free(thread->loop);
    (void)pthread_cond_destroy(&thread->started);
    (void)pthread_mutex_destroy(&thread->mutex);
    free(thread);
}

int jt_thread_start(const char *name, const struct jt_thread_ops *ops, void *arg,
                    struct jt_thread **out)
{
    struct jt_thread *thread = calloc(1, sizeof(*thread));
    int err;

    if (!thread)
        return -ENOMEM;
    (void)snprintf(thread->name, sizeof(thread->name), "%s", name);
    thread->ops = ops;
    thread->arg = arg;
    (void)pthread_mutex_init(&thread->mutex, NULL);
    (void)pthread_cond_init(&thread->started, NULL);
    err = jt_loop_new(name, &thread->loop);
    if (err)
        goto fail;
    err = create_masked(thread);
    if (err)
        goto fail;
    err = wait_started(thread);
    if (err) {
        (void)pthread_join(thread->id, NULL);
        goto fail;
    }
    *out = thread;
    return 0;

fail:
    destroy(thread);
    return err;
}

void jt_thread_stop(struct jt_thread *thread)
{
    if (!thread)
        return;
    jt_loop_stop(thread->loop);
    (void)pthread_join(thread->id, NULL);
    destroy(thread);
}

struct jt_loop *jt_thread_loop(struct jt_thread *thread)
{
    return thread->loop;
}
