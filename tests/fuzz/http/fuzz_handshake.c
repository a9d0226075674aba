/* Any head that http/head.h lets through, as the opening handshake of a WebSocket: texts within the memory, no crash. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "http/handshake.h"
#include "http/head.h"
#include "http/server.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct jt_http_fault *fault = NULL;
    struct jt_http_handshake handshake;
    struct jt_http_head head;
    int err;

    if (jt_http_head_check(data, size, 1024, &head) != 0)
        return 0;
    err = jt_http_handshake_read(data, head.size_bytes, &handshake, &fault);
    if (err) {
        if (!fault)
            abort();
        return 0;
    }
    if (!handshake.host || handshake.path[0] != '/' || strlen(handshake.path) > size ||
        strlen(handshake.query) > size || strlen(handshake.accept) != JT_HTTP_ACCEPT_MAX_BYTES - 1)
        abort();
    jt_http_handshake_free(&handshake);
    return 0;
}
