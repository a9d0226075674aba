#include "media/aac.h"

#include <errno.h>
#include <string.h>

#include "base/reader.h"
#include "media/bits.h"
#include "media/track.h"

enum {
    OBJECT_TYPE_ESCAPE = 31,  /* ISO/IEC 14496-3 table 1.16 */
    RATE_INDEX_EXPLICIT = 15, /* table 1.18 */
    SYNC_SBR = 0x2b7,         /* §1.6.2.1: backward compatible signalling */
    SYNC_PS = 0x548,
    IMPLICIT_SBR_MAX_HZ = 24000, /* §1.6.5.3 */
    ADTS_HEADER_BYTES = 7,
    ADTS_CRC_BYTES = 2,
    CHANNELS_MAX = 8,
};

static const uint32_t rates[13] = {
    /* table 1.18 */
    96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350,
};

/* Table 1.19; 0: reserved, or told by a program config element. */
static const uint8_t channel_table[16] = {0, 1, 2, 3, 4, 5, 6, 8, 0, 0, 0, 7, 8, 0, 8, 0};

static uint32_t read_object_type(struct jt_bits *bits)
{
    uint32_t type = jt_bits_read(bits, 5);

    return type == OBJECT_TYPE_ESCAPE ? 32 + jt_bits_read(bits, 6) : type;
}

static uint32_t read_rate(struct jt_bits *bits)
{
    uint32_t index = jt_bits_read(bits, 4);
    uint32_t rate = 0;

    if (index == RATE_INDEX_EXPLICIT)
        rate = jt_bits_read(bits, 24);
    else if (index < JT_COUNT(rates))
        rate = rates[index];
    if (rate < JT_AAC_SAMPLE_RATE_MIN_HZ || rate > JT_AAC_SAMPLE_RATE_MAX_HZ)
        bits->failed = true;
    return rate;
}

static unsigned read_elements(struct jt_bits *bits, uint32_t count)
{
    unsigned channels = 0;

    for (uint32_t i = 0; i < count; i++) {
        channels += jt_bits_flag(bits) ? 2 : 1; /* a channel pair, or a single channel */
        jt_bits_skip(bits, 4);
    }
    return channels;
}

/* §4.4.1.1 program_config_element. Returns the number of channels. */
static unsigned read_program_config(struct jt_bits *bits)
{
    uint32_t counts[3], lfe, data, coupling, comment;
    unsigned channels = 0;

    jt_bits_skip(bits, 10); /* instance tag, object type, rate index */
    for (unsigned i = 0; i < 3; i++)
        counts[i] = jt_bits_read(bits, 4); /* front, side, back */
    lfe = jt_bits_read(bits, 2);
    data = jt_bits_read(bits, 3);
    coupling = jt_bits_read(bits, 4);
    if (jt_bits_flag(bits)) /* mono_mixdown_present */
        jt_bits_skip(bits, 4);
    if (jt_bits_flag(bits)) /* stereo_mixdown_present */
        jt_bits_skip(bits, 4);
    if (jt_bits_flag(bits)) /* matrix_mixdown_idx_present */
        jt_bits_skip(bits, 3);
    for (unsigned i = 0; i < 3; i++)
        channels += read_elements(bits, counts[i]);
    jt_bits_skip(bits, 4 * lfe + 4 * data + 5 * coupling);
    jt_bits_align(bits);
    comment = jt_bits_read(bits, 8);
    jt_bits_skip(bits, comment * 8);
    return channels + lfe;
}

/* §4.4.1 GASpecificConfig, for the object types without layers. */
static void read_general_audio(struct jt_bits *bits, uint32_t channel_config,
                               struct jt_aac_config *config)
{
    bool is_short = jt_bits_flag(bits); /* frameLengthFlag */
    unsigned channels = channel_table[channel_config];

    config->frame_samples = is_short ? 960 : 1024;
    if (jt_bits_flag(bits)) /* dependsOnCoreCoder */
        jt_bits_skip(bits, 14);
    (void)jt_bits_flag(bits); /* extensionFlag: says nothing for these types */
    if (channel_config == 0)
        channels = read_program_config(bits);
    if (channels < 1 || channels > CHANNELS_MAX)
        bits->failed = true;
    config->channels = (uint8_t)channels;
}

/*
 * Backward compatible signalling (§1.6.5): after the core's configuration; decoders that don't know
 * it stop before.
 */
static void read_sync_extension(struct jt_bits *bits, struct jt_aac_config *config)
{
    struct jt_bits ahead = *bits; /* what breaks here does not count */
    uint32_t rate;

    if (jt_bits_left(&ahead) < 16 || jt_bits_read(&ahead, 11) != SYNC_SBR)
        return;
    if (read_object_type(&ahead) != JT_AAC_SBR || !jt_bits_flag(&ahead))
        return;
    rate = read_rate(&ahead);
    if (ahead.failed)
        return;
    config->has_sbr = true;
    config->output_rate = rate;
    if (jt_bits_left(&ahead) >= 12 && jt_bits_read(&ahead, 11) == SYNC_PS)
        config->has_ps = jt_bits_flag(&ahead);
}

int jt_aac_config_parse(const uint8_t *data, size_t size, struct jt_aac_config *out)
{
    struct jt_bits bits = jt_bits_of(data, size);
    struct jt_aac_config config = {0};
    uint32_t type, channel_config;

    if (size > JT_AAC_CONFIG_MAX_BYTES)
        return -EBADMSG;
    type = read_object_type(&bits);
    config.sample_rate = config.output_rate = read_rate(&bits);
    channel_config = jt_bits_read(&bits, 4);
    if (type == JT_AAC_SBR || type == JT_AAC_PS) { /* hierarchical signalling */
        config.has_sbr = true;
        config.has_ps = type == JT_AAC_PS;
        config.output_rate = read_rate(&bits);
        type = read_object_type(&bits);
    }
    if (bits.failed)
        return -EBADMSG;
    if (type != JT_AAC_MAIN && type != JT_AAC_LC && type != JT_AAC_LTP)
        return -EPROTONOSUPPORT;
    config.object_type = (uint8_t)type;
    read_general_audio(&bits, channel_config, &config);
    if (bits.failed)
        return -EBADMSG;
    if (!config.has_sbr)
        read_sync_extension(&bits, &config);
    config.may_have_sbr = !config.has_sbr && config.sample_rate <= IMPLICIT_SBR_MAX_HZ;
    *out = config;
    return 0;
}

int jt_aac_config_to_track(const uint8_t *data, size_t size, struct jt_track_info *out)
{
    struct jt_aac_config config;
    struct jt_track_info info = {.codec = JT_CODEC_AAC, .layer = "main"};
    int err = jt_aac_config_parse(data, size, &config);

    if (err)
        return err;
    info.clock_hz = config.sample_rate;
    info.sample_rate = config.output_rate;
    info.channels = config.channels;
    info.config_bytes = (uint16_t)size;
    memcpy(info.config, data, size);
    *out = info;
    return 0;
}

int jt_aac_adts_parse(const uint8_t *data, size_t size, struct jt_aac_adts *out)
{
    struct jt_bits bits = jt_bits_of(data, size);
    uint32_t sync = jt_bits_read(&bits, 12);
    uint32_t layer, profile, rate_index, channel_config, frame, blocks;
    bool has_crc;
    size_t header;

    (void)jt_bits_flag(&bits); /* ID: MPEG-2 or -4 */
    layer = jt_bits_read(&bits, 2);
    has_crc = !jt_bits_flag(&bits);
    profile = jt_bits_read(&bits, 2);
    rate_index = jt_bits_read(&bits, 4);
    (void)jt_bits_flag(&bits); /* private_bit */
    channel_config = jt_bits_read(&bits, 3);
    jt_bits_skip(&bits, 4); /* original, home, copyright bits */
    frame = jt_bits_read(&bits, 13);
    jt_bits_skip(&bits, 11); /* buffer fullness */
    blocks = jt_bits_read(&bits, 2);
    header = has_crc ? ADTS_HEADER_BYTES + ADTS_CRC_BYTES : ADTS_HEADER_BYTES;
    if (bits.failed || sync != 0xfff || layer != 0 || rate_index >= JT_COUNT(rates))
        return -EBADMSG;
    if (channel_config == 0 || blocks != 0 || frame <= header || frame > size)
        return -EBADMSG;
    out->header_bytes = (uint8_t)header;
    out->frame_bytes = (uint16_t)frame;
    out->config[0] =
        (uint8_t)((profile + 1) << 3 | rate_index >> 1); /* profile is the object type - 1 */
    out->config[1] = (uint8_t)((rate_index & 1) << 7 | channel_config << 3);
    return 0;
}
