#include "media/packet.h"

struct jt_reader jt_payload_reader(const struct jt_payload *payload)
{
    struct jt_reader r = jt_reader_of(payload->data, payload->size);
    uint8_t padding;

    if (!(payload->flags & JT_PACKET_PADDING))
        return r;
    padding = payload->size > 0 ? payload->data[payload->size - 1] : 0;
    if (padding == 0 || padding > r.left) /* RFC 3550 §5.1: the count includes itself */
        r.failed = true;
    else
        r.left -= padding;
    return r;
}
