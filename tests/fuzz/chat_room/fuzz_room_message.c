/* What a page's message may make the reader and the cleaner of text do. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "chat/room/message.h"
#include "chat/room/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What has been cleaned stays as it is when it is cleaned again. */
static void clean(const char *text, size_t size)
{
    char once[ROOM_TEXT_MAX_BYTES + 1], twice[ROOM_TEXT_MAX_BYTES + 1];
    int n = room_text_clean(text, size, ROOM_TEXT_MAX_CHARACTERS, once, sizeof(once));

    if (n < 0)
        return;
    if (!jt_utf8_is_valid(once, (size_t)n) || strlen(once) != (size_t)n)
        abort();
    if (room_text_clean(once, (size_t)n, ROOM_TEXT_MAX_CHARACTERS, twice, sizeof(twice)) != n ||
        memcmp(once, twice, (size_t)n) != 0)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct room_message message;

    clean((const char *)data, size);
    if (room_message_read((const char *)data, size, &message))
        return 0;
    if (message.id < -1 || message.id > ROOM_INTEGER_MAX)
        abort();
    if (message.verb == ROOM_SEND) {
        if (strlen(message.send.text) != message.send.size)
            abort();
        clean(message.send.text, message.send.size);
    }
    return 0;
}
