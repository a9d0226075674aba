/* RTMP video and audio message bodies from strangers. */
#include <assert.h>
#include <stdint.h>

#include "media/flv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const uint8_t *data, size_t size, const struct jt_flv_message *message)
{
    assert(message->codec_name);
    assert((message->kind == JT_FLV_REFUSED) == (message->refusal != JT_FLV_REFUSAL_NONE));
    if (message->size > 0)
        assert(message->data >= data && message->data + message->size <= data + size);
    if (message->kind == JT_FLV_CONFIG || message->kind == JT_FLV_FRAME)
        assert(message->size > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct jt_flv_message message;

    if (jt_flv_video_parse(data, size, &message) == 0)
        check(data, size, &message);
    if (jt_flv_audio_parse(data, size, &message) == 0)
        check(data, size, &message);
    return 0;
}
