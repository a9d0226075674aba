#include "wire/stun.h"

#include <assert.h>

#include "../../unit/wire/sha1.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct jt_stun_key key = {.password = jt_text_of("VOkJxbRl1RmTxUk/WvJxBt"), .hmac = hmac_sha1};
    struct jt_stun stun;

    if (jt_stun_parse(data, size, &stun) < 0)
        return 0;
    assert(jt_stun_is(data, size));
    assert(stun.username.size <= JT_STUN_USERNAME_MAX_BYTES);
    assert(!stun.has_integrity || stun.integrity_offset + 24 <= size);
    if (jt_stun_verify(&stun, &key))
        assert(stun.has_integrity);
    return 0;
}
