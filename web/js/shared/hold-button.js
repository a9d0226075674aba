// A button that wants to be held for a second: what it does can't be undone. By keyboard: hold Enter or Space.
import { html } from 'htm/preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { t } from '../strings.js';

const HOLD_MS = 1000;

export function HoldButton({ label, onHeld, disabled }) {
  const [isHeld, setHeld] = useState(false);
  const timer = useRef(null);
  const begin = (event) => {
    if (event.type === 'keydown' && (event.repeat || !['Enter', ' '].includes(event.key))) return;
    event.preventDefault();
    clearTimeout(timer.current);
    setHeld(true);
    timer.current = setTimeout(() => {
      setHeld(false);
      onHeld();
    }, HOLD_MS);
  };
  const end = () => {
    clearTimeout(timer.current);
    setHeld(false);
  };
  useEffect(() => () => clearTimeout(timer.current), []);
  return html`
    <button type="button" class=${`button danger hold ${isHeld ? 'held' : ''}`} disabled=${disabled} aria-description=${t('hold_hint')}
      onPointerDown=${begin} onPointerUp=${end} onPointerLeave=${end} onPointerCancel=${end} onKeyDown=${begin} onKeyUp=${end} onBlur=${end}
      onContextMenu=${(event) => event.preventDefault()}>
      <span>${label}</span><small aria-hidden="true">${t('hold_hint')}</small>
    </button>`;
}
