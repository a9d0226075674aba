#include "token/key_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <limits.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/reader.h"

static const char head[] = "jangteo-keys 1\n";
static const char *const families[JT_KEY_FAMILIES] = {"token", "hook", "seal", "lookup"};

/* The bytes up to `end`, which is eaten; an empty, failed cursor when it doesn't come. */
static struct jt_reader take_until(struct jt_reader *r, char end)
{
    const uint8_t *found = r->failed || !r->left ? NULL : memchr(r->next, end, r->left);
    struct jt_reader part = jt_reader_sub(r, found ? (size_t)(found - r->next) : SIZE_MAX);

    (void)jt_read_u8(r);
    return part;
}

static bool is_text(const struct jt_reader *part, const char *text)
{
    return !part->failed && part->left == strlen(text) && !memcmp(part->next, text, part->left);
}

/* Decimal, canonical, up to `max`; fails `r` otherwise. */
static uint64_t read_number(struct jt_reader *r, char end, uint64_t max)
{
    struct jt_reader part = take_until(r, end);
    uint64_t value = 0;
    bool is_good = part.left > 0 && (part.left == 1 || part.next[0] != '0');

    while (is_good && part.left) {
        uint8_t digit = (uint8_t)(jt_read_u8(&part) - '0');

        is_good = digit <= 9 && value <= (max - digit) / 10;
        value = value * 10 + digit;
    }
    if (!is_good)
        r->failed = true;
    return is_good ? value : 0;
}

static void read_hex(struct jt_reader *r, uint8_t out[JT_KEY_BYTES])
{
    struct jt_reader part = take_until(r, '\n');
    const size_t size = (size_t)JT_KEY_BYTES * 2;
    const uint8_t *text = jt_reader_take(&part, size);
    size_t written = 0;

    if (!text || part.left ||
        sodium_hex2bin(out, JT_KEY_BYTES, (const char *)text, size, NULL, &written, NULL) ||
        written != JT_KEY_BYTES)
        r->failed = true;
}

static bool is_ascending(const struct jt_key_set *set, const struct jt_key *key)
{
    for (size_t i = 0; i < set->count; i++)
        if (set->keys[i].family == key->family && set->keys[i].id >= key->id)
            return false;
    return true;
}

static void read_key(struct jt_reader *r, const struct jt_reader *family, struct jt_key_set *set)
{
    struct jt_key *key = &set->keys[set->count];
    uint32_t number = 0;

    while (number < JT_KEY_FAMILIES && !is_text(family, families[number]))
        number++;
    if (number == JT_KEY_FAMILIES || set->count + 1 > JT_KEYS_MAX) {
        r->failed = true;
        return;
    }
    key->family = number;
    key->id = (uint32_t)read_number(r, ' ', UINT32_MAX);
    key->made_ms = (int64_t)read_number(r, ' ', INT64_MAX);
    key->retire_ms = (int64_t)read_number(r, ' ', INT64_MAX);
    read_hex(r, key->bytes);
    if (key->id == 0 /* stands for "the newest" */ || !is_ascending(set, key))
        r->failed = true;
    set->count++;
}

static int parse(struct jt_reader r, struct jt_key_set *set)
{
    struct jt_reader first = jt_reader_sub(&r, sizeof(head) - 1);

    set->count = 0;
    if (!is_text(&first, head))
        return -EBADMSG;
    while (!r.failed) {
        struct jt_reader word = take_until(&r, ' ');

        if (is_text(&word, "end")) {
            uint64_t count = read_number(&r, '\n', JT_KEYS_MAX);

            return r.failed || r.left || count != set->count ? -EBADMSG : 0;
        }
        read_key(&r, &word, set);
    }
    return -EBADMSG;
}

static int read_all(int fd, uint8_t *buffer, size_t capacity, size_t *size)
{
    *size = 0;
    while (*size < capacity) {
        ssize_t n = read(fd, buffer + *size, capacity - *size);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        if (n == 0)
            return 0;
        *size += (size_t)n;
    }
    return -EBADMSG; /* larger than any file of ours */
}

static struct jt_key_stamp stamp_of(const struct stat *stat)
{
    return (struct jt_key_stamp){.device = stat->st_dev,
                                 .inode = stat->st_ino,
                                 .size = stat->st_size,
                                 .changed = stat->st_ctim,
                                 .modified = stat->st_mtim};
}

static bool is_same_time(struct timespec a, struct timespec b)
{
    return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

bool jt_key_stamp_is_equal(const struct jt_key_stamp *a, const struct jt_key_stamp *b)
{
    return a->device == b->device && a->inode == b->inode && a->size == b->size &&
           is_same_time(a->changed, b->changed) && is_same_time(a->modified, b->modified);
}

int jt_key_file_look(const char *path, struct jt_key_stamp *out)
{
    struct stat now;

    if (stat(path, &now) != 0)
        return -errno;
    *out = stamp_of(&now);
    return 0;
}

static int check_private(int fd, struct jt_key_stamp *stamp)
{
    struct stat stat;

    if (fstat(fd, &stat) != 0)
        return -errno;
    *stamp = stamp_of(&stat);
    return !S_ISREG(stat.st_mode) || stat.st_mode & 077 || stat.st_uid != geteuid() ? -EPERM : 0;
}

int jt_key_file_read(const char *path, struct jt_key_set *out, struct jt_key_stamp *stamp)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    uint8_t *buffer;
    size_t size;
    int err;

    if (fd < 0)
        return errno == ELOOP ? -EPERM : -errno;
    buffer = sodium_malloc(JT_KEY_FILE_MAX_BYTES);
    err = buffer ? check_private(fd, stamp) : -ENOMEM;
    if (!err)
        err = read_all(fd, buffer, JT_KEY_FILE_MAX_BYTES, &size);
    if (!err)
        err = parse(jt_reader_of(buffer, size), out);
    sodium_free(buffer);
    (void)close(fd);
    return err;
}

static size_t print_key(char *out, size_t capacity, const struct jt_key *key)
{
    char hex[JT_KEY_BYTES * 2 + 1];
    int n;

    (void)sodium_bin2hex(hex, sizeof(hex), key->bytes, sizeof(key->bytes));
    n = snprintf(out, capacity, "%s %" PRIu32 " %" PRId64 " %" PRId64 " %s\n",
                 families[key->family], key->id, key->made_ms, key->retire_ms, hex);
    sodium_memzero(hex, sizeof(hex));
    return (size_t)n;
}

/* 64 keys of at most 121 bytes: half the buffer. */
static size_t print_set(char *out, size_t capacity, const struct jt_key_set *set)
{
    size_t size = (size_t)snprintf(out, capacity, "%s", head);

    for (size_t i = 0; i < set->count; i++)
        size += print_key(out + size, capacity - size, &set->keys[i]);
    return size + (size_t)snprintf(out + size, capacity - size, "end %zu\n", set->count);
}

static int write_all(int fd, const char *data, size_t size)
{
    while (size) {
        ssize_t n = write(fd, data, size);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        data += n;
        size -= (size_t)n;
    }
    return fsync(fd) ? -errno : 0;
}

static int sync_folder(const char *path)
{
    char copy[PATH_MAX];
    int fd, err;

    (void)snprintf(copy, sizeof(copy), "%s", path);
    fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    err = fsync(fd) ? -errno : 0;
    (void)close(fd);
    return err;
}

static int write_file(const char *path, const char *text, size_t size)
{
    int fd, err;

    (void)unlink(path); /* left by a crash */
    fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return -errno;
    err = write_all(fd, text, size);
    if (close(fd) && !err)
        err = -errno;
    return err;
}

int jt_key_file_write(const char *path, const struct jt_key_set *set)
{
    char beside[PATH_MAX];
    char *text;
    int err;

    if ((size_t)snprintf(beside, sizeof(beside), "%s.new", path) >= sizeof(beside))
        return -ENAMETOOLONG;
    text = sodium_malloc(JT_KEY_FILE_MAX_BYTES);
    if (!text)
        return -ENOMEM;
    err = write_file(beside, text, print_set(text, JT_KEY_FILE_MAX_BYTES, set));
    sodium_free(text);
    if (!err && rename(beside, path))
        err = -errno;
    if (err)
        (void)unlink(beside);
    return err ? err : sync_folder(path);
}
