/* Every running loop leaves a sign of life, so that somebody else can see when it does not come round any more. */
#include <pthread.h>
#include <string.h>

#include "base/clock.h"
#include "loop/private.h"

enum { BEAT_MS = 250 };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER; /* of the ring, not of the beats */
static struct jt_loop_pulse running = {.next = &running, .prev = &running};

static struct jt_loop *loop_of(const struct jt_loop_pulse *pulse)
{
    return pulse->timer.data;
}

static void on_beat(uv_timer_t *timer)
{
    struct jt_loop *loop = timer->data;

    atomic_store_explicit(&loop->pulse.beat_us, jt_clock_mono_us(), memory_order_relaxed);
}

void jt_loop_pulse_init(struct jt_loop *loop)
{
    struct jt_loop_pulse *pulse = &loop->pulse;

    (void)uv_timer_init(&loop->uv, &pulse->timer); /* can't fail */
    uv_unref((uv_handle_t *)&pulse->timer);
    pulse->timer.data = loop;
    pulse->next = pulse->prev = pulse;
}

void jt_loop_pulse_start(struct jt_loop *loop)
{
    struct jt_loop_pulse *pulse = &loop->pulse;

    on_beat(&pulse->timer);
    (void)uv_timer_start(&pulse->timer, on_beat, BEAT_MS, BEAT_MS);
    (void)pthread_mutex_lock(&mutex);
    pulse->next = &running;
    pulse->prev = running.prev;
    pulse->prev->next = pulse->next->prev = pulse;
    (void)pthread_mutex_unlock(&mutex);
}

void jt_loop_pulse_stop(struct jt_loop *loop)
{
    struct jt_loop_pulse *pulse = &loop->pulse;

    (void)pthread_mutex_lock(&mutex);
    pulse->prev->next = pulse->next;
    pulse->next->prev = pulse->prev;
    pulse->next = pulse->prev = pulse;
    (void)pthread_mutex_unlock(&mutex);
    (void)uv_timer_stop(&pulse->timer);
}

void jt_loop_pulse_close(struct jt_loop *loop)
{
    uv_close((uv_handle_t *)&loop->pulse.timer, NULL);
}

bool jt_loop_find_stuck(int64_t longer_than_us, char name[JT_LOOP_NAME_BYTES])
{
    int64_t now_us = jt_clock_mono_us();
    bool is_stuck = false;

    (void)pthread_mutex_lock(&mutex);
    for (const struct jt_loop_pulse *pulse = running.next; pulse != &running && !is_stuck;
         pulse = pulse->next) {
        int64_t beat_us = atomic_load_explicit(&pulse->beat_us, memory_order_relaxed);

        is_stuck = now_us - beat_us > longer_than_us;
        if (is_stuck)
            memcpy(name, loop_of(pulse)->name, JT_LOOP_NAME_BYTES);
    }
    (void)pthread_mutex_unlock(&mutex);
    return is_stuck;
}
