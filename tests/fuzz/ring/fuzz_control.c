/* What is decoded can be encoded, and means the same when it comes back. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ring/control.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct jt_control message, again;
    char json[16 * 1024];
    int length;

    memset(&message, 0, sizeof(message));
    memset(&again, 0, sizeof(again));
    if (jt_control_decode((const char *)data, size, &message))
        return 0;
    length = jt_control_encode(&message, json, sizeof(json));
    if (length < 0 || jt_control_decode(json, (size_t)length, &again))
        abort();
    if (message.type != again.type || message.track != again.track ||
        message.epoch != again.epoch || message.on != again.on || message.value != again.value ||
        strcmp(message.show, again.show) != 0 || strcmp(message.name, again.name) != 0 ||
        strcmp(message.reason, again.reason) != 0 ||
        jt_control_fd_count(&message) != jt_control_fd_count(&again))
        abort();
    return 0;
}
