// A chat of its own on one core and its clients on the other, with a shop that sells.
import { execFileSync } from 'node:child_process';
import { startService } from '../../integration/harness/index.mjs';
import { firstOperator, openShop } from '../../integration/people.mjs';

export const SERVER_CORE = 0;
export const CLIENT_CORE = 1;

/** All its threads, and those that they start. */
export function pin(pid, core) {
    execFileSync('taskset', ['-acp', String(core), String(pid)], { stdio: 'ignore' });
}

/** Resolves to {chat, seller, product, show}. This process goes to the clients' core. */
export async function openSale(scope, { stock = 1000000 } = {}) {
    const flags = { 'http.per_address': -1, 'ws.per_address': -1, 'log.level': 'warn' };
    const chat = await startService(scope, 'chat', { flags });
    pin(chat.pid, SERVER_CORE);
    pin(process.pid, CLIENT_CORE);
    const { seller, product } = await openShop(await firstOperator(chat.http, chat.site.dataDir), { stock });
    const show = await seller.must('POST', '/api/v1/shop/shows', { title: '첫 방송', access: 'public' }, 201);
    return { chat, seller, product, show };
}
