/*
 * Epochs, offsets and recovery, seen by a client written apart from the room: it reads frames as a page does, by the rules
 * of the README, and is held against a list of what has been said.
 */
#include "rig.h"

enum { LINES_MAX = 2000, KEYS = 5 };

/* What is true: kept by the test as it acts. */
struct truth {
    struct {
        char mid[64], text[32];
        bool is_deleted;
    } lines[LINES_MAX];
    int count;
    int64_t values[KEYS]; /* 0: nothing published */
};

/* A page: a map by message id, the newest state by version, and how far it is. */
struct client {
    struct page *page;
    json_t *messages, *state; /* mid → text; key → value */
    json_t *deleted;          /* delete may come before the message */
    char epoch[32];
    int64_t ctl, chat;
    int resets, recoveries, skipped;
};

static void client_init(struct client *client)
{
    *client = (struct client){
        .messages = json_object(), .state = json_object(), .deleted = json_object()};
}

static void client_deinit(struct rig *rig, struct client *client)
{
    if (client->page)
        page_free(rig, client->page);
    json_decref(client->messages);
    json_decref(client->state);
    json_decref(client->deleted);
}

static void client_push(struct client *client, const json_t *push)
{
    const char *lane = json_string_value(json_object_get(push, "ch")),
               *event = json_string_value(json_object_get(push, "e"));
    json_t *d = json_object_get(push, "d");
    const char *mid = json_string_value(json_object_get(d, "mid"));
    int64_t offset = json_integer_value(json_object_get(push, "o"));
    bool is_old;

    if (strcmp(lane, "gauge") == 0 || strcmp(lane, "me") == 0)
        return;
    if (strcmp(event, "sync") == 0) {
        client->ctl = offset;
        client->chat = json_integer_value(json_object_get(d, "chat"));
        return;
    }
    if (strcmp(lane, "ctl") == 0) {
        if (client->ctl >= 0 && strcmp(event, "delete") != 0 && offset <= client->ctl)
            fail_msg("ctl went back");
        client->ctl = JT_MAX(client->ctl, offset);
        if (strcmp(event, "delete") == 0) {
            json_object_set_new(client->deleted, mid, json_true());
            json_object_del(client->messages, mid);
        } else {
            json_object_set(client->state, json_string_value(json_object_get(d, "key")),
                            json_object_get(d, "value"));
        }
        return;
    }
    if (strcmp(event, "skipped") == 0) {
        client->skipped += (int)json_integer_value(json_object_get(d, "n"));
        client->chat = offset;
        return;
    }
    is_old = offset <= client->chat;
    if (!is_old && client->chat >= 0)
        assert_true(offset == client->chat + 1); /* no hole */
    client->chat = JT_MAX(client->chat, offset);
    if (strcmp(event, "gone") == 0)
        json_object_del(client->messages, mid);
    else if (!json_object_get(client->deleted, mid))
        json_object_set(client->messages, mid, json_object_get(d, "t"));
}

static void client_read(struct client *client)
{
    json_t *value, *push;
    size_t i;

    while ((value = page_next(client->page))) {
        json_t *ok = json_object_get(value, "ok");

        if (ok && json_object_get(ok, "ep")) {
            strcpy(client->epoch, json_string_value(json_object_get(ok, "ep")));
            if (json_is_true(json_object_get(ok, "recovered"))) {
                client->recoveries++;
            } else { /* replace, do not append */
                json_object_clear(client->messages);
                json_object_clear(client->state);
                json_object_clear(client->deleted);
                client->ctl = client->chat = -1;
                client->resets++;
            }
        }
        json_array_foreach(value, i, push) client_push(client, push);
        json_decref(value);
    }
}

static void client_connect(struct rig *rig, struct client *client, const char *name)
{
    struct room_identity who = rig_identity(name, ACCESS_GUEST);
    struct room_position since = {.ctl = client->ctl, .chat = client->chat};

    strcpy(since.epoch, client->epoch);
    client->page = page_new();
    assert_int_equal(rig_join_as(rig, client->page, &who, *client->epoch ? &since : NULL), 0);
}

static void client_cut(struct rig *rig, struct client *client)
{
    page_free(rig, client->page); /* what it hasn't read is lost with it */
    client->page = NULL;
}

/* All of the last messages since it began or was reset, and nothing that was deleted. */
static void client_check(const struct client *client, const struct truth *truth, bool is_complete)
{
    const char *mid;
    json_t *text;
    int missing = 0, first = -1;

    for (int i = 0; i < truth->count; i++) {
        json_t *have = json_object_get(client->messages, truth->lines[i].mid);

        if (truth->lines[i].is_deleted) {
            assert_null(have);
            continue;
        }
        if (have)
            assert_string_equal(json_string_value(have), truth->lines[i].text);
        if (have && first < 0)
            first = i;
        missing += first >= 0 && !have;
    }
    json_object_foreach(client->messages, mid, text)
    {
        bool is_known = false;

        for (int i = 0; i < truth->count; i++)
            is_known |= strcmp(truth->lines[i].mid, mid) == 0;
        assert_true(is_known);
    }
    assert_int_equal(missing, 0);
    if (is_complete && truth->count)
        assert_true(first >= 0 || json_object_size(client->messages) == 0);
    for (int key = 0; key < KEYS; key++) {
        char name[24];

        (void)snprintf(name, sizeof(name), "key%d", key);
        assert_true(json_integer_value(json_object_get(client->state, name)) == truth->values[key]);
    }
}

static void truth_say(struct rig *rig, struct truth *truth, struct page *page)
{
    int i = truth->count++;

    assert_true(i < LINES_MAX);
    (void)snprintf(truth->lines[i].text, sizeof(truth->lines[i].text), "line number %d.", i);
    assert_string_equal(rig_say(rig, page, truth->lines[i].text, truth->lines[i].mid), "");
}

static void truth_delete(struct rig *rig, struct truth *truth, int i)
{
    struct room_act act = {.verb = ROOM_DELETE};

    strcpy(act.mid, truth->lines[i].mid);
    assert_int_equal(room_act(rig->room, &act, rig->now), 0);
    truth->lines[i].is_deleted = true;
}

static void truth_set(struct rig *rig, struct truth *truth, int key, int64_t version, int64_t value)
{
    char name[24], json[64];

    (void)snprintf(name, sizeof(name), "key%d", key);
    (void)snprintf(json, sizeof(json), "{\"key\":\"%s\",\"value\":%" PRId64 "}", name, value);
    assert_int_equal(room_publish(rig->room, name, version, "thing", json), 0);
    truth->values[key] = value;
}

static uint32_t random_next(uint32_t *random)
{
    *random ^= *random << 13; /* xorshift, Marsaglia 2003 */
    *random ^= *random >> 17;
    *random ^= *random << 5;
    return *random;
}

/* Any order of saying, deleting, publishing, cutting, coming back and time: the page ends up with the truth. */
static void run_random(uint32_t random, int steps)
{
    struct rig *rig = rig_new();
    struct truth *truth = calloc(1, sizeof(*truth));
    struct client clients[3];
    struct page *host = rig_join(rig, "host", ACCESS_HOST);
    int64_t version = 0;

    for (int i = 0; i < 3; i++) {
        char name[24];

        (void)snprintf(name, sizeof(name), "client%d", i);
        client_init(&clients[i]);
        client_connect(rig, &clients[i], name);
    }
    for (int step = 0; step < steps; step++) {
        int who = (int)(random_next(&random) % 3);
        struct client *client = &clients[who];
        uint32_t what = random_next(&random) % 100;
        char name[24];

        (void)snprintf(name, sizeof(name), "client%d", who);
        if (what < 40) {
            truth_say(rig, truth, host);
            rig_wait(rig, 1000); /* keeps the host within the limits */
        } else if (what < 50 && truth->count) {
            int i =
                truth->count - 1 - (int)(random_next(&random) % (uint32_t)JT_MIN(truth->count, 30));

            if (!truth->lines[i].is_deleted)
                truth_delete(rig, truth, i);
        } else if (what < 65) {
            version++;
            truth_set(rig, truth, (int)(random_next(&random) % KEYS), version, version);
        } else if (what < 75 && client->page) {
            client_cut(rig, client);
        } else if (what < 90 && !client->page) {
            client_connect(rig, client, name);
        } else if (what < 95 && client->page) {
            client_read(client);
        } else {
            rig_run(rig, random_next(&random) % 400);
        }
        page_skip(host);
        if (host->count > 3000) {
            page_free(rig, host);
            host = rig_join(rig, "host", ACCESS_HOST);
        }
    }
    rig_run(rig, 5000);
    for (int i = 0; i < 3; i++) {
        char name[24];

        (void)snprintf(name, sizeof(name), "client%d", i);
        if (!clients[i].page)
            client_connect(rig, &clients[i], name);
        client_read(&clients[i]);
        client_check(&clients[i], truth, true);
        client_deinit(rig, &clients[i]);
    }
    page_free(rig, host);
    free(truth);
    rig_free(rig);
}

static void test_p36_p40_any_sequence_ends_in_the_truth(void **state)
{
    (void)state;
    for (uint32_t seed = 1; seed <= 300; seed++)
        run_random(seed * 2654435761U, 200);
}

static void test_p36_twenty_cuts_ids_unique_and_complete(void **state)
{
    struct rig *rig = rig_new();
    struct truth *truth = calloc(1, sizeof(*truth));
    struct page *host = rig_join(rig, "host", ACCESS_HOST);
    struct client client;

    (void)state;
    client_init(&client);
    client_connect(rig, &client, "client");
    for (int cut = 0; cut < 20; cut++) {
        for (int i = 0; i < 5; i++) {
            truth_say(rig, truth, host);
            rig_run(rig, 1200);
            if (i == 2)
                client_read(&client);
        }
        client_cut(rig, &client);
        truth_say(rig, truth, host);
        rig_run(rig, 1200);
        client_connect(rig, &client, "client");
    }
    client_read(&client);
    assert_int_equal(client.resets, 1);
    assert_int_equal(client.recoveries, 20);
    assert_int_equal(json_object_size(client.messages), 120);
    client_check(&client, truth, true);
    client_deinit(rig, &client);
    page_free(rig, host);
    free(truth);
    rig_free(rig);
}

static void test_p37_epoch_after_restart(void **state)
{
    struct rig *rig = rig_new();
    struct truth *truth = calloc(1, sizeof(*truth));
    struct client client;
    struct page *host = rig_join(rig, "host", ACCESS_HOST);

    (void)state;
    client_init(&client);
    client_connect(rig, &client, "client");
    truth_say(rig, truth, host);
    truth_set(rig, truth, 0, 5, 5);
    rig_run(rig, 1000);
    client_read(&client);
    assert_int_equal(json_object_size(client.messages), 1);
    client_cut(rig, &client);
    page_free(rig, host);
    room_free(rig->room);
    rig_open(rig, 2); /* empty history; the same offsets come again */
    host = rig_join(rig, "host", ACCESS_HOST);
    truth->count = 0;
    truth->values[0] = 0;
    truth_say(rig, truth, host);
    truth_set(rig, truth, 1, 5, 6);
    rig_run(rig, 1000);
    client_connect(rig, &client, "client");
    client_read(&client);
    assert_int_equal(client.recoveries, 0);
    assert_int_equal(client.resets, 2);
    assert_int_equal(json_object_size(client.messages), 1);
    client_check(&client, truth, true);
    client_deinit(rig, &client);
    page_free(rig, host);
    free(truth);
    rig_free(rig);
}

static void test_p37_all_or_nothing(void **state)
{
    struct rig *rig = rig_new();
    struct truth *truth = calloc(1, sizeof(*truth));
    struct page *host = rig_join(rig, "host", ACCESS_HOST);
    struct client near, far;

    (void)state;
    client_init(&near);
    client_init(&far);
    truth_say(rig, truth, host);
    rig_run(rig, 1200);
    client_connect(rig, &far, "far");
    client_read(&far); /* has seen 1 */
    client_cut(rig, &far);
    truth_say(rig, truth, host);
    rig_run(rig, 1200);
    client_connect(rig, &near, "near");
    client_read(&near); /* has seen 2 */
    client_cut(rig, &near);
    for (int i = 0; i < 300; i++) {
        truth_say(rig, truth, host);
        rig_run(rig, 1200);
    }
    client_connect(rig, &near, "near");
    client_read(&near);
    assert_int_equal(near.recoveries, 1);
    assert_int_equal(json_object_size(near.messages), 302); /* all 300 that were missing */
    client_connect(rig, &far, "far");
    client_read(&far);
    assert_int_equal(far.recoveries, 0); /* one too many: none */
    assert_int_equal(json_object_size(far.messages), 50);
    client_check(&near, truth, true);
    client_check(&far, truth, true);
    client_deinit(rig, &near);
    client_deinit(rig, &far);
    page_free(rig, host);
    free(truth);
    rig_free(rig);
}

static void test_events_beyond_the_log_reset_the_page(void **state)
{
    struct rig *rig = rig_new();
    struct client near, far;

    (void)state;
    client_init(&near);
    client_init(&far);
    client_connect(rig, &far, "far");
    client_read(&far);
    client_cut(rig, &far);
    assert_int_equal(room_event(rig->room, "delete", "{\"mid\":\"x-0\"}"), 0);
    rig_run(rig, 100);
    client_connect(rig, &near, "near");
    client_read(&near);
    client_cut(rig, &near);
    for (int i = 0; i < 300; i++) {
        assert_int_equal(room_event(rig->room, "delete", "{\"mid\":\"x-1\"}"), 0);
        rig_run(rig, 100);
    }
    client_connect(rig, &near, "near");
    assert_int_equal(page_count(near.page, "\"delete\""), 300);
    client_connect(rig, &far, "far");
    assert_int_equal(page_count(far.page, "\"delete\""), 0);
    client_read(&far);
    assert_int_equal(far.recoveries, 0);
    client_deinit(rig, &near);
    client_deinit(rig, &far);
    rig_free(rig);
}

static void test_p38_positions_that_cannot_be(void **state)
{
    static const int64_t positions[][2] = {
        {1, 0}, {0, 1}, {9007199254740991, 0}, {0, 9007199254740991}};
    struct rig *rig = rig_new();

    (void)state;
    for (size_t i = 0; i < JT_COUNT(positions); i++) {
        struct room_identity who = rig_identity("p", ACCESS_GUEST);
        struct room_position since = {.ctl = positions[i][0], .chat = positions[i][1]};
        struct page *page = page_new();

        strcpy(since.epoch, room_epoch(rig->room));
        assert_int_equal(rig_join_as(rig, page, &who, &since), 0);
        assert_int_equal(page_count(page, "\"recovered\":false"), 1);
        page_free(rig, page);
    }
    rig_free(rig);
}

static void test_w10_p34_storm_makes_one_welcome(void **state)
{
    struct rig *rig = rig_new();
    struct truth *truth = calloc(1, sizeof(*truth));
    struct page *host = rig_join(rig, "host", ACCESS_HOST),
                **pages = calloc(10000, sizeof(struct page *));
    struct room_position since = {.ctl = 0, .chat = 0};
    int made;

    (void)state;
    for (int i = 0; i < 60; i++) {
        truth_say(rig, truth, host);
        rig_run(rig, 1200);
    }
    strcpy(since.epoch, room_epoch(rig->room));
    made = rig->frames_made;
    for (int i = 0; i < 1000; i++) { /* a page of the rig is large; a thousand shows it */
        char name[24];
        struct room_identity who;

        (void)snprintf(name, sizeof(name), "p%d", i);
        who = rig_identity(name, ACCESS_GUEST);
        pages[i] = page_new();
        assert_int_equal(rig_join_as(rig, pages[i], &who, i % 2 ? &since : NULL), 0);
        assert_ptr_equal(pages[i]->frames[1], pages[i % 2]->frames[1]);
    }
    assert_int_equal(rig->frames_made,
                     made + 1000 + 2); /* an answer each, and one history of each kind */
    for (int i = 0; i < 1000; i++)
        page_free(rig, pages[i]);
    free(pages);
    page_free(rig, host);
    free(truth);
    rig_free(rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_p36_p40_any_sequence_ends_in_the_truth),
        cmocka_unit_test(test_p36_twenty_cuts_ids_unique_and_complete),
        cmocka_unit_test(test_p37_epoch_after_restart),
        cmocka_unit_test(test_p37_all_or_nothing),
        cmocka_unit_test(test_events_beyond_the_log_reset_the_page),
        cmocka_unit_test(test_p38_positions_that_cannot_be),
        cmocka_unit_test(test_w10_p34_storm_makes_one_welcome),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
