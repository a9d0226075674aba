// DTLS at the relay, with OpenSSL's own client behind a check made by hand: threats D1, D2, D3, D5.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import test from 'node:test';
import { atEnd, fileScope, folder, Program, run, until } from './harness/index.mjs';
import { Caller, clientHello, handshake, helloBody, openSession, record } from './forge.mjs';
import { besideWitnesses, growth, startShow } from './witness.mjs';

let chain, certificates;
const file = fileScope(test);
test.before(async () => {
    chain = await startShow(file);
    const dir = await folder(file);
    certificates = { ours: await makeCertificate(dir, 'ours', ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256']), other: await makeCertificate(dir, 'other', ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256']) };
});

async function makeCertificate(dir, name, key) {
    const files = { cert: path.join(dir, `${name}.crt`), key: path.join(dir, `${name}.key`) };
    const made = await run('openssl', ['req', '-x509', ...key, '-nodes', '-days', '2', '-subj', '/CN=viewer', '-out', files.cert, '-keyout', files.key]);
    assert.equal(made.code, 0, made.text);
    const x509 = new crypto.X509Certificate(await readFile(files.cert));
    return { ...files, sha256: x509.fingerprint256, sha1: x509.fingerprint };
}

const sealed = ['-use_srtp', 'SRTP_AEAD_AES_128_GCM:SRTP_AES128_CM_SHA1_80'];
const joined = ['jangteo_relay_join_seconds_count'];
const ended = (reason) => ['jangteo_relay_viewers_ended_total', { reason }];
const dropped = (reason) => ['jangteo_rtc_dropped_total', { reason }];

/** openssl s_client from the port that `caller` has proved, which it gives up. */
function handshakeFrom(t, caller, { certificate = certificates.ours, version = '-dtls1_2', args = sealed } = {}) {
    const { port } = caller;
    caller.close();
    const identity = certificate ? ['-cert', certificate.cert, '-key', certificate.key] : [];
    const client = new Program('s_client', 'openssl', [
        ...['s_client', version, '-connect', `${caller.to.address}:${caller.to.port}`, '-bind', `127.0.0.1:${port}`],
        ...['-mtu', '1200', '-msg', '-ign_eof', ...identity, ...args],
    ]);
    atEnd(t, () => client.stop('SIGKILL'));
    return client;
}

/** The same, once the relay has sent it a picture. */
async function picturedClient(t, caller) {
    const pictures = () => chain.relay.metric(...joined);
    const before = await pictures();
    const client = handshakeFrom(t, caller);
    await client.line(/SRTP Extension negotiated, profile=SRTP_AEAD_AES_128_GCM/);
    await until('a picture', async () => (await pictures()) > before);
    return client;
}

/** An offer that carries `fingerprint`, and a caller whose address is proved. */
async function provedCaller(t, fingerprint = `sha-256 ${certificates.ours.sha256}`) {
    const session = await openSession(chain, { fingerprint });
    const caller = await Caller.open(t, session);
    await caller.prove();
    return caller;
}

test('d1: hellos before, beside and after the check change nothing for the honest handshake', async (t) => {
    await besideWitnesses(t, chain, async () => {
        const session = await openSession(chain, { fingerprint: `sha-256 ${certificates.ours.sha256}` });
        const stranger = await Caller.open(t, session, '127.0.0.2');
        const caller = await Caller.open(t, session);
        const noise = () => stranger.send(clientHello([0x0002]), clientHello([0xc02b]), record(21, Buffer.from([2, 0])), record(23, Buffer.alloc(40), { epoch: 1 }));
        caller.send(clientHello()); // before its own check, too
        noise();
        await caller.prove();
        noise();
        const client = await picturedClient(t, caller);
        noise();
        await caller.to.close();
        await client.stop('SIGKILL');
        assert.deepEqual(stranger.got, [], 'nothing, not even an alert');
    });
});

for (const [what, options, reason] of [
    ['another certificate than the offer names', { certificate: 'other' }, 'dtls_fingerprint'],
    ['no certificate', { certificate: null }, 'dtls_no_certificate'],
]) {
    test(`d2: ${what} gets no keys and ends the session`, async (t) => {
        await besideWitnesses(t, chain, async () => {
            const caller = await provedCaller(t);
            const before = await chain.relay.metric(...ended(reason));
            const [grown] = await growth(chain.relay, [joined], async () => {
                const client = handshakeFrom(t, caller, { certificate: options.certificate && certificates[options.certificate] });
                await chain.relay.untilMetric(...ended(reason), (n) => n === before + 1);
                await client.stop('SIGKILL');
                assert.doesNotMatch(client.text(), /SRTP Extension negotiated[^]*Verify return code: 0 \(ok\)/);
            });
            assert.equal(grown, 0, 'no picture for it');
        });
    });
}

test('d2: a hash that is not SHA-256 is refused in the offer', async () => {
    for (const fingerprint of [`sha-1 ${certificates.ours.sha1}`, 'md5 00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF', `sha-256 ${certificates.ours.sha1}`, null])
        await assert.rejects(openSession(chain, { fingerprint }), /POST: 4\d\d/);
});

test('d3: records of no use before the handshake, which then completes', async (t) => {
    await besideWitnesses(t, chain, async () => {
        const caller = await provedCaller(t);
        const [early, malformed] = await growth(chain.relay, [dropped('dtls_epoch'), dropped('dtls_record')], async () => {
            for (let n = 0; n < 300; n++) caller.send(record(22, crypto.randomBytes(40), { epoch: 1 + (n % 5), sequence: n }));
            for (let n = 0; n < 100; n++) caller.send(record(23, crypto.randomBytes(n % 24), { epoch: 1, sequence: n }));
            caller.send(record(22, Buffer.alloc(20), { length: 4000 }), record(22, Buffer.alloc(0)), record(22, Buffer.alloc(5)));
            caller.send(record(22, handshake(1, helloBody(), { total: 20000 })));
            caller.send(record(22, handshake(1, helloBody(), { at: 40, size: 2, total: 30 })));
            caller.send(record(99, Buffer.alloc(30)), record(20, Buffer.from([1])), record(21, Buffer.from([2, 40])));
            await caller.prove();
            const client = await picturedClient(t, caller);
            await client.stop('SIGKILL');
        });
        assert.ok(early + malformed > 100, `${early} and ${malformed} were counted`);
        await caller.to.close();
    });
});

for (const [what, options, said] of [
    ['DTLS 1.0', { version: '-dtls1', args: [...sealed, '-cipher', 'ALL:@SECLEVEL=0'] }, /alert|protocol version|no protocols/],
    ['suites without encryption', { args: [...sealed, '-cipher', 'eNULL:@SECLEVEL=0'] }, /alert handshake failure/],
    ['anonymous suites', { args: [...sealed, '-cipher', 'aNULL:@SECLEVEL=0'] }, /alert handshake failure/],
    ['RSA key transport', { args: [...sealed, '-cipher', 'kRSA:@SECLEVEL=0'] }, /alert handshake failure/],
    ['CBC suites', { args: [...sealed, '-cipher', 'ECDHE-ECDSA-AES128-SHA:@SECLEVEL=0'] }, /alert handshake failure/],
    ['no use_srtp', { args: [] }, /alert|handshake failure/],
]) {
    test(`d5: ${what} is refused`, async (t) => {
        const caller = await provedCaller(t);
        const [pictures] = await growth(chain.relay, [joined], async () => {
            const client = handshakeFrom(t, caller, options);
            await client.end().catch(() => {}); // some versions of OpenSSL wait for more
            await client.stop('SIGKILL');
            assert.match(client.text(), said);
            assert.doesNotMatch(client.text(), /SRTP Extension negotiated/);
        });
        assert.equal(pictures, 0);
        await caller.to.close();
    });
}

test('d5: what is agreed is ECDHE with AEAD, and each of the two profiles', async (t) => {
    for (const profile of ['SRTP_AEAD_AES_128_GCM', 'SRTP_AES128_CM_SHA1_80']) {
        const caller = await provedCaller(t);
        const client = handshakeFrom(t, caller, { args: ['-use_srtp', profile] });
        await client.line(new RegExp(`SRTP Extension negotiated, profile=${profile}`));
        assert.match(client.text(), /Cipher is ECDHE-ECDSA-AES\d+-GCM-SHA\d+|Cipher is ECDHE-ECDSA-CHACHA20/);
        await client.stop('SIGKILL');
        await caller.to.close();
    }
});
