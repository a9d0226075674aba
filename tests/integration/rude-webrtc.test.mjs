// Strangers and real viewers that misbehave at the relay's WebRTC port: threats I1 to I7, D1, D4, S1, S2, S6 to S9.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import test from 'node:test';
import { fileScope, until } from './harness/index.mjs';
import { attribute, Caller, check, clientHello, openSession, stun, STUN } from './forge.mjs';
import { besideWitnesses, growth, misbehave, startMisbehaving, startShow } from './witness.mjs';

let chain, mute;
const file = fileScope(test);
test.before(async () => {
    chain = await startShow(file);
    mute = startMisbehaving(file, chain, 'mute', { seconds: 50 }); // for the last test: consent takes its 30 s
    await mute.line(/^ready/);
});

const dropped = (reason) => ['jangteo_rtc_dropped_total', { reason }];
const unknown = ['jangteo_relay_datagrams_total', { fate: 'unknown' }];
const ended = (reason) => ['jangteo_relay_viewers_ended_total', { reason }];

test('i1: unauthenticated checks get no answer, teach no address and end nothing', async (t) => {
    await besideWitnesses(t, chain, async (ceiling) => {
        const session = await openSession(chain);
        const stranger = await Caller.open(t, session, '127.0.0.2');
        const [unauthenticated, nobody] = await growth(chain.relay, [dropped('stun_unauthenticated'), unknown], async () => {
            const username = attribute(0x0006, Buffer.from(`${session.ufrag}:${session.offer.ufrag}`));
            stranger.send(
                stun(STUN.REQUEST, [username]), // no integrity
                check(session, { key: 'the password of somebody else' }),
                check(session, { username: `${session.ufrag}:other` }),
                check(session, { username: `nobody:${session.offer.ufrag}` }),
                check(session, { fingerprint: 'wrong' }),
                check(session, { key: '' }),
                stun(STUN.SUCCESS, [], { key: session.offer.pwd }), // nobody asked
                stun(STUN.ERROR, [attribute(0x0009, Buffer.from([0, 0, 4, 1]))], { key: session.offer.pwd }),
                stun(STUN.INDICATION, [username], { key: session.pwd }),
                clientHello(), // has any of these made the address known?
            );
            const honest = await Caller.open(t, session);
            await honest.prove(); // the session lives
            await until('all to be counted', async () => {
                const counted = await chain.relay.metric(...dropped('stun_unauthenticated'));
                return counted >= 3;
            });
        });
        assert.deepEqual(stranger.got, []);
        assert.ok(unauthenticated >= 3, `${unauthenticated} counted as unauthenticated`);
        assert.ok(nobody >= 5, `${nobody} counted as nobody's`);
        await session.close();
    });
});

test('i3: forged requests are answered with no more bytes than they bring', async (t) => {
    await besideWitnesses(t, chain, async (ceiling) => {
        const [nobody] = await growth(chain.relay, [unknown], async () => {
            const report = await misbehave(t, chain, 'reflect', { seconds: 2 });
            assert.ok(report.stray_sent_bytes > 100000, JSON.stringify(report));
            assert.ok(report.stray_bytes <= report.stray_sent_bytes, JSON.stringify(report));
            assert.equal(report.stray_bytes, 0);
        });
        assert.ok(nobody > 1000);
    });
});

test('i4: a flood of junk of every first byte and size', async (t) => {
    await besideWitnesses(t, chain, async (ceiling) => {
        const [nobody, tooLong, demux] = await growth(chain.relay, [unknown, ['jangteo_relay_datagrams_total', { fate: 'too_long' }], dropped('demux')], async () => {
            const report = await misbehave(t, chain, 'junk', { seconds: 3 });
            assert.equal(report.ready, 1, 'the viewer that floods with its own address still connects');
            assert.equal(report.stray_bytes, 0);
        });
        for (const count of [nobody, tooLong, demux]) assert.ok(count > 100, `${[nobody, tooLong, demux]}`);
    });
});

test('i5 d1: who is first or loud from another address gets nothing, the honest one its picture', async (t) => {
    await besideWitnesses(t, chain, async (ceiling) => {
        const [early, joined] = await growth(chain.relay, [unknown, ['jangteo_relay_join_seconds_count']], async () => {
            const report = await misbehave(t, chain, 'stranger', { viewers: 2, seconds: 3 });
            assert.equal(report.ready, 2);
            assert.equal(report.stray_bytes, 0, 'not even an alert');
            assert.ok(report.packets > 100);
            assert.ok(report.longest_gap_ms < (await ceiling()));
        });
        assert.ok(early > 100);
        assert.equal(joined, 2);
    });
});

test('i6: a victim that a viewer names gets at most three times what was sent in its name', async (t) => {
    await besideWitnesses(t, chain, async (ceiling) => {
        const report = await misbehave(t, chain, 'spoof', { seconds: 5 });
        assert.ok(report.stray_sent_bytes > 1000);
        assert.ok(report.stray_bytes <= 3 * report.stray_sent_bytes, JSON.stringify(report));
        assert.ok(report.longest_gap_ms < (await ceiling()), 'the viewer keeps its picture');
        assert.ok(report.silence_ms < (await ceiling()));
    });
});

test('i7: a viewer whose port changes has its picture back within a second', async (t) => {
    await besideWitnesses(t, chain, async (ceiling) => {
        const report = await misbehave(t, chain, 'rebind', { viewers: 2, seconds: 4 });
        assert.ok(report.silence_ms < (await ceiling()), JSON.stringify(report));
        assert.ok(report.longest_gap_ms < (await ceiling()), JSON.stringify(report));
    });
});

test('d4: forged records after the handshake are counted and end nothing', async (t) => {
    await besideWitnesses(t, chain, async (ceiling) => {
        const reasons = ['dtls_record', 'dtls_alert', 'dtls_data', 'dtls_epoch', 'dtls_late'].map(dropped);
        const grown = await growth(chain.relay, [...reasons, ended('dtls_closed'), ended('dtls_alert')], async () => {
            const report = await misbehave(t, chain, 'records');
            assert.ok(report.silence_ms < (await ceiling()) && report.longest_gap_ms < (await ceiling()), JSON.stringify(report));
        });
        assert.ok(grown.slice(0, 5).reduce((a, b) => a + b) > 100, `${grown}`);
        assert.deepEqual(grown.slice(5), [0, 0]);
    });
});

test('s1: packets with a wrong tag are counted and end nothing', async (t) => {
    await besideWitnesses(t, chain, async (ceiling) => {
        const counters = [dropped('srtcp'), dropped('srtp'), ['jangteo_relay_feedback_total', { kind: 'bye' }], ['jangteo_relay_feedback_total', { kind: 'keyframe_request' }]];
        const [srtcp, srtp, ...effects] = await growth(chain.relay, counters, async () => {
            const report = await misbehave(t, chain, 'tags');
            assert.ok(report.silence_ms < (await ceiling()) && report.longest_gap_ms < (await ceiling()), JSON.stringify(report));
        });
        assert.ok(srtcp > 200 && srtp > 200, `${srtcp} and ${srtp}`);
        assert.deepEqual(effects, [0, 0]);
    });
});

test('s2: what nobody sealed reaches nobody: before keys, in clear, with E = 0', async (t) => {
    await besideWitnesses(t, chain, async (ceiling) => {
        const kinds = ['keyframe_request', 'malformed', 'nack'].map((kind) => ['jangteo_relay_feedback_total', { kind }]);
        const [early, srtcp, ...effects] = await growth(chain.relay, [dropped('early'), dropped('srtcp'), ...kinds, ended('bye')], async () => {
            const report = await misbehave(t, chain, 'clear');
            assert.ok(report.silence_ms < (await ceiling()) && report.packets > 100, JSON.stringify(report));
        });
        assert.ok(srtcp > 200, `${srtcp}`);
        assert.ok(early >= 0);
        assert.deepEqual(effects, [0, 0, 0, 0]);
    });
});

test('s6: sealed RTCP that lies touches nobody else', async (t) => {
    await besideWitnesses(t, chain, async (ceiling) => {
        const [malformed, bye] = await growth(chain.relay, [['jangteo_relay_feedback_total', { kind: 'malformed' }], ended('bye')], async () => {
            const report = await misbehave(t, chain, 'rtcp', { viewers: 2 });
            assert.ok(report.silence_ms < (await ceiling()) && report.packets > 100, JSON.stringify(report));
        });
        assert.ok(malformed > 50, `${malformed}`);
        assert.equal(bye, 0, 'the BYE was of a source that is not there');
    });
});

test('s7: keyframe requests without end are merged', async (t) => {
    await besideWitnesses(t, chain, async (ceiling) => {
        const seconds = 4;
        const [asked, replays] = await growth(chain.relay, [['jangteo_relay_feedback_total', { kind: 'keyframe_request' }], ['jangteo_relay_catchups_total']], async () => {
            await misbehave(t, chain, 'pli', { viewers: 3, seconds });
        });
        assert.ok(asked <= 3 * (2 * seconds + 2), `${asked} requests were heard`); // 1 per 500 ms and viewer
        assert.ok(replays <= 3 * (seconds / 2 + 2), `${replays} replays`); // 1 per 2 s and viewer, and the joins
    });
});

test('s7: repeats stay within a quarter of what a viewer is sent', async (t) => {
    await besideWitnesses(t, chain, async (ceiling) => {
        const [refused] = await growth(chain.relay, [['jangteo_relay_resends_total', { outcome: 'over_budget' }]], async () => {
            const report = await misbehave(t, chain, 'nack', { seconds: 4 });
            const burst = 64 << 10;
            assert.ok(report.rtx_packets > 10);
            assert.ok(report.rtx_bytes < (report.bytes - report.rtx_bytes) / 4 + 2 * burst, JSON.stringify(report));
        });
        assert.ok(refused > 100, `${refused}`);
    });
});

test('s8: media that a viewer sends, of ever new sources, is dropped', async (t) => {
    await besideWitnesses(t, chain, async (ceiling) => {
        const [srtp] = await growth(chain.relay, [dropped('srtp')], async () => {
            const report = await misbehave(t, chain, 'spray');
            assert.ok(report.silence_ms < (await ceiling()), JSON.stringify(report));
        });
        assert.ok(srtp > 1000);
    });
});

test('s9: SCTP before DTLS and within it meets nobody', async (t) => {
    await besideWitnesses(t, chain, async (ceiling) => {
        const [data] = await growth(chain.relay, [dropped('dtls_data')], async () => {
            const report = await misbehave(t, chain, 'sctp');
            assert.ok(report.ready === 1 && report.silence_ms < (await ceiling()), JSON.stringify(report));
        });
        assert.ok(data > 100, `${data}`);
    });
});

test('i7: without consent nothing is sent after 30 s and the session is gone', async () => {
    await chain.relay.untilMetric(...ended('consent'), (n) => n >= 1, { timeoutMs: 40000 });
    await mute.stop('SIGINT');
    const { silence_ms: silence, ready } = mute.report();
    assert.equal(ready, 1);
    assert.ok(silence >= 0, `${silence}`);
});
