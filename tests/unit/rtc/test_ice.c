/* ICE-lite against messages written by hand. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/clock.h"
#include "rtc/dropped.h"
#include "rtc/ice.h"

#include "stun_peer.h"

static const char PEER_UFRAG[] = "KJJM";
static const char PEER_PWD[] = "eZHpAAAABBBBCCCCDDDDEEEE";

enum { SENT_MAX = 4096 };

struct sent {
    struct message message;
    struct jt_address to;
};

struct session {
    struct jt_ice *ice;
    int64_t now_us;
    struct sent *sent;
    size_t sent_count;
    size_t path_calls;
    struct jt_address path;
    bool is_checked;
};

static struct jt_address address(const char *text)
{
    struct jt_address out;

    assert_int_equal(jt_address_parse(text, &out), 0);
    return out;
}

static void on_send(void *arg, const uint8_t *datagram, size_t size, const struct jt_address *to)
{
    struct session *s = arg;

    assert_true(s->sent_count < SENT_MAX);
    memcpy(s->sent[s->sent_count].message.data, datagram, size);
    s->sent[s->sent_count].message.size = size;
    s->sent[s->sent_count++].to = *to;
}

static void on_path(void *arg, const struct jt_address *to, bool is_checked)
{
    struct session *s = arg;

    s->path = *to;
    s->is_checked = is_checked;
    s->path_calls++;
}

static const struct jt_ice_ops ops = {.send = on_send, .on_path = on_path};

static int setup(void **state)
{
    struct session *s = calloc(1, sizeof(*s));

    s->sent = calloc(SENT_MAX, sizeof(*s->sent));
    s->now_us = 1000 * JT_USEC_PER_SEC;
    assert_int_equal(jt_ice_new("w3", PEER_UFRAG, PEER_PWD, &ops, s, s->now_us, &s->ice), 0);
    *state = s;
    return 0;
}

static int teardown(void **state)
{
    struct session *s = *state;

    jt_ice_free(s->ice);
    free(s->sent);
    free(s);
    return 0;
}

static struct check_options good(const struct session *s, bool has_use_candidate)
{
    return (struct check_options){.to_ufrag = jt_ice_ufrag(s->ice),
                                  .from_ufrag = PEER_UFRAG,
                                  .password = jt_ice_pwd(s->ice),
                                  .has_use_candidate = has_use_candidate};
}

static int receive(struct session *s, const struct message *m, const char *from)
{
    struct jt_address address_from = address(from);
    uint8_t *exact = malloc(m->size ? m->size : 1);
    int err;

    memcpy(exact, m->data, m->size);
    err = jt_ice_receive(s->ice, exact, m->size, &address_from, s->now_us);
    free(exact);
    return err;
}

static int check(struct session *s, const char *from, bool has_use_candidate)
{
    struct check_options options = good(s, has_use_candidate);
    struct message m = stun_check(&options);

    return receive(s, &m, from);
}

static bool path_is(const struct session *s, const char *text)
{
    struct jt_address expected = address(text);

    return jt_ice_path(s->ice) && jt_address_equal(jt_ice_path(s->ice), &expected);
}

static bool is_check_of_ours(const struct message *m)
{
    return m->data[0] == 0x00 && m->data[1] == 0x01;
}

/* Answer the newest check of ours to `to`. */
static int answer_check(struct session *s, const char *to)
{
    struct jt_address wanted = address(to);

    for (size_t i = s->sent_count; i-- > 0;)
        if (is_check_of_ours(&s->sent[i].message) && jt_address_equal(&s->sent[i].to, &wanted)) {
            struct message m = stun_answer(s->sent[i].message.data, PEER_PWD);

            return receive(s, &m, to);
        }
    fail_msg("no check was sent to %s", to);
    return -1;
}

static void wait_us(struct session *s, int64_t us)
{
    for (int64_t end_us = s->now_us + us; s->now_us < end_us;) {
        s->now_us += JT_MIN(50 * JT_USEC_PER_MSEC, end_us - s->now_us);
        assert_int_equal(jt_ice_poll(s->ice, s->now_us), 0);
    }
}

static void test_credentials(void **state)
{
    struct session *s = *state;
    struct jt_ice *other;
    char long_text[300];

    assert_int_equal(strlen(jt_ice_ufrag(s->ice)), 11);
    assert_int_equal(strncmp(jt_ice_ufrag(s->ice), "w3", 2), 0);
    assert_int_equal(strlen(jt_ice_pwd(s->ice)), 24);
    assert_int_equal(strspn(jt_ice_pwd(s->ice),
                            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"),
                     24);
    assert_int_equal(jt_ice_new("w3", PEER_UFRAG, PEER_PWD, &ops, s, 0, &other), 0);
    assert_string_not_equal(jt_ice_ufrag(s->ice), jt_ice_ufrag(other));
    assert_string_not_equal(jt_ice_pwd(s->ice), jt_ice_pwd(other));
    jt_ice_free(other);
    memset(long_text, 'a', sizeof(long_text));
    long_text[257] = 0;
    assert_int_equal(jt_ice_new("w3", long_text, PEER_PWD, &ops, s, 0, &other), -EINVAL);
    assert_int_equal(jt_ice_new("w3", "", PEER_PWD, &ops, s, 0, &other), -EINVAL);
    assert_int_equal(jt_ice_new("w34567", PEER_UFRAG, PEER_PWD, &ops, s, 0, &other), -EINVAL);
    long_text[256] = 0;
    assert_int_equal(jt_ice_new("w3", long_text, long_text, &ops, s, 0, &other), 0);
    jt_ice_free(other);
    jt_ice_free(NULL);
}

static void test_peek_ufrag(void **state)
{
    struct session *s = *state;
    struct check_options options = good(s, false);
    struct message m = stun_check(&options);
    char ufrag[JT_ICE_UFRAG_BYTES];

    assert_int_equal(jt_ice_peek_ufrag(m.data, m.size, ufrag), 0);
    assert_string_equal(ufrag, jt_ice_ufrag(s->ice));
    assert_int_equal(jt_ice_peek_ufrag(m.data, m.size - 1, ufrag), -EBADMSG);
    options.to_ufrag = "twelve_bytes";
    m = stun_check(&options);
    assert_int_equal(jt_ice_peek_ufrag(m.data, m.size, ufrag), -EBADMSG);
    options.to_ufrag = "";
    m = stun_check(&options);
    assert_int_equal(jt_ice_peek_ufrag(m.data, m.size, ufrag), -EBADMSG);
    stun_begin(&m, 0x0101, 1);
    stun_fingerprint(&m);
    assert_int_equal(jt_ice_peek_ufrag(m.data, m.size, ufrag), -EBADMSG);
}

static void test_check_is_answered(void **state)
{
    struct session *s = *state;
    const struct message *m = &s->sent[0].message;
    static const uint8_t mapped[8] = {0, 1, 0x30, 0x39, 192, 0, 2, 33}; /* port 12345 */
    size_t n = 0;
    const uint8_t *value;
    struct jt_address from = address("192.0.2.33:12345");

    assert_int_equal(check(s, "192.0.2.33:12345", false), 0);
    assert_int_equal(s->sent_count, 2); /* the answer, and a check of our own */
    assert_true(jt_address_equal(&s->sent[0].to, &from));
    assert_int_equal(m->data[0] << 8 | m->data[1], 0x0101);
    for (size_t i = 8; i < 20; i++)
        assert_int_equal(m->data[i], 0x42);
    value = stun_find(m->data, m->size, ATTR_XOR_MAPPED, &n);
    assert_int_equal(n, 8);
    assert_int_equal(value[2] ^ 0x21, mapped[2]);
    assert_int_equal(value[3] ^ 0x12, mapped[3]);
    assert_int_equal(value[4] ^ 0x21, mapped[4]);
    assert_int_equal(value[5] ^ 0x12, mapped[5]);
    assert_int_equal(value[6] ^ 0xa4, mapped[6]);
    assert_int_equal(value[7] ^ 0x42, mapped[7]);
    assert_true(stun_is_proven(m->data, m->size, jt_ice_pwd(s->ice)));
    assert_false(stun_is_proven(m->data, m->size, PEER_PWD));
}

static void test_own_check(void **state)
{
    struct session *s = *state;
    const struct message *m = &s->sent[1].message;
    char username[64];
    size_t n = 0;
    const uint8_t *value;

    assert_int_equal(check(s, "[2001:db8::7]:4000", false), 0);
    assert_int_equal(s->sent_count, 2);
    assert_int_equal(m->data[0] << 8 | m->data[1], 0x0001);
    value = stun_find(m->data, m->size, ATTR_USERNAME, &n);
    (void)snprintf(username, sizeof(username), "%s:%s", PEER_UFRAG, jt_ice_ufrag(s->ice));
    assert_int_equal(n, strlen(username));
    assert_memory_equal(value, username, n);
    assert_non_null(stun_find(m->data, m->size, ATTR_CONTROLLED, &n));
    assert_int_equal(n, 8);
    assert_non_null(stun_find(m->data, m->size, ATTR_PRIORITY, &n));
    assert_null(stun_find(m->data, m->size, ATTR_CONTROLLING, &n));
    assert_null(stun_find(m->data, m->size, ATTR_USE_CANDIDATE, &n));
    assert_true(stun_is_proven(m->data, m->size, PEER_PWD));
}

static void test_own_check_repeats_with_back_off_until_answered(void **state)
{
    struct session *s = *state;
    size_t before, heard = 0;

    assert_int_equal(check(s, "127.0.0.1:1", false), 0);
    jt_ice_count_received(s->ice, jt_ice_path(s->ice),
                          100000); /* so that the limit does not stop them */
    before = s->sent_count;
    wait_us(s, 700 * JT_USEC_PER_MSEC);
    assert_int_equal(s->sent_count - before, 3); /* at 100, 300 and 700 ms */
    assert_memory_equal(s->sent[1].message.data, s->sent[before].message.data,
                        s->sent[1].message.size);
    assert_false(s->is_checked);
    assert_int_equal(answer_check(s, "127.0.0.1:1"), 0);
    assert_true(s->is_checked);
    assert_int_equal(s->path_calls, 2);
    heard = s->sent_count;
    wait_us(s, 20 * JT_USEC_PER_SEC);
    assert_int_equal(s->sent_count, heard);
}

static void refused(struct session *s, const struct check_options *options, int expected)
{
    struct message m = stun_check(options);
    struct jt_address from = address("127.0.0.1:9");

    assert_int_equal(receive(s, &m, "127.0.0.1:9"), expected);
    assert_int_equal(s->sent_count, 0);
    assert_false(jt_ice_is_known(s->ice, &from));
    assert_null(jt_ice_path(s->ice));
    assert_int_equal(s->path_calls, 0);
}

static void test_i1_unauthenticated_checks(void **state)
{
    struct session *s = *state;
    struct check_options options = good(s, true);
    struct message m;

    options.password = NULL;
    refused(s, &options, -EACCES);
    options.password = PEER_PWD;
    refused(s, &options, -EACCES);
    options.password = "";
    refused(s, &options, -EACCES);
    options = good(s, true);
    options.to_ufrag = "w3aaaaaaaaa";
    refused(s, &options, -EACCES);
    options = good(s, true);
    options.to_ufrag = "";
    refused(s, &options, -EACCES);
    options = good(s, true);
    options.from_ufrag = "KJJN";
    refused(s, &options, -EACCES);
    options.from_ufrag = "KJJM2";
    refused(s, &options, -EACCES);
    options = good(s, true);
    m = stun_check(&options);
    m.data[m.size - 1] ^= 1; /* FINGERPRINT */
    assert_int_equal(receive(s, &m, "127.0.0.1:9"), -EBADMSG);
    stun_begin(&m, 0x0101, 0x42); /* a success nobody asked for, signed with either password */
    stun_integrity(&m, jt_ice_pwd(s->ice));
    stun_fingerprint(&m);
    assert_int_equal(receive(s, &m, "127.0.0.1:9"), -EACCES);
    stun_begin(&m, 0x0011, 0x42); /* indication */
    stun_integrity(&m, jt_ice_pwd(s->ice));
    stun_fingerprint(&m);
    assert_int_equal(receive(s, &m, "127.0.0.1:9"), -EACCES);
    stun_begin(&m, 0x0003, 0x42); /* TURN Allocate */
    stun_integrity(&m, jt_ice_pwd(s->ice));
    stun_fingerprint(&m);
    assert_int_equal(receive(s, &m, "127.0.0.1:9"), -EBADMSG);
    assert_int_equal(s->sent_count, 0);
    assert_int_equal(s->path_calls, 0);
}

static void test_i2_stun_torture(void **state)
{
    struct session *s = *state;
    struct check_options options = good(s, true);
    struct message whole = stun_check(&options), m;

    for (size_t cut = 0; cut < whole.size; cut++) {
        m = whole;
        m.size = cut;
        assert_true(receive(s, &m, "127.0.0.1:9") < 0);
    }
    for (size_t bit = 0; bit < whole.size * 8; bit++) {
        if (bit / 8 >= whole.size - 8 && bit / 8 < whole.size - 6)
            continue; /* FINGERPRINT's type: what else follows MESSAGE-INTEGRITY is ignored */
        m = whole;
        m.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
        assert_true(receive(s, &m, "127.0.0.1:9") < 0);
    }
    /* the same with the CRC made right again, so that the integrity has to tell */
    for (size_t bit = 0; bit < (whole.size - 8) * 8; bit++) {
        m = whole;
        m.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
        m.size -= 8;
        if (m.data[2] != whole.data[2] || m.data[3] != whole.data[3])
            continue;
        stun_fingerprint(&m);
        assert_true(receive(s, &m, "127.0.0.1:9") < 0);
    }
    assert_int_equal(s->sent_count, 0);
    assert_int_equal(receive(s, &whole, "127.0.0.1:9"), 0);
}

static uint16_t error_code(const struct message *m)
{
    size_t n = 0;
    const uint8_t *value = stun_find(m->data, m->size, ATTR_ERROR_CODE, &n);

    return value && n >= 4 ? (uint16_t)((value[2] & 7) * 100 + value[3]) : 0;
}

static void test_role_conflict(void **state)
{
    struct session *s = *state;
    struct check_options options = good(s, true);
    struct message m;

    options.is_controlled = true;
    m = stun_check(&options);
    assert_int_equal(receive(s, &m, "127.0.0.1:9"), -EPROTO);
    assert_int_equal(s->sent_count, 1);
    assert_int_equal(s->sent[0].message.data[0] << 8 | s->sent[0].message.data[1], 0x0111);
    assert_int_equal(error_code(&s->sent[0].message), 487);
    assert_true(
        stun_is_proven(s->sent[0].message.data, s->sent[0].message.size, jt_ice_pwd(s->ice)));
    assert_true(s->sent[0].message.size <= 3 * m.size);
    assert_null(jt_ice_path(s->ice));
}

static void test_i2_unknown_required_attribute(void **state)
{
    struct session *s = *state;
    struct check_options options = good(s, true);
    struct message m;
    size_t n = 0;
    const uint8_t *value;

    options.extra = 0x7abc;
    m = stun_check(&options);
    assert_int_equal(receive(s, &m, "127.0.0.1:9"), -EPROTO);
    assert_int_equal(s->sent_count, 1);
    assert_int_equal(error_code(&s->sent[0].message), 420);
    value = stun_find(s->sent[0].message.data, s->sent[0].message.size, ATTR_UNKNOWN, &n);
    assert_true(n >= 2);
    assert_int_equal(value[0] << 8 | value[1], 0x7abc);
    options.password = PEER_PWD; /* and silence without proof */
    m = stun_check(&options);
    assert_int_equal(receive(s, &m, "127.0.0.1:9"), -EACCES);
    assert_int_equal(s->sent_count, 1);
}

static void test_i6_three_times_until_checked(void **state)
{
    struct session *s = *state;
    struct jt_address victim = address("198.51.100.9:9");
    struct check_options options = good(s, true);
    size_t check_size = stun_check(&options).size, sent = 0;

    assert_int_equal(jt_ice_allowance(s->ice), 0);
    assert_int_equal(check(s, "198.51.100.9:9", true), 0);
    for (size_t i = 0; i < s->sent_count; i++)
        sent += s->sent[i].message.size;
    assert_int_equal(jt_ice_allowance(s->ice), 3 * check_size - sent);
    assert_false(jt_ice_spend(s->ice, &victim, 3 * check_size - sent + 1));
    jt_ice_count_sent(s->ice, 10);
    assert_int_equal(jt_ice_allowance(s->ice), 3 * check_size - sent - 10);
    jt_ice_count_received(s->ice, &victim, 1000);
    assert_int_equal(jt_ice_allowance(s->ice), 3 * (check_size + 1000) - sent - 10);
    assert_true(jt_ice_spend(s->ice, &victim, 3 * (check_size + 1000) - sent - 10));
    assert_int_equal(jt_ice_allowance(s->ice), 0);
    s->sent_count = 0;
    wait_us(s, 10 * JT_USEC_PER_SEC); /* not even a check of ours */
    assert_int_equal(s->sent_count, 0);
    assert_int_equal(check(s, "198.51.100.9:9", true), 0);
    assert_int_equal(answer_check(s, "198.51.100.9:9"), 0);
    assert_int_equal(jt_ice_allowance(s->ice), SIZE_MAX);
    assert_true(jt_ice_spend(s->ice, &victim, 1 << 30));
}

/* A viewer names victims as its own addresses for a minute, never answering from there. */
static void test_i6_victims_get_little(void **state)
{
    struct session *s = *state;
    struct check_options options = good(s, true);
    size_t check_size = stun_check(&options).size, received = 0, sent = 0;

    assert_int_equal(check(s, "127.0.0.1:1", true), 0);
    assert_int_equal(answer_check(s, "127.0.0.1:1"), 0);
    for (int i = 0; i < 1200; i++) {
        char victim[64];

        (void)snprintf(victim, sizeof(victim), "198.51.100.%d:9", i % 7);
        s->sent_count = 0;
        assert_int_equal(check(s, victim, true), 0);
        received += check_size;
        wait_us(s, 50 * JT_USEC_PER_MSEC);
        if (i % 20 == 0) /* the real path stays alive */
            assert_int_equal(check(s, "127.0.0.1:1", true), 0);
        assert_true(path_is(s, "127.0.0.1:1"));
        for (size_t n = 0; n < s->sent_count; n++)
            if (s->sent[n].to.v4.sin_addr.s_addr != address("127.0.0.1:1").v4.sin_addr.s_addr)
                sent += s->sent[n].message.size;
    }
    assert_true(sent <= 3 * received);
    assert_true(sent > 0);
}

static void test_wrong_answers_to_our_check(void **state)
{
    struct session *s = *state;
    struct message m;

    assert_int_equal(check(s, "127.0.0.1:1", true), 0);
    m = stun_answer(s->sent[1].message.data, PEER_PWD);
    assert_int_equal(receive(s, &m, "127.0.0.1:2"), -EACCES); /* from elsewhere */
    m = stun_answer(s->sent[1].message.data, jt_ice_pwd(s->ice));
    assert_int_equal(receive(s, &m, "127.0.0.1:1"), -EACCES); /* wrong key */
    m.data[8] ^= 1;
    m.size = 20;
    stun_integrity(&m, PEER_PWD);
    stun_fingerprint(&m);
    assert_int_equal(receive(s, &m, "127.0.0.1:1"), -EACCES); /* another transaction */
    assert_false(s->is_checked);
    assert_int_equal(answer_check(s, "127.0.0.1:1"), 0);
    assert_true(s->is_checked);
}

static void test_i5_stranger_does_not_move_the_path(void **state)
{
    struct session *s = *state;
    struct jt_address stranger = address("203.0.113.5:5");
    struct check_options options = good(s, true);
    struct message m;

    assert_int_equal(check(s, "127.0.0.1:1", false), 0);
    assert_int_equal(answer_check(s, "127.0.0.1:1"), 0);
    options.password = "wrongwrongwrongwrongwron";
    m = stun_check(&options);
    assert_int_equal(receive(s, &m, "203.0.113.5:5"), -EACCES);
    assert_false(jt_ice_is_known(s->ice, &stranger));
    jt_ice_count_received(s->ice, &stranger, 100); /* no effect */
    jt_ice_confirm(s->ice, &stranger);
    jt_ice_heard(s->ice, &stranger, s->now_us);
    assert_false(jt_ice_spend(s->ice, &stranger, 1));
    assert_true(path_is(s, "127.0.0.1:1"));
}

/* Chromium's first check carries no USE-CANDIDATE: media may start all the same. */
static void test_first_check_sets_the_path(void **state)
{
    struct session *s = *state;

    assert_null(jt_ice_path(s->ice));
    assert_int_equal(check(s, "127.0.0.1:1", false), 0);
    assert_true(path_is(s, "127.0.0.1:1"));
    assert_int_equal(check(s, "127.0.0.1:2", false), 0);
    assert_true(path_is(s, "127.0.0.1:1")); /* a second without nomination does not move it */
    assert_int_equal(answer_check(s, "127.0.0.1:1"), 0);
    assert_int_equal(answer_check(s, "127.0.0.1:2"), 0);
    assert_true(path_is(s, "127.0.0.1:1"));
    assert_int_equal(check(s, "127.0.0.1:2", true),
                     0); /* the nomination does, at once: it is checked */
    assert_true(path_is(s, "127.0.0.1:2"));
}

static void test_unchecked_first_path_gives_way_to_a_checked_one(void **state)
{
    struct session *s = *state;

    assert_int_equal(check(s, "127.0.0.1:1", false), 0);
    assert_int_equal(check(s, "127.0.0.1:2", false), 0);
    assert_int_equal(answer_check(s, "127.0.0.1:2"), 0);
    assert_true(path_is(s, "127.0.0.1:2"));
    assert_true(s->is_checked);
}

/* Firefox nominates again and again: follow, but only to where our own check was answered. */
static void test_i7_renomination_is_followed_when_checked(void **state)
{
    struct session *s = *state;

    assert_int_equal(check(s, "127.0.0.1:1", true), 0);
    assert_int_equal(answer_check(s, "127.0.0.1:1"), 0);
    assert_int_equal(check(s, "127.0.0.1:2", true), 0);
    assert_true(path_is(s, "127.0.0.1:1"));
    assert_int_equal(answer_check(s, "127.0.0.1:2"), 0);
    assert_true(path_is(s, "127.0.0.1:2"));
    assert_true(s->is_checked);
    assert_int_equal(check(s, "127.0.0.1:1", true), 0);
    assert_true(path_is(s, "127.0.0.1:1"));
}

/* The old address is gone and the new one nominated, but its answer to our check is lost. */
static void test_i7_nomination_while_the_old_path_is_silent(void **state)
{
    struct session *s = *state;

    assert_int_equal(check(s, "127.0.0.1:1", true), 0);
    assert_int_equal(answer_check(s, "127.0.0.1:1"), 0);
    wait_us(s, 2500 * JT_USEC_PER_MSEC);
    assert_int_equal(check(s, "127.0.0.1:2", true), 0);
    assert_true(path_is(s, "127.0.0.1:1"));
    wait_us(s, JT_USEC_PER_SEC); /* no further check is needed */
    assert_true(path_is(s, "127.0.0.1:2"));
    assert_false(s->is_checked);
    assert_true(jt_ice_allowance(s->ice) < 1000);
}

/* A NAT gave the same socket another port; consent checks without nomination come from there. */
static void test_i7_nat_rebinding_without_nomination(void **state)
{
    struct session *s = *state;
    struct jt_address old = address("127.0.0.1:1");

    assert_int_equal(check(s, "127.0.0.1:1", true), 0);
    assert_int_equal(answer_check(s, "127.0.0.1:1"), 0);
    wait_us(s, 2 * JT_USEC_PER_SEC);
    assert_int_equal(check(s, "127.0.0.1:2", false), 0);
    assert_true(path_is(s, "127.0.0.1:1"));
    jt_ice_heard(s->ice, &old, s->now_us); /* SRTCP still comes from the old one */
    wait_us(s, 2500 * JT_USEC_PER_MSEC);
    assert_int_equal(check(s, "127.0.0.1:2", false), 0);
    assert_true(path_is(s, "127.0.0.1:1"));
    wait_us(s, JT_USEC_PER_SEC);
    assert_int_equal(check(s, "127.0.0.1:2", false), 0);
    assert_true(path_is(s, "127.0.0.1:2"));
}

static void test_i7_consent(void **state)
{
    struct session *s = *state;
    struct check_options bad = good(s, true);
    struct message m;
    int64_t last_us;

    assert_int_equal(check(s, "127.0.0.1:1", true), 0);
    assert_int_equal(answer_check(s, "127.0.0.1:1"), 0);
    wait_us(s, 29 * JT_USEC_PER_SEC);
    assert_int_equal(check(s, "127.0.0.1:1", false), 0);
    last_us = s->now_us;
    wait_us(s, 29 * JT_USEC_PER_SEC);
    bad.password = PEER_PWD;
    m = stun_check(&bad);
    assert_int_equal(receive(s, &m, "127.0.0.1:1"), -EACCES); /* renews nothing */
    jt_ice_heard(s->ice, jt_ice_path(s->ice), s->now_us);
    assert_int_equal(jt_ice_poll(s->ice, last_us + 30 * JT_USEC_PER_SEC - 1), 0);
    assert_int_equal(jt_ice_poll(s->ice, last_us + 30 * JT_USEC_PER_SEC), -ETIMEDOUT);
}

static void test_paths_are_bounded(void **state)
{
    struct session *s = *state;
    struct jt_address first = address("127.0.0.1:1"), second = address("127.0.0.1:2");

    assert_int_equal(check(s, "127.0.0.1:1", true), 0);
    assert_int_equal(answer_check(s, "127.0.0.1:1"), 0);
    for (int port = 2; port < 100; port++) {
        char from[32];
        struct jt_address at;

        s->now_us += JT_USEC_PER_MSEC;
        (void)snprintf(from, sizeof(from), "127.0.0.1:%d", port);
        at = address(from);
        assert_int_equal(check(s, from, port % 2), 0);
        assert_true(jt_ice_is_known(s->ice, &at));
        assert_true(jt_ice_is_known(s->ice, &first)); /* the one in use is never given up */
        assert_true(path_is(s, "127.0.0.1:1"));
    }
    assert_false(jt_ice_is_known(s->ice, &second));
}

static void test_confirmed_by_dtls(void **state)
{
    struct session *s = *state;
    struct jt_address second = address("127.0.0.1:2");

    assert_int_equal(check(s, "127.0.0.1:1", false), 0);
    assert_int_equal(answer_check(s, "127.0.0.1:1"), 0);
    assert_int_equal(check(s, "127.0.0.1:2", false), 0);
    jt_ice_confirm(s->ice, &second);
    assert_true(path_is(s, "127.0.0.1:2"));
    assert_true(s->is_checked);
    assert_int_equal(check(s, "127.0.0.1:1", true), 0);
    assert_true(path_is(s, "127.0.0.1:1"));
    jt_ice_confirm(s->ice, &second); /* a nomination weighs more */
    assert_true(path_is(s, "127.0.0.1:1"));
}

static void test_i7_restart(void **state)
{
    struct session *s = *state;
    char old_ufrag[JT_ICE_UFRAG_BYTES], old_pwd[JT_ICE_PWD_BYTES];
    struct check_options old = {
        .to_ufrag = old_ufrag, .from_ufrag = PEER_UFRAG, .password = old_pwd};
    struct check_options fresh = {.from_ufrag = "new1", .has_use_candidate = true};
    struct message m;

    assert_int_equal(check(s, "127.0.0.1:1", true), 0);
    assert_int_equal(answer_check(s, "127.0.0.1:1"), 0);
    strcpy(old_ufrag, jt_ice_ufrag(s->ice));
    strcpy(old_pwd, jt_ice_pwd(s->ice));
    assert_int_equal(jt_ice_restart(s->ice, "", PEER_PWD, s->now_us), -EINVAL);
    assert_string_equal(jt_ice_ufrag(s->ice),
                        old_ufrag); /* a failed restart keeps the old session */
    assert_int_equal(jt_ice_restart(s->ice, "new1", "newpwdnewpwdnewpwdnewpwd", s->now_us), 0);
    assert_string_not_equal(jt_ice_ufrag(s->ice), old_ufrag);
    assert_int_equal(strncmp(jt_ice_ufrag(s->ice), "w3", 2), 0);
    m = stun_check(&old); /* until the peer has our answer it uses the old words */
    assert_int_equal(receive(s, &m, "127.0.0.1:1"), 0);
    assert_true(stun_is_proven(s->sent[s->sent_count - 1].message.data,
                               s->sent[s->sent_count - 1].message.size, old_pwd));
    assert_true(path_is(s, "127.0.0.1:1"));
    fresh.to_ufrag = jt_ice_ufrag(s->ice);
    fresh.password = jt_ice_pwd(s->ice);
    m = stun_check(&fresh);
    assert_int_equal(receive(s, &m, "127.0.0.1:5"), 0);
    assert_true(path_is(s, "127.0.0.1:1"));
    m = stun_answer(s->sent[s->sent_count - 1].message.data, "newpwdnewpwdnewpwdnewpwd");
    assert_int_equal(receive(s, &m, "127.0.0.1:5"), 0);
    assert_true(path_is(s, "127.0.0.1:5"));
    m = stun_check(&old); /* over */
    assert_int_equal(receive(s, &m, "127.0.0.1:1"), -EACCES);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_credentials),
        TEST(test_peek_ufrag),
        TEST(test_check_is_answered),
        TEST(test_own_check),
        TEST(test_own_check_repeats_with_back_off_until_answered),
        TEST(test_i1_unauthenticated_checks),
        TEST(test_i2_stun_torture),
        TEST(test_role_conflict),
        TEST(test_i2_unknown_required_attribute),
        TEST(test_i6_three_times_until_checked),
        TEST(test_i6_victims_get_little),
        TEST(test_wrong_answers_to_our_check),
        TEST(test_i5_stranger_does_not_move_the_path),
        TEST(test_first_check_sets_the_path),
        TEST(test_unchecked_first_path_gives_way_to_a_checked_one),
        TEST(test_i7_renomination_is_followed_when_checked),
        TEST(test_i7_nomination_while_the_old_path_is_silent),
        TEST(test_i7_nat_rebinding_without_nomination),
        TEST(test_i7_consent),
        TEST(test_paths_are_bounded),
        TEST(test_confirmed_by_dtls),
        TEST(test_i7_restart),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
