#include "chat/access/password.h"

#include <errno.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "base/metrics.h"
#include "base/utf8.h"

_Static_assert(ACCESS_PASSWORD_HASH_BYTES == crypto_pwhash_STRBYTES, "libsodium's size");

static atomic_int running;
static struct jt_metric busy = JT_COUNTER("jangteo_chat_passwords_busy_total",
                                          "Password checks refused: four are running.", NULL);

/* The commonest that pass the length rule, Korean keyboards' included. Compared without case. */
static const char *const common[] = {
    "1234567890",    "0123456789",   "0987654321",   "12345678910",  "123456789a",   "1234567891",
    "1q2w3e4r5t",    "1q2w3e4r5t6y", "q1w2e3r4t5",   "qwertyuiop",   "qwerty1234",   "qwerty12345",
    "qwer1234!!",    "qwer1234qwer", "1234qwer1234", "asdf1234asdf", "asdfghjkl;",   "zxcvbnm123",
    "password12",    "password123",  "password1234", "passw0rd123",  "p@ssw0rd123",  "iloveyou123",
    "administrator", "admin12345",   "admin123456",  "welcome123",   "changeme123",  "letmein123",
    "jangteo1234",   "jangteo123",   "tkfkdgo123",   "tkfkdgo1234",  "dkssudgktpdy", "qlalfqjsgh",
    "qlqjsdlqslek",  "korea12345",   "abcdefghij",   "abcd123456",   "a123456789",   "aa12345678",
};

static bool is_common(const char *password, size_t size)
{
    for (size_t i = 0; i < JT_COUNT(common); i++)
        if (strlen(common[i]) == size && !strncasecmp(password, common[i], size))
            return true;
    return false;
}

/* One piece again and again, of up to 12 bytes (four Korean characters): "aaaaaaaaaa", "qwerqwerqwe". */
static bool is_repeated(const char *password, size_t size)
{
    for (size_t period = 1; period <= 12 && period * 2 <= size; period++)
        if (!memcmp(password, password + period, size - period))
            return true;
    return false;
}

/* Characters, or 0 when it isn't text. */
static size_t count_characters(const char *text, size_t size)
{
    size_t count = 0;

    for (size_t at = 0; at < size; count++) {
        uint32_t character;
        size_t n = jt_utf8_next(text + at, size - at, &character);

        if (n == 0 || character < 0x20 || character == 0x7f)
            return 0;
        at += n;
    }
    return count;
}

enum access_password_fault access_password_check(const char *password, size_t size,
                                                 const char *account)
{
    size_t characters;

    if (size > ACCESS_PASSWORD_MAX_BYTES)
        return ACCESS_PASSWORD_LONG;
    characters = count_characters(password, size);
    if (characters == 0 && size > 0)
        return ACCESS_PASSWORD_NOT_TEXT;
    if (characters < ACCESS_PASSWORD_MIN_CHARACTERS)
        return ACCESS_PASSWORD_SHORT;
    if (is_common(password, size) || is_repeated(password, size) ||
        (account && strlen(account) == size && !strncasecmp(password, account, size)))
        return ACCESS_PASSWORD_COMMON;
    return ACCESS_PASSWORD_GOOD;
}

static bool enter(void)
{
    if (atomic_fetch_add(&running, 1) < ACCESS_PASSWORDS_AT_ONCE)
        return true;
    (void)atomic_fetch_sub(&running, 1);
    jt_metric_add(&busy, NULL, 1);
    return false;
}

static void leave(void)
{
    (void)atomic_fetch_sub(&running, 1);
}

int access_password_hash(const char *password, size_t size, char out[ACCESS_PASSWORD_HASH_BYTES])
{
    int err;

    if (size > ACCESS_PASSWORD_MAX_BYTES)
        return -EINVAL;
    if (!enter())
        return -EBUSY;
    err = crypto_pwhash_str_alg(out, password, size, crypto_pwhash_OPSLIMIT_INTERACTIVE,
                                crypto_pwhash_MEMLIMIT_INTERACTIVE, crypto_pwhash_ALG_ARGON2ID13);
    leave();
    return err ? -ENOMEM : 0;
}

int access_password_verify(const char *password, size_t size, const char *hash)
{
    /* Nobody's: the salt is "nobody's account" and the hash all zero, so that no password fits. Same limits. */
    static const char nobody[ACCESS_PASSWORD_HASH_BYTES] =
        "$argon2id$v=19$m=65536,t=2,p=1$bm9ib2R5J3MgYWNjb3VudA$"
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    int err;

    if (size > ACCESS_PASSWORD_MAX_BYTES)
        return -EACCES;
    if (!enter())
        return -EBUSY;
    err = crypto_pwhash_str_verify(hash ? hash : nobody, password, size);
    leave();
    return err || !hash ? -EACCES : 0;
}

bool access_password_is_stale(const char *hash)
{
    return crypto_pwhash_str_needs_rehash(hash, crypto_pwhash_OPSLIMIT_INTERACTIVE,
                                          crypto_pwhash_MEMLIMIT_INTERACTIVE) != 0;
}
