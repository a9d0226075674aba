/* The channel on its thread: pages over socket pairs, spoken to in frames written here by RFC 6455 §5.2. */
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/clock.h"
#include "chat/room/channel.h"

enum { PATIENCE_MS = 20000, TICKETS = 64 };

struct embedder {
    struct channel *channel;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool holds_opening; /* the test says channel_opened itself */
    int opened, open_error;
    int acts;
    struct room_act act;
    struct channel_tally tally;
    bool is_used[TICKETS];
};

/* Tickets are "PERSON.ROLE.NUMBER", good once. */
static int admit(void *arg, const char *ticket, const char *show, struct room_identity *out)
{
    struct embedder *embedder = arg;
    int role, number, n;

    if (sscanf(ticket, "%40[a-z0-9].%d.%d%n", out->person, &role, &number, &n) != 3 ||
        (size_t)n != strlen(ticket) || strcmp(show, "foreign") == 0 || number >= TICKETS ||
        embedder->is_used[number])
        return -EACCES;
    embedder->is_used[number] = true;
    strcpy(out->name, "이름");
    out->role = (enum access_role)role;
    return 0;
}

static int opening(void *arg, const char *show)
{
    struct embedder *embedder = arg;
    bool holds;

    (void)pthread_mutex_lock(&embedder->mutex);
    embedder->opened++;
    holds = embedder->holds_opening;
    (void)pthread_cond_signal(&embedder->changed);
    (void)pthread_mutex_unlock(&embedder->mutex);
    if (embedder->open_error)
        return embedder->open_error;
    if (holds)
        return 0;
    assert_int_equal(channel_pin(embedder->channel, show, 4, 2, NULL, 0), 0);
    assert_int_equal(channel_opened(embedder->channel, show, 0, 100, 7, "짝퉁"), 0);
    return 0;
}

static void acted(void *arg, const char *show, const struct room_act *act)
{
    struct embedder *embedder = arg;

    assert_string_equal(show, "show");
    (void)pthread_mutex_lock(&embedder->mutex);
    embedder->acts++;
    embedder->act = *act;
    (void)pthread_cond_signal(&embedder->changed);
    (void)pthread_mutex_unlock(&embedder->mutex);
}

static void counted(void *arg, const char *show, const struct channel_tally *tally)
{
    struct embedder *embedder = arg;

    (void)show;
    (void)pthread_mutex_lock(&embedder->mutex);
    embedder->tally = *tally;
    (void)pthread_cond_signal(&embedder->changed);
    (void)pthread_mutex_unlock(&embedder->mutex);
}

static const struct channel_ops ops = {
    .admit = admit, .open = opening, .act = acted, .tally = counted};

static int setup(void **state)
{
    struct embedder *embedder = calloc(1, sizeof(*embedder));

    (void)pthread_mutex_init(&embedder->mutex, NULL);
    (void)pthread_cond_init(&embedder->changed, NULL);
    *state = embedder;
    return channel_new(&ops, embedder, &embedder->channel);
}

static int teardown(void **state)
{
    struct embedder *embedder = *state;

    channel_free(embedder->channel);
    (void)pthread_mutex_destroy(&embedder->mutex);
    (void)pthread_cond_destroy(&embedder->changed);
    free(embedder);
    return 0;
}

/* Wait until `*value` is at least `least`. */
static void wait_count(struct embedder *embedder, const int *value, int least)
{
    int64_t until_us = jt_clock_wall_us() + PATIENCE_MS * 1000;
    struct timespec until = {.tv_sec = until_us / 1000000};

    (void)pthread_mutex_lock(&embedder->mutex);
    while (*value < least)
        assert_int_equal(pthread_cond_timedwait(&embedder->changed, &embedder->mutex, &until), 0);
    (void)pthread_mutex_unlock(&embedder->mutex);
}

struct page {
    int fd;
    unsigned code; /* of the close frame */
    char reason[128];
    char text[128 * 1024]; /* the last message */
};

static struct page *page_new(struct embedder *embedder)
{
    struct page *page = calloc(1, sizeof(*page));
    int fds[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    assert_int_equal(channel_adopt(embedder->channel, fds[1], NULL, "192.0.2.1"), 0);
    page->fd = fds[0];
    return page;
}

static void page_free(struct page *page)
{
    (void)close(page->fd);
    free(page);
}

static void page_send(struct page *page, const char *text)
{
    size_t size = strlen(text), head = size < 126 ? 6 : 8;
    uint8_t frame[8 + 8192] = {0x81};

    assert_true(size <= 8192);
    frame[1] = (uint8_t)(0x80 | (size < 126 ? size : 126));
    if (size >= 126) {
        frame[2] = (uint8_t)(size >> 8);
        frame[3] = (uint8_t)size;
    } /* mask 0: the bytes as they are */
    memcpy(frame + head, text, size);
    assert_int_equal(send(page->fd, frame, head + size, MSG_NOSIGNAL), (ssize_t)(head + size));
}

static bool read_exactly(const struct page *page, void *out, size_t size)
{
    struct pollfd poll_fd = {.fd = page->fd, .events = POLLIN};
    ssize_t n;

    for (size_t at = 0; at < size; at += (size_t)n) {
        if (poll(&poll_fd, 1, PATIENCE_MS) != 1)
            fail_msg("nothing came");
        n = recv(page->fd, (char *)out + at, size - at, 0);
        if (n <= 0)
            return false;
    }
    return true;
}

/* The next message in page->text; false: closed, see page->code. */
static bool page_read(struct page *page)
{
    uint8_t head[2], more[8];
    size_t size;

    if (!read_exactly(page, head, 2))
        return false;
    assert_int_equal(head[1] & 0x80, 0); /* a server doesn't mask */
    size = head[1];
    if (size == 126) {
        assert_true(read_exactly(page, more, 2));
        size = (size_t)more[0] << 8 | more[1];
    } else if (size == 127) {
        assert_true(read_exactly(page, more, 8));
        size = (size_t)more[5] << 16 | (size_t)more[6] << 8 | more[7];
    }
    assert_true(size < sizeof(page->text));
    assert_true(read_exactly(page, page->text, size));
    page->text[size] = '\0';
    if (head[0] == 0x81)
        return true;
    assert_int_equal(head[0], 0x88);
    if (size >= 2) {
        page->code = (unsigned)(uint8_t)page->text[0] << 8 | (uint8_t)page->text[1];
        (void)snprintf(page->reason, sizeof(page->reason), "%s", page->text + 2);
    }
    return false;
}

static void page_expect(struct page *page, const char *part)
{
    do {
        if (!page_read(page))
            fail_msg("closed with %u while waiting for %s", page->code, part);
    } while (!strstr(page->text, part));
}

static void page_expect_closed(struct page *page, unsigned code)
{
    while (page_read(page))
        ;
    assert_int_equal(page->code, code);
}

static void page_hello(struct page *page, const char *ticket, const char *show)
{
    char json[256];

    (void)snprintf(json, sizeof(json),
                   "{\"id\":1,\"m\":\"hello\",\"d\":{\"ticket\":\"%s\",\"show\":\"%s\"}}", ticket,
                   show);
    page_send(page, json);
}

static struct page *page_in(struct embedder *embedder, const char *ticket)
{
    struct page *page = page_new(embedder);

    page_hello(page, ticket, "show");
    page_expect(page, "\"ok\":{\"ep\":");
    page_expect(page, "\"sync\"");
    return page;
}

static void test_state_is_loaded_before_anybody_is_in(void **state)
{
    struct embedder *embedder = *state;
    struct page *page = page_new(embedder);

    page_hello(page, "anna.0.1", "show");
    page_expect(page, "\"name\":\"이름\"");
    page_expect(page, "\"sync\"");
    assert_non_null(
        strstr(page->text, "\"e\":\"pin\",\"d\":{\"product\":4,\"v\":2,\"media\":null}"));
    assert_non_null(strstr(page->text, "\"hearts\",\"d\":{\"n\":100}"));
    page_send(page, "{\"id\":2,\"m\":\"chat.send\",\"k\":\"12345678\",\"d\":{\"t\":\"짝 퉁\"}}");
    page_expect(page, "{\"id\":2,\"er\":{\"c\":\"word\",\"t\":0}}");
    page_free(page);
}

static void test_pages_wait_and_give_up(void **state)
{
    struct embedder *embedder = *state;
    struct page *pages[3];

    embedder->holds_opening = true;
    for (int i = 0; i < 3; i++) {
        char ticket[32];

        (void)snprintf(ticket, sizeof(ticket), "p%d.0.%d", i, i);
        pages[i] = page_new(embedder);
        page_hello(pages[i], ticket, "show");
    }
    wait_count(embedder, &embedder->opened, 1);
    assert_int_equal(channel_stock(embedder->channel, "show", 4, 9, 3, 77), 0);
    assert_int_equal(channel_opened(embedder->channel, "show", 0, 0, 0, NULL), 0);
    for (int i = 0; i < 3; i++) {
        page_expect(pages[i], "\"sync\"");
        assert_non_null(
            strstr(pages[i]->text, "{\"product\":4,\"variant\":9,\"left\":3,\"v\":77}"));
        page_free(pages[i]);
    }
    assert_int_equal(embedder->opened, 1);
    pages[0] = page_new(embedder);
    page_hello(pages[0], "p9.0.9", "nowhere");
    wait_count(embedder, &embedder->opened, 2);
    assert_int_equal(channel_opened(embedder->channel, "nowhere", -ENOENT, 0, 0, NULL), 0);
    page_expect_closed(pages[0], 4404);
    page_free(pages[0]);
    pages[0] = page_new(embedder);
    page_hello(pages[0], "p9.0.10", "silent"); /* the store never answers */
    page_expect_closed(pages[0], 1013);
    page_free(pages[0]);
    embedder->open_error = -EAGAIN;
    pages[0] = page_new(embedder);
    page_hello(pages[0], "p9.0.11", "busy");
    page_expect_closed(pages[0], 1013);
    page_free(pages[0]);
}

static void test_p24_ticket_is_good_once(void **state)
{
    struct embedder *embedder = *state;
    struct page *page = page_in(embedder, "anna.0.1"), *again = page_new(embedder);

    page_hello(again, "anna.0.1", "show");
    page_expect_closed(again, 4401);
    page_free(again);
    again = page_new(embedder);
    page_hello(again, "anna.0.2", "foreign"); /* pitfall 46: a ticket of another show */
    page_expect_closed(again, 4401);
    page_free(again);
    again = page_new(embedder);
    page_send(again, "{\"m\":\"heart\",\"d\":{\"n\":1}}");
    page_expect_closed(again, 4400);
    page_free(again);
    page_free(page);
}

static void test_lanes_reach_pages(void **state)
{
    struct embedder *embedder = *state;
    struct page *anna = page_in(embedder, "anna.0.1"), *host = page_in(embedder, "host.4.2");
    int started = embedder->opened;

    page_send(anna, "{\"id\":2,\"m\":\"chat.send\",\"k\":\"12345678\",\"d\":{\"t\":\"안녕\"}}");
    page_expect(anna, "{\"id\":2,\"ok\":{\"mid\":");
    page_expect(host, "\"t\":\"안녕\"");
    assert_int_equal(channel_pin(embedder->channel, "show", 5, 3, "v0", 123456), 0);
    page_expect(host, "{\"product\":5,\"v\":3,\"media\":{\"track\":\"v0\",\"capture_us\":123456}}");
    assert_int_equal(channel_pin(embedder->channel, "show", 0, 4, NULL, 0), 0);
    page_expect(host, "{\"product\":null,\"v\":4,\"media\":null}");
    assert_int_equal(channel_notice(embedder->channel, "show", "오늘만 \"반값\"\u202e", 1), 0);
    page_expect(host, "{\"text\":\"오늘만 \\\"반값\\\"\",\"v\":1}");
    assert_int_equal(channel_product(embedder->channel, "show", 5, "{\"id\":5}", 1), 0);
    page_expect(host, "\"e\":\"product\",\"d\":{\"id\":5}");
    assert_int_equal(channel_sales(embedder->channel, "show", true, 1), 0);
    page_expect(host, "\"e\":\"sales\",\"d\":{\"on\":false}");
    assert_int_equal(channel_viewers(embedder->channel, "show", 12), 0);
    assert_int_equal(channel_sold(embedder->channel, "show", 3), 0);
    page_expect(host, "\"sold\",\"d\":{\"n\":3}");
    assert_int_equal(channel_tell(embedder->channel, NULL, "anna", "order", "{\"id\":\"o1\"}"), 0);
    page_expect(anna, "[{\"ch\":\"me\",\"e\":\"order\",\"d\":{\"id\":\"o1\"}}]");
    assert_int_equal(channel_state(embedder->channel, "show", "ended", 9), 0);
    assert_int_equal(channel_end(embedder->channel, "show"), 0);
    page_expect(anna, "\"e\":\"end\"");
    assert_int_equal(channel_pin(embedder->channel, "nobody-there", 5, 3, NULL, 0), 0);
    assert_int_equal(embedder->opened, started);
    page_free(anna);
    page_free(host);
}

static void test_p25_c4_ban_closes_within_a_second(void **state)
{
    struct embedder *embedder = *state;
    struct page *helper = page_in(embedder, "helper.2.1"), *one = page_in(embedder, "bad.0.2"),
                *two = page_in(embedder, "bad.0.3");
    struct room_act act = {.verb = ROOM_UNBAN, .person = "bad"};
    int64_t began_us = jt_clock_mono_us();

    page_send(helper, "{\"id\":5,\"m\":\"chat.ban\",\"d\":{\"person\":\"bad\"}}");
    page_expect(helper, "{\"id\":5,\"ok\":{}}");
    page_expect_closed(one, 4403);
    page_expect_closed(two, 4403);
    assert_true(jt_clock_mono_us() - began_us < 1000000);
    wait_count(embedder, &embedder->acts, 1);
    assert_int_equal(embedder->act.verb, ROOM_BAN);
    assert_string_equal(embedder->act.person, "bad");
    page_free(one);
    page_free(two);
    one = page_new(embedder); /* with a ticket got before */
    page_hello(one, "bad.0.4", "show");
    page_expect_closed(one, 4403);
    page_free(one);
    assert_int_equal(channel_act(embedder->channel, "show", &act), 0);
    one = page_in(embedder, "bad.0.5");
    assert_int_equal(channel_kick(embedder->channel, "bad"), 0);
    page_expect_closed(one, 4410);
    page_free(one);
    assert_int_equal(embedder->acts, 1);
    page_free(helper);
}

static void test_p42_sixteen_pages_are_one_person(void **state)
{
    struct embedder *embedder = *state;
    struct page *pages[17];
    char ticket[32];

    for (int i = 0; i < 17; i++) {
        (void)snprintf(ticket, sizeof(ticket), "p.0.%d", i);
        pages[i] = i < 16 ? page_in(embedder, ticket) : page_new(embedder);
    }
    page_hello(pages[16], "p.0.16", "show");
    page_expect_closed(pages[16], 4409);
    wait_count(embedder, &embedder->tally.pages, 16);
    assert_int_equal(embedder->tally.persons, 1); /* pitfall 42 */
    assert_true(embedder->tally.hearts == 100 && embedder->tally.messages == 7);
    assert_int_equal(channel_close(embedder->channel, "show"), 0);
    page_expect_closed(pages[0], 4404);
    for (int i = 0; i < 17; i++)
        page_free(pages[i]);
}

static void test_p36_resume_over_the_socket(void **state)
{
    struct embedder *embedder = *state;
    struct page *page = page_in(embedder, "anna.0.1"), *host = page_in(embedder, "host.4.2");
    char epoch[32], json[256];
    const char *at;

    page_send(host, "{\"id\":2,\"m\":\"chat.send\",\"k\":\"12345678\",\"d\":{\"t\":\"one\"}}");
    page_expect(page, "\"t\":\"one\"");
    page_free(page);
    page_send(host, "{\"id\":3,\"m\":\"chat.send\",\"k\":\"12345679\",\"d\":{\"t\":\"two\"}}");
    page_expect(host, "\"t\":\"two\"");
    at = strstr(host->text, "\"mid\":\"") + strlen("\"mid\":\"");
    (void)snprintf(epoch, sizeof(epoch), "%.16s", at);
    page = page_new(embedder);
    (void)snprintf(json, sizeof(json),
                   "{\"id\":1,\"m\":\"hello\",\"d\":{\"ticket\":\"anna.0.3\",\"show\":\"show\","
                   "\"ep\":\"%s\",\"o\":{\"ctl\":1,\"chat\":1}}}",
                   epoch);
    page_send(page, json);
    page_expect(page, "\"recovered\":true");
    page_expect(page, "\"sync\"");
    assert_non_null(strstr(page->text, "\"t\":\"two\""));
    assert_null(strstr(page->text, "\"t\":\"one\""));
    page_free(page);
    page_free(host);
}

static void test_mailbox_refuses_what_it_cannot_hold(void **state)
{
    struct embedder *embedder = *state;
    char *json = calloc(1, CHANNEL_JSON_MAX_BYTES + 2), show[200];

    memset(json, ' ', CHANNEL_JSON_MAX_BYTES + 1);
    json[0] = '{';
    assert_int_equal(channel_publish(embedder->channel, "show", "k", 0, "e", json), -EINVAL);
    memset(show, 'x', sizeof(show));
    show[sizeof(show) - 1] = '\0';
    assert_int_equal(channel_publish(embedder->channel, show, "k", 0, "e", "{}"), -EINVAL);
    assert_int_equal(channel_publish(embedder->channel, "show", show, 0, "e", "{}"), -EINVAL);
    assert_int_equal(channel_publish(embedder->channel, "show", "k", 0, "e", "[]"), -EINVAL);
    assert_int_equal(channel_publish(embedder->channel, "", "k", 0, "e", "{}"), -EINVAL);
    assert_int_equal(channel_close(embedder->channel, ""), -EINVAL);
    assert_int_equal(channel_notice(embedder->channel, "show", "\xff", 0), -EINVAL);
    free(json);
}

static void test_full_mailbox_is_the_callers_to_see(void **state)
{
    struct embedder *embedder = *state;
    struct page *page = page_new(embedder);
    int err = 0;

    embedder->holds_opening = true;
    (void)pthread_mutex_lock(&embedder->mutex); /* `opening`, on the room thread, waits here */
    page_hello(page, "anna.0.1", "show");
    while (!err)
        err = channel_viewers(embedder->channel, "show", 1);
    assert_int_equal(err, -EAGAIN);
    (void)pthread_mutex_unlock(&embedder->mutex);
    wait_count(embedder, &embedder->opened, 1);
    (void)close(page->fd);
    free(page);
}

static void test_p34_shutdown_says_when_to_return(void **state)
{
    struct embedder *embedder = *state;
    struct page *pages[8];
    unsigned retries[8];
    char ticket[32];

    for (int i = 0; i < 8; i++) {
        (void)snprintf(ticket, sizeof(ticket), "p%d.0.%d", i, i);
        pages[i] = page_in(embedder, ticket);
    }
    channel_free(embedder->channel);
    embedder->channel = NULL;
    for (int i = 0; i < 8; i++) {
        page_expect_closed(pages[i], 4001);
        assert_int_equal(sscanf(pages[i]->reason, "retry=%u", &retries[i]), 1);
        assert_in_range(retries[i], 500, 15500);
        page_free(pages[i]);
    }
    assert_true(retries[0] != retries[1] || retries[1] != retries[2]);
    assert_true(embedder->tally.is_end);
}

static void test_w8_slow_reader_is_cut_and_others_are_not(void **state)
{
    struct embedder *embedder = *state;
    struct page *slow = page_in(embedder, "slow.0.1"), *host = page_in(embedder, "host.4.2");
    char *json = malloc(30000);
    int got = 0;

    memset(json, 'x', 30000);
    memcpy(json, "{\"x\":\"", 6);
    memcpy(json + 29000, "\"}", 3);
    for (int i = 0; i < 60; i++) { /* 1.7 MB: more than the kernel and its queue hold together */
        while (channel_publish(embedder->channel, "show", "big", 0, "big", json) == -EAGAIN)
            ;
        page_expect(host, "\"big\"");
        got++;
    }
    assert_int_equal(got, 60);
    wait_count(embedder, &embedder->tally.pages, 1);
    while (page_read(slow)) /* what was sent; then it is cut */
        ;
    page_free(slow);
    page_free(host);
    free(json);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_state_is_loaded_before_anybody_is_in),
        TEST(test_pages_wait_and_give_up),
        TEST(test_p24_ticket_is_good_once),
        TEST(test_lanes_reach_pages),
        TEST(test_p25_c4_ban_closes_within_a_second),
        TEST(test_p42_sixteen_pages_are_one_person),
        TEST(test_p36_resume_over_the_socket),
        TEST(test_mailbox_refuses_what_it_cannot_hold),
        TEST(test_full_mailbox_is_the_callers_to_see),
        TEST(test_p34_shutdown_says_when_to_return),
        TEST(test_w8_slow_reader_is_cut_and_others_are_not),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
