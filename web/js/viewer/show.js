// The show of this page: what REST tells of it, with what the socket brings on top.
import { useEffect, useRef, useState } from 'preact/hooks';
import { get, Problem } from '../shared/api.js';
import { ShowSocket } from '../shared/socket.js';

const RELOAD_MS = 2000;
const SPREAD_MS = 1500; // a product's news come as its id only: not everybody asks at once
const AWAY_MS = 30000; // a page that was hidden so long asks anew

/**
 * {kind, show, socket, version}: kind is 'loading', 'show' (chat knows it), 'bare' (only the relay does: open mode), 'none' (no such show)
 * or 'unreachable'. `onPushes(pushes, socket)` hears what came.
 */
export function useShow(id, onPushes) {
  const [about, setAbout] = useState({ kind: 'loading' });
  const [, redraw] = useState(0);
  const socket = useRef(null);
  const listener = useRef(onPushes);
  listener.current = onPushes;

  useEffect(() => {
    let isGone = false, timer, hiddenAt = 0;
    const load = async () => {
      clearTimeout(timer);
      const next = await ask(id);
      if (isGone) return;
      setAbout((old) => (next.kind === 'unreachable' && old.kind !== 'loading' ? old : next));
      if (next.kind === 'show') socket.current ??= open(id, load);
      if (next.kind === 'unreachable') timer = setTimeout(load, RELOAD_MS);
    };
    const open = () => new ShowSocket(id, (pushes) => {
      listener.current?.(pushes, socket.current);
      if (pushes.some(({ ch, e }) => ch === 'ctl' && e === 'product')) loadSoon();
      redraw((n) => n + 1);
    }).start();
    const onVisible = () => {
      if (document.hidden) hiddenAt = Date.now();
      else if (hiddenAt && Date.now() - hiddenAt > AWAY_MS) load();
    };
    const loadSoon = () => {
      clearTimeout(timer);
      timer = setTimeout(load, Math.random() * SPREAD_MS);
    };
    load();
    document.addEventListener('visibilitychange', onVisible);
    return () => {
      isGone = true;
      clearTimeout(timer);
      document.removeEventListener('visibilitychange', onVisible);
      socket.current?.stop();
    };
  }, [id]);

  const show = about.show && (socket.current?.channel.over(about.show) ?? about.show);
  return { kind: about.kind, show, socket: socket.current, channel: socket.current?.channel };
}

async function ask(id) {
  try {
    const show = await get(`/shows/${id}`);
    return show.id === undefined ? { kind: 'bare' } : { kind: 'show', show };
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    if (error.code === 'not_found') return { kind: 'none' };
    return { kind: error.status === 404 ? 'bare' : 'unreachable' };
  }
}
