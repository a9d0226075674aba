/* What a hook's body may make the reader do: whoever has the key may still send anything. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "chat/media/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_shows(const json_t *shows)
{
    for (size_t i = 0; i < json_array_size(shows); i++) {
        struct media_audience audience;
        struct media_show show;

        if (!media_message_show(json_array_get(shows, i), &show) &&
            (!jt_show_name_is_valid(show.show, strlen(show.show)) ||
             show.track_count > MEDIA_TRACKS_MAX || show.warning_count > MEDIA_WARNINGS_MAX))
            abort();
        if (!media_message_audience(json_array_get(shows, i), &audience) && audience.sessions < 0)
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct media_publish who;
    struct media_unpublish gone;
    struct media_part part;
    json_t *root;

    if (media_message_parse((const char *)data, size, &root))
        return 0;
    if (!media_message_publish(root, &who) && !who.key[0] == !who.token[0])
        abort();
    if (!media_message_unpublish(root, &gone) && !gone.reason[0])
        abort();
    if (!media_message_part(root, &part)) {
        if (part.part < 1 || part.part > part.parts || part.parts > MEDIA_PARTS_MAX)
            abort();
        read_shows(part.shows);
    }
    json_decref(root);
    return 0;
}
