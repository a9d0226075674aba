// Are sound and picture together? ffmpeg judges: it plays what a viewer gets, by the sender reports, and tells when the
// picture turns from black to white and when the sound sets in, which the publisher made happen in one moment.
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { atEnd, ffmpegPublish, folder, Program, until } from './harness/index.mjs';
import { watch } from './witness.mjs';

export const AV_APART_MAX_MS = 80;

/** For ffmpegPublish: each second 100 ms of white and of tone, from the same moment. */
export const flashAndBeep = {
    picture: "color=black:size=320x180:rate=30,drawbox=color=white:t=fill:enable='lt(mod(t\\,1)\\,0.1)'",
    sound: "aevalsrc=exprs='0.5*sin(2*PI*1000*t)*lt(mod(t\\,1)\\,0.1)':sample_rate=48000",
};

const sdp = (port) =>
    [
        'v=0', 'o=- 0 0 IN IP4 127.0.0.1', 's=-', 'c=IN IP4 127.0.0.1', 't=0 0',
        `m=video ${port} RTP/AVP 96`, 'a=rtpmap:96 H264/90000', 'a=fmtp:96 packetization-mode=1',
        `m=audio ${port + 2} RTP/AVP 111`, 'a=rtpmap:111 opus/48000/2', '',
    ].join('\r\n');

/** A viewer of the chain's show, and ffmpeg that judges what it gets; `port` and the three after it must be free. */
export async function judge(t, chain, port) {
    const file = path.join(await folder(t), 'viewer.sdp');
    await writeFile(file, sdp(port));
    const filters = ['-vf', 'blackdetect=d=0.3:pix_th=0.3', '-af', 'silencedetect=noise=-30dB:d=0.3'];
    const ffmpeg = new Program('ffmpeg', 'ffmpeg', [
        ...['-hide_banner', '-nostdin', '-nostats', '-protocol_whitelist', 'file,udp,rtp', '-fflags', '+nobuffer', '-i', file],
        ...filters, '-f', 'null', '-',
    ]);
    atEnd(t, () => ffmpeg.stop('SIGKILL'));
    const viewer = await watch(t, chain, { viewers: 1, args: ['--forward', String(port)] });
    const times = (pattern) => [...ffmpeg.text().matchAll(pattern)].map((match) => Number(match[1]));
    const flashes = () => times(/black_end:([\d.]+)/g);
    const beeps = () => times(/silence_end: ([\d.]+)/g);
    return {
        viewer,
        /** How many beeps were heard; the argument of `apart` to judge only those that follow. */
        heard: () => beeps().length,
        /**
         * Milliseconds that the sound comes after the picture (negative: before), for `count` beeps after `from`. The
         * first one is passed over: the sound may have come back in the middle of it.
         */
        async apart(from, count = 3) {
            const enough = from + 1 + count;
            await until('beeps and flashes', () => beeps().length >= enough && flashes().at(-1) >= beeps()[enough - 1] - 0.3, { timeoutMs: 30000 });
            return beeps().slice(from + 1, enough).map((beep) => -nearest(flashes(), beep) * 1000);
        },
    };
}

/** The time from `moment` to the one nearest it. */
const nearest = (times, moment) => times.map((time) => time - moment).reduce((best, one) => (Math.abs(one) < Math.abs(best) ? one : best), Infinity);

export function assertTogether(t, apart, when) {
    const told = `${when}: sound comes ${apart.map((ms) => ms.toFixed(0)).join(', ')} ms after the picture`;
    t.diagnostic(told);
    assert.ok(Math.max(...apart.map(Math.abs)) <= AV_APART_MAX_MS, told);
}
