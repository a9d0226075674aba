// Won are whole numbers, everywhere.

const group = (n) => String(n).replace(/\B(?=(\d{3})+(?!\d))/g, ',');

/** '12,900': for where the unit stands beside it. */
export const digits = (n) => (n < 0 ? `-${group(-n)}` : group(n));

/** Whole percent off, or 0: `list` is the price before. */
export const percentOff = (list, price) => (list > price ? Math.floor(((list - price) * 100) / list) : 0);

/** '1,234', from ten thousand '1.2' and its unit. {text, unit: null | 'man' | 'eok'}; rounded down: never more than there are. */
export function shortCount(n) {
  if (n < 10000) return { text: group(n), unit: null };
  const [size, unit] = n < 100000000 ? [10000, 'man'] : [100000000, 'eok'];
  const tenths = Math.floor((n * 10) / size);
  return { text: group(Math.floor(tenths / 10)) + (tenths % 10 && tenths < 1000 ? `.${tenths % 10}` : ''), unit };
}

/** What somebody typed, as whole won; NaN when it is no amount. */
export function parseWon(text) {
  const plain = String(text).replace(/[,\s]/g, '');
  return /^\d{1,12}$/.test(plain) ? Number(plain) : NaN;
}
