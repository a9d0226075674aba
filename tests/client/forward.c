/* Media in clear for another program's eyes, ffmpeg's for instance. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <sys/socket.h>

#include "client.h"

enum { RTCP = 1, AUDIO = 2 };

static int forward_fd = -1, first_port;
static const struct session *chosen; /* one viewer's */

int forward_init(int port)
{
    first_port = port;
    forward_fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    return forward_fd < 0 ? -errno : 0;
}

static bool is_chosen(const struct session *session)
{
    if (forward_fd < 0)
        return false;
    if (!chosen)
        chosen = session;
    return session == chosen;
}

static void forward(int offset, const uint8_t *data, size_t size)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)(first_port + offset)),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

    (void)sendto(forward_fd, data, size, 0, (struct sockaddr *)&to, sizeof(to));
}

static uint32_t ssrc_at(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

void forward_rtp(const struct session *session, const uint8_t *data, size_t size)
{
    uint32_t ssrc = ssrc_at(data + 8);

    if (!is_chosen(session))
        return;
    if (ssrc == session->video_ssrc)
        forward(0, data, size);
    else if (ssrc == session->audio_ssrc)
        forward(AUDIO, data, size);
}

void forward_rtcp(const struct session *session, const uint8_t *data, size_t size)
{
    if (size >= 8 && is_chosen(session))
        forward(ssrc_at(data + 4) == session->audio_ssrc ? AUDIO + RTCP : RTCP, data, size);
}
