// The test `threats`: docs/threats.md names a proof for every threat, every proof exists, and no test carries an id that the
// page does not know. Usage: threats.mjs [--write] (with --write the last column is made anew from the names of tests).
import { Page, run } from './promises.mjs';

const words = /(?<![a-z0-9])[a-z]\d{1,2}(?![a-z0-9])/gi;

const page = new Page({
    file: 'docs/threats.md',
    id: /[A-Z]\d+/,
    ofUnit: (prefix) => (/^p\d\d$/.test(prefix) ? undefined : prefix.toUpperCase()), // p08 is pitfall 8
    ofTitle: (title) => (title.match(words) ?? []).map((word) => word.toUpperCase()),
});

run('threats', page);
