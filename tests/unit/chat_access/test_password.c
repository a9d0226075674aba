/* Passwords. The known strings were made by the reference program argon2 of the competition, not by libsodium. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/base.h"

#include <pthread.h>
#include <time.h>

#include "chat/access/password.h"

/* printf '장터에서 만나요 2026' | argon2 'jangteo salt 0001' -id -m 16 -t 2 -p 1 -l 32 -e */
static const char known[] = "$argon2id$v=19$m=65536,t=2,p=1$amFuZ3RlbyBzYWx0IDAwMDE$"
                            "eFBlt1shJMxr3FvoL7PfLkSGxnKSwOKGqp7slbkbvfI";
/* printf 'correct horse battery' | argon2 'another-salt-16b' -id -m 12 -t 3 -p 1 -l 32 -e */
static const char weaker[] = "$argon2id$v=19$m=4096,t=3,p=1$YW5vdGhlci1zYWx0LTE2Yg$"
                             "d2d7eYWzENqFfSAGN8GRe4B7Kvl07ZOAnFKcoCWgF54";

static int verify(const char *password, const char *hash)
{
    return access_password_verify(password, strlen(password), hash);
}

static void test_known_strings(void **state)
{
    (void)state;
    assert_int_equal(verify("장터에서 만나요 2026", known), 0);
    assert_int_equal(verify("장터에서 만나요 2027", known), -EACCES);
    assert_int_equal(verify("장터에서 만나요 2026 ", known), -EACCES);
    assert_int_equal(verify("", known), -EACCES);
    assert_int_equal(access_password_verify("correct horse battery\0x", 23, weaker), -EACCES);
    assert_int_equal(verify("correct horse battery", weaker), 0);
    assert_false(access_password_is_stale(known));
    assert_true(access_password_is_stale(weaker));
    assert_true(access_password_is_stale("x"));
}

static void test_hash_and_verify(void **state)
{
    char first[ACCESS_PASSWORD_HASH_BYTES], second[ACCESS_PASSWORD_HASH_BYTES];
    char longest[ACCESS_PASSWORD_MAX_BYTES + 1];

    (void)state;
    memset(longest, 'x', sizeof(longest));
    assert_int_equal(access_password_hash(longest, sizeof(longest), first), -EINVAL);
    assert_int_equal(access_password_verify(longest, sizeof(longest), known), -EACCES);
    assert_int_equal(access_password_hash(longest, ACCESS_PASSWORD_MAX_BYTES, first), 0);
    assert_int_equal(access_password_hash(longest, ACCESS_PASSWORD_MAX_BYTES, second), 0);
    assert_string_not_equal(first, second); /* a salt of its own */
    assert_memory_equal(first, "$argon2id$v=19$m=65536,t=2,p=1$", 31);
    assert_int_equal(access_password_verify(longest, ACCESS_PASSWORD_MAX_BYTES, first), 0);
    assert_int_equal(access_password_verify(longest, ACCESS_PASSWORD_MAX_BYTES - 1, first),
                     -EACCES);
    assert_false(access_password_is_stale(first));
}

static void test_broken_hash_is_no_way_in(void **state)
{
    static const char *const hashes[] = {"", "x", "$argon2id$", "$argon2id$v=19$m=65536,t=2,p=1$$",
                                         "장터에서 만나요 2026"};
    char cut[sizeof(known)];

    (void)state;
    for (size_t i = 0; i < JT_COUNT(hashes); i++)
        assert_int_equal(verify("장터에서 만나요 2026", hashes[i]), -EACCES);
    for (size_t size = 0; size < sizeof(known) - 1; size += 9) {
        memcpy(cut, known, size);
        cut[size] = '\0';
        assert_int_equal(verify("장터에서 만나요 2026", cut), -EACCES);
    }
}

/* CPU milliseconds of this thread: others on the machine don't count. */
static double cpu_ms(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static double cost_ms(const char *hash)
{
    double start = cpu_ms();

    assert_int_equal(verify("wrong-password", hash), -EACCES);
    return cpu_ms() - start;
}

/* The least of several, taken in turn: whoever else is busy on the machine hinders both alike. */
static void test_a5_unknown_account_takes_as_long(void **state)
{
    double one = 1e9, nobody = 1e9;

    (void)state;
    for (int i = 0; i < 5; i++) {
        double with = cost_ms(known), without = cost_ms(NULL);

        one = JT_MIN(one, with);
        nobody = JT_MIN(nobody, without);
    }
    if (nobody < one * 0.6 || nobody > one * 1.6)
        fail_msg("%f ms without an account, %f ms with", nobody, one);
}

struct gate {
    pthread_barrier_t barrier;
    int results[16];
};

struct attempt {
    struct gate *gate;
    int *result;
};

static void *try_once(void *arg)
{
    struct attempt *attempt = arg;

    (void)pthread_barrier_wait(&attempt->gate->barrier);
    *attempt->result = verify("wrong-password", known);
    return NULL;
}

/* Sixteen at once: each is checked or told to come back, and memory stays bounded; none is let in. */
static void test_a5_only_so_many_at_once(void **state)
{
    struct gate gate;
    struct attempt attempts[16];
    pthread_t threads[16];
    int checked = 0;

    (void)state;
    assert_int_equal(pthread_barrier_init(&gate.barrier, NULL, 16), 0);
    for (int i = 0; i < 16; i++) {
        attempts[i] = (struct attempt){&gate, &gate.results[i]};
        assert_int_equal(pthread_create(&threads[i], NULL, try_once, &attempts[i]), 0);
    }
    for (int i = 0; i < 16; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    for (int i = 0; i < 16; i++) {
        assert_true(gate.results[i] == -EACCES || gate.results[i] == -EBUSY);
        checked += gate.results[i] == -EACCES;
    }
    assert_in_range(checked, 1, 16);
    assert_int_equal(verify("장터에서 만나요 2026", known), 0); /* all seats are free again */
    (void)pthread_barrier_destroy(&gate.barrier);
}

static enum access_password_fault check(const char *password)
{
    return access_password_check(password, strlen(password), "seller-kim@shop");
}

static void test_rules(void **state)
{
    char text[ACCESS_PASSWORD_MAX_BYTES + 2];

    (void)state;
    assert_int_equal(check("123456789"), ACCESS_PASSWORD_SHORT);
    assert_int_equal(check(""), ACCESS_PASSWORD_SHORT);
    assert_int_equal(check("장터에서만나요우"), ACCESS_PASSWORD_SHORT); /* 8 characters, 24 bytes */
    assert_int_equal(check("장터에서만나요우리둘"), ACCESS_PASSWORD_GOOD); /* 10 */
    assert_int_equal(check("three sad horses"), ACCESS_PASSWORD_GOOD);
    assert_int_equal(check("1234567890"), ACCESS_PASSWORD_COMMON);
    assert_int_equal(check("QWERTYUIOP"), ACCESS_PASSWORD_COMMON);
    assert_int_equal(check("aaaaaaaaaaaa"), ACCESS_PASSWORD_COMMON);
    assert_int_equal(check("qwerqwerqwe"), ACCESS_PASSWORD_COMMON);
    assert_int_equal(check("가나가나가나가나가나"), ACCESS_PASSWORD_COMMON);
    assert_int_equal(check("Seller-Kim@Shop"), ACCESS_PASSWORD_COMMON);
    assert_int_equal(access_password_check("Seller-Kim@Shop", 15, NULL), ACCESS_PASSWORD_GOOD);
    assert_int_equal(check("line\nfeed-in-it"), ACCESS_PASSWORD_NOT_TEXT);
    assert_int_equal(check("not utf-8 \xff\xfe."), ACCESS_PASSWORD_NOT_TEXT);
    assert_int_equal(access_password_check("nul in\0the middle", 17, NULL),
                     ACCESS_PASSWORD_NOT_TEXT);
    for (size_t i = 0; i < sizeof(text); i++)
        text[i] = (char)('a' + i % 23);
    assert_int_equal(access_password_check(text, ACCESS_PASSWORD_MAX_BYTES, NULL),
                     ACCESS_PASSWORD_GOOD);
    assert_int_equal(access_password_check(text, ACCESS_PASSWORD_MAX_BYTES + 1, NULL),
                     ACCESS_PASSWORD_LONG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_strings),
        cmocka_unit_test(test_hash_and_verify),
        cmocka_unit_test(test_broken_hash_is_no_way_in),
        cmocka_unit_test(test_a5_unknown_account_takes_as_long),
        cmocka_unit_test(test_a5_only_so_many_at_once),
        cmocka_unit_test(test_rules),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
