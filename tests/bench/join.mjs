// How soon a joiner sees a picture and how live it is then, in Chromium, from a clock burnt into the picture:
//   node tests/bench/join.mjs [--gop FRAMES] [--offsets MS,MS...] [--rounds N] [--seconds S]
// On an idle machine: first frame at most 400 ms after the POST, 2 s later at most 400 ms behind. Exit code 1 if not.
import { parseArgs } from 'node:util';
import { launchBrowser } from '../integration/harness/browser.mjs';
import { startJangteo } from '../integration/harness/index.mjs';
import { joinAt } from '../e2e/kit/join.mjs';
import { clockPublish } from '../e2e/kit/publishers.mjs';
import { percentile } from '../e2e/kit/watch.mjs';
import { conditionsText, fixed, keepResult, table } from './kit/document.mjs';
import { conditions, loadNow, scoped } from './kit/place.mjs';

const FIRST_FRAME_MS = 400;
const BEHIND_MS = 400;

const { values: given } = parseArgs({
    options: {
        gop: { type: 'string', default: '240' },
        offsets: { type: 'string', default: '500,3000,5500,7500' },
        rounds: { type: 'string', default: '2' },
        seconds: { type: 'string', default: '10' },
    },
});
const gop = Number(given.gop);

async function measure(scope) {
    const jangteo = await startJangteo(scope);
    const browser = await launchBrowser(scope);
    const publisher = await clockPublish(scope, `${jangteo.urls.rtmp}/clock`, { gop });
    const joins = [];
    for (let round = 0; round < Number(given.rounds); round++)
        for (const offset of given.offsets.split(',')) {
            const options = { offsetMs: Number(offset), gop, watchMs: Number(given.seconds) * 1000 };
            joins.push({ ...(await joinAt(scope, browser, jangteo, publisher, options)), load: loadNow() });
        }
    return joins;
}

const before = conditions();
const joins = await scoped(measure);
const ms = fixed(0);
const columns = [
    ['after the key frame, ms', (join) => ms(join.offsetMs)],
    ['POST to first frame', (join) => ms(join.firstFrameMs)],
    ['behind after 2 s', (join) => ms(join.behindAfter2sMs)],
    ['then p50', (join) => ms(join.behind.p50)],
    ['p95', (join) => ms(join.behind.p95)],
    ['longest gap', (join) => ms(join.longestGapMs)],
    ['dropped', (join) => ms(join.video.framesDropped)],
    ['picture buffer', (join) => ms(join.bufferMs.video)],
    ['sound buffer', (join) => ms(join.bufferMs.audio)],
    ['sound later by', (join) => ms(join.soundLagMs)],
    ['load', (join) => fixed(1)(join.load)],
];
console.log(table(columns, joins));
const worst = { first: percentile(joins.map((j) => j.firstFrameMs), 1), behind: percentile(joins.map((j) => j.behindAfter2sMs), 1) };
console.log(`\nworst: first frame ${ms(worst.first)} ms (${FIRST_FRAME_MS}), behind after 2 s ${ms(worst.behind)} ms (${BEHIND_MS})`);
console.log(conditionsText(before, loadNow()));
console.log(await keepResult('join', { conditions: before, joins }));
process.exitCode = worst.first <= FIRST_FRAME_MS && worst.behind <= BEHIND_MS ? 0 : 1;
