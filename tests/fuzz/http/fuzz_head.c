/* Any bytes as the start of a request: no crash, a size within the input, and every cut of it says "more" or the same. */
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "http/head.h"

enum { BODY_MAX_BYTES = 64 * 1024 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct jt_http_head head;
    int err = jt_http_head_check(data, size, BODY_MAX_BYTES, &head);

    if (err == 0 && (head.size_bytes > size || head.size_bytes < 18))
        abort();
    if (err == 0 && jt_http_head_check(data, head.size_bytes - 1, BODY_MAX_BYTES, &head) != -EAGAIN)
        abort();
    return 0;
}
