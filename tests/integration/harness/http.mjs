// Requests that do no more than they are told: over TCP or a unix socket, no redirects, no pool.
import http from 'node:http';
import net from 'node:net';
import { within } from './wait.mjs';

/**
 * request('http://127.0.0.1:8082/x', {method, headers, body}) or request('/x', {socketPath, ...}).
 * Resolves to {status, headers, body (text)} for every status.
 */
export function request(url, { method = 'GET', headers = {}, body, socketPath, timeoutMs = 10000 } = {}) {
    const target = socketPath ? { socketPath, path: url } : urlParts(url);
    const answer = new Promise((resolve, reject) => {
        const sent = http.request({ ...target, method, headers, agent: false }, (response) => {
            const chunks = [];
            response.on('data', (chunk) => chunks.push(chunk));
            response.on('error', reject);
            response.on('end', () =>
                resolve({
                    status: response.statusCode,
                    headers: response.headers,
                    body: Buffer.concat(chunks).toString('utf8'),
                }),
            );
        });
        sent.on('error', reject);
        sent.end(body);
    });
    return within(`${method} ${url}`, answer, timeoutMs);
}

function urlParts(url) {
    const { hostname, port, pathname, search } = new URL(url);
    return { host: hostname.replace(/^\[|\]$/g, ''), port, path: pathname + search };
}

export const json = async (url, options) => JSON.parse((await request(url, options)).body);

/** Send bytes as they are on a fresh connection; resolves to all that came back until the peer closed. */
export function rawExchange({ port, socketPath, host = '127.0.0.1' }, bytes, { end = false, timeoutMs = 10000 } = {}) {
    const socket = net.connect(socketPath ? { path: socketPath } : { host, port });
    const answer = new Promise((resolve, reject) => {
        const chunks = [];
        socket.on('data', (chunk) => chunks.push(chunk));
        socket.on('error', (error) => (error.code === 'ECONNRESET' ? undefined : reject(error)));
        socket.on('close', () => resolve(Buffer.concat(chunks)));
        socket.write(bytes);
        if (end) socket.end();
    });
    return within('the peer to close', answer, timeoutMs).finally(() => socket.destroy());
}
