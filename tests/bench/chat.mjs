// A room with a crowd in it: what a page costs at rest, how long a message takes to the last page, and everybody coming back at
// once. Server on one core, clients (bench-crowd) on the other, clear text at chat's own port.
//   node tests/bench/chat.mjs [--pages 10000] [--messages 20] [--hearts 200] [--seconds 20] [--rest 30] [--write]
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { atEnd } from '../integration/harness/index.mjs';
import { Buyer, each } from '../integration/buyers.mjs';
import { cpuSeconds, residentBytes } from './kit/usage.mjs';
import { conditions, loadNow, scoped, tool } from './kit/place.mjs';
import { conditionsText, fixed, keepResult, table, writeSection } from './kit/document.mjs';
import { CLIENT_CORE, openSale } from './kit/sale.mjs';
import { spawn } from 'node:child_process';
import readline from 'node:readline';

const { values: given } = parseArgs({
    options: {
        pages: { type: 'string', default: '10000' },
        messages: { type: 'string', default: '20' },
        hearts: { type: 'string', default: '200' },
        seconds: { type: 'string', default: '20' },
        rest: { type: 'string', default: '30' },
        write: { type: 'boolean' },
    },
});
const PAGES = Number(given.pages), MESSAGES = Number(given.messages), SECONDS = Number(given.seconds);
const TALKERS = Math.ceil((MESSAGES * 60) / 15); // a person may say 20 things a minute

/** bench-crowd; ask(line) resolves to its answer. */
function startCrowd(scope, args) {
    const child = spawn('taskset', ['-c', String(CLIENT_CORE), tool('bench-crowd'), ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
    const answers = readline.createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    atEnd(scope, () => child.kill());
    return async (line) => {
        child.stdin.write(`${line}\n`);
        const { value, done } = await answers.next();
        if (done) throw new Error(`bench-crowd ended at "${line}"`);
        return JSON.parse(value);
    };
}

async function makeTalkers(chat) {
    const talkers = Array.from({ length: TALKERS }, (_, i) => new Buyer(chat.http, i));
    await each(talkers, 16, (talker) => talker.arrive());
    talkers.forEach((talker) => talker.leave());
    const file = path.join(chat.site.dir, 'talkers');
    await writeFile(file, talkers.map((talker) => `${talker.headers.cookie}\n`).join(''));
    return file;
}

/** What chat used while `job` ran: CPU seconds, wall seconds, reads of the store. */
async function measured(chat, job) {
    const cpu = cpuSeconds(chat.pid), reads = await chat.metric('jangteo_chat_store_reads_total'), began = performance.now();
    const result = await job();
    const seconds = (performance.now() - began) / 1000;
    return { ...result, cpu_s: cpuSeconds(chat.pid) - cpu, wall_s: seconds, reads: (await chat.metric('jangteo_chat_store_reads_total')) - reads };
}

const talkColumns = [
    ['pages', (row) => row.pages],
    ['messages said / at all pages', (row) => `${row.talk.said} / ${row.talk.at_all}`],
    ['send → last page p50, ms', (row) => fixed(0)(row.talk.last.p50)],
    ['p99, ms', (row) => fixed(0)(row.talk.last.p99)],
    ['send → a page p50, ms', (row) => fixed(0)(row.talk.each.p50)],
    ['p99, ms', (row) => fixed(0)(row.talk.each.p99)],
    ['chat, % of its core', (row) => fixed(0)((row.talk.cpu_s / row.talk.wall_s) * 100)],
    ['chat, CPU µs/delivery', (row) => fixed(2)((row.talk.cpu_s / row.talk.deliveries) * 1e6)],
    ['at rest, % of its core', (row) => fixed(1)((row.rest.cpu_s / row.rest.wall_s) * 100)],
    ['RSS a page at rest, bytes', (row) => fixed(0)(row.page_bytes)],
    ['load', (row) => fixed(1)(row.load)],
];
const backColumns = [
    ['pages', (row) => row.pages],
    ['connecting at a time', (row) => row.atOnce],
    ['all are back after, s', (row) => fixed(2)(row.seconds)],
    ['recovered', (row) => row.recovered],
    ['second attempts', (row) => row.retries],
    ['reads of the store', (row) => row.reads],
    ['talkers, each with a session to read', () => TALKERS],
    ['chat, CPU ms', (row) => fixed(0)(row.cpu_s * 1000)],
    ['chat, CPU µs/page', (row) => fixed(0)((row.cpu_s / row.pages) * 1e6)],
];

const before = conditions();
const row = await scoped(async (scope) => {
    const { chat, show } = await openSale(scope);
    const ask = startCrowd(scope, [String(new URL(chat.http).port), show.id, await makeTalkers(chat)]);
    await ask(`open ${TALKERS}`);
    const few = residentBytes(chat.pid).all;
    const opened = await measured(chat, () => ask(`open ${PAGES - TALKERS}`));
    await ask('rest 3');
    const many = residentBytes(chat.pid).all;
    const rest = await measured(chat, () => ask(`rest ${given.rest}`));
    const talk = await measured(chat, () => ask(`talk ${SECONDS} ${MESSAGES} ${given.hearts}`));
    const backs = [];
    for (const atOnce of [PAGES, 500]) backs.push({ atOnce, pages: PAGES, ...(await measured(chat, () => ask(`back ${atOnce}`))) });
    return { pages: PAGES, opened, rest, talk, backs, page_bytes: (many - few) / (PAGES - TALKERS), rss: residentBytes(chat.pid), load: loadNow() };
});
const text = [conditionsText(before, loadNow()), table(talkColumns, [row]), 'All connections break, and all pages come back with their position:', table(backColumns, row.backs)].join('\n\n');
console.log(text);
await keepResult('chat', { before, row });
if (given.write) await writeSection('chat', text);
