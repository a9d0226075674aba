/* What an operator may set: the defaults, and what depends on other options. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <errno.h>

#include "relay/config.h"

static int load(struct relay_config *config, const char *flag)
{
    char program[] = "jangteo-relay", text[128] = "";
    char *argv[] = {program, text, NULL};

    (void)snprintf(text, sizeof(text), "%s", flag ? flag : "");
    return relay_config_load(config, flag ? 2 : 1, argv);
}

static void test_defaults(void **state)
{
    struct relay_config config;

    (void)state;
    assert_int_equal(load(&config, NULL), JT_CONFIG_RUN);
    /* everything binds loopback, viewers of a vanished show wait 60 s, catching up at 8 Mbps */
    assert_string_equal(config.http_listen, "127.0.0.1:8082");
    assert_string_equal(config.admin_listen, "127.0.0.1:9082");
    assert_string_equal(config.rtc_listen, "127.0.0.1:8190");
    assert_string_equal(config.rtc_advertise, "");
    assert_string_equal(config.control, "data/run/ingest.sock");
    assert_string_equal(config.http_socket, "data/run/relay-http.sock");
    assert_string_equal(config.hook_url, "unix:data/run/chat-hooks.sock");
    assert_string_equal(config.auth_keys, "data/keys/jangteo.keys");
    assert_false(config.hook_private);
    assert_int_equal(config.grace_ms, 60000);
    assert_int_equal(config.catchup_min_bps, 8000000);
    assert_in_range(config.workers, 1, RELAY_WORKERS_MAX); /* one per core */
}

static void test_paths_follow_the_run_directory(void **state)
{
    struct relay_config config;

    (void)state;
    assert_int_equal(load(&config, "--run.dir=/run/jangteo"), JT_CONFIG_RUN);
    assert_string_equal(config.control, "/run/jangteo/ingest.sock");
    assert_string_equal(config.http_socket, "/run/jangteo/relay-http.sock");
    assert_int_equal(load(&config, "--ingest.control=/tmp/other.sock"), JT_CONFIG_RUN);
    assert_string_equal(config.control, "/tmp/other.sock");
}

static void test_out_of_range_stops_the_start(void **state)
{
    static const char *const bad[] = {"--relay.workers=65",     "--relay.viewers_max=0",
                                      "--relay.viewers_max=1e", "--relay.rtx_percent=101",
                                      "--relay.grace_ms=-1",    "--relay.no_such=1"};
    struct relay_config config;

    (void)state;
    for (size_t i = 0; i < JT_COUNT(bad); i++)
        assert_int_not_equal(load(&config, bad[i]), JT_CONFIG_RUN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_paths_follow_the_run_directory),
        cmocka_unit_test(test_out_of_range_stops_the_start),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
