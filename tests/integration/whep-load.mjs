// Many viewers of one show, for the short and the long test alike.
import assert from 'node:assert/strict';
import { ffmpegPublish, fileScope, startJangteo, startViewers, untilShow } from './harness/index.mjs';

const VIEWERS = 50;
const LOSSY_VIEWERS = 30;
const FPS = 30;

function assertWhole(seen) {
    assert.equal(seen.ready, seen.viewers);
    assert.equal(seen.with_key, seen.viewers);
    assert.equal(seen.broken_frames, 0);
    assert.equal(seen.unprotect_failures, 0);
    assert.equal(seen.stamp_steps_back, 0);
}

/** Define the tests; `seconds` is how long the viewers stay. */
export function whepLoadTests(test, seconds) {
    let jangteo;
    let front;
    const file = fileScope(test);
    test.before(async () => {
        jangteo = await startJangteo(file);
        front = jangteo.urls.front;
        await ffmpegPublish(file, `${jangteo.urls.rtmp}/many`, { gop: 60 });
        await untilShow(front, 'many');
    });

    test(`${VIEWERS} viewers: nothing lost, every frame whole`, async (t) => {
        const seen = await startViewers(t, front, 'many', { viewers: VIEWERS, seconds }).result(seconds * 1000 + 40000);
        t.diagnostic(`first key frame ms ${JSON.stringify(seen.first_key_ms)}, lag ms ${JSON.stringify(seen.lag_ms)}`);
        assertWhole(seen);
        assert.equal(seen.lost, 0);
        assert.equal(seen.duplicates, 0);
        assert.ok(seen.frames > VIEWERS * seconds * FPS * 0.8, `${seen.frames} frames`);
        assert.ok(seen.audio_packets > VIEWERS * seconds * 50 * 0.8, `${seen.audio_packets} packets of sound`);
        assert.ok(seen.sender_reports > VIEWERS * (seconds - 2) * 0.5, `${seen.sender_reports} sender reports`);
    });

    test('3 % of the packets lost: they come again', async (t) => {
        const options = { viewers: LOSSY_VIEWERS, seconds, loss: 3 };
        const seen = await startViewers(t, front, 'many', options).result(seconds * 1000 + 40000);
        const share = seen.recovered / seen.dropped_by_us;
        const soon = seen.recovered_in_100ms / seen.dropped_by_us;
        t.diagnostic(
            `${seen.dropped_by_us} dropped, ${(share * 100).toFixed(2)} % came again, ` +
                `${(soon * 100).toFixed(2)} % within 100 ms; ${JSON.stringify(seen.recovery_ms)}`,
        );
        assert.ok(seen.dropped_by_us > LOSSY_VIEWERS * seconds, 'hardly any were dropped');
        for (const outcome of ['over_budget', 'gone', 'no_rtx'])
            await jangteo.untilMetric('relay', 'jangteo_relay_resends_total', { outcome }, (n) => n === 0);
        assert.ok(share >= 0.995, `${share} came again`);
        assert.equal(seen.ready, LOSSY_VIEWERS);
        assert.equal(seen.unprotect_failures, 0);
    });
}
