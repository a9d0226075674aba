// Where benches run: which machine, which programs, a scope whose things end in the opposite order.
import { readFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import os from 'node:os';
import path from 'node:path';
import { bin, root } from '../../integration/harness/index.mjs';

export { bin, root };

export const tool = (name) => path.join(bin, name);

export const pause = (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

/** Run `body(scope)`; what the harness started for `scope` ends afterwards, whatever happened. */
export async function scoped(body) {
    const ends = [];
    try {
        return await body({ after: (fn) => ends.push(fn) });
    } finally {
        while (ends.length > 0) await ends.pop()();
    }
}

const said = (command, ...args) => {
    try {
        return execFileSync(command, args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
    } catch {
        return 'unknown';
    }
};

/** What figures depend on besides our code. */
export function conditions() {
    return {
        date: new Date().toISOString().slice(0, 10),
        cpu: os.cpus()[0].model.trim(),
        cores: os.cpus().length,
        kernel: os.release(),
        jangteo: said('git', 'rev-parse', '--short=12', 'HEAD'),
        openssl: said('openssl', 'version').split(' ')[1],
        compiler: said('cc', '-dumpfullversion'),
        ffmpeg: said('ffmpeg', '-version').split(' ')[2],
        load_before: os.loadavg().map((n) => Number(n.toFixed(2))),
    };
}

export const loadNow = () => Number(readFileSync('/proc/loadavg', 'utf8').split(' ')[0]);
