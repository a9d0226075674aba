// The test `layers`: every #include and every target's links against the table. Usage: layers.mjs [ROOT]
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { FOLDERS, IMPURE, LIBRARIES, PURE, SUBFOLDERS, SYSTEM } from './table.mjs';

const root = path.resolve(process.argv[2] ?? path.join(path.dirname(fileURLToPath(import.meta.url)), '../..'));
const faults = [];
const fault = (where, what) => faults.push(`${where}: ${what}`);

const sources = ['common', 'ingest', 'relay', 'chat'].flatMap((top) =>
    readdirSync(path.join(root, top), { recursive: true })
        .filter((name) => /\.[ch]$/.test(name))
        .map((name) => `${top}/${name}`),
);

const libraryOf = (header) => Object.keys(LIBRARIES).find((name) => LIBRARIES[name].headers.test(header));

/** The folder of the table that an include path like "media/frame.h" or "chat/store/store.h" names. */
const folderOf = (header) => {
    const dir = path.posix.dirname(header);
    return FOLDERS[`common/${dir}`] ? `common/${dir}` : FOLDERS[dir] ? dir : undefined;
};

function checkOurs(where, folder, header) {
    const target = folderOf(header);
    if (!target) return fault(where, `"${header}" is in no folder of the table`);
    if (target === folder) return;
    const allowed = FOLDERS[folder].ours.some((name) => target === `common/${name}` || target === name);
    if (!allowed && !(SUBFOLDERS[folder] ?? []).includes(target)) fault(where, `${folder} may not include "${header}"`);
}

function checkLibrary(where, folder, header) {
    if (SYSTEM.test(header)) return;
    const library = libraryOf(header);
    if (!library) fault(where, `<${header}> is neither the C library nor a library of the table`);
    else if (!FOLDERS[folder].libraries.includes(library)) fault(where, `${folder} may not include <${header}>`);
}

function checkInclude(where, folder, [, ours, library]) {
    if (ours) checkOurs(where, folder, ours);
    else if (library) checkLibrary(where, folder, library);
    else fault(where, 'cannot read this include');
    if (PURE.includes(folder) && IMPURE.headers.test(ours ?? library)) fault(where, `${folder} is pure`);
}

function checkSource(file) {
    const folder = path.posix.dirname(file);
    if (!FOLDERS[folder]) return fault(file, `the folder ${folder} is not in the table`);
    const lines = readFileSync(path.join(root, file), 'utf8').split('\n');
    lines.forEach((line, i) => {
        const where = `${file}:${i + 1}`;
        const include = /^\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>|.*)/.exec(line);
        if (include) checkInclude(where, folder, include);
        else if (PURE.includes(folder) && !/^\s*(\/?\*|\/\/)/.test(line) && IMPURE.calls.test(line))
            fault(where, `${folder} is pure: ${line.trim()}`);
    });
}

/** jt_library(NAME LINKS a b), jt_part(...), jt_service(...) and jt_worker(...) of CMakeLists.txt against the same table. */
function checkTargets() {
    const text = readFileSync(path.join(root, 'CMakeLists.txt'), 'utf8').replace(/#.*/g, '');
    const seen = new Set();
    for (const [, kind, name, links] of text.matchAll(/jt_(library|part|service|worker)\((\S+)\s+LINKS\s+([^)]*)\)/g)) {
        const folder = kind === 'library' ? `common/${name}` : name;
        const where = `CMakeLists.txt: ${folder}`;
        seen.add(folder);
        if (!FOLDERS[folder]) {
            fault(where, 'is not in the table');
            continue;
        }
        for (const link of links.trim().split(/\s+/)) checkLink(where, folder, link);
    }
    for (const folder of Object.keys(FOLDERS))
        if (folder.startsWith('common/') && !seen.has(folder)) fault('CMakeLists.txt', `no target for ${folder}`);
}

function checkLink(where, folder, link) {
    const { ours, libraries } = FOLDERS[folder];
    const [, own] = /^jt_(\w+)$/.exec(link) ?? [];
    const [, packaged] = /^PkgConfig::(\w+)$/.exec(link) ?? [];
    if (own) {
        const target = own.replace(/^chat_/, 'chat/');
        if (!ours.includes(target) && !(SUBFOLDERS[folder] ?? []).includes(target)) fault(where, `may not link ${link}`);
    } else if (packaged) {
        const known = Object.keys(LIBRARIES).find((library) => LIBRARIES[library].target.test(packaged));
        if (!known || !libraries.includes(known)) fault(where, `may not link ${link}`);
    } else if (!/^(Threads::Threads|m|\$\{.*)$/.test(link)) {
        fault(where, `cannot judge the link ${link}`);
    }
}

sources.forEach(checkSource);
checkTargets();
if (sources.length < 50) fault(root, `only ${sources.length} sources found`);
faults.forEach((line) => console.error(line));
console.log(`layers: ${sources.length} files, ${faults.length} faults`);
process.exit(faults.length ? 1 : 0);
