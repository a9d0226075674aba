// What the studio knows: the shop, its open show, products and orders, kept fresh.
import { useEffect, useRef, useState } from 'preact/hooks';
import { get, Problem, put } from '../shared/api.js';
import { won } from '../shared/format.js';
import { ShowSocket } from '../shared/socket.js';
import { toast } from '../shared/toast.js';
import { useEvery } from '../shared/use.js';
import { t } from '../strings.js';
import { chime } from './chime.js';

const POLL_MS = 4000;
const OPEN = ['live', 'ready', 'scheduled'];

/** The one that matters: on air, else with a picture, else the next. */
export const openShow = (shows) =>
  (shows ?? []).filter(({ state }) => OPEN.includes(state)).sort((a, b) => OPEN.indexOf(a.state) - OPEN.indexOf(b.state) || (a.starts_at ?? 0) - (b.starts_at ?? 0))[0] ?? null;

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

/* What is on sale is what the show sells: a product made or hidden meanwhile comes and goes by itself. */
async function withProducts(show, products) {
  const wanted = products.filter(({ state }) => state === 'on').map(({ id }) => id);
  const full = await get(`/shows/${show.id}`);
  if (show.state === 'ended' || String(full.products.map(({ id }) => id).sort()) === String([...wanted].sort())) return full;
  await put(`/shows/${show.id}/products`, { ids: wanted });
  return get(`/shows/${show.id}`);
}

/** {shop, show, full, products, orders, problem, load()}; each null until it is known. `full`: the open show as GET /shows/{show} tells it. */
export function useStudio() {
  const [state, setState] = useState({ shop: null, shows: null, full: null, products: null, orders: null });
  const [problem, setProblem] = useState(null);
  const known = useRef(null);
  const load = async () => {
    try {
      const [shop, shows, products, orders] = await Promise.all(['/shop', '/shop/shows', '/shop/products', '/shop/orders'].map(get));
      known.current = announce(orders.items, known.current);
      const open = openShow(shows.items);
      const full = open && (await withProducts(open, products.items));
      setState({ shop, shows: shows.items, full, products: products.items, orders: orders.items });
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
