// A5: what somebody guesses at is slowed down by where they come from, and however they spell it.
import assert from 'node:assert/strict';
import test from 'node:test';
import { request, startService } from './harness/index.mjs';
import { HookPeer } from './hook-peer.mjs';
import { firstOperator, openShop, password } from './people.mjs';

const ACCOUNT_BURST = 20; // failures at one account, from anywhere (chat/access/limiter.h)

test('A5: an account is guessed at no faster in other spellings from other addresses', async (t) => {
    const chat = await startService(t, 'chat');
    await firstOperator(chat.http, chat.site.dataDir);
    const spell = (n) => Array.from('operator', (letter, i) => (n & (1 << i) ? letter.toUpperCase() : letter)).join('');
    const signIn = async (n, secret) => {
        const body = JSON.stringify({ login: spell(n), password: secret });
        const headers = { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body), 'X-Forwarded-For': `203.0.113.${n + 1}` };
        return (await request('/api/v1/session', { socketPath: chat.socketPath, method: 'POST', headers, body })).status;
    };
    const statuses = [];
    for (let n = 0; n < ACCOUNT_BURST + 2; n++) statuses.push(await signIn(n, 'wrong-password-1'));
    assert.deepEqual(statuses.slice(0, ACCOUNT_BURST), Array(ACCOUNT_BURST).fill(401));
    assert.equal(statuses.at(-1), 429);
    assert.equal(await signIn(200, password), 429, 'guessing stops for the right one as well, or it would tell');
});

test('A5: who tries stream keys has to wait, others have not, and a good key is no guess', async (t) => {
    const chat = await startService(t, 'chat', { flags: { 'http.per_address': -1 } });
    const { seller } = await openShop(await firstOperator(chat.http, chat.site.dataDir));
    const { stream_key: key } = await seller.must('POST', '/api/v1/shop/key/reveal', {});
    const ingest = await HookPeer.open(chat.site);
    for (let i = 0; i < 10; i++) assert.equal((await ingest.publish(key)).status, 200);
    const codes = [];
    for (let i = 0; i < 8; i++) codes.push((await ingest.publish(`made-up-${i}`)).body.code);
    assert.equal(codes[0], 'unknown_key');
    assert.equal(codes.at(-1), 'too_many');
    assert.deepEqual((await ingest.publish(key)).status, 403, 'not even looked at');
    assert.equal((await ingest.publish(key, '203.0.113.2')).status, 200);
    assert.equal((await seller.signIn('suni', password)).session.shop.role, 'owner', 'an encoder that tries again locks nobody out');
});
