// The test `headers`: each header compiles alone. Usage: headers.mjs [CC]
import { execFile, execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const compiler = process.argv[2] ?? 'cc';
const PACKAGES = ['libuv', 'openssl', 'libsrtp2', 'jansson', 'inih', 'libwebsockets', 'gstreamer-1.0', 'gstreamer-app-1.0'];

const libraries = execFileSync('pkg-config', ['--cflags', ...PACKAGES], { encoding: 'utf8' }).trim().split(/\s+/);
const flags = ['-std=c11', '-D_GNU_SOURCE', '-fsyntax-only', '-Wall', '-Wextra', '-Werror', '-Wno-pragma-once-outside-header'];

const headers = ['common', 'ingest', 'relay', 'chat'].flatMap((top) =>
    readdirSync(path.join(root, top), { recursive: true })
        .filter((name) => name.endsWith('.h'))
        .map((name) => `${top}/${name}`),
);

const compile = (header) =>
    new Promise((resolve) => {
        const args = [...flags, '-x', 'c', '-I', 'common', '-I', '.', ...libraries, header];
        execFile(compiler, args, { cwd: root }, (error, _, stderr) => resolve(error ? `${header}:\n${stderr}` : undefined));
    });

const queue = [...headers];
const faults = [];
const worker = async () => {
    for (let header = queue.shift(); header; header = queue.shift()) {
        const fault = await compile(header);
        if (fault) faults.push(fault);
    }
};
await Promise.all([worker(), worker()]);
if (headers.length < 20) faults.push(`only ${headers.length} headers found`);
faults.forEach((text) => console.error(text));
console.log(`headers: ${headers.length} files, ${faults.length} faults`);
process.exit(faults.length ? 1 : 0);
