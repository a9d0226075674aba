// Every word a person reads comes from strings.js (and strings/), in both languages.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { root } from '../integration/harness/index.mjs';
import { tables } from '../../web/js/strings.js';

const scripts = path.join(root, 'web/js');
const files = readdirSync(scripts, { recursive: true }).filter((name) => name.endsWith('.js') && !name.startsWith('strings'));
const read = (name) => readFileSync(path.join(scripts, name), 'utf8');
const hangul = /[\u1100-\u11ff\u3130-\u318f\uac00-\ud7af]/;

/** What html`…` templates hold outside their ${…}, nested templates too. */
function templates(source) {
    const texts = [];
    const open = []; // one per template we are in: {text, braces since its ${, or -1 while in its text}
    for (let i = 0; i < source.length; i++) {
        const top = open.at(-1);
        const inText = top?.braces === -1;
        if (!inText && source.startsWith('html`', i)) {
            open.push({ text: '', braces: -1 });
            i += 4;
        } else if (inText && source[i] === '`') {
            texts.push(open.pop().text);
        } else if (inText && source.startsWith('${', i)) {
            top.braces = 0;
            i++;
        } else if (inText) {
            top.text += source[i];
        } else if (top && source[i] === '{') {
            top.braces++;
        } else if (top && source[i] === '}' && top.braces-- === 0) {
            top.braces = -1;
            top.text += '\0';
        }
    }
    return texts;
}

test('strings: both languages say the same things', () => {
    assert.deepEqual(Object.keys(tables.en).sort(), Object.keys(tables.ko).sort());
    for (const key of Object.keys(tables.ko)) {
        const names = (text) => [...text.matchAll(/\{\w+\}/g)].map(String).sort();
        assert.deepEqual(names(tables.en[key]), names(tables.ko[key]), key);
        assert.ok(tables.en[key] && tables.ko[key], key);
        assert.doesNotMatch(tables.en[key], hangul, key);
    }
});

test('strings: no Hangul anywhere else in the scripts', () => {
    for (const name of files) assert.doesNotMatch(read(name), hangul, name);
});

test('strings: no words in the templates', () => {
    for (const name of files)
        for (const text of templates(read(name))) {
            const words = text.replace(/<[^>]*>/g, '').replace(/[^A-Za-z]+/g, ' ').trim();
            assert.equal(words, '', `${name}: ${words}`);
            for (const [, label] of text.matchAll(/\s(?:aria-label|title|alt|placeholder)="([^"]*)"/g))
                assert.doesNotMatch(label, /[A-Za-z]/, `${name}: ${label}`);
        }
});

/* Keys asked for by a name that is put together stand in a comment beside it: `words: order_paid order_expired`. */
const askedIn = (source) => [
    ...[...source.matchAll(/\bt\('(\w+)'/g)].map(([, key]) => key),
    ...[...source.matchAll(/(?:\/\/|\/\*|^ +) ?words: ([a-z0-9_ ]+)/gm)].flatMap(([, keys]) => keys.trim().split(/\s+/)),
];

test('strings: every key that is asked for exists', () => {
    for (const name of files) for (const key of askedIn(read(name))) assert.ok(key in tables.ko, `${name}: ${key}`);
});

test('strings: nothing is kept that nobody asks for', () => {
    const asked = new Set(files.flatMap((name) => askedIn(read(name))));
    for (const key of Object.keys(tables.ko)) assert.ok(asked.has(key), key);
});

test('strings: a word is in one table only', () => {
    const seen = new Map();
    for (const file of readdirSync(path.join(scripts, 'strings')))
        for (const key of new Set([...readFileSync(path.join(scripts, 'strings', file), 'utf8').matchAll(/^ {2}(\w+):/gm)].map(([, one]) => one))) {
            assert.ok(!seen.has(key), `${key} in ${file} and ${seen.get(key)}`);
            seen.set(key, file);
        }
});
