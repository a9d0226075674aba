// Every word a person reads. Korean first, English second: equal keys (a test compares them); strings/ has them by place.
import * as common from './strings/common.js';
import * as operator from './strings/operator.js';
import * as shopping from './strings/shopping.js';
import * as studio from './strings/studio.js';
import * as viewer from './strings/viewer.js';

const merge = (name) => Object.assign({}, ...[common, viewer, shopping, studio, operator].map((part) => part[name]));

export const tables = { ko: merge('ko'), en: merge('en') };

function choose() {
  const asked = new URLSearchParams(location.search).get('lang');
  if (asked in tables) return asked;
  return (navigator.languages ?? []).some((l) => l.toLowerCase().startsWith('ko')) ||
    !(navigator.languages ?? []).some((l) => l.toLowerCase().startsWith('en')) ? 'ko' : 'en';
}

export const language = typeof location === 'undefined' ? 'ko' : choose();

export const has = (key) => key in tables.ko;

/** The words for `key`, with {names} filled in. */
export function t(key, values = {}) {
  return tables[language][key].replace(/\{(\w+)\}/g, (_, name) => values[name]);
}
