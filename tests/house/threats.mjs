// The test `threats`: docs/threats.md names a proof for every threat, and every proof exists. Usage: threats.mjs [--write]
// (with --write the last column is made anew from the names of the tests that carry the id).
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const page = path.join(root, 'docs/threats.md');
const text = (file) => readFileSync(path.join(root, file), 'utf8');
const files = (folder, pattern) => readdirSync(path.join(root, folder), { recursive: true }).map((file) => path.join(folder, String(file))).filter((file) => pattern.test(file));

/** Names of C tests: functions in tests/unit. */
const units = new Set(files('tests/unit', /\.c$/).flatMap((file) => text(file).match(/\btest_[a-z]\d+_\w+/g) ?? []));

/** Test file's name → the titles of its tests. */
const scripts = new Map();
for (const file of [...files('tests/integration', /\.test\.mjs$/), ...files('tests/e2e', /\.test\.mjs$/)]) {
    const titles = text(file).match(/\btest\(\s*(['"`]).*?\1/gs) ?? [];
    scripts.set(path.basename(file, '.test.mjs'), titles);
}

/** Checks of the house say in their first lines which threat they are about. */
const house = new Map(files('tests/house', /\.mjs$/).map((file) => [`house/${path.basename(file, '.mjs')}`, text(file).split('\n').slice(0, 3).join('\n')]));

const carries = (name, id) => new RegExp(`(^|[^a-z0-9])${id}([^a-z0-9]|$)`, 'i').test(name);

/** Does the proof `name`, as the page writes it, exist and carry the id? Returns what is wrong, or nothing. */
function fault(name, id) {
    if (name.startsWith('test_')) {
        if (!units.has(name)) return `there is no test ${name}`;
        return name.startsWith(`test_${id.toLowerCase()}_`) ? undefined : `${name} does not carry the id`;
    }
    const titles = name.startsWith('house/') ? [house.get(name)].filter(Boolean) : scripts.get(name);
    if (!titles?.length) return `there is no test file ${name}`;
    return titles.some((title) => carries(title, id)) ? undefined : `no test of ${name} carries the id`;
}

function proofsOf(id) {
    const prefix = `test_${id.toLowerCase()}_`;
    const named = [...scripts].filter(([, titles]) => titles.some((title) => carries(title, id))).map(([name]) => name);
    const kept = [...house].filter(([name, head]) => name !== 'house/threats' && carries(head, id)).map(([name]) => name);
    return [...[...units].filter((name) => name.startsWith(prefix)).sort(), ...named.sort(), ...kept];
}

const row = /^\| ([A-Z]\d+) \| (.*?) \|(.*)\|$/gm;
if (process.argv[2] === '--write') {
    const written = text('docs/threats.md').replace(row, (_, id, sentence) => `| ${id} | ${sentence} | ${proofsOf(id).map((name) => `\`${name}\``).join(' ')} |`);
    writeFileSync(page, written);
}
const faults = [];
const seen = new Set();
for (const [, id, , proofs] of text('docs/threats.md').matchAll(row)) {
    const names = [...proofs.matchAll(/`([^`]+)`/g)].map((match) => match[1]);
    if (seen.has(id)) faults.push(`${id}: twice`);
    seen.add(id);
    if (names.length === 0) faults.push(`${id}: no test`);
    for (const name of names) {
        const wrong = fault(name, id);
        if (wrong) faults.push(`${id}: ${wrong}`);
    }
}
if (seen.size === 0) faults.push('docs/threats.md has no table');
if (faults.length > 0) {
    console.error(faults.join('\n'));
    console.error('tests/house/threats.mjs --write names the tests that are there');
    process.exit(1);
}
console.log(`threats: ${seen.size} threats, each with a proof that exists`);
