// Every word a person reads comes from strings.js, in both languages.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { root } from '../integration/harness/index.mjs';
import { tables } from '../../web/js/strings.js';

const scripts = path.join(root, 'web/js');
const files = readdirSync(scripts).filter((name) => name.endsWith('.js') && name !== 'strings.js');
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

test('strings: every key that is asked for exists', () => {
    for (const name of files)
        for (const [, key] of read(name).matchAll(/\bt\('(\w+)'/g)) assert.ok(key in tables.ko, `${name}: ${key}`);
});

test('strings: nothing is kept that nobody asks for', () => {
    const all = files.map(read).join('');
    const states = all.match(/\/\/ {3}([\w |]+)/)[1].split(' | '); // the player's, shown as KEY and KEY_hint
    const asked = new Set([...all.matchAll(/\bt\('(\w+)'/g)].map(([, key]) => key));
    for (const key of Object.keys(tables.ko))
        assert.ok(asked.has(key) || states.includes(key.replace(/_hint$/, '')), key);
});
