// The test `config`: docs/configuration.md is what the programs print, and one file and one environment with the options of all of
// them start each of them. Usage: config.mjs BUILD_FOLDER
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const printed = execFileSync(path.join(root, 'scripts/docs'), ['--print', path.join(process.argv[2], 'bin')], { encoding: 'utf8' });
const written = readFileSync(path.join(root, 'docs/configuration.md'), 'utf8');
const SERVICES = ['ingest', 'relay', 'chat'];
const program = (name) => path.join(process.argv[2], 'bin', `jangteo-${name}`);

/** {'section.key': default} of a service, from its own table. */
function optionsOf(name) {
    const rows = execFileSync(program(name), ['--config-reference'], { encoding: 'utf8' }).matchAll(/^\| `([\w.]+)` \|.*\| `([^`]*)` \| `\w+` \|$/gm);
    return Object.fromEntries([...rows].map(([, option, fallback]) => [option, fallback === 'none' ? '' : fallback]));
}

/** What is wrong when a service gets everybody's options from a file, then from the environment. */
function faultsOfOneFile() {
    const all = Object.assign({}, ...SERVICES.map(optionsOf));
    const folder = mkdtempSync(path.join(tmpdir(), 'jt-config-'));
    const file = path.join(folder, 'all.conf');
    const text = [...group(Object.keys(all))].map(([section, names]) => `[${section}]\n${names.map((name) => `${name.slice(section.length + 1)} = ${all[name]}\n`).join('')}`).join('');
    writeFileSync(file, text);
    const environment = Object.fromEntries(Object.entries(all).map(([name, value]) => [`JANGTEO_${name.replace('.', '_').toUpperCase()}`, value]));
    const faults = SERVICES.flatMap((name) => [
        spawnSync(program(name), ['--check-config', '--config', file], { encoding: 'utf8' }),
        spawnSync(program(name), ['--check-config'], { encoding: 'utf8', env: { ...process.env, ...environment } }),
    ].filter(({ status }) => status !== 0).map(({ stderr }) => `jangteo-${name}: ${stderr}`));
    rmSync(folder, { recursive: true });
    return faults;
}

function group(names) {
    const groups = new Map();
    for (const name of names) {
        const section = name.split('.')[0];
        groups.set(section, [...(groups.get(section) ?? []), name]);
    }
    return groups;
}

for (const fault of faultsOfOneFile()) {
    console.error(fault);
    process.exitCode = 1;
}
if (printed === written) {
    console.log('config: docs/configuration.md is true');
} else {
    console.error('docs/configuration.md differs from what the programs print; write it anew with scripts/docs');
    process.exit(1);
}
