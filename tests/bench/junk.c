/*
 * Junk at a UDP port: every first byte in turn, sizes mostly those of real datagrams and now and then up to the most
 * UDP can carry, from many source ports, at a given rate. What comes back is counted: a server should answer nothing.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    SOURCES = 64,
    BATCH = 50,
    DATAGRAM_MAX_BYTES = 65507,
    SMALL_MAX_BYTES = 1500,
    BIG_EVERY = 1024, /* datagrams: one of so many has any size */
    SECONDS_MAX = 30,
};

struct options {
    struct sockaddr_in to;
    long rate, seconds;
};

static uint8_t
    bytes[DATAGRAM_MAX_BYTES + 256]; /* datagram n begins where the first byte is n % 256 */
static int sources[SOURCES];

static int64_t now_ns(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int parse(int argc, char **argv, struct options *out)
{
    static const struct option longs[] = {{"port", 1, NULL, 'p'},
                                          {"rate", 1, NULL, 'r'},
                                          {"seconds", 1, NULL, 's'},
                                          {NULL, 0, NULL, 0}};
    int option;

    *out =
        (struct options){.to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)},
                         .rate = 200000,
                         .seconds = 5};
    while ((option = getopt_long(argc, argv, "", longs, NULL)) != -1) {
        long value = optarg ? strtol(optarg, NULL, 10) : 0;

        if (option == 'p')
            out->to.sin_port = htons((uint16_t)value);
        else if (option == 'r')
            out->rate = value;
        else if (option == 's')
            out->seconds = value;
        else
            return -EINVAL;
    }
    return out->to.sin_port && out->rate >= BATCH && out->seconds > 0 && out->seconds <= SECONDS_MAX
               ? 0
               : -EINVAL;
}

static void open_sources(const struct options *options)
{
    for (int i = 0; i < SOURCES; i++) {
        sources[i] = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (sources[i] < 0 ||
            connect(sources[i], (const struct sockaddr *)&options->to, sizeof(options->to)) != 0) {
            perror("socket");
            exit(1);
        }
    }
}

/* Deterministic, so that runs compare. */
static size_t size_of(uint64_t number)
{
    uint64_t mixed = number * 0x9e3779b97f4a7c15U >> 20;

    return mixed % (number % BIG_EVERY ? SMALL_MAX_BYTES + 1 : DATAGRAM_MAX_BYTES + 1);
}

static int send_batch(uint64_t first)
{
    struct mmsghdr headers[BATCH] = {0};
    struct iovec vectors[BATCH];

    for (unsigned i = 0; i < BATCH; i++) {
        vectors[i] = (struct iovec){bytes + (first + i) % 256, size_of(first + i)};
        headers[i].msg_hdr.msg_iov = &vectors[i];
        headers[i].msg_hdr.msg_iovlen = 1;
    }
    return sendmmsg(sources[first / BATCH % SOURCES], headers, BATCH, 0);
}

static void sleep_until(int64_t at_ns)
{
    struct timespec at = {.tv_sec = at_ns / 1000000000, .tv_nsec = at_ns % 1000000000};

    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) == EINTR)
        ;
}

static long count_answers(void)
{
    uint8_t answer[2048];
    long count = 0;

    for (int i = 0; i < SOURCES; i++) {
        while (recv(sources[i], answer, sizeof(answer), MSG_DONTWAIT) >= 0)
            count++;
        (void)close(sources[i]);
    }
    return count;
}

int main(int argc, char **argv)
{
    struct options options;
    uint64_t number = 0, sent = 0, total;
    int64_t start;

    if (parse(argc, argv, &options)) {
        (void)fprintf(stderr, "usage: bench-junk --port N [--rate PER_S] [--seconds 1..30]\n");
        return 2;
    }
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)i;
    open_sources(&options);
    total = (uint64_t)options.rate * (uint64_t)options.seconds;
    start = now_ns();
    while (number < total && now_ns() - start < options.seconds * 1000000000) {
        int n = send_batch(number);

        sent += n > 0 ? (uint64_t)n : 0;
        number += BATCH;
        sleep_until(start + (int64_t)(number * 1000000000 / (uint64_t)options.rate));
    }
    printf("{\"sent\":%llu,\"seconds\":%.3f,\"answers\":%ld}\n", (unsigned long long)sent,
           (double)(now_ns() - start) / 1e9, count_answers());
    return 0;
}
