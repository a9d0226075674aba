/**
 * The keyring's file. Private to common/token. Text, one key a line, newest of a family last:
 *
 *   jangteo-keys 1
 *   FAMILY ID MADE_MS RETIRE_MS HEX          retire 0: never; ids of a family ascend
 *   end COUNT                                a file cut short isn't whole
 */
#ifndef JT_TOKEN_KEY_FILE_H
#define JT_TOKEN_KEY_FILE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "base/base.h"
#include "token/keyring.h"

enum { JT_KEY_FILE_MAX_BYTES = 16 * 1024 };

struct jt_key {
    int64_t made_ms, retire_ms; /* retire 0: never */
    uint32_t family, id;        /* enum jt_key_family */
    uint8_t bytes[JT_KEY_BYTES];
};

struct jt_key_set {
    size_t count;
    struct jt_key keys[JT_KEYS_MAX];
};

/** Which file it was: a replaced one has another inode, an edited one another time or size. */
struct jt_key_stamp {
    dev_t device;
    ino_t inode;
    off_t size;
    struct timespec changed, modified;
};

/** -ENOENT, -EPERM (others can read it, or it isn't a plain file of ours), -EBADMSG, or the errno of the call. Both outs
 * may be half-written after an error. */
JT_MUST_CHECK int jt_key_file_read(const char *path, struct jt_key_set *out,
                                   struct jt_key_stamp *stamp);

/** The stamp of what is at `path` now. A negative errno. */
JT_MUST_CHECK int jt_key_file_look(const char *path, struct jt_key_stamp *out);

bool jt_key_stamp_is_equal(const struct jt_key_stamp *a, const struct jt_key_stamp *b);

/** Replace the file: written beside it with mode 0600, fsync, rename, fsync of the folder. */
JT_MUST_CHECK int jt_key_file_write(const char *path, const struct jt_key_set *set);

#endif
