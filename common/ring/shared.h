/**
 * Every access to memory that another process maps goes through here: 64-bit words, C11 atomics. The reader's side of a
 * seqlock is load_acquire(stamp), read(words), fence_acquire, load(stamp); the writer's is store(stamp, odd),
 * fence_release, write(words), store_release(stamp, even). (Boehm, "Can seqlocks get along with programming language
 * memory models?", MSPC 2012.)
 *
 * With JT_SHARED_MODEL the words are kept by the test instead: it then plays all that C11 allows.
 */
#ifndef JT_RING_SHARED_H
#define JT_RING_SHARED_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2, "a lock would not work between processes");
_Static_assert(sizeof(_Atomic uint64_t) == 8, "the layout counts on plain words");

#ifdef JT_SHARED_MODEL

uint64_t model_load(const _Atomic uint64_t *word, memory_order order);
void model_store(_Atomic uint64_t *word, uint64_t value, memory_order order);
void model_fence(memory_order order);
#define JT_SHARED_LOAD(word, order) model_load(word, order)
#define JT_SHARED_STORE(word, value, order) model_store(word, value, order)
#define JT_SHARED_FENCE(order) model_fence(order)

#else

#define JT_SHARED_LOAD(word, order) atomic_load_explicit(word, order)
#define JT_SHARED_STORE(word, value, order) atomic_store_explicit(word, value, order)
#define JT_SHARED_FENCE(order) atomic_thread_fence(order)

#endif

/* gcc warns that ThreadSanitizer does not see fences. It need not: all that is shared is atomic, so there is no plain
 * access whose order it could misjudge. */
#if defined(__SANITIZE_THREAD__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wtsan"
#endif

static inline void jt_shared_fence_acquire(void)
{
    JT_SHARED_FENCE(memory_order_acquire);
}

static inline void jt_shared_fence_release(void)
{
    JT_SHARED_FENCE(memory_order_release);
}

/** Between my store and my load of another word: the other side does the same, and one of us sees the other. */
static inline void jt_shared_fence_full(void)
{
    JT_SHARED_FENCE(memory_order_seq_cst);
}

#if defined(__SANITIZE_THREAD__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif

static inline uint64_t jt_shared_load(const _Atomic uint64_t *word)
{
    return JT_SHARED_LOAD(word, memory_order_relaxed);
}

static inline uint64_t jt_shared_load_acquire(const _Atomic uint64_t *word)
{
    return JT_SHARED_LOAD(word, memory_order_acquire);
}

static inline void jt_shared_store(_Atomic uint64_t *word, uint64_t value)
{
    JT_SHARED_STORE(word, value, memory_order_relaxed);
}

static inline void jt_shared_store_release(_Atomic uint64_t *word, uint64_t value)
{
    JT_SHARED_STORE(word, value, memory_order_release);
}

/** Copy `words` words out of shared memory, each whole, in no order. */
static inline void jt_shared_read(void *to, const _Atomic uint64_t *from, size_t words)
{
    for (size_t i = 0; i < words; i++) {
        uint64_t value = jt_shared_load(&from[i]);

        memcpy((uint8_t *)to + 8 * i, &value, sizeof(value));
    }
}

/** Copy `words` words into shared memory, each whole, in no order. */
static inline void jt_shared_write(_Atomic uint64_t *to, const void *from, size_t words)
{
    for (size_t i = 0; i < words; i++) {
        uint64_t value;

        memcpy(&value, (const uint8_t *)from + 8 * i, sizeof(value));
        jt_shared_store(&to[i], value);
    }
}

#endif
