// Where things are, and ports and folders that no other test uses.
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import net from 'node:net';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { atEnd } from './cleanup.mjs';

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../..');

/** The programs under test: $JT_BIN, else the first build that has any. */
export const bin = path.resolve(
    process.env.JT_BIN ??
        ['asan', 'debug', 'release']
            .map((preset) => path.join(root, 'build', preset, 'bin'))
            .find((folder) => existsSync(folder)) ??
        path.join(root, 'build/asan/bin'),
);

export const program = (name) => path.join(bin, `jangteo-${name}`);

/** A folder with a short path (unix sockets), gone after the test unless JT_KEEP is set. */
export async function folder(t) {
    const made = await mkdtemp('/tmp/jt-');
    if (!process.env.JT_KEEP) atEnd(t, () => rm(made, { recursive: true, force: true }));
    return made;
}

const BLOCK_FIRST = 20000; // up to the kernel's own range for outgoing connections, 32768
const BLOCK_COUNT = 120;

const listens = (port) =>
    new Promise((resolve) => {
        const server = net.createServer().unref();
        server.once('error', () => resolve(undefined));
        server.listen(port, '127.0.0.1', () => resolve(server));
    });

/**
 * A block of 100 ports as `scripts/run --ports BASE` takes it. The first port of the block is held for as long as
 * the test runs: that is how parallel tests stay apart.
 */
export async function portBlock(t) {
    const start = Math.floor(Math.random() * BLOCK_COUNT);
    for (let i = 0; i < BLOCK_COUNT; i++) {
        const base = BLOCK_FIRST + ((start + i) % BLOCK_COUNT) * 100;
        const lock = await listens(base);
        if (lock) {
            atEnd(t, () => lock.close());
            return base;
        }
    }
    throw new Error('no block of ports is free');
}

/** The ports of a block: the table of scripts/run, and four in a row for a test's own use. */
export const portsOf = (base) => ({
    front: base + 80,
    https: base + 43,
    rtmp: base + 35,
    http: { ingest: base + 81, relay: base + 82, chat: base + 83 },
    admin: { ingest: base + 71, relay: base + 72, chat: base + 73 },
    rtc: { ingest: base + 89, relay: base + 90 },
    spare: base + 20,
});
