/* Any bytes as an offer: no crash; what is chosen can be written; what is written holds no control byte but CR LF. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "whip/answer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_source(const uint8_t *data, size_t size, enum jt_codec video)
{
    const struct jt_answer_source source = {
        .video = {.codec = video, .profile_level_id = {0x42, 0xe0, 0x1f}},
        .audio = {.codec = JT_CODEC_OPUS, .channels = 2}};
    const struct jt_answer_local local = {.ufrag = "abcd",
                                          .pwd = "serverpasswordserverpassword",
                                          .fingerprint = "00:11",
                                          .cname = "c0ffee",
                                          .candidates = {{"127.0.0.1", 8190}},
                                          .candidate_count = 1};
    struct jt_answer_refusal refusal;
    struct jt_answer_plan plan;
    char text[JT_ANSWER_MAX_BYTES];
    int length;

    if (jt_answer_choose((const char *)data, size, &source, &plan, &refusal) < 0)
        return;
    length = jt_answer_write((const char *)data, size, &plan, &local, text, sizeof(text));
    for (int i = 0; i < length; i++) {
        if ((unsigned char)text[i] < 0x20 && text[i] != '\r' && text[i] != '\n')
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    try_source(data, size, JT_CODEC_H264);
    try_source(data, size, JT_CODEC_VP9);
    return 0;
}
