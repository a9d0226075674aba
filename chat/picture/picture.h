/**
 * Uploaded pictures (of products): decoded and scaled by a child process with narrow limits
 * (chat/picture/decoder), kept as two JPEGs under the hash of what they show, served for ever. No byte
 * of an upload is parsed in this process, none is kept or served.
 *
 *   FOLDER/ab/abcd…ef-large.jpg, -small.jpg     FOLDER/incoming/: what is being written
 */
#ifndef CHAT_PICTURE_PICTURE_H
#define CHAT_PICTURE_PICTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"

struct jt_http_request;
struct picture_store;

enum {
    PICTURE_UPLOAD_MAX_BYTES = 12 * 1024 * 1024, /* the threat model's limit for pictures */
    PICTURE_HASH_CHARS = 64,                     /* SHA-256 in lower-case hex */
    PICTURE_CHILDREN_MAX = 2,                    /* ours: of half a GiB at most each */
    PICTURE_WAITING_MAX = 8,                     /* ours: as many as there may be large bodies */
    PICTURE_TIMEOUT_MS = 15000,                  /* ours: a phone's picture takes half a second */
};

enum picture_size { PICTURE_LARGE, PICTURE_SMALL };

struct picture_config {
    const char *folder;  /* made if it is not there, mode 0700 */
    const char *decoder; /* path of jangteo-picture */
    int64_t timeout_ms;  /* of one child by the wall clock; 0: PICTURE_TIMEOUT_MS */
};

struct picture {
    char hash[PICTURE_HASH_CHARS + 1]; /* of the large JPEG */
    int width, height;                 /* of the large one, in pixels, upright */
};

/** -EACCES etc. when the folder or the decoder is not usable. Removes what a crash left unfinished. */
JT_MUST_CHECK int picture_store_new(const struct picture_config *config,
                                    struct picture_store **out);
/** Nobody may be in picture_add. NULL is fine. */
void picture_store_free(struct picture_store *store);

/**
 * Decode, scale and keep a picture (borrowed). On 0 both files are on disk, durably. The same
 * picture again is the same file. Blocks for up to twice the timeout; any thread.
 *
 * -EBADMSG not a whole JPEG, PNG or WebP; -E2BIG above PICTURE_UPLOAD_MAX_BYTES; -EMSGSIZE too many
 * pixels, or it needs too much memory; -ETIMEDOUT it takes too long; -EBUSY too many wait; -ENOSPC;
 * -EIO the decoder died, or the disk failed.
 */
JT_MUST_CHECK int picture_add(struct picture_store *store, const void *bytes, size_t size,
                              struct picture *out);

/** Is this how picture_add names one: 64 of 0-9 and a-f? */
bool picture_is_hash(const char *text);

/** Is there such a picture? Any thread; looks at the disk. */
bool picture_exists(const struct picture_store *store, const char *hash);

/**
 * Open one for reading. `out` gets a descriptor to close. -ENOENT also for what is no hash. Any
 * thread; looks at the disk.
 */
JT_MUST_CHECK int picture_open(const struct picture_store *store, const char *hash,
                               enum picture_size size, int *out);

#endif
