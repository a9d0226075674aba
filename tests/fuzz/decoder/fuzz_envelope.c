/* Any bytes as a picture: no crash; what is left is no longer than what came, is accepted again and
 * then stays as it is. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "chat/picture/decoder/envelope.h"
#include "chat/picture/decoder/exif.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(int is_true)
{
    if (!is_true)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *bytes = malloc(size ? size : 1), *again;
    struct envelope first, second;
    uint8_t orientation = exif_orientation(data, size);

    demand(bytes != NULL && orientation >= 1 && orientation <= 8);
    memcpy(bytes, data, size);
    if (envelope_open(bytes, size, &first) == 0) {
        demand(first.size_bytes <= size && first.orientation >= 1 && first.orientation <= 8);
        demand((uint64_t)first.width * first.height <= ENVELOPE_PIXELS_MAX);
        again = malloc(first.size_bytes);
        demand(again != NULL);
        memcpy(again, bytes, first.size_bytes);
        demand(envelope_open(again, first.size_bytes, &second) == 0);
        demand(second.size_bytes == first.size_bytes && second.width == first.width &&
               second.height == first.height && second.orientation == 1);
        demand(memcmp(again, bytes, first.size_bytes) == 0);
        free(again);
    }
    free(bytes);
    return 0;
}
