// Large text: one switch for people who find buttons hard to see, kept for the next visit.
import { html } from 'htm/preact';
import { useEffect, useState } from 'preact/hooks';
import { t } from '../strings.js';
import { Icon } from './icon.js';

const KEY = 'large';

const read = () => {
  try {
    return localStorage.getItem(KEY) === '1';
  } catch {
    return false; // storage is forbidden here
  }
};

export function useLarge() {
  const [isLarge, setLarge] = useState(read);
  useEffect(() => {
    document.documentElement.classList.toggle('large', isLarge);
    try {
      localStorage.setItem(KEY, isLarge ? '1' : '0');
    } catch { /* then it holds for this page */ }
  }, [isLarge]);
  return [isLarge, () => setLarge((is) => !is)];
}

export const LargeButton = ({ isLarge, onToggle }) => html`
  <button type="button" class="chip large-switch" aria-pressed=${isLarge} onClick=${onToggle}>
    <${Icon} name="text" />${t(isLarge ? 'text_normal' : 'text_large')}
  </button>`; // words: text_normal text_large

/** Copies `text`; says so on the button. */
export function CopyButton({ text, label, name }) {
  const [isCopied, setCopied] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(text);
    setCopied(true);
    setTimeout(setCopied, 2000, false);
  };
  return html`
    <button type="button" class="button small quiet" data-copy=${name} onClick=${copy}>
      <${Icon} name=${isCopied ? 'check' : 'copy'} /><span aria-live="polite">${isCopied ? t('copied') : label ?? t('copy')}</span>
    </button>`;
}
