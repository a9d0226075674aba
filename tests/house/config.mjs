// The test `config`: docs/configuration.md is what the programs print. Usage: config.mjs BUILD_FOLDER
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const printed = execFileSync(path.join(root, 'scripts/docs'), ['--print', path.join(process.argv[2], 'bin')], { encoding: 'utf8' });
const written = readFileSync(path.join(root, 'docs/configuration.md'), 'utf8');
if (printed === written) {
    console.log('config: docs/configuration.md is true');
} else {
    console.error('docs/configuration.md differs from what the programs print; write it anew with scripts/docs');
    process.exit(1);
}
