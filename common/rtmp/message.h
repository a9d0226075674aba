/** RTMP messages, as both ends see them once the chunks are joined (Adobe RTMP 1.0 §5.4, §6, §7). */
#ifndef JT_RTMP_MESSAGE_H
#define JT_RTMP_MESSAGE_H

#include <stddef.h>
#include <stdint.h>

enum jt_rtmp_type {
    JT_RTMP_SET_CHUNK_SIZE = 1,
    JT_RTMP_ABORT = 2,
    JT_RTMP_ACKNOWLEDGEMENT = 3,
    JT_RTMP_USER_CONTROL = 4,
    JT_RTMP_WINDOW_ACK_SIZE = 5,
    JT_RTMP_SET_PEER_BANDWIDTH = 6,
    JT_RTMP_AUDIO = 8,
    JT_RTMP_VIDEO = 9,
    JT_RTMP_DATA_AMF3 = 15,
    JT_RTMP_COMMAND_AMF3 = 17,
    JT_RTMP_DATA_AMF0 = 18,
    JT_RTMP_COMMAND_AMF0 = 20,
    JT_RTMP_AGGREGATE = 22,
};

/** The event types of a user control message (§7.1.7). */
enum jt_rtmp_event {
    JT_RTMP_STREAM_BEGIN = 0,
    JT_RTMP_STREAM_EOF = 1,
    JT_RTMP_SET_BUFFER_LENGTH = 3,
    JT_RTMP_PING_REQUEST = 6,
    JT_RTMP_PING_RESPONSE = 7,
};

/** The chunk streams we send on: what nginx-rtmp, SRS and Flash use. The reader takes any. */
enum jt_rtmp_chunk_stream {
    JT_RTMP_CHUNK_STREAM_CONTROL = 2, /* §5.4 asks for 2 */
    JT_RTMP_CHUNK_STREAM_COMMAND = 3,
    JT_RTMP_CHUNK_STREAM_AUDIO = 4,
    JT_RTMP_CHUNK_STREAM_STREAM = 5, /* onStatus and data of a message stream */
    JT_RTMP_CHUNK_STREAM_VIDEO = 6,
};

struct jt_rtmp_message {
    uint8_t type;       /* enum jt_rtmp_type, or anything else from a peer */
    uint32_t time_ms;   /* wraps at 2^32 */
    uint32_t stream_id; /* message stream: 0 for the connection itself */
    const uint8_t *body;
    size_t size; /* bytes */
};

#endif
