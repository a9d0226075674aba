/*
 * The naive sender, as others ship it: for every packet of every viewer a copy, AES-CM and HMAC-SHA1-80 in place by
 * OpenSSL (what libsrtp built with OpenSSL does; Debian's own, with NSS, is several times dearer and would flatter us),
 * and one sendto. Packet-major: a packet goes to all viewers before the next one.
 */
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "paced.h"

enum { TAG_BYTES = 10, IV_BYTES = 16, MAC_BYTES = 20 };

struct viewer {
    EVP_CIPHER_CTX *cipher;
    EVP_MAC_CTX *mac;
    uint8_t salt[IV_BYTES];
    uint32_t ssrc;
    uint16_t video_sequence, audio_sequence, twcc;
};

static struct viewer *viewers;

static void open_viewer(struct viewer *viewer, EVP_MAC *mac, int number)
{
    char digest[] = "SHA1";
    const OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
                                 OSSL_PARAM_construct_end()};
    uint8_t key[MAC_BYTES] = {0};

    memcpy(key, &number, sizeof(number));
    memcpy(viewer->salt, &number, sizeof(number));
    viewer->ssrc = 0x10000U + (uint32_t)number;
    viewer->cipher = EVP_CIPHER_CTX_new();
    viewer->mac = EVP_MAC_CTX_new(mac);
    if (!EVP_EncryptInit_ex(viewer->cipher, EVP_aes_128_ctr(), NULL, key, NULL) ||
        !EVP_MAC_init(viewer->mac, key, sizeof(key), params))
        abort();
}

static void open_viewers(const struct paced *paced)
{
    EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);

    viewers = calloc((size_t)paced->viewers, sizeof(*viewers));
    for (int i = 0; viewers && i < paced->viewers; i++)
        open_viewer(&viewers[i], mac, i);
    EVP_MAC_free(mac);
}

/* RFC 3711 §4.1.1 and §4.2 */
static void protect(struct viewer *viewer, uint8_t *packet, size_t size)
{
    static const uint8_t roc[4];
    uint8_t iv[IV_BYTES], mac[MAC_BYTES];
    size_t mac_size;
    int n;

    memcpy(iv, viewer->salt, sizeof(iv));
    for (int i = 0; i < 4; i++)
        iv[4 + i] ^= packet[8 + i];
    iv[12] ^= packet[2];
    iv[13] ^= packet[3];
    if (!EVP_EncryptInit_ex(viewer->cipher, NULL, NULL, NULL, iv) ||
        !EVP_EncryptUpdate(viewer->cipher, packet + HEADER_BYTES, &n, packet + HEADER_BYTES,
                           (int)(size - HEADER_BYTES)) ||
        !EVP_MAC_init(viewer->mac, NULL, 0, NULL) || !EVP_MAC_update(viewer->mac, packet, size) ||
        !EVP_MAC_update(viewer->mac, roc, sizeof(roc)) ||
        !EVP_MAC_final(viewer->mac, mac, &mac_size, sizeof(mac)))
        abort();
    memcpy(packet + size, mac, TAG_BYTES);
}

static void send_packet(struct paced *paced, int number, bool audio, unsigned frame,
                        unsigned packet)
{
    struct viewer *viewer = &viewers[number];
    size_t size = (size_t)(audio ? AUDIO_PACKET_BYTES : VIDEO_PACKET_BYTES) - TAG_BYTES;
    uint16_t sequence = audio ? viewer->audio_sequence++ : viewer->video_sequence++;
    uint8_t out[VIDEO_PACKET_BYTES];

    paced_header(out, audio, viewer->ssrc + audio, sequence, frame * 3000, viewer->twcc++);
    memcpy(out + HEADER_BYTES, paced_payload(paced, frame, packet), size - HEADER_BYTES);
    protect(viewer, out, size);
    if (sendto(paced->fd, out, size + TAG_BYTES, 0,
               (const struct sockaddr *)&paced->destinations.list[number],
               sizeof(struct sockaddr_in)) < 0)
        paced->failed++;
    paced->sends++;
    paced->packets++;
}

static void send_frame(struct paced *paced, unsigned number, int audio)
{
    for (unsigned packet = 0; packet < FRAME_PACKETS; packet++)
        for (int i = 0; i < paced->viewers; i++)
            send_packet(paced, i, false, number, packet);
    for (int packet = 0; packet < audio; packet++)
        for (int i = 0; i < paced->viewers; i++)
            send_packet(paced, i, true, number, 0);
}

int main(int argc, char **argv)
{
    struct paced paced;

    paced_open(&paced, argc, argv);
    open_viewers(&paced);
    paced_run(&paced, send_frame);
    paced_report(&paced, "naive", "OpenSSL EVP AES-128-CM, HMAC-SHA1-80");
    for (int i = 0; i < paced.viewers; i++) {
        EVP_CIPHER_CTX_free(viewers[i].cipher);
        EVP_MAC_CTX_free(viewers[i].mac);
    }
    free(viewers);
    return 0;
}
