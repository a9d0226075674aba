// jangteo-picture, the program that decodes uploads: pictures come from ffmpeg, ffmpeg and ffprobe judge what it made.
import assert from 'node:assert/strict';
import { spawn, execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import test from 'node:test';
import { deflateSync } from 'node:zlib';
import { folder, program, sanitizerReport, until, within } from './harness/index.mjs';

const STATUS = { done: 0, notAPicture: 10, tooLarge: 11, tooManyPixels: 12 };

/** Start it on bytes, as chat does: a file in, a file out, no environment. */
function start(dir, bytes) {
    const [input, output, errors] = ['in', 'out', 'err'].map((name) => path.join(dir, name));
    writeFileSync(input, bytes);
    const stdio = [openSync(input, 'r'), openSync(output, 'w'), openSync(errors, 'w')];
    const child = spawn(program('picture'), [], { env: {}, cwd: '/', stdio });
    stdio.forEach(closeSync);
    return { child, output, errors };
}

async function decode(dir, bytes) {
    const { child, output, errors } = start(dir, bytes);
    const [status, signal] = await within('its end', once(child, 'exit'));
    assert.equal(sanitizerReport(readFileSync(errors, 'latin1')), undefined);
    assert.equal(signal, null);
    if (status !== STATUS.done) {
        assert.equal(readFileSync(output).length, 0, 'a refusal writes nothing');
        return { status };
    }
    const answer = readFileSync(output);
    const [width, height, largeSize, smallSize] = [0, 4, 8, 12].map((at) => answer.readUInt32BE(at));
    assert.equal(answer.length, 16 + largeSize + smallSize);
    return { status, width, height, large: answer.subarray(16, 16 + largeSize), small: answer.subarray(16 + largeSize) };
}

const ffmpeg = (args, input) => execFileSync('ffmpeg', ['-v', 'error', ...args], { input, maxBuffer: 1 << 29 });
const make = (source, ...how) => ffmpeg(['-f', 'lavfi', '-i', source, '-frames:v', '1', ...how, '-']);
const jpegOf = (source) => make(source, '-c:v', 'mjpeg', '-q:v', '2', '-f', 'mjpeg');
const pngOf = (source) => make(source, '-c:v', 'png', '-f', 'image2pipe');

/** By way of a file: ffmpeg goes back to write its size. */
function webpOf(dir, source, ...how) {
    const file = path.join(dir, 'made.webp');
    ffmpeg(['-y', '-f', 'lavfi', '-i', source, '-frames:v', '1', '-c:v', 'libwebp', ...how, file]);
    return readFileSync(file);
}

function probe(dir, jpeg) {
    const file = path.join(dir, 'probed.jpg');
    writeFileSync(file, jpeg);
    const entries = 'stream=codec_name,width,height,side_data_list:stream_tags';
    const { streams } = JSON.parse(
        execFileSync('ffprobe', ['-v', 'error', '-show_entries', entries, '-of', 'json', file]),
    );
    return streams[0];
}

/** The pixels, three bytes each, as ffmpeg sees them. */
const pixelsOf = (jpeg) => ffmpeg(['-f', 'jpeg_pipe', '-i', '-', '-f', 'rawvideo', '-pix_fmt', 'rgb24', '-'], jpeg);

const nameOf = ([r, g, b]) => ['black', 'red', 'green', 'yellow', 'blue', 'magenta', 'cyan', 'white'][(r > 128) + 2 * (g > 128) + 4 * (b > 128)];

/** The colours of the four quarters: top left, top right, bottom left, bottom right. */
function quarters({ width, height, large }) {
    const pixels = pixelsOf(large);
    const at = (x, y) => {
        const i = 3 * (Math.floor(y * height) * width + Math.floor(x * width));
        return nameOf([pixels[i], pixels[i + 1], pixels[i + 2]]);
    };
    return [at(0.25, 0.25), at(0.75, 0.25), at(0.25, 0.75), at(0.75, 0.75)].join(' ');
}

const box = (colour, x, y) => `drawbox=x=iw*${x}:y=ih*${y}:w=iw/2:h=ih/2:color=${colour}:t=fill`;
const QUARTERS = `color=white:size=600x400,format=rgb24,${box('red', 0, 0)},${box('0x00ff00', 0.5, 0)},${box('blue', 0, 0.5)}`;

/** An APP1 segment with one directory, one entry in it and a word to look for. */
function exifSegment(orientation) {
    const tiff = Buffer.concat([
        Buffer.from('MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01', 'latin1'),
        Buffer.from([0, orientation, 0, 0, 0, 0, 0, 0]),
        Buffer.from('SECRETPLACE'),
    ]);
    const content = Buffer.concat([Buffer.from('Exif\0\0'), tiff]);
    const head = Buffer.from([0xff, 0xe1, 0, 0]);
    head.writeUInt16BE(content.length + 2, 2);
    return Buffer.concat([head, content]);
}

test('picture: sizes of all formats, as ffprobe sees them', async (t) => {
    const dir = await folder(t);
    const cases = [
        ['JPEG', jpegOf('testsrc2=size=3000x2000'), 1080, 720, 320, 213],
        ['upright PNG', pngOf('testsrc2=size=1000x3000'), 360, 1080, 107, 320],
        ['small PNG stays', pngOf('testsrc2=size=200x100'), 200, 100, 200, 100],
        ['grey PNG', pngOf('testsrc2=size=640x640,format=gray'), 640, 640, 320, 320],
        ['16 bit PNG', pngOf('testsrc2=size=640x640,format=rgba64be'), 640, 640, 320, 320],
        ['palette PNG', pngOf('testsrc2=size=640x640,format=pal8'), 640, 640, 320, 320],
        ['grey JPEG', jpegOf('testsrc2=size=640x480,format=gray'), 640, 480, 320, 240],
        ['WebP', webpOf(dir, 'testsrc2=size=2000x1000'), 1080, 540, 320, 160],
        ['lossless WebP', webpOf(dir, 'testsrc2=size=2000x1000,format=bgra', '-lossless', '1'), 1080, 540, 320, 160],
        ['a line', pngOf('testsrc2=size=4000x2'), 1080, 1, 320, 1],
        ['a point', pngOf('color=red:size=4x4,format=rgb24,crop=1:1'), 1, 1, 1, 1],
    ];
    for (const [name, bytes, ...want] of cases) {
        const made = await decode(dir, bytes);
        assert.equal(made.status, STATUS.done, name);
        const [large, small] = [probe(dir, made.large), probe(dir, made.small)];
        assert.deepEqual([large.width, large.height, small.width, small.height], want, name);
        assert.deepEqual([made.width, made.height], want.slice(0, 2), name);
        assert.equal(large.codec_name, 'mjpeg');
    }
});

test('picture: what is seen is what was sent', async (t) => {
    const dir = await folder(t);
    const source = 'testsrc2=size=1080x720';
    const original = make(source, '-f', 'rawvideo', '-pix_fmt', 'rgb24');
    for (const bytes of [jpegOf(source), pngOf(source), webpOf(dir, source, '-lossless', '1')]) {
        const pixels = pixelsOf((await decode(dir, bytes)).large);
        let error = 0;
        for (let i = 0; i < original.length; i++) error += Math.abs(original[i] - pixels[i]);
        assert.ok(error / original.length < 8, `mean error ${error / original.length}`); // two JPEGs, colours at half size
    }
});

test('picture: each of the eight orientations comes out upright, without EXIF', async (t) => {
    const dir = await folder(t);
    const stored = jpegOf(QUARTERS);
    // EXIF 2.3 §4.6.4 A, where the stored first row and first column are seen: red is stored first of the first row.
    const seen = {
        1: 'red green blue white',
        2: 'green red white blue',
        3: 'white blue green red',
        4: 'blue white red green',
        5: 'red blue green white',
        6: 'blue red white green',
        7: 'white green blue red',
        8: 'green white red blue',
    };
    for (const [orientation, want] of Object.entries(seen)) {
        const sent = Buffer.concat([stored.subarray(0, 2), exifSegment(Number(orientation)), stored.subarray(2)]);
        const made = await decode(dir, sent);
        assert.equal(made.status, STATUS.done);
        assert.equal(quarters(made), want, `orientation ${orientation}`);
        assert.deepEqual([made.width, made.height], orientation > 4 ? [400, 600] : [600, 400]);
        for (const jpeg of [made.large, made.small]) {
            for (const word of ['Exif', 'SECRETPLACE', 'Lavc', 'ICC_PROFILE', 'http'])
                assert.equal(jpeg.indexOf(word), -1, word);
            assert.equal(probe(dir, jpeg).side_data_list, undefined);
        }
    }
});

test('picture: transparent parts are white', async (t) => {
    const dir = await folder(t);
    const half = 'color=red:size=600x400,format=rgba,geq=r=255:g=0:b=0:a=if(lt(X\\,300)\\,255\\,0)';
    for (const bytes of [pngOf(half), webpOf(dir, half, '-lossless', '1')])
        assert.equal(quarters(await decode(dir, bytes)), 'red white red white');
});

/* ---- what is refused ---- */

/** PNG annex D. */
const CRCS = Int32Array.from({ length: 256 }, (_, n) => {
    for (let bit = 0; bit < 8; bit++) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1;
    return n;
});
const crc32 = (bytes) => ~bytes.reduce((crc, byte) => CRCS[(crc ^ byte) & 255] ^ (crc >>> 8), -1) >>> 0;

const chunk = (type, data) => {
    const body = Buffer.concat([Buffer.from(type), data]);
    const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(data.length);
    check.writeUInt32BE(crc32(body));
    return Buffer.concat([length, body, check]);
};

/** A PNG of RGBA whose data is `data`, compressed, whatever its size should be. */
function forgePng(width, height, data, more = []) {
    const header = Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, 8, 6, 0, 0, 0]);
    header.writeUInt32BE(width, 0);
    header.writeUInt32BE(height, 4);
    const signature = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');
    return Buffer.concat([
        signature, chunk('IHDR', header), ...more, chunk('IDAT', deflateSync(data)), chunk('IEND', Buffer.alloc(0)),
    ]);
}

test('picture: bombs are refused, or are what they say', async (t) => {
    const dir = await folder(t);
    const zeros = Buffer.alloc(161 << 20);
    const status = async (bytes) => (await decode(dir, bytes)).status;
    assert.equal(await status(forgePng(60000, 60000, Buffer.alloc(1000))), STATUS.tooManyPixels);
    assert.equal(await status(forgePng(8200, 5000, zeros)), STATUS.tooManyPixels); // 41 million, all there
    assert.equal(await status(Buffer.alloc((12 << 20) + 1)), STATUS.tooLarge);
    // data of 161 MiB for 100 × 100 pixels; text of as many: neither is unpacked
    const small = await decode(dir, forgePng(100, 100, zeros));
    assert.ok([STATUS.done, STATUS.notAPicture].includes(small.status));
    const text = chunk('zTXt', Buffer.concat([Buffer.from('a\0\0'), deflateSync(zeros)]));
    const profile = chunk('iCCP', Buffer.concat([Buffer.from('a\0\0'), deflateSync(zeros)]));
    assert.equal(await status(forgePng(100, 100, zeros.subarray(0, 40100), [text, profile])), STATUS.done);
    assert.equal(await status(forgePng(100, 100, zeros.subarray(0, 4000))), STATUS.notAPicture); // too little
    assert.equal(await status(forgePng(8000, 5000, zeros.subarray(0, 5000 * 32001))), STATUS.done); // the largest
});

test('picture: other formats are refused whatever they are called', async (t) => {
    const dir = await folder(t);
    const source = 'testsrc2=size=64x64';
    const others = [
        make(source, '-f', 'gif'),
        make(source, '-c:v', 'bmp', '-f', 'image2pipe'),
        make(source, '-c:v', 'tiff', '-f', 'image2pipe'),
        make(source, '-c:v', 'ppm', '-f', 'image2pipe'),
        make(source, '-c:v', 'targa', '-f', 'image2pipe'),
        Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'),
        Buffer.from('%PDF-1.7\n'),
        Buffer.from('<!doctype html><script>alert(1)</script>'),
        Buffer.alloc(0),
    ];
    for (const bytes of others) assert.equal((await decode(dir, bytes)).status, STATUS.notAPicture);
});

test('picture: cut at every fiftieth', async (t) => {
    const dir = await folder(t);
    const source = 'testsrc2=size=640x480';
    for (const bytes of [jpegOf(source), pngOf(source), webpOf(dir, source)])
        for (let part = 0; part < 50; part++) {
            const made = await decode(dir, bytes.subarray(0, Math.floor((bytes.length * part) / 50)));
            assert.equal(made.status, STATUS.notAPicture);
        }
});

test('X2 X3 picture: while it decodes it has limits and few system calls', async (t) => {
    const dir = await folder(t);
    const source = 'testsrc2=size=6000x5000,format=bgra';
    const { child } = start(dir, webpOf(dir, source, '-lossless', '1', '-compression_level', '0'));
    const proc = (file) => readFile(`/proc/${child.pid}/${file}`, 'latin1').catch(() => '');
    const status = await until('it to be decoding', async () => {
        const now = await proc('status');
        const isClosed = /Seccomp:\s+2/.test(now) || /asan|libtsan/.test(await proc('maps'));
        return /NoNewPrivs:\s+1/.test(now) && isClosed && now;
    });
    const limits = await proc('limits'); // they come before the state above
    assert.match(limits, /Max core file size\s+0 /);
    assert.match(limits, /Max cpu time\s+10 /);
    assert.match(limits, /Max file size\s+4194304 /);
    assert.match(limits, /Max open files\s+16 /);
    if (/Seccomp:\s+2/.test(status)) assert.match(limits, /Max address space\s+536870912 /);
    child.kill('SIGKILL');
    await once(child, 'exit');
});
