// docs/openapi.yaml as data: its operations, what they take, and whether an answer is as it says.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import Ajv from 'ajv/dist/2020.js';
import YAML from 'yaml';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');

export const text = (file) => readFileSync(path.join(root, file), 'utf8');

/** The document; a YAML error or a name written twice is thrown. */
export const document = YAML.parse(text('docs/openapi.yaml'), { uniqueKeys: true });

const METHODS = ['get', 'post', 'put', 'patch', 'delete'];
const ID = 'openapi.json';
const escaped = (key) => key.replaceAll('~', '~0').replaceAll('/', '~1');

/** What a #/ reference in the document points at. Throws for one that points at nothing. */
export function resolve(value) {
    if (!value?.$ref) return value;
    const found = value.$ref.slice(2).split('/').reduce((at, key) => at?.[key.replaceAll('~1', '/').replaceAll('~0', '~')], document);
    if (!found) throw new Error(`${value.$ref} points at nothing`);
    return resolve(found);
}

/** Every operation: { name: 'GET /api/v1/session', method, path, at: JSON pointer, spec, needsSession, needsCsrf, parameters, example, schema }. */
export const operations = Object.entries(document.paths).flatMap(([url, item]) =>
    METHODS.filter((method) => item[method]).map((method) => {
        const spec = item[method];
        const json = resolve(spec.requestBody)?.content['application/json'];
        return {
            name: `${method.toUpperCase()} ${url}`,
            method: method.toUpperCase(),
            path: url,
            at: `#/paths/${escaped(url)}/${method}`,
            spec,
            needsSession: Boolean(spec.security?.[0].session),
            needsCsrf: Boolean(spec.security?.[0].csrf),
            parameters: [...(item.parameters ?? []), ...(spec.parameters ?? [])].map(resolve),
            example: json?.example,
            schema: json?.schema,
        };
    }),
);

export const operationOf = (name) => operations.find((operation) => operation.name === name);

const ajv = new Ajv({ strict: false, allErrors: true });
ajv.addSchema({ $id: ID, ...document });

/** The JSON pointer of something that may be a reference. */
const pointerOf = (pointer, value) => (value.$ref ? pointerOf(value.$ref, resolveOnce(value.$ref)) : pointer);
const resolveOnce = (ref) => ref.slice(2).split('/').reduce((at, key) => at[key.replaceAll('~1', '/').replaceAll('~0', '~')], document);

const complaints = (pointer, value) => {
    const check = ajv.getSchema(ID + encodeURI(pointer));
    if (!check) throw new Error(`no schema at ${pointer}`);
    return check(value) ? [] : check.errors.map((error) => `${error.instancePath} ${error.message} ${JSON.stringify(error.params)}`);
};

/** What is wrong with a request's content, by the schema. */
export function faultsOfRequest(operation, content) {
    const body = operation.spec.requestBody;
    return complaints(`${pointerOf(`${operation.at}/requestBody`, body)}/content/application~1json/schema`, content);
}

/** What is wrong with an answer { status, headers, body }: its status, its type, its content, its problem's code. */
export function faultsOfAnswer(operation, answer) {
    const own = operation.spec.responses[answer.status];
    const key = own ? String(answer.status) : 'default';
    const response = operation.spec.responses[key];
    const type = answer.headers.get('content-type');
    if (!own && answer.status < 400) return [`no answer has status ${answer.status}`];
    if (!own) return faultsOfProblem(operation, answer, type);
    const content = resolve(response).content;
    if (!content) return answer.body ? ['it should have no content'] : [];
    if (!content[type]) return [`content-type is ${type}`];
    if (!content[type].schema) return [];
    return complaints(`${pointerOf(`${operation.at}/responses/${key}`, response)}/content/${escaped(type)}/schema`, answer.body);
}

const ANYWHERE = ['busy', 'store_unavailable'];

function faultsOfProblem(operation, { status, body }, type) {
    const codes = [...operation.spec['x-problems'], ...ANYWHERE, ...(operation.schema ? ['body_not_json', 'body_too_large'] : [])];
    const faults = complaints('#/components/schemas/Problem', body);
    if (type !== 'application/problem+json') faults.push(`content-type is ${type}`);
    if (body.status !== status) faults.push(`status is ${status}, in the content ${body.status}`);
    if (!codes.includes(body.code)) faults.push(`it has no problem ${body.code}`);
    else if (document.components.schemas.Problem['x-codes'][body.code] !== status) faults.push(`${body.code} has not status ${status}`);
    return faults;
}

/** docs/rights.md: operation → Set of roles that may. */
export function readRights() {
    const rows = text('docs/rights.md').split('\n').filter((line) => line.startsWith('| ')).map((line) => line.slice(1, -1).split('|').map((cell) => cell.trim()));
    const [[, , ...roles], ...rest] = rows;
    return new Map(rest.map(([name, whose, ...cells]) => [name.replaceAll('`', ''), { whose, roles: new Set(roles.filter((_, i) => cells[i] === 'yes')) }]));
}
