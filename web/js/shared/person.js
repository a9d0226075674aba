// Phones, business numbers, masks: how people type them and how they are shown.

const DIGITS = /\D/g;

/** '01012345678' as far as it is typed → '010-1234-5678'; Seoul's 02 and 4-digit exchanges too. */
export function hyphenPhone(text) {
  const d = text.replace(DIGITS, '').slice(0, 11);
  if (/^1[5-9]\d\d/.test(d)) return d.length > 4 ? `${d.slice(0, 4)}-${d.slice(4, 8)}` : d;
  const area = d.startsWith('02') ? 2 : 3;
  if (d.length <= area) return d;
  const middle = d.length > area + 7 || (area === 3 && d.startsWith('01') && d.length > 10) ? 4 : 3;
  if (d.length <= area + middle) return `${d.slice(0, area)}-${d.slice(area)}`;
  return `${d.slice(0, area)}-${d.slice(area, area + middle)}-${d.slice(area + middle, area + middle + 4)}`;
}

/** A Korean number that can ring: 9 to 11 digits from 0, or a 4+4 service number. */
export const isPhone = (text) => /^(0\d{8,10}|1[5-9]\d{6})$/.test(text.replace(DIGITS, ''));

export const maskPhone = (text) => hyphenPhone(text).replace(/-\d{3,4}-/, '-****-');

/** The first letter, whatever it is made of, and two stars. */
export function maskName(name) {
  const [first = ''] = new Intl.Segmenter('ko').segment(name.trim());
  return first ? `${first.segment}**` : '';
}

export function hyphenBusiness(text) {
  const d = text.replace(DIGITS, '').slice(0, 10);
  return [d.slice(0, 3), d.slice(3, 5), d.slice(5)].filter(Boolean).join('-');
}

/** The tax office's check digit: weights 1 3 7 1 3 7 1 3 5, the ninth product's tens added. */
export function isBusinessNumber(text) {
  const d = [...text.replace(DIGITS, '')].map(Number);
  if (d.length !== 10) return false;
  const weights = [1, 3, 7, 1, 3, 7, 1, 3, 5];
  const sum = weights.reduce((total, weight, i) => total + weight * d[i], Math.floor((d[8] * 5) / 10));
  return (10 - (sum % 10)) % 10 === d[9];
}

export const isPostcode = (text) => /^\d{5}$/.test(text);
