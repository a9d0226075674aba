// Times are milliseconds UTC; people see Korean time (UTC+9, no summer time), by the server's clock.

const KST_MS = 9 * 3600 * 1000;
const DAY_MS = 24 * 3600 * 1000;

let offsetMs = 0;
let isExact = false;

/** The socket's hello says the time exactly. */
export function setServerTime(nowMs, clientMs = Date.now()) {
  offsetMs = nowMs - clientMs;
  isExact = true;
}

/** An HTTP Date is whole seconds: good enough until something better comes. */
export function noteServerTime(date, clientMs = Date.now()) {
  const ms = date ? Date.parse(date) : NaN;
  if (!isExact && Number.isFinite(ms) && Math.abs(ms - clientMs - offsetMs) > 2000) offsetMs = ms - clientMs;
}

export const serverNow = () => Date.now() + offsetMs;

const two = (n) => String(n).padStart(2, '0');

/** Korean wall clock: {year, month, day, weekday (0 Sunday), hour, minute, dayNumber}. */
export function korean(ms) {
  const at = new Date(ms + KST_MS);
  return {
    year: at.getUTCFullYear(), month: at.getUTCMonth() + 1, day: at.getUTCDate(), weekday: at.getUTCDay(),
    hour: at.getUTCHours(), minute: at.getUTCMinutes(), dayNumber: Math.floor((ms + KST_MS) / DAY_MS),
  };
}

/** '00:41:07'; never below zero. */
export function clock(ms) {
  const s = Math.max(0, Math.floor(ms / 1000));
  return `${two(Math.floor(s / 3600))}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)}`;
}

/** 2026-07-14T20:00 of an <input type=datetime-local>, read as Korean time; NaN when empty. */
export function fromInput(text) {
  const found = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2})/.exec(text);
  if (!found) return NaN;
  const [year, month, day, hour, minute] = found.slice(1).map(Number);
  return Date.UTC(year, month - 1, day, hour, minute) - KST_MS;
}
