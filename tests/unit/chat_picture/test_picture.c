/* chat/picture/picture.h with the real decoder on files made by ffmpeg (corpus/envelope), and with
 * decoders that misbehave. Runs in tests/. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <libgen.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "chat/picture/picture.h"

enum { FILE_MAX_BYTES = 64 * 1024, PATIENCE_MS = 60000, SHORT_MS = 200 };

static char folder[32], pictures[64], decoder[PATH_MAX];

/* --- surroundings --- */

static int set_up(void **state)
{
    char self[PATH_MAX] = "";

    (void)state;
    strcpy(folder, "/tmp/jt-picture-XXXXXX");
    if (!mkdtemp(folder) || readlink("/proc/self/exe", self, sizeof(self) - 1) < 0)
        return -1;
    (void)snprintf(pictures, sizeof(pictures), "%s/pictures", folder);
    (void)snprintf(decoder, sizeof(decoder), "%.3000s/../bin/jangteo-picture", dirname(self));
    return access(decoder, X_OK);
}

static int remove_one(const char *path, const struct stat *stat, int type, struct FTW *ftw)
{
    (void)stat;
    (void)type;
    (void)ftw;
    return remove(path);
}

static int tear_down(void **state)
{
    (void)state;
    return nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static int files;

static int count_one(const char *path, const struct stat *stat, int type, struct FTW *ftw)
{
    (void)path;
    (void)ftw;
    files += type == FTW_F || type == FTW_SL;
    if (type == FTW_F)
        assert_int_equal(stat->st_mode & 0777, 0600);
    else
        assert_int_equal(stat->st_mode & 0777, 0700);
    return 0;
}

static int count_files(void)
{
    files = 0;
    assert_int_equal(nftw(pictures, count_one, 8, FTW_PHYS), 0);
    return files;
}

static void assert_no_child(void)
{
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
}

static size_t load(const char *name, uint8_t bytes[FILE_MAX_BYTES])
{
    char path[128];
    FILE *file;
    size_t size;

    (void)snprintf(path, sizeof(path), "fuzz/corpus/envelope/%s", name);
    file = fopen(path, "rb");
    assert_non_null(file);
    size = fread(bytes, 1, FILE_MAX_BYTES, file);
    (void)fclose(file);
    assert_in_range(size, 1, FILE_MAX_BYTES - 1);
    return size;
}

static struct picture_store *open_store(const char *program, int64_t timeout_ms)
{
    const struct picture_config config = {
        .folder = pictures, .decoder = program, .timeout_ms = timeout_ms};
    struct picture_store *store;

    assert_int_equal(picture_store_new(&config, &store), 0);
    return store;
}

/** A decoder of a few lines of shell. */
static const char *write_script(const char *text)
{
    static char path[64];
    FILE *file;

    (void)snprintf(path, sizeof(path), "%s/decoder.sh", folder);
    file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fprintf(file, "#!/bin/sh\n%s\n", text) > 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(path, 0700), 0);
    return path;
}

static int add_file(struct picture_store *store, const char *name, struct picture *out)
{
    uint8_t bytes[FILE_MAX_BYTES];
    size_t size = load(name, bytes);

    return picture_add(store, bytes, size, out);
}

/* --- tests --- */

static void assert_sha256(const struct picture *picture)
{
    char command[512], text[PICTURE_HASH_CHARS + 1] = "";
    FILE *pipe;

    (void)snprintf(command, sizeof(command), "sha256sum %s/%.2s/%s-large.jpg", pictures,
                   picture->hash, picture->hash);
    pipe = popen(command, "r");
    assert_non_null(pipe);
    assert_int_equal(fread(text, 1, PICTURE_HASH_CHARS, pipe), PICTURE_HASH_CHARS);
    assert_int_equal(pclose(pipe), 0);
    assert_string_equal(text, picture->hash);
}

static void assert_jpeg(const struct picture_store *store, const char *hash, enum picture_size size)
{
    uint8_t bytes[FILE_MAX_BYTES];
    ssize_t count;
    int fd;

    assert_int_equal(picture_open(store, hash, size, &fd), 0);
    count = read(fd, bytes, sizeof(bytes));
    assert_in_range(count, 100, sizeof(bytes) - 1);
    assert_memory_equal(bytes, "\xff\xd8\xff", 3);
    assert_memory_equal(bytes + count - 2, "\xff\xd9", 2);
    close(fd);
}

static void test_kept_once(void **state)
{
    struct picture_store *store = open_store(decoder, 0);
    struct picture first, again;

    (void)state;
    assert_int_equal(add_file(store, "jpeg_exif", &first), 0);
    assert_int_equal(first.width, 32); /* 48 wide, on its side */
    assert_int_equal(first.height, 48);
    assert_true(picture_is_hash(first.hash));
    assert_sha256(&first);
    assert_jpeg(store, first.hash, PICTURE_LARGE);
    assert_jpeg(store, first.hash, PICTURE_SMALL);
    assert_true(picture_exists(store, first.hash));
    assert_int_equal(count_files(), 2);
    assert_int_equal(add_file(store, "jpeg_exif", &again), 0);
    assert_string_equal(again.hash, first.hash);
    assert_int_equal(count_files(), 2);
    assert_int_equal(add_file(store, "jpeg", &again), 0);
    assert_string_not_equal(again.hash, first.hash);
    assert_int_equal(again.width, 48);
    assert_int_equal(count_files(), 4);
    picture_store_free(store);
    store = open_store(decoder, 0); /* as after a restart */
    assert_true(picture_exists(store, first.hash));
    picture_store_free(store);
}

static void test_all_formats(void **state)
{
    static const char *const names[] = {"jpeg_progressive", "png",        "png_chunks",
                                        "webp_lossy",       "webp_alpha", "webp_lossless",
                                        "webp_exif"};
    struct picture_store *store = open_store(decoder, 0);
    struct picture picture;

    (void)state;
    for (size_t i = 0; i < JT_COUNT(names); i++) {
        assert_int_equal(add_file(store, names[i], &picture), 0);
        assert_int_equal(picture.width * picture.height, 48 * 32);
    }
    picture_store_free(store);
}

static void test_names(void **state)
{
    static const char good[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    static const char *const bad[] = {
        "",
        "..",
        "../../../../../../../../../../../../../../../../../../etc/passwd0",
        "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde",
        "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0",
        "0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef",
        "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde/",
        "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdeg",
    };
    struct picture_store *store = open_store(decoder, 0);
    char path[256];
    int fd;

    (void)state;
    assert_true(picture_is_hash(good));
    assert_false(picture_exists(store, good));
    assert_int_equal(picture_open(store, good, PICTURE_LARGE, &fd), -ENOENT);
    for (size_t i = 0; i < JT_COUNT(bad); i++) {
        assert_false(picture_is_hash(bad[i]));
        assert_false(picture_exists(store, bad[i]));
        assert_int_equal(picture_open(store, bad[i], PICTURE_LARGE, &fd), -ENOENT);
    }
    (void)snprintf(path, sizeof(path), "%s/01", pictures);
    assert_int_equal(mkdir(path, 0700), 0);
    (void)snprintf(path, sizeof(path), "%s/01/%s-large.jpg", pictures, good);
    assert_int_equal(symlink("/etc/passwd", path), 0);
    assert_int_equal(picture_open(store, good, PICTURE_LARGE, &fd), -ELOOP);
    assert_int_equal(unlink(path), 0);
    picture_store_free(store);
}

static void test_not_pictures(void **state)
{
    static const char *const texts[] = {
        "GIF89a\x01\x01\x01\x01\x80\x01\x01\xff\xff\xff,\x01\x01\x01\x01\x02\x02\x44\x01;",
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"9\" height=\"9\"/>",
        "%PDF-1.7\n1 0 obj<<>>endobj trailer<<>>",
        "<!doctype html><script>alert(1)</script>",
        "\xff\xd8\xff<script>alert(1)</script>\xff\xd9",
        "\x89PNG\r\n\x1a\n<script>alert(1)</script>",
        "RIFF\x04\x01\x01\x01WEBP",
        "x"};
    struct picture_store *store = open_store(decoder, 0);
    int before = count_files();
    struct picture picture;

    (void)state;
    for (size_t i = 0; i < JT_COUNT(texts); i++)
        assert_int_equal(picture_add(store, texts[i], strlen(texts[i]), &picture), -EBADMSG);
    assert_int_equal(picture_add(store, "", 0, &picture), -EBADMSG);
    assert_int_equal(add_file(store, "webp_animated", &picture), -EBADMSG);
    assert_int_equal(count_files(), before);
    picture_store_free(store);
}

/* Whole on the outside, its data broken: the loader's to refuse. */
static void test_broken_inside(void **state)
{
    struct picture_store *store = open_store(decoder, 0);
    uint8_t bytes[FILE_MAX_BYTES];
    size_t size = load("png", bytes);
    struct picture picture;
    uint8_t *data = memmem(bytes, size, "IDAT", 4);

    (void)state;
    assert_non_null(data);
    memset(data + 10, 0xff, 20);
    assert_int_equal(picture_add(store, bytes, size, &picture), -EBADMSG);
    size = load("webp_lossless", bytes);
    memset(bytes + 40, 0xff, size - 40);
    assert_int_equal(picture_add(store, bytes, size, &picture), -EBADMSG);
    picture_store_free(store);
}

static void test_every_fiftieth_cut(void **state)
{
    static const char *const names[] = {"jpeg", "png", "webp_lossy"};
    struct picture_store *store = open_store(decoder, 0);
    int before = count_files();
    struct picture picture;

    (void)state;
    for (size_t i = 0; i < JT_COUNT(names); i++) {
        uint8_t bytes[FILE_MAX_BYTES];
        size_t size = load(names[i], bytes);

        for (size_t part = 0; part < 50; part++)
            assert_int_equal(picture_add(store, bytes, size * part / 50, &picture), -EBADMSG);
    }
    assert_int_equal(count_files(), before);
    picture_store_free(store);
}

static void test_too_large(void **state)
{
    struct picture_store *store = open_store(decoder, 0);
    uint8_t *bytes = calloc(1, PICTURE_UPLOAD_MAX_BYTES + 1), png[FILE_MAX_BYTES];
    size_t size = load("png", png);
    struct picture picture;

    (void)state;
    assert_non_null(bytes);
    memcpy(bytes, png, size); /* and zeros after its end */
    assert_int_equal(picture_add(store, bytes, PICTURE_UPLOAD_MAX_BYTES, &picture), 0);
    assert_int_equal(picture_add(store, bytes, PICTURE_UPLOAD_MAX_BYTES + 1, &picture), -E2BIG);
    memcpy(bytes + 16, "\0\0\xea\x60\0\0\xea\x60", 8); /* 60,000 by 60,000 */
    assert_int_equal(picture_add(store, bytes, size, &picture), -EMSGSIZE);
    picture_store_free(store);
    free(bytes);
}

/* --- decoders that misbehave --- */

static void expect_from(const char *script, int64_t timeout_ms, int err)
{
    struct picture_store *store = open_store(write_script(script), timeout_ms);
    int before = count_files();
    struct picture picture;

    assert_int_equal(picture_add(store, "x", 1, &picture), err);
    assert_int_equal(count_files(), before);
    assert_no_child();
    picture_store_free(store);
}

#define JPEG "\\377\\330\\377x"

static void test_bad_answers(void **state)
{
    (void)state;
    expect_from("exit 0", 0, -EIO);
    expect_from("exit 1", 0, -EIO);
    expect_from("exit 11", 0, -E2BIG);
    expect_from("exit 13", 0, -EMSGSIZE);
    /* one byte too many, one too few, sizes that wrap, no JPEG, no width, too wide */
    expect_from("printf '\\0\\0\\0\\1\\0\\0\\0\\1\\0\\0\\0\\4\\0\\0\\0\\4" JPEG JPEG "y'", 0, -EIO);
    expect_from("printf '\\0\\0\\0\\1\\0\\0\\0\\1\\0\\0\\0\\4\\0\\0\\0\\5" JPEG JPEG "'", 0, -EIO);
    expect_from("printf '\\0\\0\\0\\1\\0\\0\\0\\1\\377\\377\\377\\377\\0\\0\\0\\4" JPEG JPEG "'", 0,
                -EIO);
    expect_from("printf '\\0\\0\\0\\1\\0\\0\\0\\1\\0\\0\\0\\4\\0\\0\\0\\4<svg" JPEG "'", 0, -EIO);
    expect_from("printf '\\0\\0\\0\\1\\0\\0\\0\\1\\0\\0\\0\\4\\0\\0\\0\\4" JPEG "<svg'", 0, -EIO);
    expect_from("printf '\\0\\0\\0\\0\\0\\0\\0\\1\\0\\0\\0\\4\\0\\0\\0\\4" JPEG JPEG "'", 0, -EIO);
    expect_from("printf '\\0\\0\\4\\071\\0\\0\\0\\1\\0\\0\\0\\4\\0\\0\\0\\4" JPEG JPEG "'", 0,
                -EIO);
    expect_from("head -c 4194305 /dev/zero", 0, -EIO);
}

static void test_killed_at_the_deadline(void **state)
{
    (void)state;
    expect_from("exec sleep 100", SHORT_MS, -ETIMEDOUT);
    expect_from("kill -XCPU $$; exec sleep 100", PATIENCE_MS, -ETIMEDOUT);
    expect_from("kill -SEGV $$; exec sleep 100", PATIENCE_MS, -EIO);
}

/* No environment, no descriptors but its own three, the root folder. */
static void test_x3_child_inherits_nothing(void **state)
{
    int leak = open("/etc/passwd", O_RDONLY); /* without close-on-exec */
    const char script[] = "[ \"$(tr '\\0' '\\n' </proc/$$/environ | wc -l)\" = 0 ] || exit 13\n"
                          "[ \"$(readlink /proc/$$/cwd)\" = / ] || exit 13\n"
                          "for fd in /proc/$$/fd/*; do case ${fd##*/} in 0|1|2|10) ;;\n"
                          "*) [ -e $fd ] && exit 14 ;; esac; done\n"
                          "exit 10";

    (void)state;
    assert_true(leak > 2);
    expect_from(script, 0, -EBADMSG);
    close(leak);
}

struct job {
    struct picture_store *store;
    int err;
};

static void *add_one(void *arg)
{
    struct job *job = arg;
    struct picture picture;

    job->err = add_file(job->store, "jpeg", &picture);
    return NULL;
}

/** The first child of this process, waited for. */
static pid_t find_child(void)
{
    for (int64_t turn = 0; turn < PATIENCE_MS; turn++) {
        char path[64], line[256];
        DIR *dir = opendir("/proc/self/task");
        const struct dirent *entry;
        long pid = 0;

        assert_non_null(dir);
        while (!pid && (entry = readdir(dir))) {
            FILE *file;

            (void)snprintf(path, sizeof(path), "/proc/self/task/%.20s/children", entry->d_name);
            file = fopen(path, "r");
            if (file && fgets(line, sizeof(line), file))
                pid = strtol(line, NULL, 10);
            if (file)
                (void)fclose(file);
        }
        (void)closedir(dir);
        if (pid)
            return (pid_t)pid;
        usleep(1000);
    }
    fail_msg("no child");
    return 0;
}

static void test_killed_amid(void **state)
{
    char script[PATH_MAX + 128], flag[64];
    struct picture_store *store;
    struct picture picture;
    struct job job;
    pthread_t thread;

    (void)state;
    (void)snprintf(flag, sizeof(flag), "%s/wait", folder);
    (void)snprintf(script, sizeof(script), "[ -e %s ] && exec sleep 100\nexec %s", flag, decoder);
    store = open_store(write_script(script), PATIENCE_MS);
    job = (struct job){.store = store};
    close(creat(flag, 0600));
    assert_int_equal(pthread_create(&thread, NULL, add_one, &job), 0);
    assert_int_equal(kill(find_child(), SIGKILL), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(job.err, -EIO);
    assert_no_child();
    assert_int_equal(unlink(flag), 0);
    assert_int_equal(add_file(store, "jpeg", &picture), 0);
    picture_store_free(store);
}

/* Two at once, eight wait, the eleventh is told. */
static void test_few_at_once(void **state)
{
    enum { ALL = PICTURE_CHILDREN_MAX + PICTURE_WAITING_MAX };
    char script[PATH_MAX + 512], flag[64], line[256];
    struct picture_store *store;
    struct job jobs[ALL + 1];
    pthread_t threads[ALL + 1];
    int busy = 0;

    (void)state;
    (void)snprintf(flag, sizeof(flag), "%s/go", folder);
    (void)snprintf(script, sizeof(script),
                   "echo >>%s/running\n"
                   "while [ ! -e %s ]; do sleep 0.02; done\nexec %s",
                   folder, flag, decoder);
    store = open_store(write_script(script), PATIENCE_MS);
    for (int i = 0; i <= ALL; i++) {
        jobs[i] = (struct job){.store = store, .err = 1};
        assert_int_equal(pthread_create(&threads[i], NULL, add_one, &jobs[i]), 0);
    }
    for (int turn = 0; !busy && turn < PATIENCE_MS; turn++) { /* the one that is told */
        for (int i = 0; i <= ALL; i++)
            busy += __atomic_load_n(&jobs[i].err, __ATOMIC_ACQUIRE) == -EBUSY;
        usleep(1000);
    }
    assert_int_equal(busy, 1);
    (void)snprintf(line, sizeof(line), "%s/running", folder);
    for (int turn = 0; turn < PATIENCE_MS; turn++) {
        struct stat stat_of;

        if (stat(line, &stat_of) == 0 && stat_of.st_size == PICTURE_CHILDREN_MAX)
            break;
        assert_true(turn + 1 < PATIENCE_MS);
        usleep(1000);
    }
    close(creat(flag, 0600));
    busy = 0;
    for (int i = 0; i <= ALL; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_true(jobs[i].err == 0 || jobs[i].err == -EBUSY);
        busy += jobs[i].err == -EBUSY;
    }
    assert_int_equal(busy, 1);
    assert_no_child();
    picture_store_free(store);
}

static void test_waiting_has_an_end(void **state)
{
    struct picture_store *store = open_store(write_script("exec sleep 100"), SHORT_MS);
    struct job jobs[6];
    pthread_t threads[6];

    (void)state;
    for (size_t i = 0; i < JT_COUNT(jobs); i++) {
        jobs[i] = (struct job){.store = store};
        assert_int_equal(pthread_create(&threads[i], NULL, add_one, &jobs[i]), 0);
    }
    for (size_t i = 0; i < JT_COUNT(jobs); i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_true(jobs[i].err == -ETIMEDOUT || jobs[i].err == -EBUSY);
    }
    assert_no_child();
    picture_store_free(store);
}

static void test_store_new(void **state)
{
    struct picture_config config = {.folder = pictures, .decoder = "/nonexistent"};
    struct picture_store *store;
    char path[128];
    int before = count_files();

    (void)state;
    assert_int_equal(picture_store_new(&config, &store), -ENOENT);
    config.decoder = "/etc/passwd";
    assert_int_equal(picture_store_new(&config, &store), -EACCES);
    config = (struct picture_config){.folder = "/proc/nowhere", .decoder = decoder};
    assert_int_equal(picture_store_new(&config, &store), -ENOENT);
    (void)snprintf(path, sizeof(path), "%s/incoming/17", pictures); /* of a process that died */
    close(open(path, O_WRONLY | O_CREAT, 0600));
    assert_int_equal(count_files(), before + 1);
    picture_store_free(open_store(decoder, 0));
    assert_int_equal(count_files(), before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kept_once),
        cmocka_unit_test(test_all_formats),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_not_pictures),
        cmocka_unit_test(test_broken_inside),
        cmocka_unit_test(test_every_fiftieth_cut),
        cmocka_unit_test(test_too_large),
        cmocka_unit_test(test_bad_answers),
        cmocka_unit_test(test_killed_at_the_deadline),
        cmocka_unit_test(test_x3_child_inherits_nothing),
        cmocka_unit_test(test_killed_amid),
        cmocka_unit_test(test_few_at_once),
        cmocka_unit_test(test_waiting_has_an_end),
        cmocka_unit_test(test_store_new),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
