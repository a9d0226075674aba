/* jangteo-picture: one uploaded picture in (descriptor 0), two small JPEGs out (descriptor 1), as
 * protocol.h says. Started by chat/picture for each upload; ends without tidying up. */
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/writer.h"
#include "chat/picture/decoder/cage.h"
#include "chat/picture/decoder/envelope.h"
#include "chat/picture/decoder/protocol.h"
#include "chat/picture/decoder/scale.h"

/** The upload, in memory that may be written to. */
static enum decoder_status read_upload(uint8_t **bytes, size_t *size)
{
    struct stat stat;

    if (fstat(STDIN_FILENO, &stat) < 0 || !S_ISREG(stat.st_mode))
        return DECODER_FAILED;
    if (stat.st_size == 0)
        return DECODER_NOT_A_PICTURE;
    if (stat.st_size > DECODER_INPUT_MAX_BYTES)
        return DECODER_TOO_LARGE;
    *size = (size_t)stat.st_size;
    *bytes = mmap(NULL, *size, PROT_READ | PROT_WRITE, MAP_PRIVATE, STDIN_FILENO, 0);
    return *bytes == MAP_FAILED ? DECODER_FAILED : DECODER_DONE;
}

static enum decoder_status write_all(const uint8_t *bytes, size_t size)
{
    while (size > 0) {
        ssize_t n = write(STDOUT_FILENO, bytes, size);

        if (n <= 0)
            return DECODER_FAILED;
        bytes += n;
        size -= (size_t)n;
    }
    return DECODER_DONE;
}

static enum decoder_status answer(const struct scale_result *result)
{
    uint8_t head[DECODER_ANSWER_HEAD_BYTES];
    struct jt_writer w = jt_writer_of(head, sizeof(head));
    enum decoder_status status;

    jt_write_be32(&w, (uint32_t)result->width);
    jt_write_be32(&w, (uint32_t)result->height);
    jt_write_be32(&w, (uint32_t)result->large_bytes);
    jt_write_be32(&w, (uint32_t)result->small_bytes);
    status = write_all(head, sizeof(head));
    if (!status)
        status = write_all(result->large, result->large_bytes);
    return status ? status : write_all(result->small, result->small_bytes);
}

static enum decoder_status status_of(int err)
{
    switch (err) {
    case 0:
        return DECODER_DONE;
    case -EBADMSG:
        return DECODER_NOT_A_PICTURE;
    case -EMSGSIZE:
        return DECODER_TOO_MANY_PIXELS;
    case -ENOMEM:
        return DECODER_NO_MEMORY;
    default:
        return DECODER_FAILED;
    }
}

static enum decoder_status run(void)
{
    enum envelope_format format;
    struct envelope envelope;
    struct scale_result result;
    struct scale *scale;
    uint8_t *bytes;
    size_t size;
    enum decoder_status status;
    int err = cage_limit();

    if (err)
        return DECODER_FAILED;
    status = read_upload(&bytes, &size);
    if (status)
        return status;
    err = envelope_guess(bytes, size, &format);
    if (!err)
        err = scale_new(format, &scale);
    if (!err)
        err = cage_close();
    if (!err)
        err = envelope_open(bytes, size, &envelope);
    if (!err)
        err = scale_run(scale, &envelope, bytes, &result);
    return err ? status_of(err) : answer(&result);
}

int main(void)
{
    _exit(run()); /* no destructors: what they would do is not allowed any more */
}
