// CPU time and memory of a process, as the kernel accounts them.
import { readFileSync, readdirSync } from 'node:fs';

const TICKS_PER_S = 100; // USER_HZ, the same on every Linux platform we run on

// The name in brackets may hold anything; utime and stime are fields 14 and 15 of proc(5).
function seconds(stat) {
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_S;
}

/** Seconds of all threads, living and ended. */
export const cpuSeconds = (pid) => seconds(readFileSync(`/proc/${pid}/stat`, 'utf8'));

/** Seconds of the living threads whose name begins with `prefix`. */
export function threadSeconds(pid, prefix) {
    let sum = 0;
    for (const id of readdirSync(`/proc/${pid}/task`)) {
        const stat = readFileSync(`/proc/${pid}/task/${id}/stat`, 'utf8');
        if (stat.slice(stat.indexOf('(') + 1).startsWith(prefix)) sum += seconds(stat);
    }
    return sum;
}

/** Resident bytes: {all, anonymous}; what is not anonymous is programs and the rings, which all viewers share. */
export function residentBytes(pid) {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const bytes = (name) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)[1]) * 1024;
    return { all: bytes('VmRSS'), anonymous: bytes('RssAnon') };
}
