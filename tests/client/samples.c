#include <errno.h>
#include <stdlib.h>

#include "client.h"

int samples_init(struct samples *samples, size_t capacity)
{
    *samples =
        (struct samples){.list = calloc(capacity, sizeof(*samples->list)), .capacity = capacity};
    return samples->list ? 0 : -ENOMEM;
}

void samples_deinit(struct samples *samples)
{
    free(samples->list);
    *samples = (struct samples){0};
}

void samples_add(struct samples *samples, int64_t value_us)
{
    if (samples->count < samples->capacity)
        samples->list[samples->count++] = value_us;
}

static int compare(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

double samples_percentile_ms(struct samples *samples, double p)
{
    if (!samples->count)
        return -1;
    qsort(samples->list, samples->count, sizeof(*samples->list), compare);
    return (double)samples->list[(size_t)((double)(samples->count - 1) * p)] / 1000;
}
