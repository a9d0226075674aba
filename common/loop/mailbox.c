#include "loop/mailbox.h"

#include <assert.h>
#include <errno.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "loop/loop.h"

enum {
    MESSAGE_MAX_BYTES = 64 * 1024,
    CAPACITY_MAX = 1 << 20,
    CACHE_LINE_BYTES = 64,
    DRAIN_MAX = 256, /* messages per turn, so that a flood does not starve the loop's other work */
};

/*
 * The bounded queue of Dmitry Vyukov (1024cores.net, "Bounded MPMC queue"), with one receiver. A cell's turn says whose
 * it is: equal to the position, free for the sender that claims this position; position + 1, full; after the receiver
 * took it, position + capacity, free for the next round.
 */
struct cell {
    atomic_size_t turn;
    alignas(max_align_t) unsigned char message[];
};

/* What is written often has a cache line of its own. NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding) */
struct jt_mailbox {
    /* fixed, read by all */
    size_t mask; /* capacity - 1 */
    size_t message_bytes, cell_bytes;
    unsigned char *cells;
    int event_fd;

    alignas(CACHE_LINE_BYTES) atomic_size_t tail; /* the senders' */

    alignas(CACHE_LINE_BYTES) atomic_bool is_asleep; /* both sides' */

    /* the receiver's */
    alignas(CACHE_LINE_BYTES) size_t head;
    struct jt_watch *watch;
    jt_mailbox_fn fn;
    void *arg;
    bool is_draining, is_freed;
};

static struct cell *cell_at(struct jt_mailbox *mailbox, size_t position)
{
    void *cell = mailbox->cells + (position & mailbox->mask) * mailbox->cell_bytes;

    return cell;
}

static void wake(struct jt_mailbox *mailbox)
{
    uint64_t one = 1;

    (void)!write(mailbox->event_fd, &one, sizeof(one)); /* fails only when 2^64 - 2 wakes wait */
}

static bool has_message(struct jt_mailbox *mailbox)
{
    return atomic_load(&cell_at(mailbox, mailbox->head)->turn) == mailbox->head + 1;
}

/* Hand one message over. The cell stays ours meanwhile, so the callback may free the mailbox or post to it. */
static bool deliver_one(struct jt_mailbox *mailbox)
{
    struct cell *cell = cell_at(mailbox, mailbox->head);
    size_t position = mailbox->head;

    if (!has_message(mailbox))
        return false;
    mailbox->head++;
    mailbox->fn(mailbox->arg, cell->message);
    atomic_store_explicit(&cell->turn, position + mailbox->mask + 1, memory_order_release);
    return true;
}

static void destroy(struct jt_mailbox *mailbox)
{
    if (mailbox->event_fd >= 0)
        (void)close(mailbox->event_fd);
    free(mailbox->cells);
    free(mailbox);
}

/*
 * Before sleeping the receiver says so and then looks once more; a sender publishes its message and then looks whether
 * the receiver sleeps. All four accesses are sequentially consistent, so at least one of the two sees the other.
 */
static bool falls_asleep(struct jt_mailbox *mailbox)
{
    atomic_store(&mailbox->is_asleep, true);
    if (!has_message(mailbox))
        return true;
    atomic_store(&mailbox->is_asleep, false);
    return false;
}

static void drain(struct jt_mailbox *mailbox)
{
    for (int i = 0; i < DRAIN_MAX; i++) {
        if (!deliver_one(mailbox) && falls_asleep(mailbox))
            return;
        if (mailbox->is_freed)
            return;
    }
    wake(mailbox); /* the rest in the next turn */
}

static void on_event(void *arg, int events)
{
    struct jt_mailbox *mailbox = arg;
    uint64_t wakes;

    (void)events;
    (void)!read(mailbox->event_fd, &wakes, sizeof(wakes));
    atomic_store(&mailbox->is_asleep, false);
    mailbox->is_draining = true;
    drain(mailbox);
    mailbox->is_draining = false;
    if (mailbox->is_freed)
        destroy(mailbox);
}

static int init_cells(struct jt_mailbox *mailbox, size_t capacity)
{
    size_t align = alignof(max_align_t);
    size_t size = 2; /* with one cell "full" and "free for the next round" would be the same turn */

    while (size < capacity)
        size *= 2;
    mailbox->mask = size - 1;
    mailbox->cell_bytes =
        (sizeof(struct cell) + mailbox->message_bytes + align - 1) / align * align;
    mailbox->cells = calloc(size, mailbox->cell_bytes);
    if (!mailbox->cells)
        return -ENOMEM;
    for (size_t i = 0; i < size; i++)
        atomic_init(&cell_at(mailbox, i)->turn, i);
    return 0;
}

int jt_mailbox_new(struct jt_loop *loop, const char *name, size_t message_bytes, size_t capacity,
                   jt_mailbox_fn fn, void *arg, struct jt_mailbox **out)
{
    struct jt_mailbox *mailbox;
    int err;

    if (message_bytes == 0 || message_bytes > MESSAGE_MAX_BYTES || capacity == 0 ||
        capacity > CAPACITY_MAX)
        return -EINVAL;
    mailbox = aligned_alloc(CACHE_LINE_BYTES, sizeof(*mailbox));
    if (!mailbox)
        return -ENOMEM;
    memset(mailbox, 0, sizeof(*mailbox));
    mailbox->message_bytes = message_bytes;
    mailbox->fn = fn;
    mailbox->arg = arg;
    atomic_init(&mailbox->is_asleep, true);
    mailbox->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    err = mailbox->event_fd < 0 ? -errno : init_cells(mailbox, capacity);
    if (!err)
        err = jt_watch_new(loop, name, mailbox->event_fd, JT_READABLE, on_event, mailbox,
                           &mailbox->watch);
    if (err) {
        destroy(mailbox);
        return err;
    }
    *out = mailbox;
    return 0;
}

void jt_mailbox_free(struct jt_mailbox *mailbox)
{
    if (!mailbox || mailbox->is_freed)
        return;
    mailbox->is_freed = true;
    jt_watch_free(mailbox->watch);
    while (deliver_one(mailbox))
        ;
    if (!mailbox->is_draining) /* else our caller's caller still uses it */
        destroy(mailbox);
}

int jt_mailbox_post(struct jt_mailbox *mailbox, const void *message)
{
    size_t position = atomic_load_explicit(&mailbox->tail, memory_order_relaxed);
    struct cell *cell;

    for (;;) {
        size_t turn;

        cell = cell_at(mailbox, position);
        turn = atomic_load_explicit(&cell->turn, memory_order_acquire);
        if (turn == position) {
            if (atomic_compare_exchange_weak_explicit(&mailbox->tail, &position, position + 1,
                                                      memory_order_relaxed, memory_order_relaxed))
                break;
        } else if ((ptrdiff_t)(turn - position) < 0) {
            return -EAGAIN;
        } else {
            position = atomic_load_explicit(&mailbox->tail, memory_order_relaxed);
        }
    }
    memcpy(cell->message, message, mailbox->message_bytes);
    atomic_store(&cell->turn, position + 1);
    if (atomic_load(&mailbox->is_asleep) && atomic_exchange(&mailbox->is_asleep, false))
        wake(mailbox);
    return 0;
}
