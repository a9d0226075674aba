// Publishers whose pictures or times make no sense: threats R12, R13.
import assert from 'node:assert/strict';
import test from 'node:test';
import { fileScope, request, until } from './harness/index.mjs';
import { flvPublish, isConfig, isKey } from './flv-publisher.mjs';
import { assertUnharmed, besideWitnesses, startMisbehaving, startShow, watch } from './witness.mjs';

let chain;
const file = fileScope(test);
test.before(async () => {
    chain = await startShow(file, { ingest: { 'show.grace_ms': 1000 }, publish: { size: '320x180', kbps: 300 } });
});

const publish = (t, show, change, options) => flvPublish(t, chain.site.ports.rtmp, show, change, options);
const showOf = async (show) => JSON.parse((await request(`${chain.relay.http}/api/v1/shows/${show}`)).body);
const codecs = async (show) => (await showOf(show)).tracks.map((one) => one.codec);
const untilWarned = (show) =>
    until(`the seller of ${show} to be warned`, async () => (await showOf(show)).warnings.some((one) => one.code === 'gop_too_long'), { timeoutMs: 40000, everyMs: 200 });

test('r12: no key frame ever, or one and then none: viewers have sound, the state is told', async (t) => {
    await besideWitnesses(t, chain, async (ceiling) => {
        let keys = 0;
        const publishers = [
            await publish(t, 'never', (tag) => (isKey(tag) ? null : tag)),
            await publish(t, 'once', (tag) => (isKey(tag) && keys++ > 0 ? null : tag)),
        ];
        await until('sound', async () => (await codecs('never')).includes('opus') && (await codecs('once')).includes('opus'));
        const waiting = startMisbehaving(t, chain, 'none', { show: 'never', seconds: 60 });
        await waiting.line(/^ready/);
        const early = await watch(t, chain, { show: 'once', viewers: 1 });
        await Promise.all([untilWarned('never'), untilWarned('once')]);
        const late = startMisbehaving(t, chain, 'none', { show: 'once', seconds: 60 });
        await late.line(/^ready/);
        const heard = await chain.relay.metric('jangteo_relay_rtp_packets_total');
        await chain.relay.untilMetric('jangteo_relay_rtp_packets_total', {}, (n) => n > heard + 200);
        for (const viewer of [waiting, late]) {
            await viewer.stop('SIGINT');
            const report = viewer.report();
            assert.ok(report.packets > 10, 'sound');
            assert.equal(report.silence_ms, -1, 'and not one packet of a picture nobody could decode');
        }
        assertUnharmed(await early.leave(), { viewers: 1, stallMaxMs: await ceiling() });
        for (const publisher of publishers) {
            assert.equal(publisher.peer.isClosed, false);
            publisher.stop();
        }
    });
});

const HOUR_MS = 3600000;

/** Metadata with numbers that are none: AMF0 strings, then an object of NaN and 1e308. */
function madMetadata() {
    const string = (text) => Buffer.concat([Buffer.from([0, text.length]), Buffer.from(text)]);
    const number = (value) => {
        const bytes = Buffer.alloc(9);
        bytes.writeDoubleBE(value, 1);
        return bytes;
    };
    const fields = [['duration', NaN], ['width', 1e308], ['height', -1], ['framerate', 0], ['videocodecid', Infinity], ['audiosamplerate', -0]];
    const object = fields.flatMap(([key, value]) => [string(key), number(value)]);
    return Buffer.concat([Buffer.from([2]), string('@setDataFrame'), Buffer.from([2]), string('onMetaData'), Buffer.from([3]), ...object, Buffer.from([0, 0, 9])]);
}

const WITH_SOUND = ['hours-apart', 'random']; // the others go without: sound for browsers costs a worker each
const at = (tag, time) => ({ ...tag, time });
/** Show → how its times are broken. */
const BROKEN = {
    zero: () => (tag) => at(tag, 0),
    backwards: () => {
        let n = 0;
        return (tag) => at(tag, n++ % 7 === 6 ? Math.max(0, tag.time - 900) : tag.time);
    },
    'far-jump': () => (tag) => at(tag, tag.time > 2000 ? tag.time + 2 ** 31 : tag.time),
    wrap: () => (tag) => at(tag, tag.time + 2 ** 32 - 2000),
    'hours-apart': () => (tag) => at(tag, tag.type === 8 ? tag.time + 3 * HOUR_MS : tag.time),
    hourly: () => {
        let hours = 0;
        return (tag) => at(tag, tag.time + (isKey(tag) ? ++hours : hours) * HOUR_MS);
    },
    random: () => (tag) => at(tag, isConfig(tag) ? 0 : Math.floor(Math.random() * 2 ** 32)),
    metadata: () => (tag) => (tag.type === 18 ? { ...tag, body: madMetadata() } : tag),
};

test('r13: whatever a publisher says of time, viewers see it run forward', async (t) => {
    await besideWitnesses(t, chain, async () => {
        const shows = Object.keys(BROKEN);
        const publishers = await Promise.all(shows.map((show) => publish(t, show, BROKEN[show](), { fps: 15, gop: 15, audio: WITH_SOUND.includes(show) })));
        for (const show of shows) await until(`${show} to be on air`, async () => (await codecs(show)).includes('h264'));
        const viewers = await watchAll(t, shows);
        const target = 60;
        const before = publishers.map((one) => one.sent);
        await until('a few seconds of each', () => publishers.every((one, i) => one.sent > before[i] + target * 1.5));
        for (const [i, viewer] of viewers.entries()) {
            const report = await viewer.leave();
            assert.ok(report.frames > target / 2, `${shows[i]}: ${JSON.stringify(report)}`);
            for (const key of ['broken_frames', 'stamp_steps_back', 'unprotect_failures']) assert.equal(report[key], 0, `${shows[i]}: ${JSON.stringify(report)}`);
        }
        for (const publisher of publishers) {
            assert.equal(publisher.peer.isClosed, false);
            publisher.stop();
        }
    });
});

/** One viewer of each show. */
async function watchAll(t, shows) {
    const viewers = [];
    for (const show of shows) viewers.push(await watch(t, chain, { show, viewers: 1 }));
    return viewers;
}
