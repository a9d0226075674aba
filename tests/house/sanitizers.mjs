// The other half of threat X1: sanitizer builds go without FORTIFY (its checks hide what sanitizers would report).
// Usage: sanitizers.mjs BUILD_FOLDER
import { readFileSync } from 'node:fs';
import path from 'node:path';

const commands = JSON.parse(readFileSync(path.join(process.argv[2], 'compile_commands.json'), 'utf8'));
const wrong = commands.filter(({ command }) => !command.includes('-fsanitize=') || /-D_FORTIFY_SOURCE/.test(command));
wrong.forEach(({ file }) => console.error(`${file}: compiled without sanitizer, or with FORTIFY`));
console.log(`sanitizers: ${commands.length} units, ${wrong.length} faults`);
process.exit(commands.length === 0 || wrong.length > 0 ? 1 : 0);
