/** Names and phone numbers for lists, tickers and logs (threat P1, pitfall 50): enough to recognise, not to find out. */
#ifndef CHAT_ACCESS_MASK_H
#define CHAT_ACCESS_MASK_H

#include <stddef.h>

enum { ACCESS_MASK_NAME_BYTES = 8, ACCESS_MASK_PHONE_BYTES = 16 };

/** "김철수" → "김**": the first character and always two stars, so that the length isn't told either; "**" for a name of
 * one character, for one that begins with a sign that isn't shown, and for what isn't UTF-8. */
void access_mask_name(const char *name, size_t size, char out[ACCESS_MASK_NAME_BYTES]);

/** "01012341234", "+82 10-1234-1234" → "010-****-1234"; "****" for what isn't a Korean number of 9 to 12 digits. */
void access_mask_phone(const char *phone, size_t size, char out[ACCESS_MASK_PHONE_BYTES]);

#endif
