// Small hooks that more than one page needs.
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';

/** Run `action` now and every `ms` while the page is seen. */
export function useEvery(ms, action, inputs = []) {
  const latest = useRef(action);
  latest.current = action;
  useEffect(() => {
    const run = () => !document.hidden && latest.current();
    latest.current();
    const timer = setInterval(run, ms);
    document.addEventListener('visibilitychange', run);
    return () => {
      clearInterval(timer);
      document.removeEventListener('visibilitychange', run);
    };
  }, [ms, ...inputs]);
}

/** Draw again every `ms`: for clocks. */
export function useTick(ms) {
  const [, redraw] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => redraw((n) => n + 1), ms);
    return () => clearInterval(timer);
  }, [ms]);
}

/**
 * One act at a time: [run, isBusy, problem, setProblem]. While one is under way another press does nothing; a Problem it ends in is
 * kept, for the page to say.
 */
export function useAct(action) {
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState(null);
  const busy = useRef(false);
  const latest = useRef(action);
  latest.current = action;
  const run = useCallback(async (...values) => {
    if (busy.current) return undefined;
    busy.current = true;
    setBusy(true);
    setProblem(null);
    try {
      return await latest.current(...values);
    } catch (error) {
      if (error.code === undefined) throw error;
      setProblem(error);
      return undefined;
    } finally {
      busy.current = false;
      setBusy(false);
    }
  }, []);
  return [run, isBusy, problem, setProblem];
}

/** A page of several views by its fragment, so that "back" works: [view, go]. */
export function useView(views, first) {
  const read = () => (views.includes(location.hash.slice(1)) ? location.hash.slice(1) : first);
  const [view, setView] = useState(read);
  useEffect(() => {
    const onChange = () => setView(read());
    addEventListener('hashchange', onChange);
    return () => removeEventListener('hashchange', onChange);
  }, []);
  return [view, (next) => (location.hash = next)];
}
