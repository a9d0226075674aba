// A sheet from below, or a box in the middle on a desk: the browser's own dialog, so that Escape closes it, the focus
// stays inside and goes back to where it came from.
import { html } from 'htm/preact';
import { useEffect, useId, useRef } from 'preact/hooks';
import { t } from '../strings.js';
import { Icon } from './icon.js';
import { Toasts } from './toast.js';

/** `onClose` is asked, not told: a sheet that must not vanish by accident asks first. `isTall`: it needs the room. */
export function Sheet({ title, name, isTall, onClose, onBack, foot, children }) {
  const dialog = useRef(null);
  const titleId = useId();
  useEffect(() => {
    const opener = document.activeElement;
    dialog.current.showModal();
    return () => {
      dialog.current?.close();
      if (opener?.isConnected) opener.focus();
    };
  }, []);
  useEffect(() => {
    dialog.current.querySelector('.sheet-body').scrollTop = 0; // the next step starts at its top
  }, [title]);
  const onCancel = (event) => {
    event.preventDefault();
    onClose();
  };
  const onOutside = (event) => event.target === dialog.current && onClose();
  return html`
    <dialog ref=${dialog} class=${`sheet ${isTall ? 'tall' : ''}`} data-sheet=${name} aria-labelledby=${titleId}
      onCancel=${onCancel} onClick=${onOutside}>
      <div class="sheet-box">
        <header class="sheet-head">
          ${onBack && html`<button type="button" class="icon-button" aria-label=${t('back_step')} onClick=${onBack}><${Icon} name="back" /></button>`}
          <h2 id=${titleId} tabindex="-1" autofocus>${title}</h2>
          <button type="button" class="icon-button" aria-label=${t('close')} onClick=${onClose}><${Icon} name="close" /></button>
        </header>
        <div class="sheet-body" tabindex="0" role="group" aria-labelledby=${titleId}>${children}</div>
        ${foot && html`<footer class="sheet-foot">${foot}</footer>`}
        <${Toasts} />
      </div>
    </dialog>`;
}

/** One question, yes or no. `isDanger`: yes is red. */
export function Ask({ title, text, yes, no = t('cancel'), isDanger, onYes, onNo, children }) {
  const foot = html`
    <button type="button" class="button quiet" onClick=${onNo}>${no}</button>
    <button type="button" class=${`button ${isDanger ? 'danger' : ''}`} data-yes onClick=${onYes}>${yes}</button>`;
  return html`<${Sheet} name="ask" title=${title} onClose=${onNo} foot=${foot}>
    ${text && html`<p class="ask-text">${text}</p>`}${children}
  <//>`;
}
