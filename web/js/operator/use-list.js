// A list that is asked for again and again: [items, problem, load]; items null before the first answer.
import { useState } from 'preact/hooks';
import { get, Problem } from '../shared/api.js';
import { useEvery } from '../shared/use.js';

export function useList(path, everyMs) {
  const [items, setItems] = useState(null);
  const [problem, setProblem] = useState(null);
  const load = async () => {
    try {
      setItems((await get(path)).items);
      setProblem(null);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      setProblem(error);
    }
  };
  useEvery(everyMs, load);
  return [items, problem, load];
}
