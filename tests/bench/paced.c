#include "paced.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>

enum { SEND_BUFFER_BYTES = 4 << 20, VIEWERS_MAX = 20000 };

static _Noreturn void give_up(const char *what)
{
    perror(what);
    exit(1);
}

static void parse(struct paced *paced, int argc, char **argv)
{
    static const struct option longs[] = {
        {"viewers", 1, NULL, 'n'}, {"seconds", 1, NULL, 's'}, {"to", 1, NULL, 't'},
        {"port", 1, NULL, 'p'},    {NULL, 0, NULL, 0},
    };
    int option;

    *paced = (struct paced){.viewers = 100, .seconds = 5};
    while ((option = getopt_long(argc, argv, "", longs, NULL)) != -1) {
        if (option == 'n')
            paced->viewers = atoi(optarg);
        else if (option == 's')
            paced->seconds = atoi(optarg);
        else if (option == 't')
            paced->address = optarg;
        else if (option == 'p')
            paced->port = (uint16_t)atoi(optarg);
        else
            exit(2);
    }
    if (paced->viewers < 1 || paced->viewers > VIEWERS_MAX || paced->seconds < 1)
        exit(2);
}

/* As the relay's: bound to any address, path MTU probing (which spares the IP identification). */
static int open_socket(uint16_t port)
{
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(port)};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    int probe = IP_PMTUDISC_PROBE, bytes = SEND_BUFFER_BYTES;

    if (fd < 0 || bind(fd, (struct sockaddr *)&any, sizeof(any)) != 0)
        give_up("socket");
    (void)setsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER, &probe, sizeof(probe));
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof(bytes));
    return fd;
}

static void allow_descriptors(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

void paced_open(struct paced *paced, int argc, char **argv)
{
    size_t size = (size_t)SOURCE_FRAMES * FRAME_PACKETS * VIDEO_PACKET_BYTES;
    int err;

    parse(paced, argc, argv);
    allow_descriptors();
    paced->source = malloc(size);
    if (!paced->source)
        give_up("memory");
    for (size_t i = 0; i < size; i++)
        paced->source[i] = (uint8_t)(i * 2654435761U >> 13);
    err = destinations_open(&paced->destinations, paced->viewers, paced->address);
    errno = -err;
    if (err)
        give_up("destinations");
    paced->fd = open_socket(paced->port);
}

const uint8_t *paced_payload(const struct paced *paced, unsigned frame, unsigned packet)
{
    return paced->source +
           ((size_t)(frame % SOURCE_FRAMES) * FRAME_PACKETS + packet) * VIDEO_PACKET_BYTES;
}

void paced_header(uint8_t out[HEADER_BYTES], bool audio, uint32_t ssrc, uint16_t sequence,
                  uint32_t timestamp, uint16_t twcc)
{
    const uint8_t header[HEADER_BYTES] = {
        0x90,
        audio ? 111 : 96,
        (uint8_t)(sequence >> 8),
        (uint8_t)sequence,
        (uint8_t)(timestamp >> 24),
        (uint8_t)(timestamp >> 16),
        (uint8_t)(timestamp >> 8),
        (uint8_t)timestamp,
        (uint8_t)(ssrc >> 24),
        (uint8_t)(ssrc >> 16),
        (uint8_t)(ssrc >> 8),
        (uint8_t)ssrc,
        0xBE,
        0xDE,
        0,
        1,
        0x31,
        (uint8_t)(twcc >> 8),
        (uint8_t)twcc,
        0,
    };

    memcpy(out, header, HEADER_BYTES);
}

static double seconds(clockid_t clock)
{
    struct timespec now;

    (void)clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void wait_until(double at_s)
{
    struct timespec at = {.tv_sec = (time_t)at_s};

    at.tv_nsec = (long)((at_s - (double)at.tv_sec) * 1e9);
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) == EINTR)
        ;
}

void paced_run(struct paced *paced, void (*frame)(struct paced *paced, unsigned number, int audio))
{
    unsigned frames = (unsigned)paced->seconds * FRAMES_PER_S, audio = 0;
    double start, cpu;

    for (unsigned i = 0; i < 3; i++) /* contexts and caches are warm before it counts */
        frame(paced, i, 1);
    paced->packets = paced->sends = paced->failed = 0;
    start = seconds(CLOCK_MONOTONIC);
    cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
    for (unsigned i = 0; i < frames; i++) {
        unsigned due = (i + 1) * AUDIO_PER_S / FRAMES_PER_S;

        wait_until(start + (double)i / FRAMES_PER_S);
        frame(paced, i, (int)(due - audio));
        audio = due;
    }
    paced->cpu_s = seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    paced->wall_s = seconds(CLOCK_MONOTONIC) - start;
}

void paced_report(struct paced *paced, const char *name, const char *cipher)
{
    long long received = destinations_close(&paced->destinations);

    printf("{\"name\":\"%s\",\"cipher\":\"%s\",\"viewers\":%d,\"packets\":%llu,\"sends\":%llu,"
           "\"failed\":%llu,\"received\":%lld,\"cpu_s\":%.4f,\"wall_s\":%.3f,"
           "\"us_per_packet\":%.4f}\n",
           name, cipher, paced->viewers, (unsigned long long)paced->packets,
           (unsigned long long)paced->sends, (unsigned long long)paced->failed, received,
           paced->cpu_s, paced->wall_s, paced->cpu_s * 1e6 / (double)paced->packets);
    free(paced->source);
}
