/**
 * A bounded queue of messages from many threads to one loop: a ring and an eventfd. Ownership of whatever a message
 * points to moves with it. Full is an ordinary error: the sender keeps the message and decides.
 */
#ifndef JT_LOOP_MAILBOX_H
#define JT_LOOP_MAILBOX_H

#include <stddef.h>

#include "base/base.h"

struct jt_loop;
struct jt_mailbox;

/** Called on the receiver's loop thread once per message, in the order they were posted by each sender. */
typedef void (*jt_mailbox_fn)(void *arg, void *message);

/**
 * message_bytes  size of one message, copied in and out (64 KiB at most)
 * capacity       messages it can hold; rounded up to a power of two
 * The receiver's thread (or, before the loop runs, its creator) calls new and free.
 */
JT_MUST_CHECK int jt_mailbox_new(struct jt_loop *loop, const char *name, size_t message_bytes,
                                 size_t capacity, jt_mailbox_fn fn, void *arg,
                                 struct jt_mailbox **out);

/** Messages still inside are handed to the callback first, so that nothing they own leaks. */
void jt_mailbox_free(struct jt_mailbox *mailbox);

/** Any thread. Returns 0 or -EAGAIN when full. Wakes the receiver only if it may be asleep. */
JT_MUST_CHECK int jt_mailbox_post(struct jt_mailbox *mailbox, const void *message);

#endif
