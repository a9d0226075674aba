/* The JSON of hooks at every cut and with each field wrong; sets in parts; ids once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>

#include "chat/media/ids.h"
#include "chat/media/message.h"
#include "chat/media/set.h"

static json_t *parse(const char *text)
{
    json_t *root = NULL;

    return media_message_parse(text, strlen(text), &root) ? NULL : root;
}

static void test_a_body_cut_anywhere_is_none(void **state)
{
    static const char whole[] =
        "{\"set\":1,\"part\":1,\"parts\":1,\"shows\":[{\"show\":\"rice\"}]}";
    json_t *root = NULL;

    (void)state;
    for (size_t size = 0; size < sizeof(whole) - 1; size++)
        assert_int_equal(media_message_parse(whole, size, &root), -EBADMSG);
    assert_null(root);
    root = parse(whole);
    assert_non_null(root);
    json_decref(root);
}

static void test_what_is_no_object(void **state)
{
    static const char *const bad[] = {
        "[]", "1", "null", "\"x\"", "{\"a\":1,\"a\":2}", "{\"a\":[[[[[[[[[[1]]]]]]]]]]}", "{} {}"};

    (void)state;
    for (size_t i = 0; i < JT_COUNT(bad); i++)
        assert_null(parse(bad[i]));
}

static int publish(const char *text, char *key_or_token, size_t capacity)
{
    json_t *root = parse(text);
    struct media_publish who;
    int err;

    err = root ? media_message_publish(root, &who) : -EBADMSG;
    if (!err)
        (void)snprintf(key_or_token, capacity, "%s%s/%s/%s", who.key, who.token, who.kind,
                       who.peer);
    json_decref(root);
    return err;
}

static void test_a4_publish(void **state)
{
    static const char *const bad[] = {
        "{}",
        "{\"key\":\"k\",\"kind\":\"rtmp\"}",
        "{\"key\":\"k\",\"peer\":\"::1\"}",
        "{\"kind\":\"rtmp\",\"peer\":\"::1\"}",
        "{\"key\":\"\",\"kind\":\"rtmp\",\"peer\":\"::1\"}",
        "{\"key\":\"a b\",\"kind\":\"rtmp\",\"peer\":\"::1\"}",
        "{\"key\":\"k\\u0000\",\"kind\":\"rtmp\",\"peer\":\"::1\"}",
        "{\"key\":7,\"kind\":\"rtmp\",\"peer\":\"::1\"}",
        "{\"key\":\"k\",\"kind\":\"ftp\",\"peer\":\"::1\"}",
        "{\"key\":\"k\",\"kind\":\"rtmp\",\"peer\":\"a\\nb\"}",
        "{\"token\":\"\",\"kind\":\"whip\",\"peer\":\"::1\"}",
        "{\"token\":\"a\\u0000b\",\"kind\":\"whip\",\"peer\":\"::1\"}",
    };
    char got[64];

    (void)state;
    for (size_t i = 0; i < JT_COUNT(bad); i++)
        assert_int_equal(publish(bad[i], got, sizeof(got)), -EBADMSG);
    assert_int_equal(publish("{\"key\":\"aB_-9\",\"kind\":\"rtmp\",\"peer\":\"::1\",\"new\":[1]}",
                             got, sizeof(got)),
                     0);
    assert_string_equal(got, "aB_-9/rtmp/::1");
    assert_int_equal(
        publish("{\"token\":\"jt1.x.y\",\"kind\":\"whip\",\"peer\":\"1.2.3.4\"}", got, sizeof(got)),
        0);
    assert_string_equal(got, "jt1.x.y/whip/1.2.3.4");
}

static void test_unpublish(void **state)
{
    json_t *root = parse("{\"show\":\"rice\",\"epoch\":4294967295,\"reason\":\"left\"}");
    struct media_unpublish message;

    (void)state;
    assert_int_equal(media_message_unpublish(root, &message), 0);
    assert_string_equal(message.show, "rice");
    assert_int_equal(message.epoch, UINT32_MAX);
    assert_string_equal(message.reason, "left");
    (void)json_object_set_new(root, "epoch", json_integer(4294967296));
    assert_int_equal(media_message_unpublish(root, &message), -EBADMSG);
    (void)json_object_set_new(root, "epoch", json_integer(1));
    (void)json_object_set_new(root, "show", json_string("../x"));
    assert_int_equal(media_message_unpublish(root, &message), -EBADMSG);
    json_decref(root);
}

static const char show_text[] =
    "{\"show\":\"rice\",\"epoch\":7,\"state\":\"waiting\",\"access\":\"token\",\"tracks\":[{"
    "\"codec\":"
    "\"h264\",\"layer\":\"main\",\"width\":1280,\"height\":720,\"bitrate_bps\":1500000,"
    "\"capture_us\":123456789,\"wall_offset_us\":-5}],\"warnings\":[\"gop_too_long\"]}";

static void test_show(void **state)
{
    json_t *root = parse(show_text);
    struct media_show show;

    (void)state;
    assert_int_equal(media_message_show(root, &show), 0);
    assert_string_equal(show.show, "rice");
    assert_int_equal(show.epoch, 7);
    assert_int_equal(show.state, JT_SHOW_WAITING);
    assert_int_equal(show.access, JT_ACCESS_TOKEN);
    assert_int_equal(show.track_count, 1);
    assert_int_equal(show.tracks[0].codec, JT_CODEC_H264);
    assert_int_equal(show.tracks[0].width, 1280);
    assert_int_equal(show.tracks[0].bitrate_bps, 1500000);
    assert_int_equal(show.tracks[0].capture_us, 123456789);
    assert_int_equal(show.tracks[0].wall_offset_us, -5);
    assert_int_equal(show.warning_count, 1);
    assert_string_equal(show.warnings[0], "gop_too_long");
    json_decref(root);
}

/* Without each of its fields, and with each a list, a show is none. */
static void test_show_with_a_field_wrong(void **state)
{
    static const char *const fields[] = {"show", "epoch", "state", "access", "tracks", "warnings"};
    static const char *const of_track[] = {"codec",       "width",      "height",
                                           "bitrate_bps", "capture_us", "wall_offset_us"};
    struct media_show show;

    (void)state;
    for (size_t i = 0; i < JT_COUNT(fields) + JT_COUNT(of_track); i++)
        for (int way = 0; way < 2; way++) {
            json_t *root = parse(show_text), *object = root;
            const char *field = i < JT_COUNT(fields) ? fields[i] : of_track[i - JT_COUNT(fields)];

            if (i >= JT_COUNT(fields))
                object = json_array_get(json_object_get(root, "tracks"), 0);
            if (way)
                (void)json_object_set_new(object, field, json_pack("[i]", 1));
            else
                (void)json_object_del(object, field);
            assert_int_equal(media_message_show(root, &show), -EBADMSG);
            json_decref(root);
        }
}

static void test_more_tracks_and_warnings_than_room(void **state)
{
    json_t *root = parse(show_text), *tracks = json_object_get(root, "tracks");
    json_t *warnings = json_object_get(root, "warnings");
    struct media_show show;

    (void)state;
    for (int i = 0; i < 20; i++) {
        (void)json_array_append_new(tracks, json_deep_copy(json_array_get(tracks, 0)));
        (void)json_array_append_new(warnings, json_string("b_frames"));
    }
    assert_int_equal(media_message_show(root, &show), 0);
    assert_int_equal(show.track_count, MEDIA_TRACKS_MAX);
    assert_int_equal(show.warning_count, MEDIA_WARNINGS_MAX);
    json_decref(root);
}

static json_t *add(struct media_set *set, const char *text)
{
    json_t *root = parse(text), *all = NULL;
    struct media_part part;

    if (!media_message_part(root, &part))
        all = media_set_add(set, &part);
    json_decref(root);
    return all;
}

static void test_a_set_comes_in_parts(void **state)
{
    struct media_set *set;
    json_t *all;

    (void)state;
    assert_int_equal(media_set_new(&set), 0);
    assert_null(add(set, "{\"set\":1,\"part\":2,\"parts\":2,\"shows\":[3]}"));
    assert_null(add(set, "{\"set\":1,\"part\":2,\"parts\":2,\"shows\":[3]}")); /* again */
    all = add(set, "{\"set\":1,\"part\":1,\"parts\":2,\"shows\":[1,2]}");
    assert_int_equal(json_array_size(all), 3);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(json_integer_value(json_array_get(all, i)), i + 1);
    json_decref(all);
    assert_null(add(set, "{\"set\":2,\"part\":1,\"parts\":2,\"shows\":[1]}"));
    all =
        add(set, "{\"set\":3,\"part\":1,\"parts\":1,\"shows\":[]}"); /* the older one is given up */
    assert_non_null(all);
    assert_int_equal(json_array_size(all), 0);
    json_decref(all);
    assert_null(add(set, "{\"set\":2,\"part\":2,\"parts\":2,\"shows\":[9]}"));
    media_set_free(set);
}

static void test_what_is_no_part(void **state)
{
    static const char *const bad[] = {
        "{\"set\":1,\"part\":0,\"parts\":1,\"shows\":[]}",
        "{\"set\":1,\"part\":2,\"parts\":1,\"shows\":[]}",
        "{\"set\":1,\"part\":1,\"parts\":65,\"shows\":[]}",
        "{\"set\":1,\"part\":1,\"parts\":0,\"shows\":[]}",
        "{\"set\":-1,\"part\":1,\"parts\":1,\"shows\":[]}",
        "{\"set\":1,\"part\":1,\"parts\":1,\"shows\":{}}",
        "{\"set\":1,\"part\":1,\"parts\":1}",
        "{\"set\":1.5,\"part\":1,\"parts\":1,\"shows\":[]}",
    };
    struct media_part part;

    (void)state;
    for (size_t i = 0; i < JT_COUNT(bad); i++) {
        json_t *root = parse(bad[i]);

        assert_int_equal(media_message_part(root, &part), -EBADMSG);
        json_decref(root);
    }
}

static void test_a2_an_id_counts_once(void **state)
{
    struct media_ids *ids;

    (void)state;
    assert_int_equal(media_ids_new(3, &ids), 0);
    assert_int_equal(media_ids_take(ids, "a", 300, 0), 0);
    assert_int_equal(media_ids_take(ids, "a", 300, 0), -EALREADY);
    assert_int_equal(media_ids_take(ids, "b", 310, 0), 0);
    assert_int_equal(media_ids_take(ids, "c", 320, 0), 0);
    assert_int_equal(media_ids_take(ids, "d", 330, 299),
                     -ENOSPC); /* full: refused, not forgotten */
    assert_int_equal(media_ids_take(ids, "a", 300, 299), -EALREADY);
    assert_int_equal(media_ids_take(ids, "a", 300, 400),
                     -EALREADY); /* pitfall 47: clocks go back */
    assert_int_equal(media_ids_take(ids, "d", 630, 300), 0);
    assert_int_equal(media_ids_take(ids, "b", 310, 305), -EALREADY);
    media_ids_free(ids);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_body_cut_anywhere_is_none),
        cmocka_unit_test(test_what_is_no_object),
        cmocka_unit_test(test_a4_publish),
        cmocka_unit_test(test_unpublish),
        cmocka_unit_test(test_show),
        cmocka_unit_test(test_show_with_a_field_wrong),
        cmocka_unit_test(test_more_tracks_and_warnings_than_room),
        cmocka_unit_test(test_a_set_comes_in_parts),
        cmocka_unit_test(test_what_is_no_part),
        cmocka_unit_test(test_a2_an_id_counts_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
