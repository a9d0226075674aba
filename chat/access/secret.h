/**
 * Unguessable ids (sessions, orders, stream keys): 128 random bits as 22 characters of base64url (RFC 4648 §5, no padding).
 * Of those that open a door only the hash is stored.
 */
#ifndef CHAT_ACCESS_SECRET_H
#define CHAT_ACCESS_SECRET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"

enum {
    ACCESS_SECRET_BYTES = 16,
    ACCESS_SECRET_CHARACTERS = 22,
    ACCESS_HASH_BYTES = 32,
};

/** A fresh one, NUL-terminated. Any thread. */
void access_secret_new(char out[ACCESS_SECRET_CHARACTERS + 1]);

/** Whether it has the form of one: 22 characters, the last without stray bits, so that each id has one spelling. */
bool access_secret_is_valid(const char *text, size_t size);

/** What is stored and compared: SHA-256 of the text. No salt or stretching: 128 bits can't be guessed. */
void access_secret_hash(const void *text, size_t size, uint8_t out[ACCESS_HASH_BYTES]);

#endif
