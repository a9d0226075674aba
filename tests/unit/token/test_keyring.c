/* The key file and its rotation. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <sys/wait.h>

#include "base/base.h"
#include "keys.h"
#include "token/mac.h"

enum { DAY_MS = 24 * 60 * 60 * 1000 };

static const int64_t now = 1700000000000;

static int key_of(struct jt_keyring *keyring, enum jt_key_family family, uint32_t id, int64_t at_ms,
                  uint8_t *out)
{
    uint8_t mine[JT_KEY_BYTES];

    return jt_keyring_key(keyring, family, &id, at_ms, out ? out : mine);
}

static void test_first_start(void **state)
{
    struct keys_place place = keys_place_new();
    struct jt_keyring *keyring = NULL, *again = NULL;
    uint8_t keys[JT_KEY_FAMILIES][JT_KEY_BYTES], key[JT_KEY_BYTES];
    struct stat stat_now;

    (void)state;
    assert_int_equal(jt_keyring_open(place.path, false, now, &keyring), -ENOENT);
    assert_int_equal(access(place.path, F_OK), -1);
    assert_null(keyring);
    (void)umask(0);
    assert_int_equal(jt_keyring_open(place.path, true, now, &keyring), 0);
    assert_int_equal(stat(place.path, &stat_now), 0);
    assert_int_equal(stat_now.st_mode & 07777, 0600);
    assert_int_equal(jt_keyring_open(place.path, true, now, &again), 0);
    for (int i = 0; i < JT_KEY_FAMILIES; i++) {
        assert_int_equal(jt_keyring_current(keyring, (enum jt_key_family)i), 1);
        assert_int_equal(key_of(keyring, (enum jt_key_family)i, 0, now, keys[i]), 0);
        assert_int_equal(key_of(again, (enum jt_key_family)i, 1, now, key), 0);
        assert_memory_equal(key, keys[i], JT_KEY_BYTES);
        for (int j = 0; j < i; j++)
            assert_memory_not_equal(keys[i], keys[j], JT_KEY_BYTES);
    }
    jt_keyring_close(keyring);
    jt_keyring_close(again);
    jt_keyring_close(NULL);
    keys_place_free(&place);
}

static int open_text(const char *text, size_t size, mode_t mode)
{
    struct keys_place place = keys_place_new();
    struct jt_keyring *keyring = NULL;
    struct stat before, after;
    int err;

    keys_write(place.path, text, size, mode);
    assert_int_equal(stat(place.path, &before), 0);
    err = jt_keyring_open(place.path, true, now, &keyring);
    assert_int_equal(stat(place.path, &after), 0);
    assert_int_equal(before.st_ino, after.st_ino); /* never made anew */
    assert_int_equal(before.st_size, after.st_size);
    jt_keyring_close(keyring);
    keys_place_free(&place);
    return err;
}

static void test_file_cut_anywhere(void **state)
{
    (void)state;
    assert_int_equal(open_text(KEYS_TEXT, strlen(KEYS_TEXT), 0600), 0);
    for (size_t size = 0; size < strlen(KEYS_TEXT); size++)
        assert_int_equal(open_text(KEYS_TEXT, size, 0600), -EBADMSG);
}

#define HEX64 "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static void test_file_that_is_not_whole(void **state)
{
    static const char *const texts[] = {
        KEYS_TEXT "x",
        "jangteo-keys 2\n" KEYS_TOKEN KEYS_HOOK KEYS_SEAL KEYS_LOOKUP "end 4\n",
        "jangteo-keys 1\n" KEYS_TOKEN KEYS_HOOK KEYS_SEAL KEYS_LOOKUP "end 5\n",
        "jangteo-keys 1\n" KEYS_TOKEN KEYS_HOOK KEYS_SEAL "end 3\n",
        "jangteo-keys 1\n" KEYS_TOKEN KEYS_SEAL KEYS_LOOKUP "end 3\n",
        "jangteo-keys 1\n" KEYS_TOKEN KEYS_TOKEN KEYS_HOOK KEYS_SEAL KEYS_LOOKUP "end 5\n",
        "jangteo-keys 1\ntoken 0 1 0 " HEX64 "\n" KEYS_HOOK KEYS_SEAL KEYS_LOOKUP "end 4\n",
        "jangteo-keys 1\ntoken 01 1 0 " HEX64 "\n" KEYS_HOOK KEYS_SEAL KEYS_LOOKUP "end 4\n",
        "jangteo-keys 1\ntoken -1 1 0 " HEX64 "\n" KEYS_HOOK KEYS_SEAL KEYS_LOOKUP "end 4\n",
        "jangteo-keys 1\ntoken 4294967296 1 0 " HEX64 "\n" KEYS_HOOK KEYS_SEAL KEYS_LOOKUP
        "end 4\n",
        "jangteo-keys 1\ntoken 1 9223372036854775808 0 " HEX64 "\n" KEYS_HOOK KEYS_SEAL KEYS_LOOKUP
        "end 4\n",
        "jangteo-keys 1\ntoken 1 1 0 " HEX64 "00\n" KEYS_HOOK KEYS_SEAL KEYS_LOOKUP "end 4\n",
        "jangteo-keys 1\ntoken 1 1 0 " HEX64 "0\n" KEYS_HOOK KEYS_SEAL KEYS_LOOKUP "end 4\n",
        "jangteo-keys 1\ntoken 1 1 0 zz\n" KEYS_HOOK KEYS_SEAL KEYS_LOOKUP "end 4\n",
        "jangteo-keys 1\nother 1 1 0 " HEX64 "\n" KEYS_TOKEN KEYS_HOOK KEYS_SEAL KEYS_LOOKUP
        "end 5\n",
    };
    size_t size = 65536;
    char *large = malloc(size + 1);

    (void)state;
    for (size_t i = 0; i < JT_COUNT(texts); i++)
        if (open_text(texts[i], strlen(texts[i]), 0600) != -EBADMSG)
            fail_msg("taken: %s", texts[i]);
    assert_non_null(large);
    memset(large, '\n', size);
    large[size] = '\0';
    memcpy(large, KEYS_TEXT, strlen(KEYS_TEXT)); /* the rest stays lines */
    assert_int_equal(open_text(large, size, 0600), -EBADMSG);
    free(large);
}

static void test_a4_file_that_others_can_read(void **state)
{
    static const mode_t modes[] = {0640, 0604, 0660, 0644, 0610, 0601};
    struct keys_place place = keys_place_new();
    struct jt_keyring *keyring = NULL;
    char other[96];

    (void)state;
    for (size_t i = 0; i < JT_COUNT(modes); i++)
        assert_int_equal(open_text(KEYS_TEXT, strlen(KEYS_TEXT), modes[i]), -EPERM);
    assert_int_equal(open_text(KEYS_TEXT, strlen(KEYS_TEXT), 0400), 0);
    (void)snprintf(other, sizeof(other), "%s/real", place.folder);
    keys_write(other, KEYS_TEXT, strlen(KEYS_TEXT), 0600);
    assert_int_equal(symlink(other, place.path), 0);
    assert_int_equal(jt_keyring_open(place.path, true, now, &keyring), -EPERM);
    (void)unlink(other);
    (void)unlink(place.path);
    assert_int_equal(mkfifo(place.path, 0600), 0);
    assert_int_equal(jt_keyring_open(place.path, true, now, &keyring), -EPERM);
    keys_place_free(&place);
}

/* Whether the memory that holds `key` is left out of core files: VmFlags "dd", proc(5). */
static bool is_undumped(const uint8_t *key, size_t size, size_t *found)
{
    FILE *maps = fopen("/proc/self/smaps", "re"), *memory = fopen("/proc/self/mem", "re");
    char line[512];
    unsigned long from = 0, to = 0;
    bool has_key = false, is_good = true;

    assert_non_null(maps);
    assert_non_null(memory);
    *found = 0;
    while (fgets(line, sizeof(line), maps)) {
        char *dash, *space;
        unsigned long a = strtoul(line, &dash, 16);
        unsigned long b = *dash == '-' ? strtoul(dash + 1, &space, 16) : 0;

        if (a && b && *space == ' ') { /* "7f00-7f10 rw-p ...": a range's first line */
            uint8_t page[4096];

            from = a;
            to = b;
            has_key = false;
            if (space[1] != 'r' || strstr(line, "[stack]") || b - a > 1UL << 28)
                continue;
            for (; from < to && !has_key; from += sizeof(page))
                has_key = !fseek(memory, (long)from, SEEK_SET) &&
                          fread(page, sizeof(page), 1, memory) == 1 &&
                          memmem(page, sizeof(page), key, size);
        }
        if (has_key && !strncmp(line, "VmFlags:", 8)) {
            (*found)++;
            is_good = is_good && strstr(line, " dd");
        }
    }
    (void)fclose(maps);
    (void)fclose(memory);
    return is_good;
}

static void test_a4_keys_stay_out_of_core_files(void **state)
{
    struct keys_place place = keys_place_new();
    struct jt_keyring *keyring = NULL;
    uint8_t key[JT_KEY_BYTES];
    size_t found;

    (void)state;
    assert_int_equal(jt_keyring_open(place.path, true, now, &keyring), 0);
    assert_int_equal(key_of(keyring, JT_KEYS_SEAL, 0, now, key), 0); /* on our stack */
    assert_true(is_undumped(key, sizeof(key), &found));
    assert_int_equal(found, 1);
    jt_keyring_close(keyring);
    assert_true(is_undumped(key, sizeof(key), &found));
    assert_int_equal(found, 0);
    keys_place_free(&place);
}

static void test_a3_overlap_and_retirement(void **state)
{
    static const enum jt_key_family families[] = {JT_KEYS_TOKEN, JT_KEYS_HOOK};
    struct keys_place place = keys_place_new();
    struct jt_keyring *keyring = NULL;

    (void)state;
    assert_int_equal(jt_keyring_open(place.path, true, now, &keyring), 0);
    for (size_t i = 0; i < JT_COUNT(families); i++) {
        enum jt_key_family f = families[i];

        assert_int_equal(jt_keyring_rotate(keyring, f, now, DAY_MS), 0);
        assert_int_equal(jt_keyring_current(keyring, f), 2);
        assert_int_equal(key_of(keyring, f, 1, now + DAY_MS - 1, NULL), 0);
        assert_int_equal(key_of(keyring, f, 1, now + DAY_MS, NULL), -ENOKEY);
        assert_int_equal(key_of(keyring, f, 2, now + 1000LL * DAY_MS, NULL), 0);
        assert_int_equal(jt_keyring_rotate(keyring, f, now + 1, DAY_MS), 0); /* two at most */
        assert_int_equal(key_of(keyring, f, 1, now + 1, NULL), -ENOKEY);
        assert_int_equal(key_of(keyring, f, 2, now + 1, NULL), 0);
        assert_int_equal(jt_keyring_rotate(keyring, f, now + 2, 0), 0); /* a leak */
        assert_int_equal(key_of(keyring, f, 3, now + 2, NULL), -ENOKEY);
        assert_int_equal(key_of(keyring, f, 4, now + 2, NULL), 0);
        assert_int_equal(key_of(keyring, f, 5, now + 2, NULL), -ENOKEY);
    }
    assert_int_equal(jt_keyring_current(keyring, JT_KEYS_SEAL), 1); /* families are apart */
    jt_keyring_close(keyring);
    keys_place_free(&place);
}

static void test_a3_seal_keys_stay(void **state)
{
    struct keys_place place = keys_place_new();
    struct jt_keyring *keyring = NULL, *again = NULL;
    uint8_t first[JT_KEY_BYTES], key[JT_KEY_BYTES];
    int rotations = 0, err;

    (void)state;
    assert_int_equal(jt_keyring_open(place.path, true, now, &keyring), 0);
    assert_int_equal(key_of(keyring, JT_KEYS_SEAL, 1, 0, first), 0);
    while (!(err = jt_keyring_rotate(keyring, JT_KEYS_SEAL, now + rotations, 0)))
        rotations++;
    assert_int_equal(err, -ENOSPC);
    assert_int_equal(rotations, JT_KEYS_MAX - JT_KEY_FAMILIES);
    assert_int_equal(jt_keyring_open(place.path, false, now, &again), 0); /* a full one is read */
    assert_int_equal(key_of(again, JT_KEYS_SEAL, 1, 0, key), 0);
    assert_memory_equal(first, key, sizeof(key));
    assert_int_equal(jt_keyring_current(again, JT_KEYS_SEAL), rotations + 1);
    assert_int_equal(jt_keyring_rotate(keyring, JT_KEYS_LOOKUP, now, 0), -ENOTSUP);
    assert_int_equal(jt_keyring_rotate(keyring, JT_KEYS_TOKEN, now, -1), -EINVAL);
    assert_int_equal(jt_keyring_rotate(keyring, JT_KEYS_TOKEN, now, INT64_MAX), -EINVAL);
    assert_int_equal(jt_keyring_rotate(keyring, (enum jt_key_family)9, now, 0), -EINVAL);
    jt_keyring_close(keyring);
    jt_keyring_close(again);
    keys_place_free(&place);
}

/* Rotate in a process of its own, as chat does for the relay. */
static void rotate_elsewhere(const char *path, int64_t overlap_ms)
{
    int status = -1;
    pid_t child = fork();

    assert_true(child >= 0);
    if (child == 0) {
        struct jt_keyring *keyring;

        _exit(jt_keyring_open(path, false, now, &keyring) ||
              jt_keyring_rotate(keyring, JT_KEYS_TOKEN, now, overlap_ms));
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static void test_a3_reader_follows_another_process(void **state)
{
    struct keys_place place = keys_place_new();
    struct jt_keyring *reader = NULL;

    (void)state;
    keys_write(place.path, KEYS_TEXT, strlen(KEYS_TEXT), 0600);
    assert_int_equal(jt_keyring_open(place.path, false, now, &reader), 0);
    assert_int_equal(key_of(reader, JT_KEYS_TOKEN, 7, now, NULL), 0);
    rotate_elsewhere(place.path, DAY_MS);
    /* Unknown: it looks at once, however short the time. The old one stays for the overlap. */
    assert_int_equal(key_of(reader, JT_KEYS_TOKEN, 8, now, NULL), 0);
    assert_int_equal(key_of(reader, JT_KEYS_TOKEN, 7, now + DAY_MS - 1, NULL), 0);
    assert_int_equal(key_of(reader, JT_KEYS_TOKEN, 7, now + DAY_MS, NULL), -ENOKEY);
    jt_keyring_close(reader);
    keys_place_free(&place);
}

static void test_a3_reader_learns_of_a_revoked_key(void **state)
{
    struct keys_place place = keys_place_new();
    struct jt_keyring *reader = NULL;

    (void)state;
    keys_write(place.path, KEYS_TEXT, strlen(KEYS_TEXT), 0600);
    assert_int_equal(jt_keyring_open(place.path, false, now, &reader), 0);
    assert_int_equal(key_of(reader, JT_KEYS_TOKEN, 7, now, NULL), 0);
    rotate_elsewhere(place.path, 0);
    /* Nothing unknown is asked for; it looks a second after it last did. */
    assert_int_equal(key_of(reader, JT_KEYS_TOKEN, 7, now + JT_KEY_LOOK_EVERY_MS, NULL), -ENOKEY);
    jt_keyring_close(reader);
    keys_place_free(&place);
}

static void test_a3_clock_set_back(void **state)
{
    struct keys_place place = keys_place_new();
    struct jt_keyring *reader = NULL;

    (void)state;
    keys_write(place.path, KEYS_TEXT, strlen(KEYS_TEXT), 0600);
    assert_int_equal(jt_keyring_open(place.path, false, now, &reader), 0);
    assert_int_equal(key_of(reader, JT_KEYS_TOKEN, 7, now + DAY_MS, NULL), 0);
    rotate_elsewhere(place.path, 0);
    assert_int_equal(key_of(reader, JT_KEYS_TOKEN, 7, now, NULL), -ENOKEY);
    jt_keyring_close(reader);
    keys_place_free(&place);
}

static void test_a3_bad_file_leaves_the_old_keys(void **state)
{
    struct keys_place place = keys_place_new();
    struct jt_keyring *reader = NULL;
    uint8_t key[JT_KEY_BYTES];
    uint32_t id = 7;

    (void)state;
    keys_write(place.path, KEYS_TEXT, strlen(KEYS_TEXT), 0600);
    assert_int_equal(jt_keyring_open(place.path, false, now, &reader), 0);
    keys_write(place.path, KEYS_TEXT, strlen(KEYS_TEXT) - 1, 0600);
    assert_int_equal(jt_keyring_reload(reader), -EBADMSG);
    assert_int_equal(key_of(reader, JT_KEYS_TOKEN, 8, now, NULL), -ENOKEY);
    assert_int_equal(jt_keyring_key(reader, JT_KEYS_TOKEN, &id, now + 5000, key), 0);
    assert_int_equal(key[31], 0x1f);
    assert_int_equal(jt_keyring_rotate(reader, JT_KEYS_TOKEN, now, 0), -EBADMSG);
    (void)unlink(place.path);
    assert_int_equal(jt_keyring_reload(reader), -ENOENT);
    assert_int_equal(jt_keyring_key(reader, JT_KEYS_TOKEN, &id, now + 9000, key), 0);
    keys_write(place.path, KEYS_TEXT, strlen(KEYS_TEXT), 0600);
    rotate_elsewhere(place.path, DAY_MS);
    assert_int_equal(key_of(reader, JT_KEYS_TOKEN, 8, now + 9000, NULL), 0); /* whole again */
    jt_keyring_close(reader);
    keys_place_free(&place);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first_start),
        cmocka_unit_test(test_file_cut_anywhere),
        cmocka_unit_test(test_file_that_is_not_whole),
        cmocka_unit_test(test_a4_file_that_others_can_read),
        cmocka_unit_test(test_a4_keys_stay_out_of_core_files),
        cmocka_unit_test(test_a3_overlap_and_retirement),
        cmocka_unit_test(test_a3_seal_keys_stay),
        cmocka_unit_test(test_a3_reader_follows_another_process),
        cmocka_unit_test(test_a3_reader_learns_of_a_revoked_key),
        cmocka_unit_test(test_a3_clock_set_back),
        cmocka_unit_test(test_a3_bad_file_leaves_the_old_keys),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
