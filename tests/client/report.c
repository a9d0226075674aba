#include <stdio.h>
#include <sys/resource.h>

#include "client.h"

static double cpu_s(void)
{
    struct rusage usage;

    (void)getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

/* Sums over the viewers. */
struct sums {
    int ready, with_key, checked, with_loss;
    uint64_t counted_received, counted_lost, drops, lost_worst;
    int64_t longest_gap_us;
};

static void add_counted(struct sums *sums, const struct peer *peer)
{
    uint64_t lost = tally_lost(&peer->tally);

    sums->counted_received += tally_received(&peer->tally);
    sums->counted_lost += lost;
    sums->with_loss += lost > 0;
    if (lost > sums->lost_worst)
        sums->lost_worst = lost;
}

static struct sums sum(const struct audience *audience)
{
    struct sums sums = {0};

    for (int i = 0; i < audience->opened; i++) {
        const struct peer *peer = &audience->peers[i];

        sums.ready += peer->state == PEER_READY;
        sums.drops += inbox_drops(peer->fd);
        sums.checked += peer->is_checked;
        if (!peer->is_checked)
            add_counted(&sums, peer);
        sums.with_key += peer->is_checked && peer->media.has_key;
        if (peer->media.longest_gap_us > sums.longest_gap_us)
            sums.longest_gap_us = peer->media.longest_gap_us;
    }
    return sums;
}

static void print_event(const struct audience *audience, const char *event)
{
    const struct counts *counts = &audience->counts;
    struct sums sums = sum(audience);

    printf("{\"event\":\"%s\",\"at_us\":%lld,\"opened\":%d,\"ready\":%d,\"checked\":%d,\"with_"
           "key\":%d,"
           "\"packets\":%llu,\"lost\":%llu,\"socket_drops\":%llu,\"cpu_s\":%.3f}\n",
           event, (long long)now_us(), audience->opened, sums.ready, sums.checked, sums.with_key,
           (unsigned long long)(sums.counted_received + counts->video_packets +
                                counts->audio_packets + counts->rtx_packets),
           (unsigned long long)(sums.counted_lost + counts->lost), (unsigned long long)sums.drops,
           cpu_s());
    (void)fflush(stdout);
}

void report_joined(const struct audience *audience)
{
    print_event(audience, "joined");
}

void report_mark(const struct audience *audience)
{
    print_event(audience, "mark");
}

static void print_counts(const struct audience *audience, const struct sums *sums)
{
    const struct counts *counts = &audience->counts;

    printf("{\"viewers\":%d,\"opened\":%d,\"ready\":%d,\"with_key\":%d,\"video_packets\":%llu,"
           "\"audio_packets\":%llu,\"rtx_packets\":%llu,\"lost\":%llu,\"duplicates\":%llu,"
           "\"frames\":%llu,\"broken_frames\":%llu,\"keyframes\":%llu,\"stamp_steps_back\":%llu,"
           "\"unprotect_failures\":%llu,\"sender_reports\":%llu,",
           audience->options->viewers, audience->opened, sums->ready, sums->with_key,
           (unsigned long long)counts->video_packets, (unsigned long long)counts->audio_packets,
           (unsigned long long)counts->rtx_packets, (unsigned long long)counts->lost,
           (unsigned long long)counts->duplicates, (unsigned long long)counts->frames,
           (unsigned long long)counts->broken_frames, (unsigned long long)counts->keyframes,
           (unsigned long long)counts->stamp_steps_back,
           (unsigned long long)counts->unprotect_failures, (unsigned long long)counts->reports);
    printf("\"checked\":%d,\"counted_packets\":%llu,\"counted_lost\":%llu,"
           "\"counted_with_loss\":%d,\"counted_lost_worst\":%llu,\"socket_drops\":%llu,"
           "\"cpu_s\":%.3f,",
           sums->checked, (unsigned long long)sums->counted_received,
           (unsigned long long)sums->counted_lost, sums->with_loss,
           (unsigned long long)sums->lost_worst, (unsigned long long)sums->drops, cpu_s());
}

static void print_times(const char *name, struct samples *samples)
{
    printf("\"%s\":{\"p50\":%.1f,\"p95\":%.1f,\"p99\":%.1f,\"max\":%.1f},", name,
           samples_percentile_ms(samples, 0.5), samples_percentile_ms(samples, 0.95),
           samples_percentile_ms(samples, 0.99), samples_percentile_ms(samples, 1));
}

void report_end(struct audience *audience)
{
    struct counts *counts = &audience->counts;
    struct samples joins, readies;
    struct sums sums;

    if (samples_init(&joins, (size_t)audience->opened + 1) ||
        samples_init(&readies, (size_t)audience->opened + 1))
        return;
    for (int i = 0; i < audience->opened; i++) {
        struct peer *peer = &audience->peers[i];

        if (peer->is_checked)
            media_finish(&peer->media);
        if (peer->media.has_key)
            samples_add(&joins, peer->media.first_key_us - peer->opened_at_us);
        if (peer->ready_at_us)
            samples_add(&readies, peer->ready_at_us - peer->opened_at_us);
    }
    sums = sum(audience);
    print_counts(audience, &sums);
    printf("\"dropped_by_us\":%llu,\"recovered\":%llu,\"recovered_in_100ms\":%llu,",
           (unsigned long long)counts->dropped_by_us, (unsigned long long)counts->recovered,
           (unsigned long long)counts->recovered_in_100ms);
    print_times("recovery_ms", &counts->recovery_us);
    print_times("first_key_ms", &joins);
    print_times("ready_ms", &readies);
    print_times("lag_ms", &counts->lag_us);
    print_times("audio_lag_ms", &counts->audio_lag_us);
    print_times("audio_gap_ms", &counts->audio_gap_us);
    printf("\"longest_gap_ms\":%.1f}\n", (double)sums.longest_gap_us / 1000);
    samples_deinit(&joins);
    samples_deinit(&readies);
}
