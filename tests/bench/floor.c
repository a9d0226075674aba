/*
 * The floor: what the fan-out of a fixed stream costs at least with this kernel, without any of our code. Header and
 * AES-128-GCM straight from the source into the slab, a frame of a viewer is one UDP_SEGMENT message with the audio
 * packet riding as its last, shorter segment, 32 viewers a sendmmsg. Audio that is due between frames goes by itself:
 * 50 messages and 260 packets a second.
 *
 * Cipher: OpenSSL EVP, a context per viewer, only the IV set per packet.
 */
#include <errno.h>
#include <netinet/udp.h>
#include <openssl/evp.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "paced.h"

enum { TAG_BYTES = 16, IV_BYTES = 12, GROUP = 32, MESSAGE_MAX_BYTES = 8 * VIDEO_PACKET_BYTES };

struct viewer {
    EVP_CIPHER_CTX *ctx;
    uint8_t salt[IV_BYTES];
    uint32_t ssrc;
    uint16_t video_sequence, audio_sequence, twcc;
};

static struct viewer *viewers;

static struct {
    alignas(size_t) uint8_t bytes[CMSG_SPACE(sizeof(uint16_t))];
} controls[GROUP];

static struct group {
    int count;
    struct mmsghdr headers[GROUP];
    struct iovec vectors[GROUP];
    uint8_t slab[GROUP][MESSAGE_MAX_BYTES];
} group;

static void open_viewers(const struct paced *paced)
{
    uint8_t key[16] = {0};

    viewers = calloc((size_t)paced->viewers, sizeof(*viewers));
    for (int i = 0; viewers && i < paced->viewers; i++) {
        memcpy(key, &i, sizeof(i));
        memcpy(viewers[i].salt, &i, sizeof(i));
        viewers[i].ssrc = 0x10000U + (uint32_t)i;
        viewers[i].ctx = EVP_CIPHER_CTX_new();
        if (!EVP_EncryptInit_ex(viewers[i].ctx, EVP_aes_128_gcm(), NULL, key, NULL))
            abort();
    }
}

/* RFC 7714 §8.1; ROC 0 is as dear as any. */
static void seal(struct viewer *viewer, const uint8_t *payload, int size, uint8_t *out)
{
    uint8_t iv[IV_BYTES];
    int n;

    memcpy(iv, viewer->salt, sizeof(iv));
    for (int i = 0; i < 4; i++)
        iv[2 + i] ^= out[8 + i];
    iv[10] ^= out[2];
    iv[11] ^= out[3];
    if (!EVP_EncryptInit_ex(viewer->ctx, NULL, NULL, NULL, iv) ||
        !EVP_EncryptUpdate(viewer->ctx, NULL, &n, out, HEADER_BYTES) ||
        !EVP_EncryptUpdate(viewer->ctx, out + HEADER_BYTES, &n, payload, size) ||
        !EVP_EncryptFinal_ex(viewer->ctx, out + HEADER_BYTES + size, &n) ||
        !EVP_CIPHER_CTX_ctrl(viewer->ctx, EVP_CTRL_AEAD_GET_TAG, TAG_BYTES,
                             out + HEADER_BYTES + size))
        abort();
}

static size_t add_packet(struct paced *paced, struct viewer *viewer, bool audio, unsigned frame,
                         unsigned packet, uint8_t *out)
{
    int size = (audio ? AUDIO_PACKET_BYTES : VIDEO_PACKET_BYTES) - HEADER_BYTES - TAG_BYTES;
    uint16_t sequence = audio ? viewer->audio_sequence++ : viewer->video_sequence++;

    paced_header(out, audio, viewer->ssrc + audio, sequence, frame * 3000, viewer->twcc++);
    seal(viewer, paced_payload(paced, frame, packet), size, out);
    paced->packets++;
    return (size_t)(HEADER_BYTES + size + TAG_BYTES);
}

static void flush(struct paced *paced)
{
    int sent = 0;

    while (sent < group.count) {
        int n = sendmmsg(paced->fd, group.headers + sent, (unsigned)(group.count - sent), 0);

        if (n > 0) {
            sent += n;
            paced->sends += (uint64_t)n;
        } else if (errno != EINTR) {
            paced->failed++;
            sent++;
        }
    }
    group.count = 0;
}

static void set_segment(struct msghdr *header, int slot)
{
    uint16_t segment = VIDEO_PACKET_BYTES;
    struct cmsghdr *control;

    header->msg_control = &controls[slot];
    header->msg_controllen = sizeof(controls[slot]);
    control = CMSG_FIRSTHDR(header);
    control->cmsg_level = SOL_UDP;
    control->cmsg_type = UDP_SEGMENT;
    control->cmsg_len = CMSG_LEN(sizeof(segment));
    memcpy(CMSG_DATA(control), &segment, sizeof(segment));
}

/* A message of `video` packets and at most one audio packet behind them. */
static void add_message(struct paced *paced, int number, unsigned frame, unsigned video, int audio)
{
    struct viewer *viewer = &viewers[number];
    int slot = group.count++;
    struct msghdr *header = &group.headers[slot].msg_hdr;
    size_t size = 0;

    for (unsigned i = 0; i < video; i++)
        size += add_packet(paced, viewer, false, frame, i, group.slab[slot] + size);
    if (audio)
        size += add_packet(paced, viewer, true, frame, 0, group.slab[slot] + size);
    group.vectors[slot] = (struct iovec){group.slab[slot], size};
    *header = (struct msghdr){.msg_name = &paced->destinations.list[number],
                              .msg_namelen = sizeof(struct sockaddr_in),
                              .msg_iov = &group.vectors[slot],
                              .msg_iovlen = 1};
    if (video)
        set_segment(header, slot);
    if (group.count == GROUP)
        flush(paced);
}

static void send_frame(struct paced *paced, unsigned number, int audio)
{
    for (int i = 0; i < paced->viewers; i++)
        add_message(paced, i, number, FRAME_PACKETS, audio > 0);
    flush(paced);
    if (audio < 2)
        return;
    for (int i = 0; i < paced->viewers; i++)
        add_message(paced, i, number, 0, 1);
    flush(paced);
}

int main(int argc, char **argv)
{
    struct paced paced;

    paced_open(&paced, argc, argv);
    open_viewers(&paced);
    paced_run(&paced, send_frame);
    paced_report(&paced, "floor", "OpenSSL EVP AES-128-GCM");
    for (int i = 0; i < paced.viewers; i++)
        EVP_CIPHER_CTX_free(viewers[i].ctx);
    free(viewers);
    return 0;
}
