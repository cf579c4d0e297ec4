/** @file One listener on a signal, however many wait under it: libraries that leave listeners behind on every use get signals of their own. */

/** Under each signal, those that are under way. */
const waiting = new WeakMap<AbortSignal, Set<AbortController>>();

/** @param work gets a signal that fires with `signal`, and that nobody looks at once the work is done */
export async function underSignal<T>(
  signal: AbortSignal | undefined,
  work: (own: AbortSignal | undefined) => Promise<T>,
): Promise<T> {
  if (!signal) return work(undefined);
  const own = new AbortController();
  if (signal.aborted) own.abort(signal.reason);
  const under = groupOf(signal);
  under.add(own);
  try {
    return await work(own.signal);
  } finally {
    under.delete(own);
  }
}

function groupOf(signal: AbortSignal): Set<AbortController> {
  const known = waiting.get(signal);
  if (known) return known;
  const made = new Set<AbortController>();
  waiting.set(signal, made);
  signal.addEventListener(
    'abort',
    () => {
      for (const one of made) one.abort(signal.reason);
    },
    { once: true },
  );
  return made;
}
