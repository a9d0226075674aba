// Short words that pass: a sale, a broken connection, what went wrong.
import { html } from 'htm/preact';
import { useEffect, useState } from 'preact/hooks';

const SHOWN_MS = 4000;
const AT_ONCE_MAX = 3;

let toasts = [];
let nextId = 1;
const hosts = []; // <Toasts> that are mounted: the newest draws, for it lies in the dialog on top

const redraw = () => hosts.forEach((host) => host((n) => n + 1));

function dismiss(id) {
  toasts = toasts.filter((one) => one.id !== id);
  redraw();
}

/** Say `text`; `kind`: 'good', 'bad' or 'plain'. The same words twice at once are said once. */
export function toast(text, kind = 'plain') {
  toasts = [...toasts.filter((one) => one.text !== text), { id: nextId, text, kind }].slice(-AT_ONCE_MAX);
  setTimeout(dismiss, SHOWN_MS, nextId++);
  redraw();
}

export function Toasts() {
  const [, setTurn] = useState(0);
  useEffect(() => {
    hosts.push(setTurn);
    redraw();
    return () => {
      hosts.splice(hosts.indexOf(setTurn), 1);
      redraw();
    };
  }, []);
  const isTop = hosts.at(-1) === setTurn;
  return html`
    <div class="toasts" role="status" aria-live="polite">
      ${isTop && toasts.map((one) => html`<p key=${one.id} class=${`toast ${one.kind}`} dir="auto">${one.text}</p>`)}
    </div>`;
}
