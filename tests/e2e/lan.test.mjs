// Phones of the same network, scripts/run --lan: https by our own authority, which the browser has been told to trust and nothing else.
// It runs in a network namespace of its own, where a veth pair stands for the local network; only root can make one.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { launchBrowser, openPage } from '../integration/harness/browser.mjs';
import { folder, run } from '../integration/harness/index.mjs';
import { hears, openMarketOnAir, say, signIn, untilMoving, visit } from './kit/market.mjs';

const ADDRESS = '192.168.77.1';
const NETWORK = 'ip link set lo up && ip link add lan0 type veth peer name lan1 && ip link set lan0 up && ip link set lan1 up';
const inside = process.env.JT_LAN_NAMESPACE === 'yes';

function whyNot() {
    if (process.getuid() !== 0) return 'needs root, for a network namespace of its own';
    try {
        execFileSync('unshare', ['--net', 'sh', '-c', NETWORK], { stdio: 'pipe' });
    } catch (error) {
        return `no network namespace with veth here: ${error.stderr}`;
    }
    return false;
}

/** A browser that starts as on a new phone, and then trusts `authority`. */
async function launchTrusting(t, authority) {
    const home = await folder(t);
    const store = path.join(home, '.pki/nssdb');
    await mkdir(store, { recursive: true });
    for (const args of [['-N', '--empty-password'], ['-A', '-n', 'jangteo', '-t', 'C,,', '-i', authority]]) {
        const { code, text } = await run('certutil', ['-d', `sql:${store}`, ...args]);
        assert.equal(code, 0, text);
    }
    return launchBrowser(t, { env: { HOME: home } });
}

test('X4, A7: phones of the same network watch, talk and sell by https', { skip: !inside && whyNot() }, async (t) => {
    if (!inside) {
        const command = `${NETWORK} && ip addr add ${ADDRESS}/24 dev lan0 && exec "$@"`;
        const env = { JT_LAN_NAMESPACE: 'yes', NODE_TEST_CONTEXT: undefined };
        const self = [process.execPath, fileURLToPath(import.meta.url)];
        const { code, text } = await run('unshare', ['--net', 'sh', '-c', command, 'sh', ...self], { env, timeoutMs: 180000 });
        assert.equal(code, 0, text);
        return;
    }
    const { jangteo, show } = await openMarketOnAir(t, { args: ['--lan', ADDRESS] });
    assert.equal(jangteo.urls.front, `https://${ADDRESS}:${jangteo.ports.https}`);
    const stranger = await openPage(t, await launchBrowser(t));
    await assert.rejects(stranger.goto(jangteo.urls.front), /ERR_CERT_AUTHORITY_INVALID/); // so that the trust below counts
    const browser = await launchTrusting(t, path.join(jangteo.data, 'ca/ca.crt'));

    const front = await visit(t, browser, jangteo, '/');
    await front.locator(`a[href="/live/${show}"]`).first().waitFor();
    const viewer = await visit(t, browser, jangteo, `/live/${show}`);
    const sockets = [];
    viewer.on('websocket', (socket) => sockets.push(socket.url()));
    await viewer.reload();
    await untilMoving(viewer);
    await say(viewer, '와이파이로 보고 있어요');

    const seller = await visit(t, browser, jangteo, '/studio');
    await signIn(seller, 'suni');
    await hears(seller, '와이파이로 보고 있어요');
    await untilMoving(seller);
    await say(seller, '어서 오세요');
    await hears(viewer, '어서 오세요');
    assert.ok(sockets.length > 0 && sockets.every((url) => url === `wss://${ADDRESS}:${jangteo.ports.https}/ws`), sockets.join());

    for (const page of [viewer, seller]) {
        const cookies = await page.context().cookies();
        assert.ok(cookies.length > 0);
        for (const { name, secure, httpOnly, sameSite, path: where, domain } of cookies) {
            assert.match(name, /^__Host-/);
            assert.deepEqual({ secure, httpOnly, sameSite, where, domain }, { secure: true, httpOnly: true, sameSite: 'Lax', where: '/', domain: ADDRESS });
        }
        assert.ok(await page.evaluate(() => isSecureContext));
        assert.deepEqual(page.faults, []);
    }
    assert.deepEqual(front.faults, []);
});
