// What the studio knows: the shop, its open show, products and orders, kept fresh.
import { useEffect, useRef, useState } from 'preact/hooks';
import { get, Problem } from '../shared/api.js';
import { won } from '../shared/format.js';
import { ShowSocket } from '../shared/socket.js';
import { toast } from '../shared/toast.js';
import { useEvery } from '../shared/use.js';
import { t } from '../strings.js';
import { chime } from './chime.js';

const POLL_MS = 4000;
const OPEN = ['scheduled', 'ready', 'live'];

export const openShow = (shows) => shows?.find(({ state }) => OPEN.includes(state)) ?? null;

/* New orders since the last look: said aloud once each. `known` is null before the first look. */
function announce(orders, known) {
  for (const order of orders) {
    if (known?.has(order.id) === false && order.state === 'pending') {
      const [{ name, quantity }] = order.lines;
      toast(t('order_came', { name, n: quantity, won: won(order.total_won) }), 'good');
      chime();
    }
  }
  return new Set(orders.map(({ id }) => id));
}

/** {shop, show, products, orders, problem, load()}; each null until it is known. */
export function useStudio() {
  const [state, setState] = useState({ shop: null, shows: null, products: null, orders: null });
  const [problem, setProblem] = useState(null);
  const known = useRef(null);
  const load = async () => {
    try {
      const [shop, shows, products, orders] = await Promise.all(['/shop', '/shop/shows', '/shop/products', '/shop/orders'].map(get));
      known.current = announce(orders.items, known.current);
      setState({ shop, shows: shows.items, products: products.items, orders: orders.items });
      setProblem(null);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      setProblem(error);
    }
  };
  useEvery(POLL_MS, load);
  return { ...state, show: openShow(state.shows), problem, load };
}

/** The open show's socket, or null; `onPushes` as ShowSocket tells them. */
export function useShowSocket(id, onPushes) {
  const [, redraw] = useState(0);
  const socket = useRef(null);
  const listener = useRef(onPushes);
  listener.current = onPushes;
  useEffect(() => {
    if (!id) return;
    socket.current = new ShowSocket(id, (pushes) => {
      listener.current(pushes);
      redraw((n) => n + 1);
    }).start();
    redraw((n) => n + 1);
    return () => {
      socket.current.stop();
      socket.current = null;
    };
  }, [id]);
  return socket.current;
}
