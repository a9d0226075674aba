/* AudioSpecificConfig, ADTS and Opus packets from strangers. */
#include <assert.h>
#include <stdint.h>

#include "media/aac.h"
#include "media/opus.h"
#include "media/track.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct jt_track_info info;
    struct jt_aac_config config;
    struct jt_aac_adts adts;
    struct jt_opus_packet packet;

    if (jt_aac_config_to_track(data, size, &info) == 0)
        assert(jt_track_info_check(&info) == 0);
    if (jt_aac_adts_parse(data, size, &adts) == 0) {
        assert(adts.header_bytes < adts.frame_bytes && adts.frame_bytes <= size);
        (void)!jt_aac_config_parse(adts.config, sizeof(adts.config), &config);
    }
    if (jt_opus_parse(data, size, &packet) == 0)
        assert(packet.samples > 0 && packet.samples <= JT_OPUS_PACKET_MAX_SAMPLES);
    return 0;
}
