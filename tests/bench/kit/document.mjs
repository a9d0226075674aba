// Tables, and their place in docs/performance.md: between <!-- bench:NAME --> and <!-- /bench:NAME -->.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { root } from './place.mjs';

const FILE = path.join(root, 'docs/performance.md');

/** A Markdown table; `columns` is [[title, row => text], ...]. */
export function table(columns, rows) {
    const line = (cells) => `| ${cells.join(' | ')} |`;
    return [
        line(columns.map(([title]) => title)),
        line(columns.map(([, , align]) => (align === 'left' ? '---' : '---:'))),
        ...rows.map((row) => line(columns.map(([, cell]) => cell(row) ?? '–'))),
    ].join('\n');
}

export const fixed = (digits) => (value) =>
    value === undefined || value === null || Number.isNaN(value) ? undefined : Number.isFinite(value) ? value.toFixed(digits) : '> 500';

export function conditionsText(c, loadAfter) {
    return (
        `Measured ${c.date} on ${c.cores} cores ${c.cpu}, Linux ${c.kernel}, build \`${c.jangteo}\` (release, cc ${c.compiler}, ` +
        `OpenSSL ${c.openssl}); load average ${c.load_before[0]} before, ${loadAfter} after.`
    );
}

/** Put `text` into the section NAME of docs/performance.md. */
export async function writeSection(name, text) {
    const [begin, end] = [`<!-- bench:${name} -->`, `<!-- /bench:${name} -->`];
    const page = await readFile(FILE, 'utf8');
    const from = page.indexOf(begin);
    const to = page.indexOf(end);
    if (from < 0 || to < from) throw new Error(`docs/performance.md has no section ${begin}`);
    await writeFile(FILE, `${page.slice(0, from + begin.length)}\n${text.trim()}\n${page.slice(to)}`);
}

/** Keep the raw result; returns where. */
export async function keepResult(name, result) {
    const folder = path.join(root, 'build/bench-results');
    const file = path.join(folder, `${name}-${new Date().toISOString().replace(/[:.]/g, '-')}.json`);
    await mkdir(folder, { recursive: true });
    await writeFile(file, `${JSON.stringify(result, null, 2)}\n`);
    return path.relative(root, file);
}
