// What a script can forge by hand: offers, STUN (RFC 8489), DTLS records (RFC 6347). Written from the specifications.
import crypto from 'node:crypto';
import dgram from 'node:dgram';
import { once } from 'node:events';
import { atEnd, request, until } from './harness/index.mjs';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const word = (size) => Array.from(crypto.randomBytes(size), (byte) => ALPHABET[byte % 64]).join('');
const SOME_FINGERPRINT = Array(32).fill('AB').join(':');

/** An offer to receive video and audio. Options replace parts of it; `more` is added to each section. */
export function makeOffer({
    ufrag = word(8),
    pwd = word(24),
    fingerprint = `sha-256 ${SOME_FINGERPRINT}`,
    setup = 'actpass',
    protocol = 'UDP/TLS/RTP/SAVPF',
    more = [],
} = {}) {
    const session = ['v=0', 'o=- 1 2 IN IP4 127.0.0.1', 's=-', 't=0 0', 'a=group:BUNDLE 0 1'];
    const section = (kind, types, mid, lines) => [
        ...[`m=${kind} 9 ${protocol} ${types}`, 'c=IN IP4 0.0.0.0', `a=mid:${mid}`, 'a=recvonly', 'a=rtcp-mux'],
        ...[`a=ice-ufrag:${ufrag}`, `a=ice-pwd:${pwd}`, ...(fingerprint ? [`a=fingerprint:${fingerprint}`] : []), `a=setup:${setup}`],
        ...[...lines, ...more],
    ];
    const h264 = 'a=fmtp:96 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f';
    const video = section('video', '96 97', 0, ['a=rtpmap:96 H264/90000', h264, 'a=rtcp-fb:96 nack pli', 'a=rtpmap:97 rtx/90000', 'a=fmtp:97 apt=96']);
    const audio = section('audio', '111', 1, ['a=rtpmap:111 opus/48000/2']);
    return { ufrag, pwd, sdp: [...session, ...video, ...audio].join('\r\n') + '\r\n' };
}

/** POST an offer; `via` is a URL's beginning, or {socketPath}. Resolves to the answer of HTTP. */
export const postOffer = (via, show, sdp, headers = {}) => {
    const options = { method: 'POST', body: sdp, headers: { 'Content-Type': 'application/sdp', 'Content-Length': Buffer.byteLength(sdp), ...headers } };
    return via.socketPath ? request(`/whep/${show}`, { socketPath: via.socketPath, ...options }) : request(`${via}/whep/${show}`, options);
};

/** A WHEP session of which nothing but the offer was made. */
export async function openSession(chain, options = {}) {
    const offer = makeOffer(options);
    const answer = await postOffer(chain.relay.http, chain.show, offer.sdp);
    if (answer.status !== 201) throw new Error(`POST: ${answer.status} ${answer.body}`);
    const attribute = (name) => new RegExp(`a=${name}:(\\S+)`).exec(answer.body)[1];
    const [, address, port] = /a=candidate:\S+ \d+ udp \d+ (\S+) (\d+)/i.exec(answer.body);
    return {
        offer,
        location: answer.headers.location,
        ufrag: attribute('ice-ufrag'),
        pwd: attribute('ice-pwd'),
        address,
        port: Number(port),
        close: () => request(chain.relay.http + answer.headers.location, { method: 'DELETE' }),
    };
}

/* ---- STUN ---- */

const CRC = Array.from({ length: 256 }, (_, n) => {
    for (let bit = 0; bit < 8; bit++) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1;
    return n >>> 0;
});
const crc32 = (bytes) => (bytes.reduce((crc, byte) => CRC[(crc ^ byte) & 0xff] ^ (crc >>> 8), 0xffffffff) ^ 0xffffffff) >>> 0;

export const STUN = { REQUEST: 0x0001, INDICATION: 0x0011, SUCCESS: 0x0101, ERROR: 0x0111 };

export function attribute(type, value) {
    const head = Buffer.alloc(4);
    head.writeUInt16BE(type, 0);
    head.writeUInt16BE(value.length, 2);
    return Buffer.concat([head, value, Buffer.alloc((4 - (value.length % 4)) % 4)]);
}

function stunHeader(type, length, id) {
    const head = Buffer.alloc(8);
    head.writeUInt16BE(type, 0);
    head.writeUInt16BE(length, 2);
    head.writeUInt32BE(0x2112a442, 4);
    return Buffer.concat([head, id]);
}

/** A STUN message: attributes, then integrity by `key` unless null, then the fingerprint unless told otherwise. */
export function stun(type, attributes, { key = null, id = crypto.randomBytes(12), fingerprint = true } = {}) {
    let body = Buffer.concat(attributes);
    if (key !== null) {
        const mac = crypto.createHmac('sha1', key).update(Buffer.concat([stunHeader(type, body.length + 24, id), body])).digest();
        body = Buffer.concat([body, attribute(0x0008, mac)]);
    }
    if (fingerprint) {
        const crc = Buffer.alloc(4);
        crc.writeUInt32BE((crc32(Buffer.concat([stunHeader(type, body.length + 8, id), body])) ^ 0x5354554e) >>> 0);
        body = Buffer.concat([body, attribute(0x8028, fingerprint === 'wrong' ? Buffer.from([1, 2, 3, 4]) : crc)]);
    }
    return Buffer.concat([stunHeader(type, body.length, id), body]);
}

/** A check as a full agent sends it, for a session of openSession. Options as for stun(), and `username`, `nominate`. */
export function check(session, { username = `${session.ufrag}:${session.offer.ufrag}`, key = session.pwd, nominate = true, ...options } = {}) {
    const attributes = [attribute(0x0006, Buffer.from(username)), attribute(0x802a, Buffer.alloc(8, 7)), attribute(0x0024, Buffer.from([0x6e, 0, 1, 0xff]))];
    if (nominate) attributes.push(attribute(0x0025, Buffer.alloc(0)));
    return stun(STUN.REQUEST, attributes, { key, ...options });
}

/** A UDP socket that keeps what it gets. Default address 127.0.0.1; 127.0.0.2 is a stranger's. */
export class Caller {
    static async open(t, session, address = '127.0.0.1', port = 0) {
        const caller = new Caller();
        caller.to = session;
        caller.got = [];
        caller.socket = dgram.createSocket('udp4');
        caller.socket.on('message', (data) => caller.got.push(data));
        caller.socket.on('error', () => {});
        caller.socket.bind(port, address);
        await once(caller.socket, 'listening');
        atEnd(t, () => caller.close());
        return caller;
    }

    get port() {
        return this.socket.address().port;
    }

    send(...datagrams) {
        for (const datagram of datagrams) this.socket.send(datagram, this.to.port, this.to.address);
    }

    /** Resolves once a success answer to `id` came. */
    answered(id) {
        return until('an answer', () => this.got.find((data) => data.length > 20 && data.readUInt16BE(0) === STUN.SUCCESS && data.subarray(8, 20).equals(id)));
    }

    /** A proper check and its answer. */
    async prove(options = {}) {
        const id = crypto.randomBytes(12);
        this.send(check(this.to, { id, ...options }));
        return this.answered(id);
    }

    get bytes() {
        return this.got.reduce((sum, data) => sum + data.length, 0);
    }

    close() {
        if (this.closed) return;
        this.closed = true;
        this.socket.close();
    }
}

/* ---- DTLS ---- */

export function record(type, body, { epoch = 0, sequence = 0, version = 0xfefd, length = body.length } = {}) {
    const head = Buffer.alloc(13);
    head.writeUInt8(type, 0);
    head.writeUInt16BE(version, 1);
    head.writeUInt16BE(epoch, 3);
    head.writeUIntBE(sequence, 5, 6);
    head.writeUInt16BE(length, 11);
    return Buffer.concat([head, body]);
}

/** A handshake message or a fragment of one (RFC 6347 §4.2.2). */
export function handshake(type, body, { message = 0, at = 0, size = body.length, total = body.length } = {}) {
    const head = Buffer.alloc(12);
    head.writeUInt8(type, 0);
    head.writeUIntBE(total, 1, 3);
    head.writeUInt16BE(message, 4);
    head.writeUIntBE(at, 6, 3);
    head.writeUIntBE(size, 9, 3);
    return Buffer.concat([head, body.subarray(at, at + size)]);
}

/** Body of a ClientHello of DTLS 1.2 with the given suites and no extension. */
export function helloBody(suites = [0x0002]) {
    const list = Buffer.concat(suites.map((suite) => Buffer.from([suite >> 8, suite & 0xff])));
    return Buffer.concat([Buffer.from([0xfe, 0xfd]), crypto.randomBytes(32), Buffer.from([0, 0, 0, list.length]), list, Buffer.from([1, 0])]);
}

export const clientHello = (suites) => record(22, handshake(1, helloBody(suites)));
