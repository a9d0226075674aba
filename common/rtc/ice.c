#include "rtc/ice.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/writer.h"
#include "rtc/dropped.h"
#include "rtc/hmac_sha1.h"
#include "wire/stun.h"

enum {
    /* Repeat of an own check, doubling. RFC 8489 §6.2.1 begins with 500 ms for servers one does not
     * know; this peer has just written to us from there. */
    CHECK_FIRST_US = 100 * JT_USEC_PER_MSEC,
    CHECK_MAX_US = 3200 * JT_USEC_PER_MSEC,
    PATH_FORGOTTEN_US = 10 * JT_USEC_PER_SEC, /* no own checks to where nothing came from so long */
    /* README, "Which path": browsers check a nominated pair every 2.5 s or less */
    SILENT_US = JT_USEC_PER_SEC,
    SILENT_NOMINATED_US = 3 * JT_USEC_PER_SEC,
    CHECK_PRIORITY = 0x6e0001ff, /* type 110 (peer-reflexive), component 1 (RFC 8445 §5.1.2.1) */
    ANSWER_MAX_BYTES = 600,      /* two ufrags of 256 and the rest */
};

/** One generation of credentials: the words of both sides. A restart makes a new one. */
struct generation {
    char ufrag[JT_ICE_UFRAG_BYTES], pwd[JT_ICE_PWD_BYTES];
    char peer_ufrag[JT_ICE_PEER_TEXT_BYTES], peer_pwd[JT_ICE_PEER_TEXT_BYTES];
};

struct path {
    struct jt_address address;
    bool is_used, is_checked;
    bool is_nominated; /* the last word on it was USE-CANDIDATE */
    uint64_t received_bytes, sent_bytes;
    int64_t heard_at_us; /* something authenticated came from there */
    int64_t check_at_us; /* when our next check is due */
    int64_t check_wait_us;
    uint8_t transaction[JT_STUN_TRANSACTION_BYTES];
};

struct jt_ice {
    const struct jt_ice_ops *ops;
    void *arg;
    struct generation now, before; /* before: until the new one is proven */
    bool has_before;
    int64_t before_until_us;
    char prefix[JT_ICE_UFRAG_PREFIX_MAX + 1];
    uint64_t tie_breaker;
    struct path paths[JT_ICE_PATHS_MAX];
    struct path *current; /* for media */
    struct path *pending; /* nominated, waits for the answer to our check */
    int64_t consent_at_us;
};

/* RFC 8839 §5.4 */
static const char ICE_CHARS[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static int random_text(char *out, size_t size)
{
    uint8_t bytes[JT_ICE_PWD_BYTES];

    if (RAND_bytes(bytes, (int)size) != 1)
        return -EIO;
    for (size_t i = 0; i < size; i++)
        out[i] = ICE_CHARS[bytes[i] % (sizeof(ICE_CHARS) - 1)]; /* 64 of them: no bias */
    out[size] = 0;
    OPENSSL_cleanse(bytes, sizeof(bytes));
    return 0;
}

static int copy_peer_text(const char *from, char to[JT_ICE_PEER_TEXT_BYTES])
{
    size_t size = strnlen(from, JT_ICE_PEER_TEXT_BYTES);

    if (size == 0 || size >= JT_ICE_PEER_TEXT_BYTES)
        return -EINVAL;
    memcpy(to, from, size + 1);
    return 0;
}

static int make_generation(const char *prefix, const char *peer_ufrag, const char *peer_pwd,
                           struct generation *out)
{
    struct generation made = {0};
    size_t size = strlen(prefix);
    int err = copy_peer_text(peer_ufrag, made.peer_ufrag);

    if (!err)
        err = copy_peer_text(peer_pwd, made.peer_pwd);
    if (err)
        return err;
    memcpy(made.ufrag, prefix, size);
    err = random_text(made.ufrag + size, sizeof(made.ufrag) - 1 - size);
    if (!err)
        err = random_text(made.pwd, sizeof(made.pwd) - 1);
    if (!err)
        *out = made;
    OPENSSL_cleanse(&made, sizeof(made));
    return err;
}

int jt_ice_new(const char *ufrag_prefix, const char *peer_ufrag, const char *peer_pwd,
               const struct jt_ice_ops *ops, void *arg, int64_t now_us, struct jt_ice **out)
{
    struct jt_ice *ice;
    int err;

    if (strlen(ufrag_prefix) > JT_ICE_UFRAG_PREFIX_MAX)
        return -EINVAL;
    ice = calloc(1, sizeof(*ice));
    if (!ice)
        return -ENOMEM;
    ice->ops = ops;
    ice->arg = arg;
    ice->consent_at_us = now_us;
    memcpy(ice->prefix, ufrag_prefix, strlen(ufrag_prefix) + 1);
    err = make_generation(ice->prefix, peer_ufrag, peer_pwd, &ice->now);
    if (!err && RAND_bytes((unsigned char *)&ice->tie_breaker, sizeof(ice->tie_breaker)) != 1)
        err = -EIO;
    if (err) {
        jt_ice_free(ice);
        return err;
    }
    *out = ice;
    return 0;
}

void jt_ice_free(struct jt_ice *ice)
{
    if (!ice)
        return;
    OPENSSL_cleanse(ice, sizeof(*ice));
    free(ice);
}

const char *jt_ice_ufrag(const struct jt_ice *ice)
{
    return ice->now.ufrag;
}

const char *jt_ice_pwd(const struct jt_ice *ice)
{
    return ice->now.pwd;
}

int jt_ice_peek_ufrag(const uint8_t *datagram, size_t size, char ufrag[JT_ICE_UFRAG_BYTES])
{
    struct jt_stun stun;
    int err = jt_stun_parse(datagram, size, &stun);

    if (err)
        return -EBADMSG;
    if (stun.message_class != JT_STUN_REQUEST || stun.method != JT_STUN_METHOD_BINDING ||
        stun.to_ufrag.size == 0)
        return -EBADMSG;
    return jt_text_copy(stun.to_ufrag, ufrag, JT_ICE_UFRAG_BYTES) ? -EBADMSG : 0;
}

/* --- paths --- */

static const struct path *find_path(const struct jt_ice *ice, const struct jt_address *address)
{
    for (size_t i = 0; i < JT_ICE_PATHS_MAX; i++)
        if (ice->paths[i].is_used && jt_address_equal(&ice->paths[i].address, address))
            return &ice->paths[i];
    return NULL;
}

static struct path *path_of(struct jt_ice *ice, const struct jt_address *address)
{
    const struct path *found = find_path(ice, address);

    return found ? &ice->paths[found - ice->paths] : NULL;
}

/* A free place, or that of the path longest unheard of, never the one in use. */
static struct path *place_for_path(struct jt_ice *ice)
{
    struct path *oldest = NULL;

    for (size_t i = 0; i < JT_ICE_PATHS_MAX; i++) {
        struct path *path = &ice->paths[i];

        if (!path->is_used)
            return path;
        if (path != ice->current && (!oldest || path->heard_at_us < oldest->heard_at_us))
            oldest = path;
    }
    if (oldest == ice->pending)
        ice->pending = NULL;
    return oldest;
}

static struct path *learn_path(struct jt_ice *ice, const struct jt_address *address, int64_t now_us)
{
    struct path *path = place_for_path(ice);

    *path = (struct path){
        .address = *address, .is_used = true, .heard_at_us = now_us, .check_at_us = now_us};
    path->check_wait_us = CHECK_FIRST_US;
    if (RAND_bytes(path->transaction, sizeof(path->transaction)) != 1)
        path->check_at_us = INT64_MAX; /* no check that could be guessed; the path stays limited */
    return path;
}

static size_t allowance_of(const struct path *path)
{
    uint64_t limit = JT_ICE_AMPLIFICATION * path->received_bytes;

    if (path->is_checked)
        return SIZE_MAX;
    return limit > path->sent_bytes ? (size_t)(limit - path->sent_bytes) : 0;
}

static bool spend(struct path *path, size_t bytes)
{
    if (bytes > allowance_of(path)) {
        jt_rtc_drop("amplification");
        return false;
    }
    path->sent_bytes += bytes;
    return true;
}

static void use_path(struct jt_ice *ice, struct path *path)
{
    bool is_news = ice->current != path;

    ice->current = path;
    if (ice->pending == path)
        ice->pending = NULL;
    if (is_news)
        ice->ops->on_path(ice->arg, &path->address, path->is_checked);
}

static bool is_silent(const struct path *path, int64_t now_us)
{
    return now_us - path->heard_at_us > (path->is_nominated ? SILENT_NOMINATED_US : SILENT_US);
}

/*
 * Which path media takes after an authenticated check (README, "Which path"): the first one there
 * is; then the one nominated last, once it answered our own check or at once when the old one fell
 * silent; a check without nomination moves media only away from a silent path.
 */
static void choose_path(struct jt_ice *ice, struct path *path, bool is_nomination, int64_t now_us)
{
    if (is_nomination)
        path->is_nominated = true;
    if (!ice->current || ice->current == path) {
        use_path(ice, path);
        return;
    }
    if (is_silent(ice->current, now_us) ||
        (is_nomination && (path->is_checked || !ice->current->is_checked)))
        use_path(ice, path);
    else if (is_nomination)
        ice->pending = path;
}

static void on_checked(struct jt_ice *ice, struct path *path)
{
    bool is_current = ice->current == path;

    if (path->is_checked)
        return;
    path->is_checked = true;
    if (is_current) {
        ice->ops->on_path(ice->arg, &path->address, true);
    } else if (ice->pending == path ||
               (ice->current && !ice->current->is_checked && !ice->current->is_nominated)) {
        use_path(ice, path);
    }
}

/* --- messages --- */

static int hmac(const void *key, size_t key_size, const void *data, size_t data_size,
                uint8_t out[JT_STUN_HMAC_BYTES])
{
    struct jt_hmac_sha1 state;

    jt_hmac_sha1_init(&state, key, key_size);
    jt_hmac_sha1_tag(&state, data, data_size, NULL, 0, out);
    OPENSSL_cleanse(&state, sizeof(state));
    return 0;
}

static struct jt_stun_key key_of(const char *password)
{
    return (struct jt_stun_key){.password = jt_text_of(password), .hmac = hmac};
}

static void send_to_path(struct jt_ice *ice, struct path *path, const struct jt_writer *w)
{
    if (!w->failed && spend(path, w->size))
        ice->ops->send(ice->arg, w->data, w->size, &path->address);
}

static void send_check(struct jt_ice *ice, struct path *path, int64_t now_us)
{
    uint8_t datagram[ANSWER_MAX_BYTES];
    struct jt_writer w = jt_writer_of(datagram, sizeof(datagram));
    struct jt_stun_key key = key_of(ice->now.peer_pwd);
    struct jt_stun_check check = {
        .to_ufrag = jt_text_of(ice->now.peer_ufrag),
        .from_ufrag = jt_text_of(ice->now.ufrag),
        .priority = CHECK_PRIORITY,
        .tie_breaker = ice->tie_breaker,
        .role = JT_STUN_ROLE_CONTROLLED,
    };

    memcpy(check.transaction, path->transaction, sizeof(check.transaction));
    if (jt_stun_write_check(&w, &check, &key) || w.size > allowance_of(path))
        return; /* as soon as the limit allows */
    path->check_at_us = now_us + path->check_wait_us;
    path->check_wait_us = JT_MIN(2 * path->check_wait_us, CHECK_MAX_US);
    send_to_path(ice, path, &w);
}

static void check_if_due(struct jt_ice *ice, struct path *path, int64_t now_us)
{
    if (path->is_used && !path->is_checked && now_us >= path->check_at_us &&
        now_us - path->heard_at_us < PATH_FORGOTTEN_US)
        send_check(ice, path, now_us);
}

static void answer(struct jt_ice *ice, struct path *path, const struct jt_stun *stun,
                   const struct generation *words)
{
    uint8_t datagram[ANSWER_MAX_BYTES];
    struct jt_writer w = jt_writer_of(datagram, sizeof(datagram));
    struct jt_stun_key key = key_of(words->pwd);

    if (!jt_stun_write_success(&w, stun->transaction, &path->address.sa, &key))
        send_to_path(ice, path, &w);
}

/* The answer to an authenticated request that teaches us no path: it has the limit of one all the
 * same. */
static void refuse(struct jt_ice *ice, const struct jt_stun *stun, const struct generation *words,
                   uint16_t code, const struct jt_address *to)
{
    size_t limit = JT_ICE_AMPLIFICATION * (stun->integrity_offset + JT_STUN_HEADER_BYTES);
    uint8_t datagram[ANSWER_MAX_BYTES];
    struct jt_writer w = jt_writer_of(datagram, sizeof(datagram));
    struct jt_stun_key key = key_of(words->pwd);
    struct jt_stun_error error = {
        .code = code, .unknown = stun->unknown, .unknown_count = stun->unknown_count};

    if (code != 420)
        error.unknown_count = 0;
    if (!jt_stun_write_error(&w, stun->transaction, &error, &key) && w.size <= limit)
        ice->ops->send(ice->arg, w.data, w.size, to);
}

static bool is_for(const struct jt_stun *stun, const struct generation *words)
{
    struct jt_stun_key key = key_of(words->pwd);

    return jt_text_is(stun->to_ufrag, words->ufrag) &&
           jt_text_is(stun->from_ufrag, words->peer_ufrag) && jt_stun_verify(stun, &key);
}

/* The generation whose words the request proves to know; NULL: none. */
static const struct generation *authenticate(struct jt_ice *ice, const struct jt_stun *stun)
{
    if (is_for(stun, &ice->now))
        return &ice->now;
    if (ice->has_before && is_for(stun, &ice->before))
        return &ice->before;
    return NULL;
}

static void forget_before(struct jt_ice *ice)
{
    OPENSSL_cleanse(&ice->before, sizeof(ice->before));
    ice->has_before = false;
}

static int receive_request(struct jt_ice *ice, const struct jt_stun *stun, size_t size,
                           const struct jt_address *from, int64_t now_us)
{
    const struct generation *words = authenticate(ice, stun);
    struct path *path;

    if (!words)
        return -EACCES;
    if (stun->unknown_count > 0) {
        refuse(ice, stun, words, 420, from);
        return -EPROTO;
    }
    if (stun->role == JT_STUN_ROLE_CONTROLLED) {
        refuse(ice, stun, words, 487,
               from); /* we are lite: the controlled one, always (RFC 8445 §6.1.1) */
        return -EPROTO;
    }
    path = path_of(ice, from);
    if (!path)
        path = learn_path(ice, from, now_us);
    path->heard_at_us = now_us;
    path->received_bytes += size;
    ice->consent_at_us = now_us;
    answer(ice, path, stun, words);
    choose_path(ice, path, stun->has_use_candidate, now_us);
    check_if_due(ice, path, now_us);
    if (words == &ice->now && stun->has_use_candidate)
        forget_before(ice);
    return 0;
}

static int receive_answer(struct jt_ice *ice, const struct jt_stun *stun, size_t size,
                          const struct jt_address *from, int64_t now_us)
{
    struct path *path = path_of(ice, from); /* RFC 8445 §7.2.5.2.1: from where the request went */
    struct jt_stun_key key = key_of(ice->now.peer_pwd);

    if (!path || memcmp(stun->transaction, path->transaction, sizeof(path->transaction)) != 0 ||
        !jt_stun_verify(stun, &key))
        return -EACCES;
    path->heard_at_us = now_us;
    path->received_bytes += size;
    on_checked(ice, path);
    return 0;
}

int jt_ice_receive(struct jt_ice *ice, const uint8_t *datagram, size_t size,
                   const struct jt_address *from, int64_t now_us)
{
    struct jt_stun stun;
    int err = jt_stun_parse(datagram, size, &stun);

    if (err)
        return -EBADMSG;
    if (stun.method != JT_STUN_METHOD_BINDING)
        return -EBADMSG;
    if (stun.message_class == JT_STUN_REQUEST)
        return receive_request(ice, &stun, size, from, now_us);
    if (stun.message_class == JT_STUN_SUCCESS)
        return receive_answer(ice, &stun, size, from, now_us);
    return -EACCES; /* indications and errors: nothing here waits for one */
}

bool jt_ice_is_known(const struct jt_ice *ice, const struct jt_address *from)
{
    return find_path(ice, from) != NULL;
}

const struct jt_address *jt_ice_path(const struct jt_ice *ice)
{
    return ice->current ? &ice->current->address : NULL;
}

size_t jt_ice_allowance(const struct jt_ice *ice)
{
    return ice->current ? allowance_of(ice->current) : 0;
}

void jt_ice_count_sent(struct jt_ice *ice, size_t bytes)
{
    if (ice->current)
        ice->current->sent_bytes += bytes;
}

void jt_ice_count_received(struct jt_ice *ice, const struct jt_address *from, size_t bytes)
{
    struct path *path = path_of(ice, from);

    if (path)
        path->received_bytes += bytes;
}

void jt_ice_heard(struct jt_ice *ice, const struct jt_address *from, int64_t now_us)
{
    struct path *path = path_of(ice, from);

    if (path)
        path->heard_at_us = now_us;
}

bool jt_ice_spend(struct jt_ice *ice, const struct jt_address *to, size_t bytes)
{
    struct path *path = path_of(ice, to);

    return path && spend(path, bytes);
}

void jt_ice_confirm(struct jt_ice *ice, const struct jt_address *address)
{
    struct path *path = path_of(ice, address);

    if (!path)
        return;
    on_checked(ice, path);
    if (!ice->current || !ice->current->is_nominated)
        use_path(ice, path);
}

int jt_ice_poll(struct jt_ice *ice, int64_t now_us)
{
    if (now_us - ice->consent_at_us >= (int64_t)JT_ICE_CONSENT_TIMEOUT_MS * JT_USEC_PER_MSEC)
        return -ETIMEDOUT;
    if (ice->has_before && now_us >= ice->before_until_us)
        forget_before(ice);
    if (ice->pending && is_silent(ice->current, now_us))
        use_path(ice, ice->pending);
    for (size_t i = 0; i < JT_ICE_PATHS_MAX; i++)
        check_if_due(ice, &ice->paths[i], now_us);
    return 0;
}

int jt_ice_restart(struct jt_ice *ice, const char *peer_ufrag, const char *peer_pwd, int64_t now_us)
{
    struct generation made;
    int err = make_generation(ice->prefix, peer_ufrag, peer_pwd, &made);

    if (err)
        return err;
    /* On a second restart before the first was used: keep what the peer still has. */
    if (!ice->has_before)
        ice->before = ice->now;
    ice->has_before = true;
    ice->before_until_us = now_us + (int64_t)JT_ICE_CONSENT_TIMEOUT_MS * JT_USEC_PER_MSEC;
    ice->now = made;
    ice->pending = NULL;
    for (size_t i = 0; i < JT_ICE_PATHS_MAX; i++)
        ice->paths[i].is_nominated = false; /* the new generation nominates anew */
    OPENSSL_cleanse(&made, sizeof(made));
    return 0;
}
