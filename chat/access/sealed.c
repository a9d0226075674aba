#include "chat/access/sealed.h"

#include <errno.h>
#include <openssl/evp.h>
#include <sodium.h>
#include <string.h>

#include "base/metrics.h"
#include "base/reader.h"
#include "base/writer.h"
#include "token/mac.h"

enum { VERSION = 1, NONCE_BYTES = 12, TAG_BYTES = 16, HEAD_BYTES = 1 + 4 + NONCE_BYTES };

_Static_assert(HEAD_BYTES + TAG_BYTES == ACCESS_SEAL_EXTRA_BYTES, "what the header promises");

static struct jt_metric broken =
    JT_COUNTER("jangteo_chat_sealed_broken_total", "Sealed columns that didn't open.", NULL);

/* Version and key id are bound by the key they choose; the place is what has to be told. Each part with its NUL. */
static int add_place(EVP_CIPHER_CTX *context, const struct access_cell *cell)
{
    const char *const parts[] = {cell->table, cell->column, cell->row};
    int n;

    for (size_t i = 0; i < JT_COUNT(parts); i++)
        if (!EVP_CipherUpdate(context, NULL, &n, (const uint8_t *)parts[i],
                              (int)strlen(parts[i]) + 1))
            return -EIO;
    return 0;
}

struct work {
    const struct access_cell *cell;
    const uint8_t *key, *nonce, *in;
    size_t size;
    uint8_t *out, *tag;
};

static int run(EVP_CIPHER_CTX *context, const struct work *work, int is_sealing)
{
    uint8_t rest[TAG_BYTES];
    int n = 0;

    if (!EVP_CipherInit_ex(context, EVP_aes_256_gcm(), NULL, work->key, work->nonce, is_sealing) ||
        add_place(context, work->cell))
        return -EIO;
    if (work->size && !EVP_CipherUpdate(context, work->out, &n, work->in, (int)work->size))
        return -EIO;
    if (!is_sealing && !EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, TAG_BYTES, work->tag))
        return -EIO;
    if (!EVP_CipherFinal_ex(context, rest, &n))
        return -EBADMSG;
    if (is_sealing && !EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, TAG_BYTES, work->tag))
        return -EIO;
    return 0;
}

static int gcm(const struct work *work, int is_sealing)
{
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    int err = context ? run(context, work, is_sealing) : -ENOMEM;

    EVP_CIPHER_CTX_free(context);
    return err;
}

static int has_place(const struct access_cell *cell)
{
    return cell->table[0] && cell->column[0] && cell->row[0];
}

int access_seal(struct jt_keyring *keyring, const struct access_cell *cell, const void *plain,
                size_t size, uint8_t *out, size_t capacity)
{
    uint8_t key[JT_KEY_BYTES];
    struct jt_writer w = jt_writer_of(out, capacity);
    struct work work = {.cell = cell, .key = key, .in = plain, .size = size};
    uint32_t key_id = 0;
    int err;

    if (!has_place(cell))
        return -EINVAL;
    if (size > ACCESS_SEAL_PLAIN_MAX_BYTES || capacity < size + ACCESS_SEAL_EXTRA_BYTES)
        return -EMSGSIZE;
    err = jt_keyring_key(keyring, JT_KEYS_SEAL, &key_id, 0, key);
    if (err)
        return -EIO;
    jt_write_u8(&w, VERSION);
    jt_write_be32(&w, key_id);
    randombytes_buf(w.data + w.size,
                    NONCE_BYTES); /* random: under 2^32 blobs a key (SP 800-38D §8.3) */
    work.nonce = jt_writer_room(&w, NONCE_BYTES);
    work.out = jt_writer_room(&w, size);
    work.tag = jt_writer_room(&w, TAG_BYTES);
    err = gcm(&work, 1);
    sodium_memzero(key, sizeof(key));
    return err ? -EIO : (int)w.size;
}

/* The parts of a blob of which `plain_size` bytes are the text. */
static int open_blob(struct jt_keyring *keyring, const struct access_cell *cell, struct jt_reader r,
                     size_t plain_size, uint8_t *out)
{
    uint8_t key[JT_KEY_BYTES], tag[TAG_BYTES];
    struct work work = {.cell = cell, .key = key, .tag = tag, .size = plain_size, .out = out};
    uint8_t version = jt_read_u8(&r);
    uint32_t key_id = jt_read_be32(&r);
    const uint8_t *last;
    int err;

    work.nonce = jt_reader_take(&r, NONCE_BYTES);
    work.in = jt_reader_take(&r, plain_size);
    last = jt_reader_take(&r, TAG_BYTES);
    if (r.failed || r.left || version != VERSION || key_id == 0)
        return -EBADMSG;
    err = jt_keyring_key(keyring, JT_KEYS_SEAL, &key_id, 0, key);
    if (err)
        return -EBADMSG;
    memcpy(tag, last, sizeof(tag));
    err = gcm(&work, 0);
    sodium_memzero(key, sizeof(key));
    return err;
}

int access_open(struct jt_keyring *keyring, const struct access_cell *cell, const uint8_t *blob,
                size_t size, void *out, size_t capacity)
{
    size_t plain_size = 0;
    int err = -EBADMSG;

    if (capacity)
        memset(out, 0, capacity);
    if (size >= ACCESS_SEAL_EXTRA_BYTES &&
        size <= ACCESS_SEAL_PLAIN_MAX_BYTES + ACCESS_SEAL_EXTRA_BYTES && has_place(cell)) {
        plain_size = size - ACCESS_SEAL_EXTRA_BYTES;
        if (plain_size > capacity)
            return -EMSGSIZE;
        err = open_blob(keyring, cell, jt_reader_of(blob, size), plain_size, out);
    }
    if (!err)
        return (int)plain_size;
    if (capacity)
        sodium_memzero(out, capacity); /* GCM writes before it knows */
    jt_metric_add(&broken, NULL, 1);
    return -EBADMSG;
}

bool access_seal_is_stale(struct jt_keyring *keyring, const uint8_t *blob, size_t size)
{
    struct jt_reader r = jt_reader_of(blob, size);
    uint8_t version = jt_read_u8(&r);
    uint32_t key_id = jt_read_be32(&r);

    return version != VERSION || key_id != jt_keyring_current(keyring, JT_KEYS_SEAL);
}

int access_lookup(struct jt_keyring *keyring, const char *kind, const void *value, size_t size,
                  uint8_t out[ACCESS_LOOKUP_BYTES])
{
    const struct jt_mac_piece pieces[] = {{kind, strlen(kind) + 1}, {value, size}};
    uint32_t key_id = 0;

    return jt_keyring_mac(keyring, JT_KEYS_LOOKUP, &key_id, 0, pieces, JT_COUNT(pieces), out) ? -EIO
                                                                                              : 0;
}
