// Orders over HTTP at chat's own port, in an open loop: they are sent when their time has come, whatever became of those before.
//   node tests/bench/orders.mjs [--rate 500] [--seconds 10] [--write]
import http from 'node:http';
import { parseArgs } from 'node:util';
import { Buyer, each } from '../integration/buyers.mjs';
import { cpuSeconds } from './kit/usage.mjs';
import { conditions, loadNow, scoped } from './kit/place.mjs';
import { conditionsText, fixed, keepResult, table, writeSection } from './kit/document.mjs';
import { openSale } from './kit/sale.mjs';

const { values: given } = parseArgs({
    options: { rate: { type: 'string', default: '500' }, seconds: { type: 'string', default: '10' }, write: { type: 'boolean' } },
});
const RATE = Number(given.rate), SECONDS = Number(given.seconds);
const ADDRESSES = 100; // a hundred guests of each at most: their limit

const at = (sorted, share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
const sort = (values) => Float64Array.from(values).sort();

async function gather(base) {
    const agents = Array.from({ length: ADDRESSES }, (_, i) => new http.Agent({ keepAlive: true, localAddress: `127.4.0.${i + 1}` }));
    const buyers = Array.from({ length: RATE * SECONDS }, (_, i) => Object.assign(new Buyer(base, i), { agent: agents[i % ADDRESSES] }));
    await each(buyers, 64, (buyer) => buyer.arrive());
    return buyers;
}

function openLoop(buyers, product) {
    const took = [], late = [], refused = [], running = [], began = performance.now();
    const order = async (buyer, due) => {
        late.push(performance.now() - due);
        const { status, body } = await buyer.order(product);
        if (status === 201) took.push(performance.now() - due);
        else refused.push(`${status} ${body.code}`);
    };
    return new Promise((resolve, reject) => {
        const timer = setInterval(() => {
            while (running.length < buyers.length && performance.now() - began >= (running.length * 1000) / RATE) {
                running.push(order(buyers[running.length], began + (running.length * 1000) / RATE));
            }
            if (running.length < buyers.length) return;
            clearInterval(timer);
            const sentS = (performance.now() - began) / 1000;
            Promise.all(running).then(() => resolve({ took: sort(took), late: sort(late), refused, sentS }), reject);
        }, 1);
    });
}

/** What the store's commits took so far: {seconds, count}. */
async function commitsOf(chat) {
    const [seconds, count] = await Promise.all(['sum', 'count'].map((what) => chat.metric(`jangteo_chat_store_commit_seconds_${what}`)));
    return { seconds, count };
}

const columns = [
    ['orders', (row) => row.orders],
    ['sent per second', (row) => fixed(0)(row.sent_per_s)],
    ['p50, ms', (row) => fixed(1)(row.p50_ms)],
    ['p99, ms', (row) => fixed(1)(row.p99_ms)],
    ['max, ms', (row) => fixed(1)(row.max_ms)],
    ['chat, CPU µs/order', (row) => fixed(0)(row.cpu_us)],
    ['chat, % of its core', (row) => fixed(0)(row.cpu_percent)],
    ['a commit takes, ms', (row) => fixed(1)(row.commit_ms)],
    ['client late p99, ms', (row) => fixed(1)(row.late_p99_ms)],
    ['load', (row) => fixed(1)(row.load)],
];

const before = conditions();
const row = await scoped(async (scope) => {
    const { chat, seller, product } = await openSale(scope);
    const buyers = await gather(chat.http);
    const commits = await commitsOf(chat), cpu = cpuSeconds(chat.pid), began = performance.now();
    const { took, late, refused, sentS } = await openLoop(buyers, product);
    const used = cpuSeconds(chat.pid) - cpu, lasted = (performance.now() - began) / 1000;
    const after = await commitsOf(chat);
    const [{ reserved }] = (await seller.must('GET', '/api/v1/shop/products')).items[0].variants;
    if (refused.length > 0 || reserved !== took.length) throw new Error(`${refused.length} refused (${refused[0]}), ${reserved} reserved`);
    buyers.forEach((buyer) => buyer.leave());
    return {
        orders: took.length, sent_per_s: buyers.length / sentS, p50_ms: at(took, 0.5), p99_ms: at(took, 0.99), max_ms: at(took, 1),
        cpu_us: (used / took.length) * 1e6, cpu_percent: (used / lasted) * 100, late_p99_ms: at(late, 0.99), commit_ms: ((after.seconds - commits.seconds) / (after.count - commits.count)) * 1000, load: loadNow(),
    };
});
const text = `${conditionsText(before, loadNow())}\n\n${table(columns, [row])}`;
console.log(text);
await keepResult('orders', { before, row });
if (given.write) await writeSection('orders', text);
