#include "rig.h"

#include <string.h>

struct shot {
    struct jt_loop *loop;
    struct jt_timer *timer;
    int count, goal;
    int64_t fired_us;
};

static void on_shot(void *arg)
{
    struct shot *shot = arg;

    shot->fired_us = jt_clock_mono_us();
    if (++shot->count >= shot->goal)
        jt_loop_stop(shot->loop);
}

static struct shot new_shot(void)
{
    return (struct shot){.loop = new_loop(), .goal = 1};
}

static void free_shot(struct shot *shot)
{
    jt_timer_free(shot->timer);
    jt_loop_free(shot->loop);
}

/* libuv by itself would fire up to a millisecond early, and earlier after a long callback. */
static void test_never_early(void **state)
{
    static const int64_t delays_us[] = {1, 999, 1000, 1001, 1500, 2999, 7300};
    struct shot shot = new_shot();

    (void)state;
    assert_int_equal(jt_timer_new(shot.loop, "shot", on_shot, &shot, &shot.timer), 0);
    for (size_t i = 0; i < JT_COUNT(delays_us); i++)
        for (int round = 1; round <= 5; round++) {
            int64_t start_us = jt_clock_mono_us();

            while (jt_clock_mono_us() - start_us <
                   300 * round) /* the loop's own clock stands still */
                ;
            start_us = jt_clock_mono_us();
            shot.count = 0;
            jt_timer_start(shot.timer, delays_us[i], 0);
            assert_true(jt_timer_is_active(shot.timer));
            run_until(shot.loop, &shot.count, 1);
            assert_true(shot.fired_us - start_us >= delays_us[i]);
            assert_false(jt_timer_is_active(shot.timer));
        }
    free_shot(&shot);
}

static void test_zero_and_negative_fire_in_the_next_turn(void **state)
{
    struct shot shot = new_shot();

    (void)state;
    assert_int_equal(jt_timer_new(shot.loop, "shot", on_shot, &shot, &shot.timer), 0);
    jt_timer_start(shot.timer, 0, 0);
    assert_int_equal(shot.count, 0);
    jt_loop_turn(shot.loop);
    assert_int_equal(shot.count, 1);
    jt_timer_start(shot.timer, INT64_MIN, 0);
    jt_loop_turn(shot.loop);
    assert_int_equal(shot.count, 2);
    free_shot(&shot);
}

static void test_repeats_until_stopped(void **state)
{
    struct shot shot = new_shot();
    int64_t start_us = jt_clock_mono_us();

    (void)state;
    shot.goal = 5;
    assert_int_equal(jt_timer_new(shot.loop, "shot", on_shot, &shot, &shot.timer), 0);
    jt_timer_start(shot.timer, 1000, 2000);
    run_until(shot.loop, &shot.count, 5);
    assert_true(shot.fired_us - start_us >= 8000);
    assert_true(jt_timer_is_active(shot.timer));
    jt_timer_stop(shot.timer);
    assert_false(jt_timer_is_active(shot.timer));
    free_shot(&shot);
}

struct order {
    struct jt_loop *loop;
    char text[8];
    int count;
};

static void append(struct order *order, char c)
{
    order->text[order->count++] = c;
    if (order->count == 3)
        jt_loop_stop(order->loop);
}

static void on_a(void *arg)
{
    append(arg, 'a');
}

static void on_b(void *arg)
{
    append(arg, 'b');
}

static void on_c(void *arg)
{
    append(arg, 'c');
}

static void test_due_first_fires_first(void **state)
{
    struct order order = {.loop = new_loop()};
    struct jt_timer *a, *b, *c;

    (void)state;
    assert_int_equal(jt_timer_new(order.loop, "a", on_a, &order, &a), 0);
    assert_int_equal(jt_timer_new(order.loop, "b", on_b, &order, &b), 0);
    assert_int_equal(jt_timer_new(order.loop, "c", on_c, &order, &c), 0);
    jt_timer_start(c, 9000, 0);
    jt_timer_start(a, 3000, 0);
    jt_timer_start(b, 1000, 0);
    jt_timer_start(b, 6000, 0); /* armed again: the later time counts */
    run_until(order.loop, &order.count, 3);
    assert_string_equal(order.text, "abc");
    jt_timer_free(a);
    jt_timer_free(b);
    jt_timer_free(c);
    jt_loop_free(order.loop);
}

static void free_both(void *arg)
{
    struct shot *pair = arg;

    pair[0].count++;
    jt_timer_free(pair[0].timer); /* one of them is the caller */
    jt_timer_free(pair[1].timer);
    jt_loop_stop(pair[0].loop);
}

/* Both are due in the same turn; the first frees itself and the second, which must not fire. */
static void test_callback_frees_itself_and_another(void **state)
{
    struct shot pair[2];

    (void)state;
    pair[0] = pair[1] = new_shot();
    assert_int_equal(jt_timer_new(pair[0].loop, "pair", free_both, pair, &pair[0].timer), 0);
    assert_int_equal(jt_timer_new(pair[0].loop, "pair", free_both, pair, &pair[1].timer), 0);
    jt_timer_start(pair[0].timer, 0, 0);
    jt_timer_start(pair[1].timer, 0, 0);
    run_until(pair[0].loop, &pair[0].count, 1);
    jt_loop_turn(pair[0].loop);
    assert_int_equal(pair[0].count, 1);
    jt_loop_free(pair[0].loop);
}

static void test_free_without_a_turn(void **state)
{
    struct shot shot = new_shot();

    (void)state;
    assert_int_equal(jt_timer_new(shot.loop, "shot", on_shot, &shot, &shot.timer), 0);
    jt_timer_start(shot.timer, 0, 0);
    jt_timer_free(shot.timer);
    jt_timer_free(NULL);
    jt_loop_free(shot.loop);
    jt_loop_free(NULL);
    assert_int_equal(shot.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_never_early),
        cmocka_unit_test(test_zero_and_negative_fire_in_the_next_turn),
        cmocka_unit_test(test_repeats_until_stopped),
        cmocka_unit_test(test_due_first_fires_first),
        cmocka_unit_test(test_callback_frees_itself_and_another),
        cmocka_unit_test(test_free_without_a_turn),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
