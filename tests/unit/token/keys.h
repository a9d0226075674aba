/* A key file whose keys are known: 32 ascending bytes each, token from 00, hook from 20, seal from 40, lookup from 60. */
#ifndef TESTS_UNIT_TOKEN_KEYS_H
#define TESTS_UNIT_TOKEN_KEYS_H

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "token/keyring.h"

#define KEYS_TOKEN                                                                                 \
    "token 7 1600000000000 0 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n"
#define KEYS_HOOK                                                                                  \
    "hook 8 1600000000000 0 202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f\n"
#define KEYS_SEAL                                                                                  \
    "seal 9 1600000000000 0 404142434445464748494a4b4c4d4e4f505152535455565758595a5b5c5d5e5f\n"
#define KEYS_LOOKUP                                                                                \
    "lookup 1 1600000000000 0 606162636465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f\n"
#define KEYS_TEXT "jangteo-keys 1\n" KEYS_TOKEN KEYS_HOOK KEYS_SEAL KEYS_LOOKUP "end 4\n"

enum { KEYS_TOKEN_ID = 7, KEYS_SEAL_ID = 9 };

struct keys_place {
    char folder[64], path[80];
};

static inline void keys_write(const char *path, const char *text, size_t size, mode_t mode)
{
    int fd;

    (void)unlink(path);
    fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0 || write(fd, text, size) != (ssize_t)size || fchmod(fd, mode) || close(fd))
        abort();
}

static inline struct keys_place keys_place_new(void)
{
    struct keys_place place = {.folder = "/tmp/jangteo-keys-XXXXXX"};

    if (!mkdtemp(place.folder))
        abort();
    (void)snprintf(place.path, sizeof(place.path), "%s/keys", place.folder);
    return place;
}

static inline void keys_place_free(struct keys_place *place)
{
    (void)unlink(place->path);
    (void)rmdir(place->folder);
}

/* The keyring of KEYS_TEXT; its file is gone again. */
static inline struct jt_keyring *keys_open(void)
{
    struct keys_place place = keys_place_new();
    struct jt_keyring *keyring = NULL;

    keys_write(place.path, KEYS_TEXT, strlen(KEYS_TEXT), 0600);
    if (jt_keyring_open(place.path, false, 0, &keyring))
        abort();
    keys_place_free(&place);
    return keyring;
}

#endif
