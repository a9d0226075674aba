// Child processes whose lines are events; none outlives the test.
import { spawn } from 'node:child_process';
import { within, PATIENCE_MS } from './wait.mjs';

const alive = new Set();
process.on('exit', () => {
    for (const program of alive) program.child.kill('SIGKILL');
});

const SANITIZER = /ERROR: (Address|Leak)Sanitizer|WARNING: ThreadSanitizer|runtime error:|SUMMARY: \w+Sanitizer/;

/** The first sanitizer report in `text` with what follows it, or undefined. */
export function sanitizerReport(text) {
    const found = SANITIZER.exec(text);
    return found ? text.slice(Math.max(0, found.index - 200), found.index + 4000) : undefined;
}

/** What sanitizers are told in all our programs: leaks count, the first report ends the process. */
export const SANITIZER_ENV = {
    ASAN_OPTIONS: 'detect_leaks=1:exitcode=99:detect_stack_use_after_return=1',
    UBSAN_OPTIONS: 'print_stacktrace=1:halt_on_error=1',
    TSAN_OPTIONS: 'halt_on_error=1:exitcode=99',
};

export class Program {
    /** Starts `command`. `env` is added to ours. stdout and stderr are kept as lines, in order of arrival. */
    constructor(name, command, args = [], { env = {}, cwd } = {}) {
        this.name = name;
        this.lines = [];
        this.watchers = new Set();
        this.ended = undefined; // {code, signal}
        this.child = spawn(command, args, {
            cwd,
            env: { ...process.env, ...SANITIZER_ENV, ...env },
            stdio: ['ignore', 'pipe', 'pipe'],
        });
        alive.add(this);
        this.#read(this.child.stdout);
        this.#read(this.child.stderr);
        this.exit = new Promise((resolve) => {
            this.child.once('error', (error) => {
                this.#line(`${command}: ${error.message}`);
                resolve({ code: 127, signal: null });
            });
            this.child.once('close', (code, signal) => resolve({ code, signal }));
        }).then((ended) => {
            alive.delete(this);
            this.ended = ended;
            for (const watcher of [...this.watchers]) watcher.fail(this.#died());
            return ended;
        });
    }

    get pid() {
        return this.child.pid;
    }

    #read(stream) {
        let rest = '';
        stream.setEncoding('utf8');
        stream.on('data', (text) => {
            const lines = (rest + text).split('\n');
            rest = lines.pop();
            for (const line of lines) this.#line(line);
        });
        stream.on('end', () => rest && this.#line(rest));
    }

    #line(line) {
        this.lines.push(line);
        for (const watcher of [...this.watchers]) watcher.look(line);
    }

    #died() {
        const how = `exit ${this.ended.code} signal ${this.ended.signal}`;
        return new Error(`${this.name} ended (${how}); its last lines:\n${this.tail()}`);
    }

    /** The last lines, for messages. */
    tail(count = 30) {
        return this.lines.slice(-count).join('\n');
    }

    text() {
        return this.lines.join('\n');
    }

    /**
     * Resolve to the match of the first line that matches `pattern`, among those from number `from` (default: all so
     * far) and those to come. Rejects when the program ends first.
     */
    line(pattern, { timeoutMs = PATIENCE_MS, from = 0 } = {}) {
        for (const line of this.lines.slice(from)) {
            const match = line.match(pattern);
            if (match) return Promise.resolve(match);
        }
        if (this.ended) return Promise.reject(this.#died());
        let watcher;
        const seen = new Promise((resolve, reject) => {
            watcher = {
                look: (line) => {
                    const match = line.match(pattern);
                    if (match) resolve(match);
                },
                fail: reject,
            };
            this.watchers.add(watcher);
        });
        return within(`${this.name} to print ${pattern}`, seen, timeoutMs)
            .catch((error) => {
                throw this.ended ? error : new Error(`${error.message}; its last lines:\n${this.tail()}`);
            })
            .finally(() => this.watchers.delete(watcher));
    }

    /** Wait for it to end by itself; resolves to {code, signal}. */
    end(timeoutMs = PATIENCE_MS) {
        return within(`${this.name} to end; so far it said:\n${this.tail()}`, this.exit, timeoutMs);
    }

    kill(signal = 'SIGKILL') {
        this.child.kill(signal);
    }

    /** Ask it to end, and wait. Resolves to {code, signal}; after the ceiling it is killed and this rejects. */
    async stop(signal = 'SIGTERM', timeoutMs = PATIENCE_MS) {
        if (!this.ended) this.child.kill(signal);
        try {
            return await within(`${this.name} to end after ${signal}`, this.exit, timeoutMs);
        } catch (error) {
            this.child.kill('SIGKILL');
            throw new Error(`${error.message}; its last lines:\n${this.tail()}`);
        }
    }
}

/** Run to the end; resolves to {code, signal, text}. */
export async function run(command, args = [], { timeoutMs = PATIENCE_MS, ...options } = {}) {
    const program = new Program(command, command, args, options);
    try {
        const ended = await within(`${command} to end`, program.exit, timeoutMs);
        return { ...ended, text: program.text() };
    } finally {
        program.kill('SIGKILL');
    }
}
