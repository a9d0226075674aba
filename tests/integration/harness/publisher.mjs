// Independent programs that publish: ffmpeg and GStreamer.
import { atEnd } from './cleanup.mjs';
import { Program } from './process.mjs';

const fontless = (size, fps) => `testsrc2=size=${size}:rate=${fps}`;

/**
 * ffmpeg to an RTMP address, in real time. Resolves once it has sent its first frames; ends with the test.
 * size, fps, gop (frames), bframes, kbps: of the picture; audio: 'aac', or null for none; seconds: 0 for no end;
 * picture, sound: sources of libavfilter.
 */
export async function ffmpegPublish(t, url, options = {}) {
    const { size = '640x360', fps = 30, gop = 60, bframes = 0, kbps = 800, audio = 'aac', seconds = 0 } = options;
    const { picture = fontless(size, fps), sound = 'sine=frequency=440:sample_rate=48000' } = options;
    const args = ['-hide_banner', '-loglevel', 'warning', '-nostdin', '-progress', 'pipe:1', '-stats_period', '0.2'];
    args.push('-re', '-f', 'lavfi', '-i', picture);
    if (audio) args.push('-re', '-f', 'lavfi', '-i', sound);
    args.push('-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-pix_fmt', 'yuv420p', '-threads', '1');
    args.push('-g', String(gop), '-keyint_min', String(gop), '-sc_threshold', '0', '-bf', String(bframes));
    args.push('-b:v', `${kbps}k`, '-maxrate', `${kbps}k`, '-bufsize', `${kbps}k`);
    if (audio) args.push('-c:a', audio, '-b:a', '96k', '-ac', '2');
    if (seconds) args.push('-t', String(seconds));
    args.push(...(options.extra ?? []), '-f', 'flv', '-flvflags', 'no_duration_filesize', url);
    return started(t, new Program('ffmpeg', 'ffmpeg', args), /^frame=[1-9]/);
}

/** GStreamer to an RTMP address, in real time, without end. */
export async function gstPublish(t, url, { width = 640, height = 360, fps = 30, gop = 60, audio = true } = {}) {
    const video =
        `videotestsrc is-live=true ! video/x-raw,width=${width},height=${height},framerate=${fps}/1` +
        ` ! x264enc tune=zerolatency bframes=0 key-int-max=${gop} speed-preset=ultrafast bitrate=800 threads=1` +
        ` ! h264parse ! queue ! mux.`;
    const sound = ` audiotestsrc is-live=true ! audio/x-raw,rate=48000,channels=2 ! avenc_aac ! aacparse ! queue ! mux.`;
    const sink = ` flvmux name=mux streamable=true ! rtmp2sink location=${url}`;
    const pipeline = video + (audio ? sound : '') + sink;
    return started(t, new Program('gst-launch-1.0', 'gst-launch-1.0', pipeline.split(/\s+/)), /PLAYING/);
}

async function started(t, program, sign) {
    atEnd(t, () => program.stop('SIGKILL'));
    await program.line(sign);
    return program;
}
