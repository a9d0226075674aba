// Puts the demo's show on air once its picture is there: start.mjs FRONT DATA SHOW.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Person } from './person.mjs';

const [front, data, show] = process.argv.slice(2);
const { seller: login } = JSON.parse(readFileSync(path.join(data, 'demo.json'), 'utf8'));
const seller = await new Person(front).signIn(login);
const deadline = Date.now() + 20000;
let now = await seller.get(`/api/v1/shows/${show}`);
while (now.state === 'scheduled' && Date.now() < deadline) {
    await wait(200);
    now = await seller.get(`/api/v1/shows/${show}`);
}
if (now.state === 'ready') now = await seller.post(`/api/v1/shows/${show}/start`, {});
if (now.state !== 'live') throw new Error(`the show is ${now.state}: its picture did not come`);
