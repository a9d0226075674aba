#include "rtmp/handshake.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

#include "base/reader.h"
#include "base/writer.h"

enum {
    VERSION_OFFSET = 4, /* of the four version bytes in C1 and S1, zero in the simple form */
    DIGEST_RANGE = 728, /* 764 bytes of a half, less the pointer and the digest */
    POINTER_BYTES = 4,
    CLIENT_KEY_TEXT_BYTES = 30,
    SERVER_KEY_TEXT_BYTES = 36,
    SIGNED_BYTES = JT_RTMP_HANDSHAKE_BYTES - JT_RTMP_DIGEST_BYTES, /* of S2 in the digest form */
};

/* Well known since Flash Player 9; no secret. The text keys C1 and S1, text and tail together key C2 and S2. */
static const uint8_t client_key[] = "Genuine Adobe Flash Player 001";
static const uint8_t server_key[] =
    "Genuine Adobe Flash Media Server 001"
    "\xf0\xee\xc2\x4a\x80\x68\xbe\xe8\x2e\x00\xd0\xd1\x02\x9e\x7e\x57"
    "\x6e\xec\x5d\x2d\x29\x80\x6f\xab\x93\xb8\xe6\x36\xcf\xeb\x31\xae";

static const uint8_t server_version[] = {3, 0, 1,
                                         1}; /* 3 and up tells the client to expect digests */

enum stage { STAGE_VERSION, STAGE_FIRST, STAGE_SECOND, STAGE_DONE };

struct jt_rtmp_handshake {
    enum stage stage;
    size_t size;                           /* bytes of the present stage so far */
    uint8_t peer[JT_RTMP_HANDSHAKE_BYTES]; /* C1, or S1 */
};

int jt_rtmp_handshake_new(struct jt_rtmp_handshake **out)
{
    *out = calloc(1, sizeof(**out));
    return *out ? 0 : -ENOMEM;
}

void jt_rtmp_handshake_free(struct jt_rtmp_handshake *handshake)
{
    free(handshake);
}

/* HMAC over `packet` without the digest at `digest`. */
static int sign_packet(const uint8_t *packet, size_t digest, const uint8_t *key, size_t key_size,
                       uint8_t out[JT_RTMP_DIGEST_BYTES])
{
    uint8_t rest[SIGNED_BYTES];

    memcpy(rest, packet, digest);
    memcpy(rest + digest, packet + digest + JT_RTMP_DIGEST_BYTES, SIGNED_BYTES - digest);
    return HMAC(EVP_sha256(), key, (int)key_size, rest, sizeof(rest), out, NULL) ? 0 : -EIO;
}

static size_t digest_offset(const uint8_t *packet, enum jt_rtmp_digest_scheme scheme)
{
    struct jt_reader r = jt_reader_of(packet + scheme, POINTER_BYTES);
    size_t sum = jt_read_u8(&r);

    sum += jt_read_u8(&r);
    sum += jt_read_u8(&r);
    sum += jt_read_u8(&r);
    return scheme + POINTER_BYTES + sum % DIGEST_RANGE; /* at most 1503: 32 bytes always follow */
}

enum jt_rtmp_digest_scheme jt_rtmp_handshake_find_digest(const uint8_t *c1, size_t *digest)
{
    static const enum jt_rtmp_digest_scheme schemes[] = {JT_RTMP_DIGEST_FIRST,
                                                         JT_RTMP_DIGEST_SECOND};
    uint8_t expected[JT_RTMP_DIGEST_BYTES];

    for (size_t i = 0; i < JT_COUNT(schemes); i++) {
        size_t offset = digest_offset(c1, schemes[i]);

        if (sign_packet(c1, offset, client_key, CLIENT_KEY_TEXT_BYTES, expected))
            break;
        if (CRYPTO_memcmp(expected, c1 + offset, sizeof(expected)) == 0) {
            *digest = offset;
            return schemes[i];
        }
    }
    return JT_RTMP_DIGEST_NONE;
}

/* §5.2.3: time 0, zeros, random. */
static int write_simple_packet(struct jt_writer *w)
{
    uint8_t *random;

    jt_write_zeros(w, 8);
    random = jt_writer_room(w, JT_RTMP_HANDSHAKE_BYTES - 8);
    return random && RAND_bytes(random, JT_RTMP_HANDSHAKE_BYTES - 8) == 1 ? 0 : -EIO;
}

static int write_signed_s1(struct jt_writer *w, enum jt_rtmp_digest_scheme scheme)
{
    uint8_t *s1 = jt_writer_room(w, JT_RTMP_HANDSHAKE_BYTES);
    size_t digest;

    if (!s1 || RAND_bytes(s1, JT_RTMP_HANDSHAKE_BYTES) != 1)
        return -EIO;
    memset(s1, 0, VERSION_OFFSET); /* our time */
    memcpy(s1 + VERSION_OFFSET, server_version, sizeof(server_version));
    digest = digest_offset(s1, scheme);
    return sign_packet(s1, digest, server_key, SERVER_KEY_TEXT_BYTES, s1 + digest);
}

/* S2 is random and ends with its HMAC, keyed by the HMAC of the client's digest. */
static int write_signed_s2(struct jt_writer *w, const uint8_t *client_digest)
{
    uint8_t *s2 = jt_writer_room(w, JT_RTMP_HANDSHAKE_BYTES);
    uint8_t key[JT_RTMP_DIGEST_BYTES];

    if (!s2 || RAND_bytes(s2, SIGNED_BYTES) != 1)
        return -EIO;
    if (!HMAC(EVP_sha256(), server_key, sizeof(server_key) - 1, client_digest, JT_RTMP_DIGEST_BYTES,
              key, NULL))
        return -EIO;
    if (!HMAC(EVP_sha256(), key, sizeof(key), s2, SIGNED_BYTES, s2 + SIGNED_BYTES, NULL))
        return -EIO;
    return 0;
}

static int answer_client(const struct jt_rtmp_handshake *handshake, struct jt_writer *w)
{
    const uint8_t *c1 = handshake->peer;
    enum jt_rtmp_digest_scheme scheme = JT_RTMP_DIGEST_NONE;
    size_t digest = 0;
    int err;

    if (c1[VERSION_OFFSET] != 0)
        scheme = jt_rtmp_handshake_find_digest(c1, &digest);
    jt_write_u8(w, JT_RTMP_VERSION);
    if (scheme == JT_RTMP_DIGEST_NONE) {
        err = write_simple_packet(w);
        jt_write_bytes(w, c1, JT_RTMP_HANDSHAKE_BYTES);
        return err;
    }
    err = write_signed_s1(w, scheme);
    return err ? err : write_signed_s2(w, c1 + digest);
}

static void collect(struct jt_rtmp_handshake *handshake, struct jt_reader *in, uint8_t *to)
{
    size_t n = JT_MIN(in->left, JT_RTMP_HANDSHAKE_BYTES - handshake->size);
    const uint8_t *bytes = jt_reader_take(in, n);

    if (to && n)
        memcpy(to + handshake->size, bytes, n);
    handshake->size += n;
}

/* Both ends go the same way: a version, the peer's first packet, an answer, the peer's second packet. */
static int advance(struct jt_rtmp_handshake *handshake, struct jt_reader *in, struct jt_writer *w,
                   int (*answer)(const struct jt_rtmp_handshake *, struct jt_writer *))
{
    int err;

    if (handshake->stage == STAGE_VERSION && in->left) {
        if (jt_read_u8(in) != JT_RTMP_VERSION)
            return -EPROTO;
        handshake->stage = STAGE_FIRST;
    }
    if (handshake->stage == STAGE_FIRST) {
        collect(handshake, in, handshake->peer);
        if (handshake->size < JT_RTMP_HANDSHAKE_BYTES)
            return 0;
        err = answer(handshake, w);
        if (err)
            return err;
        handshake->stage = STAGE_SECOND;
        handshake->size = 0;
    }
    if (handshake->stage == STAGE_SECOND) {
        collect(handshake, in, NULL);
        if (handshake->size == JT_RTMP_HANDSHAKE_BYTES)
            handshake->stage = STAGE_DONE;
    }
    return handshake->stage == STAGE_DONE;
}

int jt_rtmp_handshake_serve(struct jt_rtmp_handshake *handshake, struct jt_reader *in,
                            struct jt_writer *w)
{
    return advance(handshake, in, w, answer_client);
}

int jt_rtmp_handshake_hello(struct jt_rtmp_handshake *handshake, struct jt_writer *w)
{
    (void)handshake; /* nothing to remember: the server's echo is not looked at */
    jt_write_u8(w, JT_RTMP_VERSION);
    return write_simple_packet(w);
}

static int echo_server(const struct jt_rtmp_handshake *handshake, struct jt_writer *w)
{
    jt_write_bytes(w, handshake->peer, JT_RTMP_HANDSHAKE_BYTES);
    return w->failed ? -EIO : 0;
}

int jt_rtmp_handshake_join(struct jt_rtmp_handshake *handshake, struct jt_reader *in,
                           struct jt_writer *w)
{
    return advance(handshake, in, w, echo_server);
}
