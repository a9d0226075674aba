// The test `openapi`: docs/openapi.yaml is well-formed and says what chat/api does: the rows of routes.c with their rights and
// flags, the problems of problem.c with their statuses, in both directions; its examples are as its schemas say.
import { document, faultsOfRequest, operationOf, operations, readRights, resolve, text } from '../integration/openapi.mjs';

const faults = [];

/** Every $ref points at something. */
function checkReferences(value) {
    if (!value || typeof value !== 'object') return;
    if (typeof value.$ref === 'string') resolve(value);
    Object.values(value).forEach(checkReferences);
}

/** ACCESS_SHOW_READ → show.read */
const namesOfRights = new Map([...text('chat/access/rights.c').matchAll(/\[(ACCESS_\w+)\] = \{"([\w.]+)"/g)].map(([, id, name]) => [id, name]));

const routes = [...text('chat/api/routes.c').matchAll(/\{(GET|POST|PUT|PATCH|DELETE), "([^"]+)", (ACCESS_\w+), (\w+),/g)].map(([, method, path, id, flags]) => ({
    name: `${method} ${path.replace(/:(\w+)/g, '{$1}')}`, right: namesOfRights.get(id), needsSession: flags === 'SESSION', needsCsrf: flags === 'SESSION' && method !== 'GET',
}));

function checkRoute(route) {
    const operation = operationOf(route.name);
    if (!operation) {
        faults.push(`${route.name}: not in docs/openapi.yaml`);
        return;
    }
    const codes = operation.spec['x-problems'];
    const say = (fault) => faults.push(`${route.name}: ${fault}`);
    if (operation.spec['x-operation'] !== route.right) say(`x-operation is ${operation.spec['x-operation']}, its right ${route.right}`);
    if (operation.needsSession !== route.needsSession) say('security does not tell whether it needs a session');
    if (operation.needsCsrf !== route.needsCsrf) say('security does not tell whether it needs a token');
    if (codes.includes('sign_in') !== route.needsSession) say('sign_in and the session do not agree');
    if (codes.includes('csrf') !== route.needsCsrf) say('csrf and the token do not agree');
    if (codes.includes('forbidden') !== canForbid(route.right)) say('forbidden does not agree with docs/rights.md');
}

/** Is there an account, of whatever role, that may not? Who works for a shop may what buyers may. */
function canForbid(right) {
    const { roles } = readRights().get(right);
    return !roles.has('buyer') || !roles.has('operator');
}

function checkOperation(operation) {
    const say = (fault) => faults.push(`${operation.name}: ${fault}`);
    const named = [...operation.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
    const declared = operation.parameters.filter((parameter) => parameter.in === 'path').map(({ name }) => name);
    if (!routes.some(({ name }) => name === operation.name)) say('not in chat/api/routes.c');
    if (!operation.spec.summary) say('no summary');
    if (named.join() !== declared.join()) say(`the path has ${named}, parameters ${declared}`);
    if (!operation.spec.responses.default) say('no answer for refusals');
    for (const code of operation.spec['x-problems']) if (!(code in statuses)) say(`unknown problem ${code}`);
    if (operation.schema && operation.example === undefined) say('no example');
    if (operation.example !== undefined) faultsOfRequest(operation, operation.example).forEach((fault) => say(`the example: ${fault}`));
}

const statuses = document.components.schemas.Problem['x-codes'];

/** Problems in C: {404, "not_found", …}. */
function checkProblems() {
    const inCode = new Map(['chat/api/problem.c', 'chat/picture/routes.c'].flatMap((file) => [...text(file).matchAll(/\{(\d{3}),\s*"(\w+)"/g)]).map(([, status, code]) => [code, Number(status)]));
    const used = new Set([...operations.flatMap(({ spec }) => spec['x-problems']), 'body_not_json', 'busy', 'store_unavailable']);
    for (const [code, status] of inCode) if (statuses[code] !== status) faults.push(`problem ${code} (${status}) is ${statuses[code] ?? 'not'} in docs/openapi.yaml`);
    for (const code of Object.keys(statuses)) {
        if (!inCode.has(code)) faults.push(`problem ${code} is in docs/openapi.yaml alone`);
        if (!used.has(code)) faults.push(`problem ${code}: no operation has it`);
    }
}

if (routes.length !== (text('chat/api/routes.c').match(/^ {4}\{\w+, "/gm) ?? []).length) faults.push('chat/api/routes.c: a row is written in a way that this test cannot read');
if (namesOfRights.size !== readRights().size) faults.push('docs/rights.md and chat/access/rights.c have not the same operations');
checkReferences(document);
routes.forEach(checkRoute);
operations.forEach(checkOperation);
checkProblems();
for (const fault of faults) console.error(fault);
if (faults.length) process.exit(1);
console.log(`openapi: ${routes.length} routes and ${Object.keys(statuses).length} problems are as docs/openapi.yaml says`);
