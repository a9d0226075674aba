/* Configuration: the four sources, who wins, and that every fault is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/config.h"

struct config {
    int64_t workers, offset;
    bool is_open;
    char listen[JT_CONFIG_TEXT_MAX_BYTES], secret[JT_CONFIG_TEXT_MAX_BYTES];
    int level;
};

static const struct jt_option options[] = {
    {"relay.workers", JT_OPTION_INT, offsetof(struct config, workers), "2", 1, 64, NULL,
     "Threads that send.", false},
    {"relay.offset_ms", JT_OPTION_INT, offsetof(struct config, offset), "-5", -100, INT64_MAX, NULL,
     "Offset in milliseconds.", false},
    {"relay.open", JT_OPTION_BOOL, offsetof(struct config, is_open), "no", 0, 0, NULL,
     "Whether anybody may watch.", false},
    {"http.listen", JT_OPTION_TEXT, offsetof(struct config, listen), "127.0.0.1:8082", 0, 0, NULL,
     "Address to listen at.", false},
    {"auth.secret", JT_OPTION_TEXT, offsetof(struct config, secret), NULL, 0, 0, NULL, "Key.",
     true},
    {"log.level", JT_OPTION_CHOICE, offsetof(struct config, level), "info", 0, 0,
     "error|warn|info|debug", "How much to log.", false},
};
static const struct jt_config_spec spec = {"jangteo-relay", "Sends live video to viewers.", options,
                                           JT_COUNT(options)};

static struct config config;
static char *faults;

/* Load with the NULL-terminated flags; the faults are in `faults`. */
static int load(char *first, ...)
{
    char program[] = "jangteo-relay", *argv[16] = {program, first};
    size_t size;
    FILE *errors;
    va_list args;
    int argc = 1, result;

    free(faults);
    errors = open_memstream(&faults, &size);
    assert_non_null(errors);
    va_start(args, first);
    while (argv[argc])
        argv[++argc] = va_arg(args, char *);
    va_end(args);
    memset(&config, 0, sizeof(config));
    result = jt_config_load(&spec, &config, argc, argv, errors);
    (void)fclose(errors);
    return result;
}

static size_t count_faults(void)
{
    size_t lines = 0;

    for (const char *c = faults; *c; c++)
        lines += *c == '\n';
    return lines;
}

/* A file with `size` bytes of `text`; the path is static. */
static char *write_file(const char *text, size_t size)
{
    static char path[64];
    FILE *file;
    int fd;

    (void)snprintf(path, sizeof(path), "/tmp/jangteo-config-XXXXXX");
    fd = mkstemp(path);
    file = fd < 0 ? NULL : fdopen(fd, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, size, file), size);
    (void)fclose(file);
    return path;
}

static int load_file(const char *text)
{
    char flag[] = "--config", *path = write_file(text, strlen(text));
    int result = load(flag, path, NULL);

    (void)unlink(path);
    return result;
}

#define FLAG(text) ((char[]){text})
#define ASSERT_FAULT(text)                                                                         \
    do {                                                                                           \
        if (!strstr(faults, text))                                                                 \
            fail_msg("not told: %s\nbut: %s", text, faults);                                       \
    } while (0)

static int clear_environment(void **state)
{
    (void)state;
    (void)unsetenv("JANGTEO_CONFIG");
    (void)unsetenv("JANGTEO_RELAY_WORKERS");
    (void)unsetenv("JANGTEO_RELAY_WOKRERS");
    (void)unsetenv("JANGTEO_CHAT_ROOMS");
    (void)unsetenv("JANGTEO_DATA");
    (void)unsetenv("JANGTEO_NOWHERE_X");
    return 0;
}

static void test_defaults(void **state)
{
    (void)state;
    assert_int_equal(load(NULL), JT_CONFIG_RUN);
    assert_int_equal(config.workers, 2);
    assert_int_equal(config.offset, -5);
    assert_false(config.is_open);
    assert_string_equal(config.listen, "127.0.0.1:8082");
    assert_string_equal(config.secret, "");
    assert_int_equal(config.level, 2);
    assert_string_equal(faults, "");
}

static void test_precedence(void **state)
{
    static const char text[] = "[relay]\nworkers = 3\noffset_ms=4\n";
    char *path = write_file(text, strlen(text));

    (void)state;
    (void)setenv("JANGTEO_CONFIG", path, 1);
    assert_int_equal(load(NULL), JT_CONFIG_RUN);
    assert_int_equal(config.workers, 3);
    (void)setenv("JANGTEO_RELAY_WORKERS", "4", 1);
    assert_int_equal(load(NULL), JT_CONFIG_RUN);
    assert_int_equal(config.workers, 4);
    assert_int_equal(config.offset, 4);
    assert_int_equal(load(FLAG("--relay.workers=5"), NULL), JT_CONFIG_RUN);
    assert_int_equal(config.workers, 5);
    (void)unlink(path);
}

static void test_flags(void **state)
{
    (void)state;
    assert_int_equal(load(FLAG("--relay.open"), FLAG("--log.level"), FLAG("debug"),
                          FLAG("--http.listen=a=b"), FLAG("--relay.offset_ms"), FLAG("-7"), NULL),
                     JT_CONFIG_RUN);
    assert_true(config.is_open);
    assert_int_equal(config.level, 3);
    assert_string_equal(config.listen, "a=b");
    assert_int_equal(config.offset, -7);
    assert_int_equal(load(FLAG("--relay.open"), FLAG("off"), NULL), JT_CONFIG_RUN);
    assert_false(config.is_open);
    assert_int_equal(load(FLAG("--relay.open=YES"), NULL), JT_CONFIG_RUN);
    assert_true(config.is_open);
    assert_int_equal(load(FLAG("--http.listen="), NULL), JT_CONFIG_RUN);
    assert_string_equal(config.listen, "");
}

static void test_faulty_flags_are_all_told(void **state)
{
    (void)state;
    assert_int_equal(load(FLAG("--relay.workers=65"), FLAG("--relay.wokrers=1"), FLAG("stray"),
                          FLAG("--log.level=loud"), FLAG("--http.listen"), NULL),
                     -22);
    ASSERT_FAULT("jangteo-relay: command line: relay.workers = \"65\" must be a whole number from "
                 "1 to 64\n");
    ASSERT_FAULT("unknown argument \"--relay.wokrers\"");
    ASSERT_FAULT("unknown argument \"stray\"");
    ASSERT_FAULT("log.level = \"loud\" must be one of error|warn|info|debug\n");
    ASSERT_FAULT("--http.listen needs a value");
    assert_int_equal(count_faults(), 5);
}

/* Short flags and near misses: `--`, `--=`, `--config` without a file. */
static void test_odd_flags(void **state)
{
    static const char *const odd[] = {
        "",         "-",       "--",          "--=",       "--.", "-relay.open", "--relay.open.x",
        "--config", "--confi", "--configs=x", "relay.open"};

    (void)state;
    for (size_t i = 0; i < JT_COUNT(odd); i++) {
        char *flag = strdup(odd[i]);

        assert_int_equal(load(flag, NULL), -22);
        assert_int_equal(count_faults(), 1);
        free(flag);
    }
}

static void test_numbers(void **state)
{
    static const char *const wrong[] = {
        "", " 1", "1 ", "+1", "1.0", "0x10", "1e1", "-", "--1", "9223372036854775808", "-101"};
    char flag[64];

    (void)state;
    for (size_t i = 0; i < JT_COUNT(wrong); i++) {
        (void)snprintf(flag, sizeof(flag), "--relay.offset_ms=%s", wrong[i]);
        assert_int_equal(load(flag, NULL), -22);
    }
    assert_int_equal(load(FLAG("--relay.offset_ms=9223372036854775807"), NULL), JT_CONFIG_RUN);
    assert_true(config.offset == INT64_MAX);
    assert_int_equal(load(FLAG("--relay.offset_ms=-100"), NULL), JT_CONFIG_RUN);
    assert_int_equal(config.offset, -100);
}

static void test_text_limits(void **state)
{
    char flag[400];
    int at = snprintf(flag, sizeof(flag), "--http.listen=");

    (void)state;
    memset(flag + at, 'a', sizeof(flag) - (size_t)at);
    flag[at + JT_CONFIG_TEXT_MAX_BYTES - 1] = '\0';
    assert_int_equal(load(flag, NULL), JT_CONFIG_RUN);
    assert_int_equal(strlen(config.listen), JT_CONFIG_TEXT_MAX_BYTES - 1);
    flag[at + JT_CONFIG_TEXT_MAX_BYTES - 1] = 'a';
    flag[at + JT_CONFIG_TEXT_MAX_BYTES] = '\0';
    assert_int_equal(load(flag, NULL), -22);
    assert_int_equal(load(FLAG("--http.listen=a\nb"), NULL), -22);
    assert_int_equal(count_faults(), 1); /* C3: the newline is not passed on */
    assert_int_equal(load(FLAG("--http.listen=\xff"), NULL), -22);
}

static void test_v12_environment(void **state)
{
    (void)state;
    (void)setenv("JANGTEO_CHAT_ROOMS", "1", 1); /* another service's */
    (void)setenv("JANGTEO_DATA", "x", 1);       /* not of the form SECTION_KEY */
    assert_int_equal(load(NULL), JT_CONFIG_RUN);
    (void)setenv("JANGTEO_RELAY_WORKERS", "many", 1);
    (void)setenv("JANGTEO_RELAY_WOKRERS", "1", 1);
    (void)setenv("JANGTEO_NOWHERE_X", "1", 1);
    assert_int_equal(load(NULL), -22);
    ASSERT_FAULT("environment JANGTEO_RELAY_WORKERS: relay.workers = \"many\" must be");
    ASSERT_FAULT("unknown variable JANGTEO_RELAY_WOKRERS");
    ASSERT_FAULT("unknown variable JANGTEO_NOWHERE_X");
    assert_int_equal(count_faults(), 3);
}

static void test_file(void **state)
{
    (void)state;
    assert_int_equal(load_file("\xef\xbb\xbf# comment\r\n[relay]\r\nworkers = 9 ; inline\r\n"
                               "; comment\r\n  open: yes\r\n\r\n[http]\r\nlisten = [::1]:80;x\r\n"
                               "[chat]\r\nanything = 1\r\n[store]\r\nx=y"),
                     JT_CONFIG_RUN);
    assert_int_equal(config.workers, 9);
    assert_true(config.is_open);
    assert_string_equal(config.listen, "[::1]:80;x");
    assert_int_equal(load_file(""), JT_CONFIG_RUN);
}

/* V12: a start (or a reload) with faults names each with its line. */
static void test_v12_faulty_file(void **state)
{
    (void)state;
    assert_int_equal(
        load_file("[relay]\nworkers = 0\nwokrers = 1\nworkers = 2\n[relya]\nx = 1\nno equals\n"
                  "[auth]\nsecret = \x01top\n"),
        -22);
    ASSERT_FAULT(" line 2: relay.workers = \"0\" must be a whole number from 1 to 64\n");
    ASSERT_FAULT(" line 3: unknown key \"wokrers\" in [relay]\n");
    ASSERT_FAULT(" line 4: relay.workers is given twice\n");
    ASSERT_FAULT(" line 6: unknown section [relya]\n");
    ASSERT_FAULT(" line 7: neither [section] nor key = value\n");
    ASSERT_FAULT(" line 9: auth.secret (secret) must be text");
    assert_null(strstr(faults, "top")); /* A4: a secret is not shown even when wrong */
    assert_int_equal(count_faults(), 6);
    assert_int_equal(load_file("workers = 3\n"), -22); /* before any section */
}

static void test_v12_unreadable_file(void **state)
{
    (void)state;
    assert_int_equal(load(FLAG("--config=/nonexistent/x.ini"), NULL), -22);
    ASSERT_FAULT("/nonexistent/x.ini: No such file or directory");
    assert_int_equal(load(FLAG("--config=/tmp"), NULL), -22);
    ASSERT_FAULT("/tmp: Is a directory");
}

/* An over-long line is a fault, never two lines; a NUL does not hide what follows. */
static void test_lines_too_long_and_nul(void **state)
{
    char text[2000];
    size_t n = (size_t)snprintf(text, sizeof(text), "[relay]\n");

    (void)state;
    memset(text + n, ' ', 1100);
    text[n] = ';';
    (void)snprintf(text + n + 1023, sizeof(text) - n - 1023, "\nworkers = 7\n[relay]\nworkers=6");
    assert_int_equal(load_file(text), -22);
    ASSERT_FAULT(" line 2: the line is longer than 1023 bytes");
    ASSERT_FAULT(" line 5: relay.workers is given twice\n");

    memset(&config, 0, sizeof(config));
    assert_int_equal(jt_config_read(&spec, &config, "[relay]\n\0\nworkers=8\n", 20, "x", stderr),
                     -22);
    assert_int_equal(config.workers, 8);
}

static void test_file_size_limit(void **state)
{
    size_t size = JT_CONFIG_FILE_MAX_BYTES + 1;
    char *text = malloc(size), flag[] = "--config", *path;

    (void)state;
    assert_non_null(text);
    memset(text, '\n', size);
    path = write_file(text, size - 1);
    assert_int_equal(load(flag, path, NULL), JT_CONFIG_RUN);
    (void)unlink(path);
    path = write_file(text, size);
    assert_int_equal(load(flag, path, NULL), -22);
    ASSERT_FAULT("larger than 262144 bytes");
    (void)unlink(path);
    free(text);
}

/* What `print` writes to stdout, in a string to free. */
static char *capture(char *flag, int expected)
{
    char *text = calloc(1, 16384);
    FILE *file = tmpfile();
    int saved = dup(STDOUT_FILENO);

    assert_true(text && file && saved >= 0);
    (void)fflush(stdout);
    (void)dup2(fileno(file), STDOUT_FILENO);
    assert_int_equal(load(flag, FLAG("--unknown"), NULL), expected);
    (void)fflush(stdout);
    (void)dup2(saved, STDOUT_FILENO);
    (void)close(saved);
    rewind(file);
    assert_true(fread(text, 1, 16383, file) > 0 || feof(file));
    (void)fclose(file);
    return text;
}

static void test_help_and_reference(void **state)
{
    char *help = capture(FLAG("--help"), JT_CONFIG_EXIT_OK);
    char *reference = capture(FLAG("--config-reference"), JT_CONFIG_EXIT_OK);
    char *version = capture(FLAG("--version"), JT_CONFIG_EXIT_OK);

    (void)state;
    for (size_t i = 0; i < JT_COUNT(options); i++) {
        assert_non_null(strstr(help, options[i].name));
        assert_non_null(strstr(help, options[i].help));
        assert_non_null(strstr(reference, options[i].name));
        assert_non_null(strstr(reference, options[i].help));
    }
    assert_non_null(strstr(help, "\n[relay]\n"));
    assert_non_null(
        strstr(help, "a whole number from 1 to 64; default 2; JANGTEO_RELAY_WORKERS\n"));
    assert_non_null(strstr(
        reference, "| one of error\\|warn\\|info\\|debug | `info` | `JANGTEO_LOG_LEVEL` |\n"));
    assert_non_null(strstr(version, "jangteo-relay "));
    free(help);
    free(reference);
    free(version);
}

static void test_check_config(void **state)
{
    char *text = capture(FLAG("--check-config"), -22);

    (void)state;
    assert_string_equal(text, "");
    free(text);
    assert_int_equal(load(FLAG("--check-config"), NULL), JT_CONFIG_EXIT_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_defaults, clear_environment),
        cmocka_unit_test_setup(test_precedence, clear_environment),
        cmocka_unit_test_setup(test_flags, clear_environment),
        cmocka_unit_test_setup(test_faulty_flags_are_all_told, clear_environment),
        cmocka_unit_test_setup(test_odd_flags, clear_environment),
        cmocka_unit_test_setup(test_numbers, clear_environment),
        cmocka_unit_test_setup(test_text_limits, clear_environment),
        cmocka_unit_test_setup(test_v12_environment, clear_environment),
        cmocka_unit_test_setup(test_file, clear_environment),
        cmocka_unit_test_setup(test_v12_faulty_file, clear_environment),
        cmocka_unit_test_setup(test_v12_unreadable_file, clear_environment),
        cmocka_unit_test_setup(test_lines_too_long_and_nul, clear_environment),
        cmocka_unit_test_setup(test_file_size_limit, clear_environment),
        cmocka_unit_test_setup(test_help_and_reference, clear_environment),
        cmocka_unit_test_setup(test_check_config, clear_environment),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);

    free(faults);
    return failed;
}
