// Hearts: counted here, told to the server once a second, shown flying unless motion is unwanted.
import { html } from 'htm/preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { count } from '../shared/format.js';
import { Icon } from '../shared/icon.js';
import { t } from '../strings.js';

const TELL_MS = 1000;
const PER_TELL_MAX = 20;
const FLYING_MAX = 12;
const FLIGHT_MS = 1800;

/** {total, flying, give}. */
export function useHearts(socket, total = 0) {
  const mine = useRef(0);
  const timer = useRef(null);
  const next = useRef(0);
  const [flying, setFlying] = useState([]);
  useEffect(() => () => clearTimeout(timer.current), []);
  const tell = () => {
    timer.current = null;
    const n = mine.current;
    mine.current = 0;
    socket?.ask('heart', { n }, { isAnyone: true }).catch(() => {}); // a heart that got lost is no matter
  };
  const give = () => {
    mine.current = Math.min(PER_TELL_MAX, mine.current + 1);
    timer.current ??= setTimeout(tell, TELL_MS);
    const heart = { id: next.current++, x: (next.current * 37) % 44 };
    setFlying((old) => [...old, heart].slice(-FLYING_MAX));
    setTimeout(() => setFlying((old) => old.filter((one) => one !== heart)), FLIGHT_MS);
  };
  return { total: total + mine.current, flying, give };
}

export function HeartButton({ hearts }) {
  return html`
    <div class="hearts">
      <div class="flying" aria-hidden="true">${hearts.flying.map(({ id, x }) => html`<span key=${id} class=${`fly x${x % 4}`}><${Icon} name="heart" isFilled /></span>`)}</div>
      <button type="button" class="round" aria-label=${t('heart_give', { n: hearts.total })} onClick=${hearts.give}>
        <${Icon} name="heart" isFilled />
      </button>
      <span class="heart-count" aria-hidden="true">${count(hearts.total)}</span>
    </div>`;
}
