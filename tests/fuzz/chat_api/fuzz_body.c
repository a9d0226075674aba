/* What a request's content may make the reader do. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "chat/api/body.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct api_body body;
    const char *text;

    api_body_parse((const char *)data, size, &body);
    text = api_body_text(&body, "text", 1, 64);
    if (text && (strlen(text) < 1 || strlen(text) > 64))
        abort();
    if (api_body_integer(&body, "number", -5, 5) > 5)
        abort();
    (void)api_body_optional_text(&body, "more", 16);
    (void)api_body_end(&body);
    api_body_free(&body);
    return 0;
}
