// Peers at the control socket between ingest and relay that lie, and two that believe they are ingest: threats M1, M2,
// M4, V13.
import assert from 'node:assert/strict';
import path from 'node:path';
import test from 'node:test';
import { startService, until } from './harness/index.mjs';
import { ControlPeer } from './control-peer.mjs';
import { flvPublish } from './flv-publisher.mjs';
import { besideWitnesses, startMisbehaving, startShow } from './witness.mjs';

const controlOf = (site) => path.join(site.runDir, 'ingest.sock');
const small = { size: '320x180', kbps: 300, gop: 30 };

test('m1: what a reader is given can only be read', async (t) => {
    const chain = await startShow(t, { publish: { ...small } });
    await besideWitnesses(t, chain, async () => {
        const peer = new ControlPeer(t);
        await peer.connect('a', controlOf(chain.site));
        await peer.hello('a');
        const track = await until('a track', () => peer.got('a').find((one) => one.type === 'track'));
        assert.equal(track.count, 1);
        const { size, ...tried } = await peer.probe(track.first);
        assert.ok(size > 65536);
        for (const [what, result] of Object.entries(tried)) assert.ok(['EPERM', 'EACCES'].includes(result), `${what}: ${result}`);
        await peer.close('a');
    });
});

test('m4: peers that break the rules of the control socket are cut off, their descriptors do not stay', async (t) => {
    const chain = await startShow(t, { publish: { ...small } });
    await besideWitnesses(t, chain, async () => {
        const peer = new ControlPeer(t);
        const at = controlOf(chain.site);
        const bell = { type: 'reader', track: 1, on: true };
        const cuts = [
            ['no hello', bell, 'eventfd,file', false],
            ['not JSON', 'rm -rf', '-', true],
            ['another version', '{"v":2,"type":"reader","track":1,"on":true}', '-', true],
            ['250 descriptors', bell, 'null*250', true],
            ['descriptors nobody asked for', { type: 'keyframe', show: 'market', track: 1 }, 'null*3', true],
            ['a bell without descriptors', bell, '-', true],
            ['too deep', `{"v":1,"type":"reader","track":1,"on":true,"x":${'['.repeat(200)}${']'.repeat(200)}}`, 'eventfd,memfd', true],
            ['a number that is none', '{"v":1,"type":"reader","track":-1,"on":true}', 'eventfd,memfd', true],
            ['a name with a slash', { type: 'keyframe', show: '../x', track: 1 }, '-', true],
        ];
        for (const [i, [, message, fds, greets]] of cuts.entries()) {
            await peer.connect(`p${i % 4}`, at);
            if (greets) await peer.hello(`p${i % 4}`);
            const from = peer.lines.length;
            await peer.send(`p${i % 4}`, message, fds);
            await peer.line(new RegExp(`^p${i % 4} closed`), from).catch((error) => assert.fail(`${cuts[i][0]}: ${error.message}`));
        }
        await peer.connect('bells', at);
        await peer.hello('bells');
        for (const fds of ['pipe', 'file,file', 'eventfd,memfd', 'eventfd,file', 'null*2']) await peer.send('bells', bell, fds);
        await chain.ingest.line(/peer\.bell_refused/);
        await peer.close('bells');
        await chain.ingest.untilMetric('jangteo_ingest_peers', { role: 'relay' }, (n) => n === 1);
    });
});

/** A relay whose ingest is us, and the tracks of two shows of a real ingest to give to it. */
async function playIngest(t) {
    const chain = await startShow(t, { publish: null });
    const publishers = {};
    for (const show of ['old', 'new']) publishers[show] = await flvPublish(t, chain.site.ports.rtmp, show, (tag) => tag, { audio: false });
    const peer = new ControlPeer(t);
    await peer.connect('a', controlOf(chain.site));
    await peer.hello('a');
    const fds = {};
    for (const show of ['old', 'new']) fds[show] = (await until(`the track of ${show}`, () => peer.got('a').find((one) => one.type === 'track' && one.show === show))).first;
    const ours = path.join(chain.site.dir, 'ours.sock');
    await peer.listen('b', ours);
    const { base } = chain.site;
    const relay = await startServiceNotReady(t, chain, {
        'ingest.control': ours,
        'http.listen': `127.0.0.1:${base + 1}`,
        'http.socket': `${chain.site.dir}/second.sock`,
        'admin.listen': `127.0.0.1:${base + 2}`,
        'rtc.listen': `127.0.0.1:${base + 4}`,
    }, peer);
    const bells = await until('its bells', () => peer.got('b').filter((one) => one.type === 'reader').length === 2 && peer.got('b').filter((one) => one.type === 'reader'));
    for (const { first, v: _, count: __, ...bell } of bells) await peer.send('a', bell, `got:${first},got:${first + 1}`); // the writers ring them
    const show = (epoch, state = 'live') => peer.send('b', { type: 'show', show: 'market', epoch, state, access: 'public' });
    const track = (epoch, id, given) => peer.send('b', { type: 'track', show: 'market', epoch, track: id, source: 0 }, given);
    return { publishers, peer, relay, show, track, fds, chain: { ...chain, relay, show: 'market' } };
}

async function startServiceNotReady(t, chain, flags, peer) {
    const starting = startService(t, 'relay', { site: chain.site, env: chain.env, flags });
    await peer.line(/^b open/);
    await peer.hello('b', 'ingest');
    return starting;
}

test('v13: the higher epoch is followed, what an old writer still says and writes is not', async (t) => {
    const { publishers, peer, relay, show, track, fds, chain } = await playIngest(t);
    await show(100);
    await track(100, 1, `got:${fds.new}`);
    const viewer = startMisbehaving(t, chain, 'none', { seconds: 600 });
    await viewer.line(/^ready/);
    await relay.untilMetric('jangteo_relay_join_seconds_count', {}, (n) => n === 1);
    await show(50); // the old one wakes up
    await track(50, 2, `got:${fds.old}`);
    const packets = () => relay.metric('jangteo_relay_rtp_packets_total');
    const before = await packets();
    await until('the newer to be followed', async () => (await packets()) > before + 30);
    publishers.new.stop(); // its ring ends: nothing comes, for all that the old one writes
    const writtenByOld = async (frames) => {
        const { sent } = publishers.old;
        await until('the old one to write on', () => publishers.old.sent > sent + frames);
    };
    await writtenByOld(15);
    const seen = await packets();
    await writtenByOld(45);
    assert.equal(await packets(), seen, 'nothing of what the old one wrote');
    const from = viewer.lines.length;
    await show(101); // somebody newer than both: on it goes, in the same session
    await track(101, 3, `got:${fds.old}`);
    await until('the picture to be back', () => viewer.lines.slice(from).some((line) => line.startsWith('gap ')));
    await viewer.stop('SIGINT');
    assert.equal(viewer.report().ready, 1);
    await peer.close('b');
});

test('m2 m4: rings that are none cost their track, not the relay', async (t) => {
    const { peer, relay, show, track, fds, chain } = await playIngest(t);
    await show(100);
    const before = await relay.metric('process_open_fds');
    for (const [i, given] of ['memfd', 'file', 'null', 'eventfd'].entries()) await track(100, 10 + i, given);
    await relay.line(/track\.refused/);
    await track(100, 1, `got:${fds.new}`);
    const viewer = startMisbehaving(t, chain, 'none', { seconds: 600 });
    await viewer.line(/^ready/);
    await relay.untilMetric('jangteo_relay_join_seconds_count', {}, (n) => n === 1);
    await viewer.stop('SIGINT');
    await until('descriptors to be as before', async () => (await relay.metric('process_open_fds')) <= before + 4); // the good ring: one a worker, and the API's
    const from = peer.lines.length;
    await peer.send('b', { type: 'track', show: 'market', epoch: 100, track: 20, source: 0 }, 'null*5');
    await peer.line(/^b closed/, from);
    await relay.untilMetric('jangteo_relay_ingest_connected', {}, (n) => n === 0);
});
