#include "wire/rtp.h"

#include <assert.h>

static volatile uint8_t sink; /* so that every byte is really read */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct jt_rtp_extension extension;
    struct jt_rtp_extension_walk walk;
    struct jt_rtp rtp;

    if (jt_rtp_parse(data, size, &rtp) < 0)
        return 0;
    assert((size_t)rtp.header_bytes + rtp.payload_bytes + rtp.padding_bytes == size);
    walk = jt_rtp_extension_begin(&rtp);
    while (jt_rtp_extension_next(&walk, &extension)) {
        assert(extension.id != 0);
        for (unsigned i = 0; i < extension.size_bytes; i++)
            sink ^= extension.data[i];
    }
    for (unsigned i = 0; i < rtp.payload_bytes; i++)
        sink ^= rtp.payload[i];
    for (unsigned i = 0; i < rtp.csrc_count * 4U; i++)
        sink ^= rtp.csrcs[i];
    return 0;
}
