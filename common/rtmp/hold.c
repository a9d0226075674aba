#include "rtmp/hold.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "rtmp/message.h"

struct jt_rtmp_held {
    struct jt_rtmp_held *next;
    struct jt_rtmp_message message; /* its body is `bytes` */
    uint8_t bytes[];
};

void jt_rtmp_hold_init(struct jt_rtmp_hold *hold)
{
    *hold = (struct jt_rtmp_hold){.first = NULL};
    hold->last = &hold->first;
}

void jt_rtmp_hold_deinit(struct jt_rtmp_hold *hold)
{
    while (hold->first)
        jt_rtmp_hold_pop(hold);
    hold->has_gap = false;
}

void jt_rtmp_hold_push(struct jt_rtmp_hold *hold, const struct jt_rtmp_message *message)
{
    struct jt_rtmp_held *held = NULL;

    if (!hold->has_gap && hold->count < JT_RTMP_HOLD_MAX_MESSAGES &&
        message->size <= JT_RTMP_HOLD_MAX_BYTES - hold->bytes)
        held = malloc(sizeof(*held) + message->size);
    if (!held) {
        hold->has_gap = true;
        return;
    }
    held->next = NULL;
    held->message = *message;
    held->message.body = held->bytes;
    if (message->size)
        memcpy(held->bytes, message->body, message->size);
    *hold->last = held;
    hold->last = &held->next;
    hold->bytes += message->size;
    hold->count++;
}

bool jt_rtmp_hold_peek(const struct jt_rtmp_hold *hold, struct jt_rtmp_message *out)
{
    if (!hold->first)
        return false;
    *out = hold->first->message;
    return true;
}

void jt_rtmp_hold_pop(struct jt_rtmp_hold *hold)
{
    struct jt_rtmp_held *held = hold->first;

    hold->first = held->next;
    if (!hold->first)
        hold->last = &hold->first;
    hold->bytes -= held->message.size;
    hold->count--;
    free(held);
}
