#include "rtc/dtls_record.h"

#include <errno.h>

enum {
    VERSION_1_0 = 0xfeff, /* on a first ClientHello (RFC 6347 §4.2.1) */
    VERSION_1_2 = 0xfefd,
    SEQUENCE_BYTES = 6,
    /* message types a client sends in clear (RFC 5246 §7.4) */
    CLIENT_HELLO = 1,
    CERTIFICATE = 11,
    CERTIFICATE_VERIFY = 15,
    CLIENT_KEY_EXCHANGE = 16,
};

int jt_dtls_record_next(struct jt_reader *r, struct jt_dtls_record *out)
{
    struct jt_reader start = *r;
    struct jt_dtls_record record = {.bytes = r->next};
    uint16_t version;

    record.type = jt_read_u8(r);
    version = jt_read_be16(r);
    record.epoch = jt_read_be16(r);
    (void)jt_reader_take(r, SEQUENCE_BYTES);
    record.body = jt_reader_sub(r, jt_read_be16(r));
    if (r->failed || (version != VERSION_1_0 && version != VERSION_1_2))
        return -EBADMSG;
    if (record.type < JT_DTLS_CHANGE_CIPHER_SPEC || record.type > JT_DTLS_APPLICATION_DATA)
        return -EBADMSG;
    record.size = start.left - r->left;
    *out = record;
    return 0;
}

static bool is_client_message(uint8_t type)
{
    return type == CLIENT_HELLO || type == CERTIFICATE || type == CERTIFICATE_VERIFY ||
           type == CLIENT_KEY_EXCHANGE;
}

/* RFC 6347 §4.2.2: type, length, message number, fragment offset, fragment length, fragment. */
static bool take_fragment(struct jt_reader *r)
{
    uint8_t type = jt_read_u8(r);
    uint32_t size = jt_read_be24(r);
    uint16_t number = jt_read_be16(r);
    uint32_t offset = jt_read_be24(r);
    uint32_t fragment = jt_read_be24(r);

    (void)jt_reader_take(r, fragment);
    return !r->failed && is_client_message(type) && size <= JT_DTLS_MESSAGE_MAX_BYTES &&
           number < JT_DTLS_MESSAGES_MAX && offset <= size && fragment <= size - offset;
}

bool jt_dtls_record_is_client_handshake(const struct jt_dtls_record *record)
{
    struct jt_reader r = record->body;

    if (r.left == 0)
        return false;
    while (r.left > 0)
        if (!take_fragment(&r))
            return false;
    return true;
}

bool jt_dtls_record_is_change_cipher_spec(const struct jt_dtls_record *record)
{
    struct jt_reader r = record->body;

    return r.left == 1 && jt_read_u8(&r) == 1;
}
