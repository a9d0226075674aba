#include "ring/bells.h"

#include <errno.h>
#include <stdlib.h>

#include "ring/wake.h"

struct bell {
    uint32_t number;
    struct jt_bell_rope *rope;
};

struct jt_bells {
    struct bell bells[JT_BELLS_MAX];
    size_t count;
};

int jt_bells_new(struct jt_bells **out)
{
    *out = calloc(1, sizeof(**out));
    return *out ? 0 : -ENOMEM;
}

void jt_bells_free(struct jt_bells *bells)
{
    if (!bells)
        return;
    for (size_t i = 0; i < bells->count; i++)
        jt_bell_rope_free(bells->bells[i].rope);
    free(bells);
}

int jt_bells_add(struct jt_bells *bells, uint32_t number, const int fds[2])
{
    struct jt_bell_rope *rope;
    int err;

    if (bells->count == JT_BELLS_MAX)
        return -ENOSPC;
    err = jt_bell_rope_new(fds, &rope);
    if (err)
        return err;
    bells->bells[bells->count++] = (struct bell){.number = number, .rope = rope};
    return 0;
}

void jt_bells_remove(struct jt_bells *bells, uint32_t number)
{
    for (size_t i = 0; i < bells->count; i++) {
        if (bells->bells[i].number != number)
            continue;
        jt_bell_rope_free(bells->bells[i].rope);
        bells->bells[i] = bells->bells[--bells->count];
        return;
    }
}

void jt_bells_pull(struct jt_bells *bells)
{
    for (size_t i = 0; i < bells->count; i++)
        jt_bell_rope_pull(bells->bells[i].rope);
}

void jt_bells_each(struct jt_bells *bells, jt_bells_fn fn, void *arg)
{
    int fds[2];

    for (size_t i = 0; i < bells->count; i++) {
        jt_bell_rope_fds(bells->bells[i].rope, fds);
        fn(arg, bells->bells[i].number, fds);
    }
}
