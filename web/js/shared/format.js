// What people see of numbers, times and persons, in the page's language (§ strings.js has the words).
import { language, t } from '../strings.js';
import { digits, shortCount } from './money.js';
import { korean, serverNow } from './time.js';

export const won = (n) => t('won', { n: digits(n) });

/** '1,234', and tens of thousands by their own unit. English has no such units: it stays with digits. */
export function count(n) {
  const { text, unit } = shortCount(n);
  return language === 'ko' && unit ? t(`count_${unit}`, { n: text }) : digits(n); // words: count_man count_eok
}

const WEEKDAYS = 'sun mon tue wed thu fri sat'.split(' '); // words: sun mon tue wed thu fri sat
const two = (n) => String(n).padStart(2, '0');

/** 'today 8:00 PM', tomorrow likewise, else '7.14(Tue) 20:00'. */
export function moment(ms, nowMs = serverNow()) {
  const at = korean(ms), days = at.dayNumber - korean(nowMs).dayNumber;
  const day = t(days === 0 ? 'today' : 'tomorrow'); // words: today tomorrow
  if (days === 0 || days === 1)
    return t(at.hour < 12 ? 'day_am' : 'day_pm', { day, time: `${at.hour % 12 || 12}:${two(at.minute)}` }); // words: day_am day_pm
  return `${at.month}.${at.day}(${t(WEEKDAYS[at.weekday])}) ${two(at.hour)}:${two(at.minute)}`;
}
