// A publisher whose every message can be changed on its way: ffmpeg's FLV on a pipe, sent by our own RTMP client.
import { spawn } from 'node:child_process';
import { atEnd, until } from './harness/index.mjs';
import { Peer } from './rtmp-peer.mjs';

const EXTENDED = 0xffffff; // RTMP 1.0 §5.3.1.3: from here on the time is in a field of its own

/** One message in chunks of 128, with the extended time where it is due. `time` is taken modulo 2^32. */
function chunks(id, type, time, body) {
    const stamp = ((time % 2 ** 32) + 2 ** 32) % 2 ** 32;
    const isExtended = stamp >= EXTENDED;
    const extended = Buffer.alloc(isExtended ? 4 : 0);
    if (isExtended) extended.writeUInt32BE(stamp);
    const head = Buffer.alloc(12);
    head.writeUInt8(id, 0);
    head.writeUIntBE(isExtended ? EXTENDED : stamp, 1, 3);
    head.writeUIntBE(body.length, 4, 3);
    head.writeUInt8(type, 7);
    head.writeUInt32LE(1, 8);
    const parts = [head, extended, body.subarray(0, 128)];
    for (let at = 128; at < body.length; at += 128) parts.push(Buffer.from([0xc0 | id]), extended, body.subarray(at, at + 128));
    return Buffer.concat(parts);
}

const isVideo = (tag) => tag.type === 9;
/** A sequence header: what decoders need first (FLV 10.1 §E.4.3.1, §E.4.2.1). */
export const isConfig = (tag) => tag.body[1] === 0;
export const isKey = (tag) => isVideo(tag) && !isConfig(tag) && tag.body[0] >> 4 === 1;

/**
 * Publish `show`. `change(tag)` sees {type: 8 | 9 | 18, time, body} and returns what to send instead: a tag, or null
 * for nothing. Resolves once publishing; ends with the test, or by .stop().
 */
export async function flvPublish(t, port, show, change, { size = '160x90', fps = 30, gop = 30, audio = true } = {}) {
    const peer = await Peer.open(t, port);
    await peer.publish(show);
    const args = ['-hide_banner', '-loglevel', 'error', '-nostdin', '-re', '-f', 'lavfi', '-i', `testsrc2=size=${size}:rate=${fps}`];
    if (audio) args.push('-re', '-f', 'lavfi', '-i', 'sine=frequency=440:sample_rate=48000');
    args.push('-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency');
    args.push('-pix_fmt', 'yuv420p', '-threads', '1', '-g', String(gop), '-keyint_min', String(gop), '-sc_threshold', '0');
    if (audio) args.push('-c:a', 'aac', '-b:a', '64k', '-ac', '2');
    args.push('-f', 'flv', '-flvflags', 'no_duration_filesize', '-flush_packets', '1', 'pipe:1');
    const ffmpeg = spawn('ffmpeg', args, { stdio: ['ignore', 'pipe', 'ignore'] });
    const publisher = { peer, sent: 0, stop: () => (ffmpeg.kill('SIGKILL'), peer.socket.destroy()) };
    atEnd(t, () => publisher.stop());
    let rest = Buffer.alloc(0);
    let at = 13; // file header and the first PreviousTagSize
    ffmpeg.stdout.on('data', (data) => {
        rest = Buffer.concat([rest, data]);
        while (rest.length >= at + 11 && rest.length >= at + 15 + rest.readUIntBE(at + 1, 3)) {
            const bytes = rest.readUIntBE(at + 1, 3);
            const time = rest.readUIntBE(at + 4, 3) + rest[at + 7] * 2 ** 24;
            send({ type: rest[at], time, body: rest.subarray(at + 11, at + 11 + bytes) });
            rest = rest.subarray(at + 15 + bytes);
            at = 0;
        }
    });
    function send(tag) {
        const changed = change(tag);
        if (!changed || peer.isClosed) return;
        publisher.sent++;
        peer.send(chunks(isVideo(changed) ? 6 : 4, changed.type, changed.time, changed.body));
    }
    await until('a first message', () => publisher.sent > 3);
    return publisher;
}
