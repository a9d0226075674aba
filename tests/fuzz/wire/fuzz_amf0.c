#include "wire/amf0.h"

#include <assert.h>

#include "base/reader.h"

static struct jt_amf0 amf;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct jt_reader r = jt_reader_of(data, size);
    struct jt_amf0_command command;

    if (jt_amf0_read(&r, &amf) < 0) {
        assert(amf.count == 0);
        return 0;
    }
    assert(r.left == 0);
    (void)!jt_amf0_command(&amf, &command);
    for (size_t i = 0; i < amf.count; i++) {
        const struct jt_amf0_value *value = &amf.values[i];
        int64_t integer = jt_amf0_integer(value, -5, 5);

        assert(value->next > i && value->next <= amf.count);
        assert(integer >= -5 && integer <= 5);
        (void)jt_amf0_find(&amf, value, "app");
    }
    return 0;
}
