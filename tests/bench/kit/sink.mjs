// A second network namespace behind a veth pair, and a filter that takes media on its way there (sink.bpf.c).
// We must be in a namespace of our own already (scripts/bench starts us by unshare): all of it ends with us.
import { execFileSync, spawn } from 'node:child_process';
import path from 'node:path';
import { atEnd, until } from '../../integration/harness/index.mjs';
import { root } from './place.mjs';

const DEVICE = 'bench0';
const HERE = '10.199.0.1';
const THERE = '10.199.0.2';
const MULTIARCH = { x64: 'x86_64-linux-gnu', arm64: 'aarch64-linux-gnu' }[process.arch];

const ask = (command, ...args) => execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
const inThere = (pid) => ['nsenter', `--net=/proc/${pid}/ns/net`];

/** Are we in a namespace made for us? Only its loopback, and that is not up yet or up without neighbours. */
export function isOwnNamespace() {
    const links = JSON.parse(ask('ip', '-json', 'link', 'show'));
    return links.every((link) => ['lo', DEVICE].includes(link.ifname) || link.link_type === 'sit');
}

function compile(port, folder) {
    const object = path.join(folder, 'sink.o');
    const source = path.join(root, 'tests/bench/sink.bpf.c');
    const include = MULTIARCH ? [`-I/usr/include/${MULTIARCH}`] : [];
    ask('clang', '-O2', '-target', 'bpf', `-DPORT=${port}`, ...include, '-c', source, '-o', object);
    return object;
}

/** {here, there, prefix, close(), open()}: addresses, how to start a program over there, filter on and off. */
export async function makeSink(scope, port, folder) {
    const holder = spawn('unshare', ['--net', 'sleep', 'infinity'], { stdio: 'ignore' });
    atEnd(scope, () => holder.kill('SIGKILL'));
    await until('the other namespace', () => {
        return ask('readlink', `/proc/${holder.pid}/ns/net`) !== ask('readlink', '/proc/self/ns/net');
    });
    const prefix = inThere(holder.pid);
    ask('ip', 'link', 'add', DEVICE, 'type', 'veth', 'peer', 'name', 'bench1', 'netns', String(holder.pid));
    atEnd(scope, () => ask('ip', 'link', 'del', DEVICE));
    ask('ip', 'addr', 'add', `${HERE}/24`, 'dev', DEVICE);
    ask('ip', 'link', 'set', DEVICE, 'up');
    ask(...prefix, 'ip', 'addr', 'add', `${THERE}/24`, 'dev', 'bench1');
    ask(...prefix, 'ip', 'link', 'set', 'bench1', 'up');
    ask(...prefix, 'ip', 'link', 'set', 'lo', 'up');
    const object = compile(port, folder);
    ask('tc', 'qdisc', 'add', 'dev', DEVICE, 'clsact');
    return {
        here: HERE,
        there: THERE,
        prefix,
        close: () => ask('tc', 'filter', 'add', 'dev', DEVICE, 'egress', 'bpf', 'da', 'obj', object, 'sec', 'classifier'),
        open: () => ask('tc', 'filter', 'del', 'dev', DEVICE, 'egress'),
    };
}
