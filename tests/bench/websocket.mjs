// What a WebSocket costs (tests/programs/ws-echo.c): memory of one at rest, CPU of one frame to one socket, both beside
// a bare send() to the same descriptors in the same run.
//   node tests/bench/websocket.mjs [--idle N] [--sockets N] [--bytes N] [--rounds N]
import net from 'node:net';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { readFile } from 'node:fs/promises';
import { bin, Program, until } from '../integration/harness/index.mjs';
import { scoped } from './kit/place.mjs';

const { values: given } = parseArgs({
    options: {
        idle: { type: 'string', default: '9000' },
        sockets: { type: 'string', default: '5000' },
        bytes: { type: 'string', default: '200' },
        rounds: { type: 'string', default: '10' },
    },
});
const FRAMES = 4; // of a round: what the sockets' buffers take without a reader
const AT_ONCE = 100;

async function rssKb(program) {
    return Number(/VmRSS:\s+(\d+)/.exec(await readFile(`/proc/${program.pid}/status`, 'utf8'))[1]);
}

function open(port) {
    return new Promise((resolve, reject) => {
        const socket = net.connect(port, '127.0.0.1');
        socket.once('error', reject);
        socket.once('data', () => resolve(socket)); // the 101
        socket.write(
            `GET /ws HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
                'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
        );
    });
}

async function openMany(port, count) {
    const sockets = [];
    while (sockets.length < count) {
        const batch = Math.min(AT_ONCE, count - sockets.length);
        sockets.push(...(await Promise.all(Array.from({ length: batch }, () => open(port)))));
    }
    return sockets;
}

/** Say `word` on a socket of its own and read the JSON that answers it. */
async function ask(port, word) {
    const socket = await open(port);
    let text = '';
    socket.on('data', (chunk) => (text += chunk.toString('latin1')));
    socket.write(Buffer.concat([Buffer.from([0x81, 0x80 | word.length, 0, 0, 0, 0]), Buffer.from(word)]));
    const match = await until(`an answer to ${word}`, () => /\{"(cpu_us|open)":[^}]*\}/.exec(text), { timeoutMs: 60000 });
    socket.destroy();
    return JSON.parse(match[0]);
}

async function startEcho() {
    const options = ['without_origin=1', 'first_message_ms=600000', 'ping_ms=600000'];
    const program = new Program('ws-echo', path.join(bin, 'ws-echo'), options);
    const [, port] = await program.line(/"port":(\d+)/);
    return Object.assign(program, { port: Number(port) });
}

async function measureMemory(count) {
    const echo = await startEcho();
    const first = await openMany(echo.port, 1000);
    const before = await rssKb(echo);
    const more = await openMany(echo.port, count - first.length);
    const after = await rssKb(echo);
    console.log(`memory of one at rest: ${(((after - before) * 1024) / more.length).toFixed(0)} bytes (RSS ${before} kB with ${first.length}, ${after} kB with ${count})`);
    for (const socket of [...first, ...more]) socket.destroy();
    await echo.stop();
}

const median = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)];

async function measureSending(count, bytes, rounds) {
    const echo = await startEcho();
    const sockets = await openMany(echo.port, count);
    const costs = { all: [], floor: [] };
    for (let round = 0; round < rounds; round++) {
        for (const word of ['all', 'floor']) {
            const { cpu_us: cpuUs, sockets: reached } = await ask(echo.port, `${word} ${FRAMES} ${bytes}`);
            costs[word].push(cpuUs / FRAMES / reached);
        }
    }
    const [ours, floor] = [median(costs.all), median(costs.floor)];
    console.log(`a frame of ${bytes} bytes to one of ${count} sockets: ${ours.toFixed(2)} µs of CPU; a bare send(): ${floor.toFixed(2)} µs; ratio ${(ours / floor).toFixed(2)}`);
    for (const socket of sockets) socket.destroy();
    await echo.stop();
}

await scoped(async () => {
    await measureMemory(Number(given.idle));
    await measureSending(Number(given.sockets), Number(given.bytes), Number(given.rounds));
});
