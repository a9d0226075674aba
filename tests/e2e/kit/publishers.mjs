// Encoders as sellers have them, at 1280 x 720 and 30 frames a second with sound.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, rename } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { atEnd, Program, root, run } from '../../integration/harness/index.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));

async function started(t, program, sign) {
    atEnd(t, () => program.stop('SIGKILL'));
    await program.line(sign);
    return program;
}

/**
 * An FLV file of `seconds` of picture and tone, made once and kept as build/e2e-films/NAME.flv; `encoder` are the
 * arguments that choose how. Publishing a file leaves the processor to what is tested, and the bits are the same.
 */
export async function film720(name, encoder, seconds) {
    const file = path.join(root, 'build/e2e-films', `${name}.flv`);
    if (existsSync(file)) return file;
    await mkdir(path.dirname(file), { recursive: true });
    const args = ['-hide_banner', '-loglevel', 'warning', '-nostdin', '-y'];
    args.push('-f', 'lavfi', '-i', 'testsrc2=size=1280x720:rate=30', '-f', 'lavfi', '-i', 'sine=frequency=440:sample_rate=48000');
    args.push('-t', String(seconds), '-pix_fmt', 'yuv420p', '-c:v', 'libx264', ...encoder, '-b:v', '1500k');
    args.push('-c:a', 'aac', '-b:a', '96k', '-ac', '2', '-f', 'flv', `${file}.${process.pid}`);
    const ended = await run('ffmpeg', args, { timeoutMs: 20000 + seconds * 8000 });
    assert.equal(ended.code, 0, ended.text);
    await rename(`${file}.${process.pid}`, file);
    return file;
}

/** ffmpeg, sending a file in real time; ends with the file. */
export function filePublish(t, url, file) {
    const args = ['-hide_banner', '-loglevel', 'warning', '-nostdin', '-progress', 'pipe:1', '-stats_period', '0.2'];
    args.push('-re', '-i', file, '-c', 'copy', '-f', 'flv', '-flvflags', 'no_duration_filesize', url);
    return started(t, new Program('ffmpeg', 'ffmpeg', args), /^frame=[1-9]/);
}

/** GStreamer with one of its two RTMP sinks. */
export function gstPublish720(t, url, sink) {
    const pipeline =
        'videotestsrc is-live=true pattern=ball ! video/x-raw,width=1280,height=720,framerate=30/1' +
        ' ! x264enc tune=zerolatency bframes=0 key-int-max=60 speed-preset=ultrafast bitrate=1500 threads=1' +
        ' ! h264parse ! queue ! mux.' +
        ' audiotestsrc is-live=true freq=440 ! audio/x-raw,rate=48000,channels=2 ! avenc_aac ! aacparse ! queue ! mux.' +
        ` flvmux name=mux streamable=true ! ${sink} location=${url}`;
    return started(t, new Program(sink, 'gst-launch-1.0', pipeline.split(/\s+/)), /PLAYING/);
}

/** The picture with a clock in it (clock.mjs). `lastKeyAt()`: wall clock ms of the newest key frame. */
export async function clockPublish(t, url, { gop = 240, kbps = 1500 } = {}) {
    const args = [path.join(here, 'clock-publisher.mjs'), url, String(gop), String(kbps)];
    const program = new Program('clock-publisher', process.execPath, args);
    atEnd(t, () => program.stop('SIGTERM'));
    await program.line(/^key /);
    program.lastKeyAt = () => Number(program.lines.findLast((line) => line.startsWith('key ')).slice(4));
    return program;
}
