// A peer at the control socket of ingest and relay that is driven by a test (tests/rude/control).
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { atEnd, bin, until } from './harness/index.mjs';

export class ControlPeer {
    constructor(t) {
        this.lines = [];
        this.child = spawn(path.join(bin, 'rude-control'), { stdio: ['pipe', 'pipe', 'inherit'] });
        createInterface({ input: this.child.stdout }).on('line', (line) => this.lines.push(line));
        atEnd(t, () => this.child.kill('SIGKILL'));
    }

    #say(line) {
        const from = this.lines.length;
        this.child.stdin.write(`${line}\n`);
        return from;
    }

    /** Resolves to the first line from `from` on that matches. */
    async line(pattern, from = 0) {
        return (await until(`rude-control to say ${pattern}; it said\n${this.lines.slice(-8).join('\n')}`, () => this.lines.slice(from).find((line) => pattern.test(line)))).match(pattern);
    }

    connect(name, where) {
        return this.line(new RegExp(`^${name} open`), this.#say(`${name} connect ${where}`));
    }

    listen(name, where) {
        return this.line(new RegExp(`^${name} listening`), this.#say(`${name} listen ${where}`));
    }

    /** An object becomes JSON with our version; text goes as it is. */
    send(name, message, fds = '-') {
        const text = typeof message === 'string' ? message : JSON.stringify({ v: 1, ...message });
        return this.line(new RegExp(`^${name} (sent|failed)`), this.#say(`${name} send ${fds} ${text}`));
    }

    hello(name, role = 'relay') {
        return this.send(name, { type: 'hello', role, pid: process.pid });
    }

    close(name) {
        return this.line(new RegExp(`^${name} closed`), this.#say(`${name} close x`));
    }

    isClosed(name) {
        return this.line(new RegExp(`^${name} closed`));
    }

    /** Messages that came, as [{first, count, ...message}]: `first` is the number of its first descriptor. */
    got(name) {
        return this.lines
            .map((line) => new RegExp(`^${name} got (\\d+) (\\d+) (.*)`).exec(line))
            .filter(Boolean)
            .map(([, first, count, text]) => ({ first: Number(first), count: Number(count), ...JSON.parse(text) }));
    }

    /** What can be done to the descriptor of this number: {write: 'EPERM', ...}. */
    async probe(number) {
        const [text] = await this.line(/^\{.*\}$/, this.#say(`- probe ${number}`));
        return JSON.parse(text);
    }
}

export const assertRefused = (sent) => assert.match(sent[0], / sent| failed (EPIPE|ECONNRESET)/);
