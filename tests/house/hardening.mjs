// The test `hardening` (threat X1): what the release programs were built with. Usage: hardening.mjs BUILD_FOLDER
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

const build = path.resolve(process.argv[2]);
const faults = [];
const check = (holds, what) => holds || faults.push(what);
const tool = (command, ...args) => execFileSync(command, args, { encoding: 'utf8', maxBuffer: 1 << 30 });

/** Options that every unit of ours must have been compiled with; gcc leaves its options in the debug information. */
const UNIT_OPTIONS = ['-fstack-protector-strong', '-fstack-clash-protection', '-ftrivial-auto-var-init=zero'];
if (process.arch === 'x64') UNIT_OPTIONS.push('-fcf-protection=full');

/** Whose calls the compiler has all proven, so that none is left to check; their units are compiled with FORTIFY 3 as all. */
const NOTHING_TO_CHECK = ['jangteo-picture'];

function checkImage(name, file) {
    check(/Type:\s+DYN/.test(tool('readelf', '-hW', file)), `${name} is not position-independent`);
    const segments = tool('readelf', '-lW', file);
    check(/GNU_STACK.* RW /.test(segments), `${name} has an executable stack`);
    check(!/ RWE /.test(segments), `${name} has a segment that is writable and executable`);
    check(/GNU_RELRO/.test(segments), `${name} has no RELRO`);
    const dynamic = tool('readelf', '-dW', file);
    check(/BIND_NOW|FLAGS_1.*NOW/.test(dynamic), `${name} binds lazily: RELRO is not full`);
    check(!/TEXTREL|RPATH|RUNPATH/.test(dynamic), `${name} has text relocations or a run path`);
}

function checkCode(name, file) {
    const symbols = tool('readelf', '-sW', '--dyn-syms', file);
    check(/__stack_chk_fail/.test(symbols), `${name} has no stack canaries`);
    if (!NOTHING_TO_CHECK.includes(name)) check(/__\w+_chk@/.test(symbols), `${name} is not fortified`);
    if (process.arch === 'x64')
        check(/endbr64/.test(tool('objdump', '-d', '--no-show-raw-insn', '--disassemble=main', file)), `${name} lacks CET`);
}

function checkUnits(name, file) {
    const producers = tool('readelf', '--debug-dump=info', '--dwarf-depth=1', file).match(/DW_AT_producer.*GNU C.*/g) ?? [];
    check(producers.length > 0, `${name} has no debug information to read its options from`);
    for (const option of UNIT_OPTIONS)
        check(producers.every((unit) => unit.includes(option)), `a unit of ${name} was compiled without ${option}`);
}

for (const short of ['ingest', 'relay', 'chat', 'worker', 'picture']) {
    const name = `jangteo-${short}`;
    const file = path.join(build, 'bin', name);
    if (!existsSync(file)) {
        faults.push(`${file} is missing`);
        continue;
    }
    checkImage(name, file);
    checkCode(name, file);
    checkUnits(name, file);
    check(!readFileSync(file).includes('JANGTEO_FAIL_POINT'), `${name} can be told to fail (chat/store/fail.h)`);
}
const commands = JSON.parse(readFileSync(path.join(build, 'compile_commands.json'), 'utf8'));
check(commands.every(({ command }) => command.includes('-D_FORTIFY_SOURCE=3')), 'a unit was compiled without FORTIFY 3');

faults.forEach((text) => console.error(text));
console.log(`hardening: ${faults.length} faults`);
process.exit(faults.length ? 1 : 0);
