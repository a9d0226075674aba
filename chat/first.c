#include "chat/first.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "chat/access/secret.h"
#include "chat/api/api.h"
#include "chat/store/invite.h"

static int write_link(const char *path, const char *token)
{
    int fd, err;

    (void)unlink(path);
    fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return -errno;
    err = dprintf(fd, "/operator#invite=%s\n", token) < 0 ? -EIO : 0;
    if (close(fd) && !err)
        err = -errno;
    return err;
}

int chat_first_link(struct store *store, const char *path)
{
    char token[ACCESS_SECRET_CHARACTERS + 1];
    uint8_t hash[ACCESS_HASH_BYTES];
    int64_t now_ms = jt_clock_wall_ms();
    int count = store_operators(store), err;

    if (count < 0)
        return count;
    if (count > 0)
        return unlink(path) && errno != ENOENT ? -errno : 0;
    access_secret_new(token);
    access_secret_hash(token, strlen(token), hash);
    err = store_invite_operator(store, hash, now_ms, now_ms + API_OPERATOR_LINK_LIFE_MS);
    if (!err)
        err = write_link(path, token);
    explicit_bzero(token, sizeof(token));
    if (!err)
        jt_info("operator.none", KV("link_in", path));
    return err;
}
