// What the tests `threats` and `pitfalls` share: a page of docs/ whose tables promise something by id and name the tests that
// prove it, and the tests whose names carry an id. A row is `| ID | sentence | proofs |`.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const text = (file) => readFileSync(path.join(root, file), 'utf8');
const files = (folder, pattern) => readdirSync(path.join(root, folder), { recursive: true }).map((file) => path.join(folder, String(file))).filter((file) => pattern.test(file));

/** Names of C tests: functions in tests/unit that carry ids, as test_k1_p01_what_is_seen. */
const units = [...new Set(files('tests/unit', /\.c$/).flatMap((file) => text(file).match(/\btest_[a-z]\d+_\w+/g) ?? []))].sort();

/** The ids such a name begins with: ['k1', 'p01']. */
const prefixes = (name) => /^test_((?:[a-z]\d+_)+)/.exec(name)?.[1].split('_').slice(0, -1) ?? [];

/** Test file's name → the titles of its tests; one name may stand in both folders. */
const scripts = new Map();
for (const file of [...files('tests/integration', /\.test\.mjs$/), ...files('tests/e2e', /\.test\.mjs$/)]) {
    const name = path.basename(file, '.test.mjs');
    scripts.set(name, [...(scripts.get(name) ?? []), ...(text(file).match(/\btest\(\s*(['"`]).*?\1/gs) ?? [])]);
}

/** Checks of the house say in their first lines which promise they are about. */
const house = new Map(files('tests/house', /\.mjs$/).map((file) => [`house/${path.basename(file, '.mjs')}`, [text(file).split('\n').slice(0, 3).join('\n')]]));

/** All tests by the name a page gives them → the texts that may carry an id. */
const tests = new Map([...units.map((name) => [name, [name]]), ...[...scripts].sort(([a], [b]) => (a < b ? -1 : 1)), ...house]);

/**
 * A page and how tests carry its ids.
 *
 * file       below the root
 * id         what an id looks like
 * ofUnit     an id as C tests begin with it, lower case ('p01') → the page's id, or nothing
 * ofTitle    title or head of a script → the page's ids in it
 */
export class Page {
    constructor({ file, id, ofUnit, ofTitle }) {
        this.file = file;
        this.row = new RegExp(`^\\| (${id.source}) \\| (.*?) \\|(.*)\\|$`, 'gm');
        this.carriedBy = (name) => (name.startsWith('test_') ? prefixes(name).map(ofUnit).filter(Boolean) : tests.get(name).flatMap(ofTitle));
    }

    /** Id → names of the tests that carry it: C tests, then scripts, then checks of the house. */
    proofs() {
        const byId = new Map();
        for (const name of tests.keys())
            for (const id of new Set(this.carriedBy(name))) byId.set(id, [...(byId.get(id) ?? []), name]);
        return byId;
    }

    /** Make the last column anew. */
    write() {
        const byId = this.proofs();
        const named = (id) => (byId.get(id) ?? []).map((name) => `\`${name}\``).join(' ');
        writeFileSync(path.join(root, this.file), text(this.file).replace(this.row, (_, id, sentence) => `| ${id} | ${sentence} | ${named(id)} |`));
    }

    /** What is wrong with one proof of `id`, or nothing. */
    fault(name, id) {
        if (!tests.has(name)) return `there is no test ${name}`;
        return this.carriedBy(name).includes(id) ? undefined : `${name} does not carry the id`;
    }

    /** All that is wrong, both ways: ids twice, without a test, with one that is none; tests whose id has no row. */
    faults() {
        const found = [];
        const seen = new Set();
        for (const [, id, , column] of text(this.file).matchAll(this.row)) {
            const names = [...column.matchAll(/`([^`]+)`/g)].map((match) => match[1]);
            if (seen.has(id)) found.push(`${id}: twice`);
            seen.add(id);
            if (names.length === 0) found.push(`${id}: no test`);
            found.push(...names.map((name) => [name, this.fault(name, id)]).filter(([, wrong]) => wrong).map(([, wrong]) => `${id}: ${wrong}`));
        }
        if (seen.size === 0) found.push(`${this.file} has no table`);
        for (const [id, names] of this.proofs()) if (!seen.has(id)) found.push(`${id}: ${names[0]} carries it, but ${this.file} has no line`);
        return { found, count: seen.size };
    }
}

/** Hold the page against the tests, after writing its last column if `--write` was given; exits. */
export function run(name, page) {
    if (process.argv[2] === '--write') page.write();
    const { found, count } = page.faults();
    if (found.length > 0) {
        console.error(found.join('\n'));
        console.error(`tests/house/${name}.mjs --write names the tests that are there`);
        process.exit(1);
    }
    console.log(`${name}: ${count} ${name}, each with a proof that exists`);
}
