// Publishes a moving picture with the clock of clock.mjs and a tone:
//   node clock-publisher.mjs URL GOP_FRAMES KBPS
// Pictures are drawn here, each at its time, and encoded by ffmpeg. Prints `key MS` (wall clock) for each key frame drawn.
import { spawn } from 'node:child_process';
import { drawClock, BLOCK, HEIGHT, WIDTH } from './clock.mjs';

const FPS = 30;
const BACKDROPS = 24; // as many different pictures, in turn
const [url, gop, kbps] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])];

/* A sloping grey with a bar that wanders and a patch of noise: something to spend the bits on. */
function backdrop(n) {
    const picture = Buffer.alloc(WIDTH * HEIGHT * 1.5, 128);
    for (let y = 0; y < HEIGHT; y++)
        for (let x = 0; x < WIDTH; x++) picture[y * WIDTH + x] = 40 + (((x + y) / 12 + n * 4) % 160);
    const left = Math.round((n * (WIDTH - 200)) / BACKDROPS);
    for (let y = 240; y < 480; y++) picture.fill(220, y * WIDTH + left, y * WIDTH + left + 120);
    for (let y = 520; y < 600; y++)
        for (let x = 100; x < 300; x++) picture[y * WIDTH + x] = 60 + Math.random() * 120;
    picture.fill(128, BLOCK * WIDTH, (BLOCK + 8) * WIDTH);
    return picture;
}

const arguments_ = ['-hide_banner', '-loglevel', 'warning', '-fflags', 'nobuffer', '-probesize', '32'];
arguments_.push('-thread_queue_size', '1', '-use_wallclock_as_timestamps', '1'); // pictures may be left out (see draw)
arguments_.push('-f', 'rawvideo', '-pix_fmt', 'yuv420p', '-s', `${WIDTH}x${HEIGHT}`, '-framerate', String(FPS), '-i', 'pipe:0');
arguments_.push('-f', 'lavfi', '-i', 'sine=frequency=440:sample_rate=48000:samples_per_frame=480');
arguments_.push('-fps_mode', 'passthrough', '-enc_time_base', '1:1000');
arguments_.push('-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-threads', '1', '-bf', '0');
arguments_.push('-g', String(gop), '-keyint_min', String(gop), '-sc_threshold', '0');
arguments_.push('-b:v', `${kbps}k`, '-maxrate', `${kbps}k`, '-bufsize', `${kbps}k`);
arguments_.push('-c:a', 'aac', '-b:a', '96k', '-ac', '2', '-flush_packets', '1', '-f', 'flv', url);
const backdrops = Array.from({ length: BACKDROPS }, (_, n) => backdrop(n));
const encoder = spawn('ffmpeg', arguments_, { stdio: ['pipe', 'inherit', 'inherit'] });
encoder.once('exit', (code) => process.exit(code ?? 1));
encoder.stdin.on('error', () => {});
process.once('SIGTERM', () => encoder.kill('SIGKILL'));

const start = performance.now();
let turns = 0;
let drawn = 0;

/* One picture each 33 ms, but none while the encoder has one to take: a clock that queues up would tell of the queue. */
function draw() {
    if (encoder.stdin.writableLength === 0) {
        const picture = Buffer.from(backdrops[drawn % BACKDROPS]);
        drawClock(picture, Date.now());
        encoder.stdin.write(picture);
        if (drawn % gop === 0) console.log(`key ${Date.now()}`);
        drawn++;
    }
    turns = Math.max(turns + 1, Math.floor(((performance.now() - start) * FPS) / 1000));
    setTimeout(draw, start + (turns * 1000) / FPS - performance.now());
}
draw();
