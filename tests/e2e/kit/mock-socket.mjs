// The server's half of a WebSocket (RFC 6455), enough for a page: text frames, ping, close. Written by hand, so that it
// shares nothing with the service under test.
import { createHash } from 'node:crypto';

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const TEXT = 1, CLOSE = 8, PING = 9, PONG = 10;

function frame(opcode, payload) {
    const { length } = payload;
    const head = length < 126 ? Buffer.from([0x80 | opcode, length]) : Buffer.from([0x80 | opcode, 126, length >> 8, length & 255]);
    if (length < 65536) return Buffer.concat([head, payload]);
    const long = Buffer.alloc(10);
    long.writeUInt8(0x80 | opcode, 0);
    long.writeUInt8(127, 1);
    long.writeBigUInt64BE(BigInt(length), 2);
    return Buffer.concat([long, payload]);
}

/* One frame of a client out of `bytes`: {opcode, payload, size}, or null when it is not whole. */
function parse(bytes) {
    if (bytes.length < 2) return null;
    let length = bytes[1] & 127, at = 2;
    if (length === 126) [length, at] = bytes.length >= 4 ? [bytes.readUInt16BE(2), 4] : [Infinity, 4];
    else if (length === 127) [length, at] = bytes.length >= 10 ? [Number(bytes.readBigUInt64BE(2)), 10] : [Infinity, 10];
    if (bytes.length < at + 4 + length) return null;
    const mask = bytes.subarray(at, at + 4);
    const payload = Buffer.from(bytes.subarray(at + 4, at + 4 + length), 0);
    for (let i = 0; i < payload.length; i++) payload[i] ^= mask[i % 4];
    return { opcode: bytes[0] & 15, payload, size: at + 4 + length };
}

export class Peer {
    #socket;
    #bytes = Buffer.alloc(0);

    /** Take an upgrade request; `onText(text, peer)`. */
    constructor(request, socket, onText, onEnd) {
        const accept = createHash('sha1').update(request.headers['sec-websocket-key'] + GUID).digest('base64');
        socket.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`);
        this.#socket = socket;
        socket.on('data', (more) => this.#onData(more, onText));
        socket.on('close', () => onEnd(this));
        socket.on('error', () => {});
    }

    #onData(more, onText) {
        this.#bytes = Buffer.concat([this.#bytes, more]);
        for (let one = parse(this.#bytes); one; one = parse(this.#bytes)) {
            this.#bytes = this.#bytes.subarray(one.size);
            if (one.opcode === TEXT) onText(one.payload.toString(), this);
            if (one.opcode === PING) this.#write(PONG, one.payload);
            if (one.opcode === CLOSE) this.#socket.end(frame(CLOSE, one.payload.subarray(0, 2)));
        }
    }

    #write(opcode, payload) {
        if (this.#socket.writable) this.#socket.write(frame(opcode, payload));
    }

    send(value) {
        this.#write(TEXT, Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)));
    }

    close(code) {
        this.#write(CLOSE, Buffer.from([code >> 8, code & 255]));
        this.#socket.end();
    }

    /** As if the network had gone. */
    cut() {
        this.#socket.destroy();
    }
}
