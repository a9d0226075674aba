/* A show's life: who has it, when it waits and ends, what everybody is told, in which order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <unistd.h>

#include "ingest/messages.h"
#include "ingest/show.h"
#include "loop/loop.h"
#include "media/opus.h"
#include "ring/ring.h"

struct rig {
    struct jt_loop *loop;
    struct ingest_shows *shows;
    char told[1024]; /* one word per event */
    bool was_stopped;
    struct ingest_show *show;
};

static void tell(struct rig *rig, const char *word)
{
    strncat(rig->told, word, sizeof(rig->told) - strlen(rig->told) - 1);
}

static void tell_track(struct rig *rig, char sign, const struct ingest_track *track)
{
    char word[16];

    (void)snprintf(word, sizeof(word), "%c%u ", sign, track->id);
    tell(rig, word);
}

static void on_state(void *arg, const struct ingest_show *show)
{
    static const char *const words[] = {"live ", "waiting ", "ended "};
    struct rig *rig = arg;

    tell(rig, words[ingest_show_state(show)]);
    if (ingest_show_state(show) == JT_SHOW_ENDED)
        jt_loop_stop(rig->loop);
}

static void on_track(void *arg, const struct ingest_show *show, const struct ingest_track *track)
{
    (void)show;
    tell_track(arg, '+', track);
}

static void on_track_end(void *arg, const struct ingest_show *show,
                         const struct ingest_track *track)
{
    (void)show;
    tell_track(arg, '-', track);
}

static void on_warning(void *arg, const struct ingest_show *show, const char *code,
                       const char *words)
{
    (void)show;
    (void)words;
    tell(arg, "!");
    tell(arg, code);
    tell(arg, " ");
}

static void on_access(void *arg, const struct ingest_show *show)
{
    static const char *const marks[] = {[JT_ACCESS_PUBLIC] = "public ",
                                        [JT_ACCESS_TOKEN] = "token ",
                                        [JT_ACCESS_CLOSED] = "closed "};

    tell(arg, marks[ingest_show_access(show)]);
}

static const struct ingest_show_events events = {.on_state = on_state,
                                                 .on_access = on_access,
                                                 .on_track = on_track,
                                                 .on_track_end = on_track_end,
                                                 .on_warning = on_warning};

static void on_stop(void *arg, const char *code, const char *words)
{
    struct rig *rig = arg;

    assert_non_null(code);
    assert_non_null(words);
    rig->was_stopped = true;
    ingest_show_leave(rig->show);
}

static const struct ingest_publisher_ops publisher = {.stop = on_stop};

static struct rig *rig_new(int64_t grace_ms)
{
    static struct rig rig;

    memset(&rig, 0, sizeof(rig));
    assert_int_equal(jt_loop_new("test", &rig.loop), 0);
    assert_int_equal(ingest_shows_new(rig.loop, grace_ms, &rig.shows), 0);
    assert_int_equal(ingest_shows_listen(rig.shows, &events, &rig), 0);
    return &rig;
}

static void rig_free(struct rig *rig)
{
    ingest_shows_silence(rig->shows);
    ingest_shows_free(rig->shows);
    jt_loop_free(rig->loop);
}

static int join(struct rig *rig, const char *name)
{
    return ingest_show_join(rig->shows, name, &publisher, rig, &rig->show);
}

static const struct ingest_track *add_track(struct rig *rig)
{
    const struct ingest_track *track;
    struct jt_ring_writer *writer;
    struct jt_track_info info;

    jt_opus_track(2, &info);
    assert_int_equal(jt_ring_writer_new(&info, ingest_show_epoch(rig->show), &writer), 0);
    assert_int_equal(ingest_show_add_track(rig->show, writer, &info, &track), 0);
    return track;
}

static void test_r14_second_publisher_is_refused_while_the_first_lives(void **state)
{
    struct rig *rig = rig_new(60000);
    struct ingest_show *first;
    uint32_t epoch;

    (void)state;
    assert_int_equal(join(rig, "rice"), 0);
    first = rig->show;
    epoch = ingest_show_epoch(first);
    assert_int_equal(join(rig, "rice"), -EBUSY);
    assert_ptr_equal(rig->show, first);
    ingest_show_leave(first);
    assert_int_equal(ingest_show_state(first), JT_SHOW_WAITING);
    assert_int_equal(join(rig, "rice"),
                     0); /* within the grace period: the same show, a higher epoch */
    assert_ptr_equal(rig->show, first);
    assert_true(ingest_show_epoch(first) > epoch);
    assert_string_equal(rig->told, "live waiting live ");
    rig_free(rig);
}

static void test_r16_names_from_strangers(void **state)
{
    static const char *const bad[] = {"",       "a b",          "../x", "a/b", "a%2fb",
                                      "x\r\ny", "\xea\xb0\x80", "a'b",  "$(x)"};
    struct rig *rig = rig_new(0);
    char name[140];

    (void)state;
    for (size_t i = 0; i < JT_COUNT(bad); i++)
        assert_int_equal(join(rig, bad[i]), -EINVAL);
    memset(name, 'a', sizeof(name));
    name[129] = '\0';
    assert_int_equal(join(rig, name), -EINVAL);
    name[128] = '\0';
    assert_int_equal(join(rig, name), 0);
    rig_free(rig);
}

static void test_v13_epochs_grow_over_a_restart(void **state)
{
    struct rig *rig = rig_new(0);
    uint32_t before;

    (void)state;
    assert_int_equal(join(rig, "rice"), 0);
    before = ingest_show_epoch(rig->show);
    rig_free(rig);
    rig = rig_new(0); /* another process, as far as numbers go */
    assert_int_equal(join(rig, "rice"), 0);
    assert_true(ingest_show_epoch(rig->show) > before);
    assert_true(before > 200000000); /* seconds since 2020: past any count of an older process */
    rig_free(rig);
}

/* Readers take a ring with the epoch they know for the one they know. */
static void test_v13_a_show_that_ended_begins_again_with_a_higher_epoch(void **state)
{
    struct rig *rig = rig_new(0);
    uint32_t before = 0;

    (void)state;
    for (int i = 0; i < 3; i++) { /* within one second, most of the time */
        assert_int_equal(join(rig, "rice"), 0);
        assert_true(ingest_show_epoch(rig->show) > before);
        before = ingest_show_epoch(rig->show);
        ingest_show_leave(rig->show);
        assert_null(ingest_show_find(rig->shows, "rice"));
    }
    rig_free(rig);
}

static void test_tracks_end_before_the_show_and_with_their_source(void **state)
{
    struct rig *rig = rig_new(0);
    struct ingest_track offer;
    const struct ingest_track *source;
    struct jt_ring_writer *made;

    (void)state;
    assert_int_equal(join(rig, "rice"), 0);
    source = add_track(rig);
    offer =
        (struct ingest_track){.source = source->id, .epoch = source->epoch, .info = source->info};
    assert_int_equal(jt_ring_writer_new(&offer.info, offer.epoch, &made), 0);
    assert_int_equal(ingest_show_offer_track(rig->show, dup(jt_ring_writer_fd(made)), &offer), 0);
    ingest_show_end_track(rig->show, offer.source);
    assert_string_equal(rig->told, "live +1 +2 -2 -1 ");
    assert_int_equal(ingest_show_offer_track(rig->show, 0, &offer),
                     -ESTALE); /* its source has ended */
    (void)add_track(rig);
    ingest_show_leave(rig->show); /* no grace: it ends at once */
    assert_string_equal(rig->told, "live +1 +2 -2 -1 +3 -3 ended ");
    assert_int_equal(ingest_shows_count(rig->shows), 0);
    jt_ring_writer_free(made);
    rig_free(rig);
}

static void test_a_new_worker_replaces_what_the_old_one_made(void **state)
{
    struct rig *rig = rig_new(0);
    struct ingest_track offer;
    struct jt_ring_writer *made;

    (void)state;
    assert_int_equal(join(rig, "rice"), 0);
    offer = (struct ingest_track){.source = add_track(rig)->id};
    offer.epoch = ingest_show_epoch(rig->show);
    jt_opus_track(2, &offer.info);
    assert_int_equal(jt_ring_writer_new(&offer.info, offer.epoch, &made), 0);
    for (int i = 0; i < 2; i++)
        assert_int_equal(ingest_show_offer_track(rig->show, dup(jt_ring_writer_fd(made)), &offer),
                         0);
    assert_string_equal(rig->told, "live +1 +2 -2 +3 ");
    offer.epoch++;
    assert_int_equal(ingest_show_offer_track(rig->show, 0, &offer), -ESTALE); /* of another epoch */
    jt_ring_writer_free(made);
    rig_free(rig);
}

static void test_warnings_are_told_once_an_epoch(void **state)
{
    struct rig *rig = rig_new(60000);

    (void)state;
    assert_int_equal(join(rig, "rice"), 0);
    ingest_show_warn(rig->show, "b_frames", "words");
    ingest_show_warn(rig->show, "b_frames", "words");
    ingest_show_leave(rig->show);
    assert_int_equal(join(rig, "rice"), 0);
    ingest_show_warn(rig->show, "b_frames", "words");
    assert_string_equal(rig->told, "live !b_frames waiting live !b_frames ");
    rig_free(rig);
}

static void test_grace_runs_out_and_stop_waits_for_nobody(void **state)
{
    struct rig *rig = rig_new(20);

    (void)state;
    assert_int_equal(join(rig, "rice"), 0);
    ingest_show_leave(rig->show);
    jt_loop_run(rig->loop); /* until it has ended */
    assert_string_equal(rig->told, "live waiting ended ");
    rig_free(rig);

    rig = rig_new(1800000);
    assert_int_equal(join(rig, "fish"), 0);
    ingest_show_stop(rig->show, "NetStream.Publish.Denied", "Stopped by the operator.");
    assert_true(rig->was_stopped);
    jt_loop_run(rig->loop);
    assert_string_equal(rig->told, "live waiting ended ");
    rig_free(rig);
}

/* Without grace the show is gone when its publisher has left. */
static void test_stop_of_a_show_without_grace(void **state)
{
    struct rig *rig = rig_new(0);

    (void)state;
    assert_int_equal(join(rig, "rice"), 0);
    ingest_show_stop(rig->show, "NetStream.Publish.Denied", "Stopped by the operator.");
    assert_true(rig->was_stopped);
    assert_string_equal(rig->told, "live ended ");
    assert_int_equal(ingest_shows_count(rig->shows), 0);
    rig_free(rig);
}

/* A code may have 64 characters (ring/control.h). */
static void test_the_longest_code_is_told_once_too(void **state)
{
    struct rig *rig = rig_new(0);
    char code[65];

    (void)state;
    memset(code, 'c', sizeof(code) - 1);
    code[64] = '\0';
    assert_int_equal(join(rig, "rice"), 0);
    ingest_show_warn(rig->show, code, "words");
    ingest_show_warn(rig->show, code, "words");
    assert_int_equal(strlen(rig->told), strlen("live ! ") + 64);
    rig_free(rig);
}

/* With its first word a show says who may watch it: nobody sees a rehearsal for a moment. */
static void test_access_comes_with_the_publisher_and_changes_are_told(void **state)
{
    struct rig *rig = rig_new(60000);
    struct ingest_arrival arrival = {
        .name = "rice", .access = JT_ACCESS_TOKEN, .ops = &publisher, .arg = rig};

    (void)state;
    assert_int_equal(ingest_show_arrive(rig->shows, &arrival, &rig->show), 0);
    assert_int_equal(ingest_show_access(rig->show), JT_ACCESS_TOKEN);
    assert_int_equal(ingest_message_show(rig->show).access, JT_ACCESS_TOKEN);
    rig->told[0] = '\0';
    ingest_show_set_access(rig->show, JT_ACCESS_TOKEN);
    assert_string_equal(rig->told, "");
    ingest_show_set_access(rig->show, JT_ACCESS_CLOSED);
    assert_string_equal(rig->told, "closed ");
    ingest_show_leave(rig->show);
    arrival.access = JT_ACCESS_PUBLIC;
    assert_int_equal(ingest_show_arrive(rig->shows, &arrival, &rig->show), 0);
    assert_int_equal(ingest_message_show(rig->show).access, JT_ACCESS_PUBLIC);
    assert_false(ingest_show_is_stopped(rig->show));
    rig_free(rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_r14_second_publisher_is_refused_while_the_first_lives),
        cmocka_unit_test(test_r16_names_from_strangers),
        cmocka_unit_test(test_v13_epochs_grow_over_a_restart),
        cmocka_unit_test(test_v13_a_show_that_ended_begins_again_with_a_higher_epoch),
        cmocka_unit_test(test_tracks_end_before_the_show_and_with_their_source),
        cmocka_unit_test(test_a_new_worker_replaces_what_the_old_one_made),
        cmocka_unit_test(test_warnings_are_told_once_an_epoch),
        cmocka_unit_test(test_grace_runs_out_and_stop_waits_for_nobody),
        cmocka_unit_test(test_stop_of_a_show_without_grace),
        cmocka_unit_test(test_the_longest_code_is_told_once_too),
        cmocka_unit_test(test_access_comes_with_the_publisher_and_changes_are_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
