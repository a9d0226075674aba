#include "ingest/bells.h"

#include <errno.h>
#include <stdlib.h>

#include "ring/wake.h"

struct bell {
    uint32_t number;
    struct jt_bell_rope *rope;
};

struct ingest_bells {
    struct bell bells[INGEST_BELLS_MAX];
    size_t count;
    uint32_t last_number;
};

int ingest_bells_new(struct ingest_bells **out)
{
    *out = calloc(1, sizeof(**out));
    return *out ? 0 : -ENOMEM;
}

void ingest_bells_free(struct ingest_bells *bells)
{
    if (!bells)
        return;
    for (size_t i = 0; i < bells->count; i++)
        jt_bell_rope_free(bells->bells[i].rope);
    free(bells);
}

int ingest_bells_add(struct ingest_bells *bells, const int fds[2])
{
    struct jt_bell_rope *rope;
    int err;

    if (bells->count == INGEST_BELLS_MAX)
        return -ENOSPC;
    err = jt_bell_rope_new(fds, &rope);
    if (err)
        return err;
    bells->last_number = bells->last_number % INT32_MAX + 1;
    bells->bells[bells->count++] = (struct bell){.number = bells->last_number, .rope = rope};
    return (int)bells->last_number;
}

void ingest_bells_remove(struct ingest_bells *bells, uint32_t number)
{
    for (size_t i = 0; i < bells->count; i++) {
        if (bells->bells[i].number != number)
            continue;
        jt_bell_rope_free(bells->bells[i].rope);
        bells->bells[i] = bells->bells[--bells->count];
        return;
    }
}

void ingest_bells_pull(struct ingest_bells *bells)
{
    for (size_t i = 0; i < bells->count; i++)
        jt_bell_rope_pull(bells->bells[i].rope);
}

void ingest_bells_each(struct ingest_bells *bells, ingest_bell_fn fn, void *arg)
{
    int fds[2];

    for (size_t i = 0; i < bells->count; i++) {
        jt_bell_rope_fds(bells->bells[i].rope, fds);
        fn(arg, bells->bells[i].number, fds);
    }
}
