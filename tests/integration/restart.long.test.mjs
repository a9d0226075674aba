// The rounds of restart.test.mjs, many: threats R14, R15, V2.
import test from 'node:test';
import { killIngest, killPublisher } from './comeback.mjs';

test('v2: ingest is killed ten times under fifty viewers', (t) => killIngest(t, { viewers: 50, rounds: 10 }));

test('r14 r15: the publisher is killed fifty times in random moments', (t) => killPublisher(t, { viewers: 10, rounds: 50, awayMs: 5000 }));
