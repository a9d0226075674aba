#include "chat/access/csrf.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

#include "base/reader.h"
#include "base/writer.h"
#include "token/base64url.h"
#include "token/mac.h"

/* Sets these MACs apart from those of tokens, which begin with "jt1.". */
static const char label[] = "jtcsrf1";

enum { SALT_BYTES = 12, TOKEN_BYTES = 4 + SALT_BYTES + JT_MAC_BYTES };

_Static_assert(TOKEN_BYTES / 3 * 4 == ACCESS_CSRF_CHARACTERS, "no rest in base64");

static int mac_of(struct jt_keyring *keyring, uint32_t *key_id, int64_t now_ms,
                  const uint8_t salt[SALT_BYTES], const uint8_t session_hash[ACCESS_HASH_BYTES],
                  uint8_t out[JT_MAC_BYTES])
{
    const struct jt_mac_piece pieces[] = {
        {label, sizeof(label) - 1}, {salt, SALT_BYTES}, {session_hash, ACCESS_HASH_BYTES}};

    return jt_keyring_mac(keyring, JT_KEYS_TOKEN, key_id, now_ms, pieces, JT_COUNT(pieces), out);
}

int access_csrf_make(struct jt_keyring *keyring, const uint8_t session_hash[ACCESS_HASH_BYTES],
                     int64_t now_ms, char out[ACCESS_CSRF_CHARACTERS + 1])
{
    uint8_t bytes[TOKEN_BYTES], salt[SALT_BYTES], mac[JT_MAC_BYTES];
    struct jt_writer w = jt_writer_of(bytes, sizeof(bytes));
    uint32_t key_id = 0;

    randombytes_buf(salt, sizeof(salt));
    if (mac_of(keyring, &key_id, now_ms, salt, session_hash, mac))
        return -EIO;
    jt_write_be32(&w, key_id);
    jt_write_bytes(&w, salt, sizeof(salt));
    jt_write_bytes(&w, mac, sizeof(mac));
    jt_base64url_write(bytes, sizeof(bytes), out);
    return 0;
}

int access_csrf_check(struct jt_keyring *keyring, const uint8_t session_hash[ACCESS_HASH_BYTES],
                      int64_t now_ms, const char *text, size_t size)
{
    uint8_t bytes[TOKEN_BYTES], mac[JT_MAC_BYTES];
    struct jt_reader r;
    const uint8_t *salt, *given;
    uint32_t key_id;

    if (size != ACCESS_CSRF_CHARACTERS ||
        jt_base64url_read(text, size, bytes, sizeof(bytes)) != TOKEN_BYTES)
        return -EACCES;
    r = jt_reader_of(bytes, sizeof(bytes));
    key_id = jt_read_be32(&r);
    salt = jt_reader_take(&r, SALT_BYTES);
    given = jt_reader_take(&r, JT_MAC_BYTES);
    if (key_id == 0 /* would mean the newest */ ||
        mac_of(keyring, &key_id, now_ms, salt, session_hash, mac) || !jt_mac_is_equal(mac, given))
        return -EACCES;
    return 0;
}
