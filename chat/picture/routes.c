#include "chat/picture/routes.h"

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base.h"
#include "chat/picture/decoder/protocol.h"
#include "chat/picture/picture.h"
#include "http/server.h"

enum {
    ETAG_BYTES = PICTURE_HASH_CHARS + 16,
};

static const struct jt_http_fault
    wrong_type = {415, "picture_type", "A JPEG, PNG or WebP is needed", 0},
    too_large = {413, "body_too_large", "Content too large", 0},
    unreadable = {422, "picture_unreadable", "This is not a whole JPEG, PNG or WebP", 0},
    too_many_pixels = {422, "picture_too_many_pixels", "The picture has too many pixels", 0},
    too_slow = {422, "picture_too_slow", "The picture takes too long to read", 0},
    busy = {503, "busy", "Too many ask at once", 2},
    failed = {503, "picture_failed", "The picture could not be kept right now", 2},
    not_found = {404, "not_found", "There is no such thing", 0};

static void refuse(struct jt_http_request *request, const struct jt_http_fault *fault)
{
    jt_http_refuse(request, fault, NULL, 0);
}

/* ---- in ---- */

/** A type that a form of a foreign page can't send unasked; the decoder looks for itself. */
static bool is_picture_type(const char *type)
{
    static const char *const types[] = {"image/jpeg", "image/png", "image/webp"};

    for (size_t i = 0; type && i < JT_COUNT(types); i++)
        if (strcasecmp(type, types[i]) == 0)
            return true;
    return false;
}

static const struct jt_http_fault *fault_of(int err)
{
    switch (err) {
    case -EBADMSG:
        return &unreadable;
    case -E2BIG:
        return &too_large;
    case -EMSGSIZE:
        return &too_many_pixels;
    case -ETIMEDOUT:
        return &too_slow;
    case -EBUSY:
        return &busy;
    default:
        return &failed;
    }
}

static void answer_created(struct jt_http_request *request, const struct picture *picture)
{
    char text[160], location[PICTURE_HASH_CHARS + 32];
    const struct jt_http_header header = {.name = "Location", .value = location};
    int size = snprintf(text, sizeof(text), "{\"hash\":\"%s\",\"width\":%d,\"height\":%d}",
                        picture->hash, picture->width, picture->height);

    (void)snprintf(location, sizeof(location), "/pictures/%s/large", picture->hash);
    jt_http_respond(request, 201, &header, 1, "application/json", text, (size_t)size);
}

void picture_upload(void *arg, struct jt_http_request *request)
{
    const struct picture_desk *desk = arg;
    struct picture picture;
    const char *bytes;
    size_t size;
    int err;

    if (!desk->may_upload(desk->arg, request))
        return;
    if (!is_picture_type(jt_http_request_header(request, "content-type"))) {
        refuse(request, &wrong_type);
        return;
    }
    bytes = jt_http_request_body(request, &size);
    err = picture_add(desk->store, bytes, size, &picture);
    if (err)
        refuse(request, fault_of(err));
    else
        answer_created(request, &picture);
}

/* ---- out ---- */

static bool read_size(const char *text, enum picture_size *out)
{
    *out = text && strcmp(text, "small") == 0 ? PICTURE_SMALL : PICTURE_LARGE;
    return text && (*out == PICTURE_SMALL || strcmp(text, "large") == 0);
}

/** The whole file, to be freed. */
static int read_file(int fd, char **out, size_t *size)
{
    struct stat stat;
    char *bytes;

    if (fstat(fd, &stat) < 0)
        return -errno;
    if (!S_ISREG(stat.st_mode) || stat.st_size <= 0 || stat.st_size > DECODER_OUTPUT_MAX_BYTES)
        return -EIO;
    bytes = malloc((size_t)stat.st_size);
    if (!bytes)
        return -ENOMEM;
    if (read(fd, bytes, (size_t)stat.st_size) != stat.st_size) {
        free(bytes);
        return -EIO;
    }
    *out = bytes;
    *size = (size_t)stat.st_size;
    return 0;
}

static int load(const struct picture_store *store, const char *hash, enum picture_size which,
                char **out, size_t *size)
{
    int fd, err = picture_open(store, hash, which, &fd);

    if (err)
        return err;
    err = read_file(fd, out, size);
    (void)close(fd);
    return err;
}

/* Opened by itself a picture is a document: it gets to do nothing (threat C1). Its name says what
 * it holds, so it never changes. */
static void answer_file(struct jt_http_request *request, const char *etag, const char *bytes,
                        size_t size)
{
    const char *known = jt_http_request_header(request, "if-none-match");
    const struct jt_http_header headers[] = {
        {"Cache-Control", "public, max-age=31536000, immutable"},
        {"Content-Security-Policy", "sandbox; default-src 'none'"},
        {"ETag", etag},
    };

    if (known && strstr(known, etag))
        jt_http_respond(request, 304, headers, JT_COUNT(headers), NULL, NULL, 0);
    else
        jt_http_respond(request, 200, headers, JT_COUNT(headers), "image/jpeg", bytes, size);
}

void picture_serve(void *arg, struct jt_http_request *request)
{
    const struct picture_desk *desk = arg;
    const char *hash = jt_http_request_param(request, "hash");
    const char *name = jt_http_request_param(request, "size");
    char etag[ETAG_BYTES], *bytes = NULL;
    enum picture_size which;
    size_t size = 0;
    int err =
        hash && read_size(name, &which) ? load(desk->store, hash, which, &bytes, &size) : -ENOENT;

    if (err) {
        refuse(request, err == -ENOENT ? &not_found : &failed);
        return;
    }
    (void)snprintf(etag, sizeof(etag), "\"%s-%s\"", hash, name);
    answer_file(request, etag, bytes, size);
    free(bytes);
}
