/* Workers begin and end while strangers go on talking to them: each hands over what is another's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/address.h"
#include "relay/config.h"
#include "relay/worker.h"
#include "rtc/dtls.h"

enum { SENDERS = 16, ROUNDS = 6 };

/* A binding request (RFC 8489 §5, §14.3) of a peer that speaks to the worker whose number its USERNAME begins with. */
static const uint8_t requests[2][36] = {
    {0,  1,  0, 16, 0x21, 0x12, 0xa4, 0x42, 1,   2,   3,   4,   5,   6,   7,   8, 9, 10,
     11, 12, 0, 6,  0,    9,    '0',  '0',  'a', 'b', 'c', 'd', ':', 'p', 'q', 0, 0, 0},
    {0,  1,  0, 16, 0x21, 0x12, 0xa4, 0x42, 1,   2,   3,   4,   5,   6,   7,   8, 9, 10,
     11, 12, 0, 6,  0,    9,    '0',  '1',  'a', 'b', 'c', 'd', ':', 'p', 'q', 0, 0, 0},
};

struct flood {
    struct jt_address to;
    atomic_bool is_over;
    atomic_int rounds;
};

/* From many addresses, so that the kernel gives each worker some of either kind. */
static void *flood_run(void *arg)
{
    struct flood *flood = arg;
    int sockets[SENDERS];

    for (int i = 0; i < SENDERS; i++)
        sockets[i] = socket(AF_INET, SOCK_DGRAM, 0);
    while (!atomic_load(&flood->is_over)) {
        for (int i = 0; i < SENDERS; i++)
            for (int j = 0; j < 2; j++)
                (void)!sendto(sockets[i], requests[j], sizeof(requests[j]), 0, &flood->to.sa,
                              sizeof(flood->to.v4));
        (void)atomic_fetch_add(&flood->rounds, 1);
    }
    for (int i = 0; i < SENDERS; i++)
        (void)close(sockets[i]);
    return NULL;
}

static void free_port(struct jt_address *out)
{
    socklen_t size = sizeof(out->v4);
    int fd = socket(AF_INET, SOCK_DGRAM, 0);

    assert_int_equal(jt_address_parse("127.0.0.1:0", out), 0);
    assert_int_equal(bind(fd, &out->sa, sizeof(out->v4)), 0);
    assert_int_equal(getsockname(fd, &out->sa, &size), 0);
    (void)close(fd);
}

static void test_workers_begin_and_end_under_a_flood(void **state)
{
    struct relay_config config = {.workers = 2, .viewers_max = 16, .rtc_setup_ms = 1000};
    struct relay_workers_setup setup = {.config = &config};
    struct relay_workers *workers;
    struct flood flood = {.is_over = false};
    pthread_t thread;

    (void)state;
    free_port(&flood.to);
    (void)snprintf(config.rtc_listen, sizeof(config.rtc_listen), "127.0.0.1:%d",
                   jt_address_port(&flood.to));
    assert_int_equal(jt_dtls_identity_new(&setup.identity), 0);
    assert_int_equal(pthread_create(&thread, NULL, flood_run, &flood), 0);
    for (int i = 0; i < ROUNDS; i++) {
        int until = atomic_load(&flood.rounds) + 3;

        assert_int_equal(relay_workers_new(&setup, &workers), 0);
        assert_int_equal(relay_workers_count(workers), 2);
        while (atomic_load(&flood.rounds) < until)
            (void)sched_yield();
        relay_workers_free(workers);
    }
    atomic_store(&flood.is_over, true);
    assert_int_equal(pthread_join(thread, NULL), 0);
    jt_dtls_identity_free(setup.identity);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_workers_begin_and_end_under_a_flood),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
