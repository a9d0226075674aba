/**
 * A coded frame: one access unit of video or one packet of audio, before packing and after
 * unpacking.
 */
#ifndef JT_MEDIA_FRAME_H
#define JT_MEDIA_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * `data` is borrowed. H.264: NAL units in AVCC form with 4-byte lengths, without parameter sets
 * unless the stream carries them in band (see media/h264_pack.h); AAC: one raw_data_block; Opus:
 * one packet. All times are on the show's time line: microseconds, and `dts`/`pts` in units of the
 * track's clock, counted from the same zero (CLOCK_MONOTONIC's), so that tracks and epochs of a
 * show agree without further ado.
 */
struct jt_frame {
    const uint8_t *data;
    size_t size;
    int64_t dts,
        pts; /* track clock: 90 kHz for video, 48 kHz for Opus, the sampling rate for AAC */
    int64_t
        capture_us; /* when it was captured, as well as we know: the time line in microseconds */
    bool is_key;
    bool is_discardable; /* no other frame refers to it */
};

#endif
