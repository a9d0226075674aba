#include "hook/transfer.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "hook/sign.h"
#include "hook/target.h"

enum { URL_MAX_BYTES = JT_HOOK_URL_MAX_BYTES + 64 };

static size_t on_head(char *line, size_t size, size_t count, void *arg)
{
    struct jt_hook_transfer *transfer = arg;

    (void)line;
    transfer->head_bytes += size * count;
    return transfer->head_bytes > JT_HOOK_HEAD_MAX_BYTES ? 0 : size * count;
}

/* Another count than ours ends the transfer: an answer that long is none of chat's. */
static size_t on_answer(char *data, size_t size, size_t count, void *arg)
{
    struct jt_hook_transfer *transfer = arg;
    size_t bytes = size * count;

    if (bytes > JT_HOOK_ANSWER_MAX_BYTES - transfer->answer_bytes)
        return 0;
    memcpy(transfer->answer + transfer->answer_bytes, data, bytes);
    transfer->answer_bytes += bytes;
    return bytes;
}

/* The last moment before connect(): whatever DNS said, this is the address (threat H14). */
static curl_socket_t on_open(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct jt_hook_transfer *transfer = arg;

    if (purpose != CURLSOCKTYPE_IPCXN || !jt_hook_target_allows(transfer->target, &address->addr))
        return CURL_SOCKET_BAD;
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static int add_header(struct jt_hook_transfer *transfer, const char *name, const char *value)
{
    struct curl_slist *list;
    char line[256];

    (void)snprintf(line, sizeof(line), "%s: %s", name, value);
    list = curl_slist_append(transfer->headers, line);
    if (!list)
        return -ENOMEM;
    transfer->headers = list;
    return 0;
}

static int add_headers(struct jt_hook_transfer *transfer, struct jt_keyring *keyring,
                       const struct jt_hook_post *post)
{
    struct jt_hook_stamp stamp;
    int64_t now_ms = jt_clock_wall_ms();
    int err = jt_hook_sign(keyring, post->body, post->size, now_ms, &stamp);

    if (!err)
        err = add_header(transfer, "content-type", "application/json");
    if (!err)
        err = add_header(transfer, "expect", ""); /* no round trip before the body */
    if (!err)
        err = add_header(transfer, JT_HOOK_HEADER_ID, stamp.id);
    if (!err)
        err = add_header(transfer, JT_HOOK_HEADER_TIMESTAMP, stamp.timestamp);
    if (!err)
        err = add_header(transfer, JT_HOOK_HEADER_SIGNATURE, stamp.signature);
    return err;
}

#define SET(option, value) failed |= curl_easy_setopt(easy, option, value) != CURLE_OK

/* What a stranger's answer can make us do: nothing but wait 3 s for 4 KiB. */
static int set_bounds(CURL *easy)
{
    bool failed = false;

    SET(CURLOPT_PROTOCOLS_STR, "http,https");
    SET(CURLOPT_FOLLOWLOCATION, 0L);
    SET(CURLOPT_PROXY, ""); /* nor from the environment */
    SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    SET(CURLOPT_TIMEOUT_MS, (long)JT_HOOK_TIMEOUT_MS);
    SET(CURLOPT_SSL_VERIFYPEER, 1L);
    SET(CURLOPT_SSL_VERIFYHOST, 2L);
    SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    /* A connection that chat closed meanwhile would cost a request: each has its own. */
    SET(CURLOPT_FORBID_REUSE, 1L);
    SET(CURLOPT_FRESH_CONNECT, 1L);
    return failed ? -ENOMEM : 0;
}

static int set_request(struct jt_hook_transfer *transfer, const struct jt_hook_post *post,
                       void *owner)
{
    CURL *easy = transfer->easy;
    char url[URL_MAX_BYTES];
    bool failed = false;

    if ((size_t)snprintf(url, sizeof(url), "%s%s", transfer->target->base, post->path) >=
        sizeof(url))
        return -EMSGSIZE;
    SET(CURLOPT_URL, url);
    if (transfer->target->socket[0])
        SET(CURLOPT_UNIX_SOCKET_PATH, transfer->target->socket);
    SET(CURLOPT_POST, 1L);
    SET(CURLOPT_POSTFIELDSIZE, (long)post->size);
    SET(CURLOPT_POSTFIELDS, post->body);
    SET(CURLOPT_HTTPHEADER, transfer->headers);
    SET(CURLOPT_HEADERFUNCTION, on_head);
    SET(CURLOPT_HEADERDATA, transfer);
    SET(CURLOPT_WRITEFUNCTION, on_answer);
    SET(CURLOPT_WRITEDATA, transfer);
    SET(CURLOPT_OPENSOCKETFUNCTION, on_open);
    SET(CURLOPT_OPENSOCKETDATA, transfer);
    SET(CURLOPT_PRIVATE, owner);
    return failed ? -ENOMEM : 0;
}

int jt_hook_transfer_begin(struct jt_hook_transfer *transfer, CURLM *multi,
                           const struct jt_hook_target *target, struct jt_keyring *keyring,
                           const struct jt_hook_post *post, void *owner)
{
    int err;

    memset(transfer, 0, sizeof(*transfer));
    transfer->target = target;
    transfer->easy = curl_easy_init();
    err = transfer->easy ? add_headers(transfer, keyring, post) : -ENOMEM;
    if (!err)
        err = set_bounds(transfer->easy);
    if (!err)
        err = set_request(transfer, post, owner);
    if (!err && curl_multi_add_handle(multi, transfer->easy) != CURLM_OK)
        err = -ENOMEM;
    if (err) {
        jt_hook_transfer_end(transfer);
        return err;
    }
    transfer->multi = multi;
    return 0;
}

int jt_hook_transfer_status(const struct jt_hook_transfer *transfer, CURLcode result)
{
    long status = 0;

    if (result != CURLE_OK)
        return 0;
    (void)curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
    return (int)status;
}

void jt_hook_transfer_end(struct jt_hook_transfer *transfer)
{
    if (transfer->multi)
        (void)curl_multi_remove_handle(transfer->multi, transfer->easy);
    curl_easy_cleanup(transfer->easy);
    curl_slist_free_all(transfer->headers);
    transfer->multi = NULL;
    transfer->easy = NULL;
    transfer->headers = NULL;
}
