/* The life of shows. The table of moves is written out here once more, by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>

#include "chat/store/invite.h"
#include "chat/store/show.h"
#include "place.h"

enum { NOW = 1000, LATER = 9000 };

static int64_t add_shop(struct place *place, uint8_t mark)
{
    uint8_t hash[STORE_HASH_BYTES] = {mark};
    const struct store_seller_invite invite = {
        .hash = hash, .shop_name = "가게", .now_ms = NOW, .expires_ms = LATER};
    int64_t id = 0;

    assert_int_equal(store_invite_seller(place->store, &invite, &id), 0);
    return id;
}

static void add_show(struct place *place, int64_t shop_id, const char *link, int64_t starts_ms)
{
    const struct store_new_show show = {.shop_id = shop_id,
                                        .now_ms = NOW,
                                        .starts_ms = starts_ms,
                                        .link = link,
                                        .title = "첫 방송",
                                        .is_rehearsal = link[0] == 'r'};

    assert_int_equal(store_show_add(place->store, &show), 0);
}

static int move(struct place *place, const char *link, enum store_show_state to)
{
    const struct store_move step = {.link = link, .to = to, .now_ms = NOW + 1};
    struct store_show show;

    return store_show_move(place->store, &step, &show);
}

/* Bring a fresh show to a state by the moves that lead there. */
static void bring(struct place *place, const char *link, enum store_show_state to)
{
    if (to == STORE_SHOW_READY || to == STORE_SHOW_LIVE)
        assert_int_equal(move(place, link, STORE_SHOW_READY), 0);
    if (to == STORE_SHOW_LIVE)
        assert_int_equal(move(place, link, STORE_SHOW_LIVE), 0);
    if (to == STORE_SHOW_ENDED)
        assert_int_equal(move(place, link, STORE_SHOW_ENDED), 0);
}

static void test_every_move(void **state)
{
    static const int expected[STORE_SHOW_STATES][STORE_SHOW_STATES] = {
        /* to:            scheduled  ready      live       ended */
        /* scheduled */ {-EALREADY, 0, -EPERM, 0},
        /* ready */ {0, -EALREADY, 0, 0},
        /* live */ {-EPERM, -EPERM, -EALREADY, 0},
        /* ended */ {-EPERM, -EPERM, -EPERM, -EALREADY},
    };
    struct place *place = *state;
    char link[] = "show000000";
    uint8_t mark = 1;

    for (int from = 0; from < STORE_SHOW_STATES; from++)
        for (int to = 0; to < STORE_SHOW_STATES; to++) {
            int64_t shop_id = add_shop(place, mark++);

            link[4] = (char)('0' + from);
            link[5] = (char)('0' + to);
            add_show(place, shop_id, link, 0);
            bring(place, link, (enum store_show_state)from);
            if (move(place, link, (enum store_show_state)to) != expected[from][to])
                fail_msg("from %d to %d", from, to);
        }
}

static void test_one_show_of_a_shop_is_on_air(void **state)
{
    struct place *place = *state;
    int64_t shop_id = add_shop(place, 1), other = add_shop(place, 2);

    add_show(place, shop_id, "aaaaaaaaaa", 50);
    add_show(place, shop_id, "bbbbbbbbbb", 60);
    add_show(place, other, "cccccccccc", 60);
    bring(place, "aaaaaaaaaa", STORE_SHOW_LIVE);
    assert_int_equal(move(place, "bbbbbbbbbb", STORE_SHOW_READY), -EEXIST);
    bring(place, "cccccccccc", STORE_SHOW_READY);
    assert_int_equal(move(place, "aaaaaaaaaa", STORE_SHOW_ENDED), 0);
    bring(place, "bbbbbbbbbb", STORE_SHOW_READY);
}

static void test_picture_goes_to_the_show_on_air_else_to_the_next(void **state)
{
    struct place *place = *state;
    int64_t shop_id = add_shop(place, 1);
    struct store_show show;

    assert_int_equal(store_show_next(place->store, shop_id, &show), -ENOENT);
    add_show(place, shop_id, "aaaaaaaaaa", 90);
    add_show(place, shop_id, "bbbbbbbbbb", 60);
    assert_int_equal(store_show_next(place->store, shop_id, &show), 0);
    assert_string_equal(show.link, "bbbbbbbbbb");
    bring(place, "aaaaaaaaaa", STORE_SHOW_READY);
    assert_int_equal(store_show_next(place->store, shop_id, &show), 0);
    assert_string_equal(show.link, "aaaaaaaaaa");
}

static void test_p46_show_of_another_shop_is_absent(void **state)
{
    struct place *place = *state;
    int64_t shop_id = add_shop(place, 1), other = add_shop(place, 2);
    struct store_show show;
    struct store_change change = {
        .link = "aaaaaaaaaa", .shop_id = other, .field = STORE_SHOW_NOTICE, .text = "x"};
    struct store_move step = {.link = "aaaaaaaaaa", .shop_id = other, .to = STORE_SHOW_ENDED};

    add_show(place, shop_id, "aaaaaaaaaa", 0);
    assert_int_equal(store_show_get(place->store, "aaaaaaaaaa", other, &show), -ENOENT);
    assert_int_equal(store_show_change(place->store, &change, &show), -ENOENT);
    assert_int_equal(store_show_move(place->store, &step, &show), -ENOENT);
    assert_int_equal(store_show_get(place->store, "aaaaaaaaaa", shop_id, &show), 0);
    assert_string_equal(show.notice, "");
    assert_int_equal(store_show_get(place->store, "aaaaaaaaaa", 0, &show), 0);
}

static void test_change_counts_the_version_up(void **state)
{
    struct place *place = *state;
    int64_t shop_id = add_shop(place, 1);
    struct store_change change = {
        .link = "aaaaaaaaaa", .shop_id = shop_id, .field = STORE_SHOW_NOTICE, .text = "당일발송"};
    struct store_show show;

    add_show(place, shop_id, "aaaaaaaaaa", 0);
    assert_int_equal(store_show_change(place->store, &change, &show), 0);
    assert_string_equal(show.notice, "당일발송");
    assert_int_equal(show.version, 1);
    change.field = STORE_SHOW_SALES;
    change.value = 1;
    assert_int_equal(store_show_change(place->store, &change, &show), 0);
    assert_true(show.is_sales_stopped);
    assert_int_equal(show.version, 2);
    change.field = STORE_SHOW_SLOW;
    change.value = 121;
    assert_int_equal(store_show_change(place->store, &change, &show), -EDOM);
}

static void append(void *arg, const struct store_show *show)
{
    char *text = arg;

    (void)strncat(text, show->link, 1);
}

static void test_lists(void **state)
{
    struct place *place = *state;
    int64_t shop_id = add_shop(place, 1), other = add_shop(place, 2);
    char public[16] = "", open[16] = "", of_shop[16] = "";

    add_show(place, shop_id, "aaaaaaaaaa", 90);
    add_show(place, shop_id, "bbbbbbbbbb", 60);
    add_show(place, shop_id, "eeeeeeeeee", 10);
    add_show(place, other, "rrrrrrrrrr", 5);
    bring(place, "aaaaaaaaaa", STORE_SHOW_LIVE);
    bring(place, "eeeeeeeeee", STORE_SHOW_ENDED);
    bring(place, "rrrrrrrrrr", STORE_SHOW_READY);
    assert_int_equal(store_show_list(place->store, STORE_SHOWS_PUBLIC, 0, append, public), 0);
    assert_string_equal(public, "ab");
    assert_int_equal(store_show_list(place->store, STORE_SHOWS_OPEN, 0, append, open), 0);
    assert_string_equal(open, "ar");
    assert_int_equal(store_show_list(place->store, STORE_SHOWS_OF_SHOP, shop_id, append, of_shop),
                     0);
    assert_string_equal(of_shop, "abe");
}

static void test_figures_only_grow(void **state)
{
    struct place *place = *state;
    struct store_show_figures figures = {"aaaaaaaaaa", 5, 9, 100, 7};
    struct store_show show;

    add_show(place, add_shop(place, 1), "aaaaaaaaaa", 0);
    assert_int_equal(store_show_count(place->store, &figures), 0);
    figures.viewers = 2;
    figures.hearts = 120;
    assert_int_equal(store_show_count(place->store, &figures), 0);
    assert_int_equal(store_show_get(place->store, "aaaaaaaaaa", 0, &show), 0);
    assert_int_equal(show.peak_viewers, 5);
    assert_int_equal(show.visitors, 9);
    assert_int_equal(show.hearts, 120);
}

#define EACH(test) cmocka_unit_test_setup_teardown(test, place_setup, place_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        EACH(test_every_move),
        EACH(test_one_show_of_a_shop_is_on_air),
        EACH(test_picture_goes_to_the_show_on_air_else_to_the_next),
        EACH(test_p46_show_of_another_shop_is_absent),
        EACH(test_change_counts_the_version_up),
        EACH(test_lists),
        EACH(test_figures_only_grow),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
