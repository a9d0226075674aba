// A scripted, rude RTMP client: its bytes are made here from the text of the specification (Adobe RTMP 1.0 §5, §7).
import { once } from 'node:events';
import net from 'node:net';
import { until } from './harness/index.mjs';

export const HANDSHAKE = Buffer.concat([Buffer.from([3]), Buffer.alloc(2 * 1536)]);
const HANDSHAKE_ANSWER_BYTES = 1 + 2 * 1536;

const be = (value, size) => Buffer.from(value.toString(16).padStart(2 * size, '0'), 'hex');

/** A full header (type 0) on chunk stream `id` (2 to 63). */
export function header({ id = 3, time = 0, size, type, stream = 0 }) {
    const stream32 = Buffer.alloc(4);
    stream32.writeUInt32LE(stream);
    return Buffer.concat([Buffer.from([id]), be(time, 3), be(size, 3), Buffer.from([type]), stream32]);
}

/** A whole message in chunks of 128. */
export function message(fields, body) {
    const parts = [header({ ...fields, size: body.length }), body.subarray(0, 128)];
    for (let at = 128; at < body.length; at += 128) {
        parts.push(Buffer.from([0xc0 | (fields.id ?? 3)]), body.subarray(at, at + 128));
    }
    return Buffer.concat(parts);
}

const amfString = (text) => Buffer.concat([Buffer.from([2]), be(Buffer.byteLength(text, 'latin1'), 2), Buffer.from(text, 'latin1')]);
function amfNumber(value) {
    const number = Buffer.alloc(9);
    number.writeDoubleBE(value, 1);
    return number;
}
const amfName = (text) => amfString(text).subarray(1);

export const connect = (app) =>
    message(
        { type: 20 },
        Buffer.concat([
            amfString('connect'),
            amfNumber(1),
            Buffer.from([3]),
            amfName('app'),
            amfString(app),
            Buffer.from([0, 0, 9]),
        ]),
    );

export const call = (name, transaction, text, stream = 0) =>
    message(
        { type: 20, stream },
        Buffer.concat([amfString(name), amfNumber(transaction), Buffer.from([5]), text === undefined ? Buffer.alloc(0) : amfString(text)]),
    );

export class Peer {
    constructor(port) {
        this.socket = net.connect(port, '127.0.0.1');
        this.got = Buffer.alloc(0);
        this.isClosed = false;
        this.socket.on('data', (data) => (this.got = Buffer.concat([this.got, data])));
        this.socket.on('error', () => {}); // a reset is a close
        this.closed = new Promise((resolve) => this.socket.once('close', resolve)).then(() => (this.isClosed = true));
    }

    static async open(t, port) {
        const peer = new Peer(port);
        t.after(() => peer.socket.destroy());
        await once(peer.socket, 'connect');
        return peer;
    }

    send(...parts) {
        if (!this.socket.destroyed) this.socket.write(Buffer.concat(parts));
    }

    untilSaid(text) {
        return until(`the server to say ${text}`, () => this.got.includes(text));
    }

    untilClosed() {
        return until('the server to close', () => this.isClosed);
    }

    /** What came after the handshake. */
    said() {
        return this.got.subarray(HANDSHAKE_ANSWER_BYTES);
    }

    /** Handshake, connect, createStream, publish; resolves once publishing. */
    async publish(key, app = 'live') {
        this.send(HANDSHAKE, connect(app), call('createStream', 2), call('publish', 3, key, 1));
        await this.untilSaid('NetStream.Publish.Start');
    }
}
