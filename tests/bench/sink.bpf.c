/*
 * A sink for media at tc egress: takes RTP and SRTP that leaves from UDP port PORT, whole messages before they are cut
 * into segments, as a network card with segmentation offload and a free driver would. Everything else passes: checks,
 * DTLS, RTCP (payload types 64 to 95, RFC 5761 §4).
 *
 * clang -O2 -target bpf -DPORT=8190 -c sink.bpf.c
 */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>

enum { ETHERNET = 14, IP_MIN = 20, UDP = 8, PROTOCOL_AT = ETHERNET + 9, PROTOCOL_UDP = 17 };

static long (*const load_bytes)(const struct __sk_buff *skb, __u32 at, void *to,
                                __u32 size) = (void *)BPF_FUNC_skb_load_bytes;

__attribute__((section("classifier"), used)) int sink(struct __sk_buff *skb)
{
    __u8 protocol = 0, source[2] = {0}, payload[2] = {0}, type;

    if (skb->protocol != __builtin_bswap16(0x0800) || load_bytes(skb, PROTOCOL_AT, &protocol, 1) ||
        protocol != PROTOCOL_UDP || load_bytes(skb, ETHERNET + IP_MIN, source, 2) ||
        (source[0] << 8 | source[1]) != PORT ||
        load_bytes(skb, ETHERNET + IP_MIN + UDP, payload, 2))
        return TC_ACT_UNSPEC;
    type = payload[1] & 0x7f;
    if (payload[0] < 128 || payload[0] > 191 || (type >= 64 && type <= 95))
        return TC_ACT_UNSPEC;
    return TC_ACT_STOLEN; /* not SHOT: the sender's socket would count it as an error */
}
