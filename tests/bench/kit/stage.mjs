// A show to measure: ingest, relay and a publisher that sends a recorded clip, so that encoding costs nothing.
import { existsSync } from 'node:fs';
import { mkdir, rename } from 'node:fs/promises';
import path from 'node:path';
import { Program, atEnd, makeSite, run, startService } from '../../integration/harness/index.mjs';
import { bin, root } from './place.mjs';

export const SHOW = 'bench';
const CLIP_S = 60;

/** The clip: 720p30 H.264 constrained baseline, no B-frames, GOP 2 s, 1.5 Mbit/s; AAC 64 kbit/s. Made once. */
export async function clip() {
    const file = path.join(root, 'build', 'bench-clip', '720p30-1500k-gop2.flv');
    if (existsSync(file)) return file;
    await mkdir(path.dirname(file), { recursive: true });
    const args = ['-hide_banner', '-loglevel', 'error', '-nostdin', '-y'];
    args.push('-f', 'lavfi', '-i', 'testsrc2=size=1280x720:rate=30');
    args.push('-f', 'lavfi', '-i', 'sine=frequency=440:sample_rate=48000', '-t', String(CLIP_S));
    args.push('-vf', 'noise=alls=12:allf=t', '-pix_fmt', 'yuv420p'); // something to encode in every frame
    args.push('-c:v', 'libx264', '-profile:v', 'baseline', '-preset', 'veryfast', '-bf', '0', '-g', '60');
    args.push('-keyint_min', '60', '-sc_threshold', '0', '-b:v', '1500k', '-maxrate', '1500k', '-bufsize', '1500k');
    args.push('-c:a', 'aac', '-b:a', '64k', '-ac', '2', '-f', 'flv', `${file}.part`);
    const made = await run('ffmpeg', args, { timeoutMs: 300000 });
    if (made.code !== 0) throw new Error(`ffmpeg made no clip:\n${made.text}`);
    await rename(`${file}.part`, file);
    return file;
}

async function publish(scope, url) {
    const args = ['-hide_banner', '-loglevel', 'warning', '-nostdin', '-progress', 'pipe:1', '-stats_period', '0.2'];
    args.push('-re', '-stream_loop', '-1', '-i', await clip(), '-c', 'copy');
    args.push('-f', 'flv', '-flvflags', 'no_duration_filesize', url);
    const publisher = new Program('ffmpeg', 'ffmpeg', args);
    atEnd(scope, () => publisher.stop('SIGKILL'));
    await publisher.line(/^frame=[1-9]/);
}

/** Ingest, relay with `flags`, and the clip on air as SHOW. */
export async function startStage(scope, flags = {}) {
    const site = await makeSite(scope);
    const ingest = await startService(scope, 'ingest', { site, flags: { 'log.level': 'warn' } });
    const relay = await startService(scope, 'relay', { site, flags: { 'log.level': 'warn', ...flags } });
    await publish(scope, `rtmp://127.0.0.1:${site.ports.rtmp}/live/${SHOW}`);
    await relay.untilMetric('jangteo_relay_shows', { state: 'live' }, (n) => n === 1);
    return { site, ingest, relay };
}

/** whep-client at work; `prefix` is what it is started by (a namespace). Its lines of JSON are events. */
export class Viewers extends Program {
    constructor(scope, relay, count, args, prefix = []) {
        const command = [...prefix, path.join(bin, 'whep-client'), '--viewers', String(count), '--seconds', '3600'];
        const url = `${relay.http}/whep/${SHOW}`;
        super('whep-client', command[0], [...command.slice(1), '--url', url, '--events', ...args.map(String)]);
        atEnd(scope, () => this.stop('SIGKILL'));
        this.count = count;
    }

    async joined(timeoutMs = 120000) {
        try {
            const event = JSON.parse((await this.line(/^\{"event":"joined".*/, { timeoutMs }))[0]);
            if (event.ready === this.count) return;
        } catch (error) {
            if (this.ended) throw error;
        }
        const { opened, ready, checked, with_key } = await this.mark();
        throw new Error(`of ${this.count} viewers ${opened} opened, ${ready} got ready; ${with_key} of ${checked} saw a key frame`);
    }

    async mark() {
        const from = this.lines.length;
        this.kill('SIGUSR1');
        return JSON.parse((await this.line(/^\{"event":"mark".*/, { from }))[0]);
    }

    /** All leave; resolves to the report. */
    async finish() {
        this.kill('SIGTERM');
        const [line] = await this.line(/^\{"viewers".*/, { timeoutMs: 60000 });
        await this.end(120000);
        return JSON.parse(line);
    }
}
