// Chromium takes our answers to its own offers: setRemoteDescription succeeds and says what was agreed.
// The writer under test is the unit test program, which prints an answer when told so.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import test from 'node:test';
import { launchBrowser, openPage } from '../integration/harness/browser.mjs';
import { bin, root, until } from '../integration/harness/index.mjs';

const writer = path.join(bin, '../tests/whip_test_answer');

function writeAnswer(offer, codec) {
    const run = spawnSync(writer, ['--answer', codec], { input: offer, cwd: path.join(root, 'tests') });
    assert.equal(run.status, 0, String(run.stderr));
    return String(run.stdout);
}

/** Make an offer to receive, in the page. */
const makeOffer = (page, kinds) =>
    page.evaluate(async (list) => {
        window.pc = new RTCPeerConnection({ bundlePolicy: 'max-bundle' });
        for (const kind of list) window.pc.addTransceiver(kind, { direction: 'recvonly' });
        await window.pc.setLocalDescription();
        return window.pc.localDescription.sdp;
    }, kinds);

/** Give the page the answer; which sections it then receives on. A rejected one is gone from its transceivers. */
const takeAnswer = (page, sdp) =>
    page.evaluate(async (text) => {
        await window.pc.setRemoteDescription({ type: 'answer', sdp: text });
        return window.pc.getTransceivers().map((each) => [each.mid, each.currentDirection]);
    }, sdp);

/** The candidates of the answer that the page has taken up, by its own statistics. */
const remoteCandidates = (page) =>
    page.evaluate(async () => {
        const all = [...(await window.pc.getStats()).values()].filter((one) => one.type === 'remote-candidate');
        return all.map((one) => `${one.address} ${one.port} ${one.protocol} ${one.priority}`).sort();
    });

test('Chromium takes the answers', async (t) => {
    const browser = await launchBrowser(t);
    const page = await openPage(t, browser);

    for (const codec of ['h264', 'vp8', 'vp9', 'av1']) {
        await t.test(codec, async () => {
            const agreed = await takeAnswer(page, writeAnswer(await makeOffer(page, ['audio', 'video']), codec));
            assert.deepEqual(agreed, [['0', 'recvonly'], ['1', 'recvonly']]);
            await until('both candidates to be taken', async () => (await remoteCandidates(page)).length === 2);
            assert.deepEqual(await remoteCandidates(page), ['127.0.0.1 8190 udp 2130706431', '::1 8190 udp 2130706175']);
        });
    }

    await t.test('a second video section is rejected', async () => {
        const agreed = await takeAnswer(page, writeAnswer(await makeOffer(page, ['video', 'video', 'audio']), 'h264'));
        assert.deepEqual(agreed, [['0', 'recvonly'], ['2', 'recvonly']]);
    });

    await t.test('sound alone', async () => {
        const agreed = await takeAnswer(page, writeAnswer(await makeOffer(page, ['audio']), 'h264'));
        assert.deepEqual(agreed, [['0', 'recvonly']]);
    });

    assert.deepEqual(page.faults, []);
});
