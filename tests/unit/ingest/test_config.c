/* What an operator may set: the defaults, and that open mode stays on this machine. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <errno.h>

#include "ingest/config.h"

enum { FLAGS_MAX = 4 };

/* Flags up to the first NULL. */
static int load(struct ingest_config *config, const char *const flags[FLAGS_MAX])
{
    char text[FLAGS_MAX][128], program[] = "jangteo-ingest";
    char *argv[FLAGS_MAX + 2] = {program};
    int argc = 1;

    for (int i = 0; i < FLAGS_MAX && flags[i]; i++) {
        (void)snprintf(text[i], sizeof(text[i]), "%s", flags[i]);
        argv[argc++] = text[i];
    }
    return ingest_config_load(config, argc, argv);
}

static void test_defaults(void **state)
{
    struct ingest_config config;
    char self[512] = {0};

    (void)state;
    assert_int_equal(load(&config, (const char *const[FLAGS_MAX]){NULL}), JT_CONFIG_RUN);
    /* everything binds loopback, only those the hook allows publish, a show waits 60 s */
    assert_string_equal(config.rtmp_listen, "127.0.0.1:1935");
    assert_string_equal(config.http_listen, "127.0.0.1:8081");
    assert_string_equal(config.admin_listen, "127.0.0.1:9081");
    assert_int_equal(config.auth_publish, INGEST_AUTH_HOOK);
    assert_int_equal(config.show_grace_ms, 60000);
    assert_string_equal(config.control, "data/run/ingest.sock");
    assert_string_equal(config.http_socket, "data/run/ingest-http.sock");
    assert_string_equal(config.rtmp_play_url, "");
    assert_string_equal(config.hook_url, "unix:data/run/chat-hooks.sock");
    assert_string_equal(config.auth_keys, "data/keys/jangteo.keys");
    assert_false(config.hook_private);
    /* threats R1, R2, R5: deadlines of a connection, and its rate */
    assert_int_equal(config.rtmp_handshake_ms, 5000);
    assert_int_equal(config.rtmp_publish_ms, 10000);
    assert_int_equal(config.rtmp_first_media_ms, 10000);
    assert_int_equal(config.rtmp_silence_ms, 30000);
    assert_int_equal(config.rtmp_rate_max_bps, 20000000);
    assert_in_range(config.worker_repair_max, 1, 64);
    assert_true(readlink("/proc/self/exe", self, sizeof(self) - 1) > 0);
    *strrchr(self, '/') = '\0';
    assert_int_equal(strncmp(config.worker_path, self, strlen(self)), 0);
    assert_string_equal(config.worker_path + strlen(self), "/jangteo-worker");
}

static void test_control_socket_follows_run_dir(void **state)
{
    struct ingest_config config;

    (void)state;
    assert_int_equal(load(&config, (const char *const[FLAGS_MAX]){"--run.dir=/run/jangteo"}),
                     JT_CONFIG_RUN);
    assert_string_equal(config.control, "/run/jangteo/ingest.sock");
    assert_int_equal(load(&config, (const char *const[FLAGS_MAX]){"--run.dir=/run/jangteo",
                                                                  "--ingest.control=/tmp/c"}),
                     JT_CONFIG_RUN);
    assert_string_equal(config.control, "/tmp/c");
}

static void test_open_mode_is_for_this_machine_alone(void **state)
{
    static const char *const refused[] = {
        "--rtmp.listen=0.0.0.0:1935",        "--rtmp.listen=[::]:1935",
        "--rtmp.listen=192.0.2.1:1935",      "--http.listen=0.0.0.0:8081",
        "--admin.listen=[2001:db8::1]:9081", "--rtmp.listen=[::ffff:192.0.2.1]:1935",
    };
    static const char *const fine[] = {"--rtmp.listen=127.0.0.1:1935",
                                       "--rtmp.listen=127.1.2.3:1935", "--rtmp.listen=[::1]:1935",
                                       "--http.listen="};
    struct ingest_config config;

    (void)state;
    for (size_t i = 0; i < JT_COUNT(refused); i++) {
        assert_int_equal(
            load(&config, (const char *const[FLAGS_MAX]){"--auth.publish=open", refused[i]}),
            -EINVAL);
        assert_int_equal(load(&config, (const char *const[FLAGS_MAX]){refused[i]}), JT_CONFIG_RUN);
    }
    for (size_t i = 0; i < JT_COUNT(fine); i++)
        assert_int_equal(
            load(&config, (const char *const[FLAGS_MAX]){"--auth.publish=open", fine[i]}),
            JT_CONFIG_RUN);
    assert_int_equal(config.auth_publish, INGEST_AUTH_OPEN);
}

static void test_what_is_wrong_stops_the_start(void **state)
{
    static const char *const wrong[] = {
        "--auth.publish=anybody",         "--show.grace_ms=-1",
        "--show.grace_ms=1800001",        "--rtmp.handshake_ms=0",
        "--rtmp.connections_max=0",       "--rtmp.rate_max_bps=1e6",
        "--worker.opus_bitrate_kbps=321", "--no.such=1",
    };
    struct ingest_config config;

    (void)state;
    for (size_t i = 0; i < JT_COUNT(wrong); i++)
        assert_int_equal(load(&config, (const char *const[FLAGS_MAX]){wrong[i]}), -EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_control_socket_follows_run_dir),
        cmocka_unit_test(test_open_mode_is_for_this_machine_alone),
        cmocka_unit_test(test_what_is_wrong_stops_the_start),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
