// Viewers: whep-client (tests/client), and offers by hand where the answer's status is the point.
import assert from 'node:assert/strict';
import path from 'node:path';
import { atEnd } from './cleanup.mjs';
import { json, request } from './http.mjs';
import { bin } from './places.mjs';
import { Program } from './process.mjs';
import { until } from './wait.mjs';

/** A player's offer (RFC 8829), receiving H.264 and Opus; nobody answers checks for it. */
export const OFFER = [
    'v=0',
    'o=- 1 2 IN IP4 127.0.0.1',
    's=-',
    't=0 0',
    'a=group:BUNDLE 0 1',
    ...['video', 'audio'].flatMap((kind, mid) => [
        `m=${kind} 9 UDP/TLS/RTP/SAVPF ${kind === 'video' ? 96 : 111}`,
        'c=IN IP4 0.0.0.0',
        `a=mid:${mid}`,
        'a=recvonly',
        'a=rtcp-mux',
        'a=ice-ufrag:abcd',
        'a=ice-pwd:abcdefghijklmnopqrstuvwx',
        `a=fingerprint:sha-256 ${Array(32).fill('AB').join(':')}`,
        'a=setup:actpass',
        ...(kind === 'video'
            ? ['a=rtpmap:96 H264/90000', 'a=fmtp:96 packetization-mode=1;profile-level-id=42e01f', 'a=rtcp-fb:96 nack pli']
            : ['a=rtpmap:111 opus/48000/2']),
    ]),
    '',
].join('\r\n');

/** POST the offer above. `front`: the origin that has /whep. */
export const postOffer = (front, name) =>
    request(`${front}/whep/${name}`, { method: 'POST', headers: { 'Content-Type': 'application/sdp' }, body: OFFER });

/** Wait until the show has tracks of all `codecs`, with a layer if given ('h264/repaired'); resolves to its record. */
export function untilShow(front, name, codecs = ['h264', 'opus']) {
    return until(`${name} to have ${codecs}`, async () => {
        const show = await json(`${front}/api/v1/shows/${name}`);
        const has = show.tracks.flatMap((track) => [track.codec, `${track.codec}/${track.layer}`]);
        return codecs.every((codec) => has.includes(codec)) && show;
    });
}

class Viewers extends Program {
    /** What they counted, once they have ended: the JSON of tests/client/README.md. */
    async result(timeoutMs) {
        const ended = await this.end(timeoutMs);
        assert.equal(ended.code, 0, this.text());
        return JSON.parse(this.lines.findLast((line) => line.startsWith('{')));
    }
}

/** Start whep-client at `${front}/whep/${name}`; ends with the test at the latest. */
export function startViewers(t, front, name, { viewers = 1, seconds = 8, loss = 0 } = {}) {
    const args = ['--url', `${front}/whep/${name}`, '--viewers', viewers, '--seconds', seconds, '--loss', loss];
    const program = new Viewers('whep-client', path.join(bin, 'whep-client'), [...args.map(String), '--events']);
    atEnd(t, () => program.stop('SIGKILL'));
    return program;
}

/** Wait until all of them are connected and have a key frame. */
export const untilJoined = (viewers) => viewers.line(/"event":"joined"/);
