// No descriptor is left: threat V6. Strangers take them all; who is there already must not notice.
import assert from 'node:assert/strict';
import { readFile, readdir } from 'node:fs/promises';
import net from 'node:net';
import test from 'node:test';
import { atEnd, fileScope, request, run, until } from './harness/index.mjs';
import { makeOffer, postOffer } from './forge.mjs';
import { Peer } from './rtmp-peer.mjs';
import { besideWitnesses, startShow } from './witness.mjs';

/** Of a processor, while nobody can be accepted: a loop that spins takes all of it. */
const BUSY_MAX = 0.6;
const RESERVE = 32; // what strangers may not have
const ROOM = 6;
const STRANGERS = 60;
const SENT_AWAY = STRANGERS - 2 * ROOM; // at least: an inherited descriptor of a high number leaves room for one more

let chain;
const file = fileScope(test);
test.before(async () => {
    chain = await startShow(file, { publish: { size: '320x180', kbps: 200, fps: 15 } });
});

const openFds = async (service) => (await readdir(`/proc/${service.pid}/fd`)).length;
const setLimit = async (service, soft) => assert.equal((await run('prlimit', ['--pid', String(service.pid), `--nofile=${soft}:`])).code, 0);

async function cpuSeconds(service) {
    const fields = (await readFile(`/proc/${service.pid}/stat`, 'utf8')).replace(/.*\) /, '').split(' ');
    return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** What share of a processor the service takes for a few seconds (of media time: the clock of the publisher). */
async function busy(service) {
    const began = performance.now();
    const before = await cpuSeconds(service);
    await until('three seconds', () => performance.now() - began > 3000, { everyMs: 200 });
    return (await cpuSeconds(service)) - before <= 0 ? 0 : ((await cpuSeconds(service)) - before) / ((performance.now() - began) / 1000);
}

/** With room for ROOM strangers, STRANGERS connect; resolves once all but those were sent away. */
async function exhaust(t, service, port) {
    const idle = await busy(service);
    await setLimit(service, (await openFds(service)) + RESERVE + ROOM);
    const strangers = Array.from({ length: STRANGERS }, () => net.connect(port, '127.0.0.1'));
    let closed = 0;
    atEnd(t, () => strangers.forEach((one) => one.destroy()));
    for (const one of strangers) one.on('error', () => {}).on('close', () => closed++);
    await until('the others to be sent away', () => closed >= SENT_AWAY);
    assert.ok(closed < STRANGERS, 'some had room');
    return {
        spinning: (await busy(service)) - idle,
        async leave() {
            for (const one of strangers) one.destroy();
            await setLimit(service, 20000);
        },
    };
}

test('v6: ingest without descriptors: nothing spins, the publisher goes on, others come when there is room', async (t) => {
    await besideWitnesses(t, chain, async () => {
        const port = chain.site.ports.rtmp;
        const crowd = await exhaust(t, chain.ingest, port);
        assert.ok(crowd.spinning < BUSY_MAX, `${crowd.spinning} of a processor`);
        assert.ok((await chain.ingest.metric('jangteo_rtmp_closed_total', { reason: 'no_room' })) >= SENT_AWAY, 'metrics are told meanwhile');
        await crowd.leave();
        const peer = await Peer.open(t, port);
        await peer.publish('another');
        peer.socket.destroy();
        await chain.ingest.untilMetric('jangteo_rtmp_connections', {}, (n) => n === 1);
    });
});

test('v6: the relay without descriptors: nothing spins, viewers go on, others come when there is room', async (t) => {
    await besideWitnesses(t, chain, async () => {
        const crowd = await exhaust(t, chain.relay, chain.site.ports.http.relay);
        assert.ok(crowd.spinning < BUSY_MAX, `${crowd.spinning} of a processor`);
        assert.ok((await chain.relay.metric('jangteo_http_refused_total', { reason: 'descriptors' })) >= SENT_AWAY, 'metrics are told meanwhile');
        await crowd.leave();
        await until('an offer to be answered', async () => {
            const answer = await postOffer(chain.relay.http, chain.show, makeOffer().sdp);
            if (answer.status === 201) await request(chain.relay.http + answer.headers.location, { method: 'DELETE' });
            return answer.status === 201;
        });
    });
});
