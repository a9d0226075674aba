/* H.264 from strangers: the first byte chooses the door, the rest goes through it. */
#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/writer.h"
#include "media/h264.h"
#include "media/h264_order.h"
#include "media/h264_params.h"
#include "media/track.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_params(const struct jt_h264_params *params)
{
    struct jt_track_info info;
    struct jt_h264_params again = {0};

    if (jt_h264_params_to_track(params, &info) != 0)
        return;
    assert(jt_track_info_check(&info) == 0);
    assert(jt_h264_params_from_record(info.config, info.config_bytes, &again) == 0);
    assert(again.size == params->size);
}

static void try_record(const uint8_t *data, size_t size)
{
    struct jt_h264_params params = {0};

    if (jt_h264_params_from_record(data, size, &params) == 0)
        check_params(&params);
}

static void try_nal(const uint8_t *data, size_t size)
{
    struct jt_h264_nal nal = {data, size};
    struct jt_h264_params params = {0};
    struct jt_h264_slice slice;
    struct jt_h264_sps sps;

    if (jt_h264_sps_parse(nal, &sps) == 0)
        assert(sps.width >= 1 && sps.width <= JT_H264_DIMENSION_MAX && sps.height >= 1 &&
               sps.height <= JT_H264_DIMENSION_MAX);
    (void)!jt_h264_params_put(&params, nal);
    (void)!jt_h264_slice_parse(nal, NULL, &slice);
}

static void try_au(const uint8_t *data, size_t size, enum jt_h264_form form)
{
    size_t room = size * 3 + 4;
    uint8_t *out = malloc(room);
    struct jt_h264_params params = {0};
    struct jt_h264_order order;

    jt_h264_order_init(&order, NULL);
    for (int i = 0; out && i < 2;
         i++) { /* twice: the second time with the parameter sets of the first */
        struct jt_writer w = jt_writer_of(out, room);
        struct jt_h264_au au;
        int err = jt_h264_au_normalize(jt_reader_of(data, size), form, &params, &w, &au);

        assert(err != -EMSGSIZE && (err == 0 || w.size == 0));
        if (err == 0) {
            assert(jt_h264_au_is_key(out, w.size) == au.is_key);
            (void)jt_h264_order_feed(&order, &au, i);
        }
    }
    check_params(&params);
    free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const enum jt_h264_form forms[] = {JT_H264_ANNEXB, JT_H264_AVCC1, JT_H264_AVCC2,
                                              JT_H264_AVCC4};

    if (size == 0)
        return 0;
    if (data[0] % 6 == 0)
        try_record(data + 1, size - 1);
    else if (data[0] % 6 == 1)
        try_nal(data + 1, size - 1);
    else
        try_au(data + 1, size - 1, forms[data[0] % 6 - 2]);
    return 0;
}
