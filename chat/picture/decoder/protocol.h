/**
 * What jangteo-picture and its parent agree on. Descriptor 0 is the upload, a file of at most
 * DECODER_INPUT_MAX_BYTES; descriptor 1 is an empty file for the answer, written when the exit status
 * is DECODER_DONE:
 *
 *   u32 width, u32 height (of the large JPEG), u32 size of the large, u32 size of the small,
 *   the large JPEG, the small JPEG        — all big-endian, nothing after
 */
#ifndef CHAT_PICTURE_DECODER_PROTOCOL_H
#define CHAT_PICTURE_DECODER_PROTOCOL_H

enum {
    DECODER_INPUT_MAX_BYTES = 12 * 1024 * 1024, /* the threat model's limit for pictures */
    DECODER_OUTPUT_MAX_BYTES = 4 * 1024 * 1024, /* ours: noise at quality 85 is below 2 MiB */
    DECODER_ANSWER_HEAD_BYTES = 16,
    DECODER_LARGE_MAX_PX =
        1080, /* either side; a phone held upright is 360 to 430 wide, times 2.5 */
    DECODER_SMALL_MAX_PX = 320,
};

/** Exit status. Ended by a signal: by its limits, or by a fault that the upload found. */
enum decoder_status {
    DECODER_DONE = 0,
    DECODER_NOT_A_PICTURE = 10,
    DECODER_TOO_LARGE,       /* bytes */
    DECODER_TOO_MANY_PIXELS, /* before anything was decoded */
    DECODER_NO_MEMORY,       /* within its limit */
    DECODER_FAILED,          /* ours: no loader, no descriptors, no room for the answer */
};

#endif
