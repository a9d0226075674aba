// The test `pitfalls`: docs/pitfalls.md names a proof for every pitfall, every proof exists, and no test carries a number that
// the page does not know. Usage: pitfalls.mjs [--write] (with --write the last column is made anew from the names of tests).
import { Page, run } from './promises.mjs';

/* C tests say pitfall 8 as p08, with two digits: p1 and p2 are threats. */
const page = new Page({
    file: 'docs/pitfalls.md',
    id: /\d+/,
    ofUnit: (prefix) => (/^p\d\d$/.test(prefix) ? String(Number(prefix.slice(1))) : undefined),
    ofTitle: (title) => [...title.matchAll(/\bpitfall (\d+)/gi)].map((match) => match[1]),
});

run('pitfalls', page);
