/** @file Names close to a mistyped one, for hints: edit distance (Levenshtein 1966), case ignored. */

/** Longer inputs are no mistyped ids. */
const MAX_LENGTH = 200;

/** Up to `count` of `names`, nearest first, none further than half the length of `wanted`; ties in the order of `names`. */
export function nearestNames(wanted: string, names: Iterable<string>, count = 3): string[] {
  if (wanted.length > MAX_LENGTH) return [];
  const target = wanted.toLowerCase();
  const limit = Math.max(2, Math.floor(wanted.length / 2));
  const scored: { name: string; distance: number }[] = [];
  for (const name of names) {
    if (Math.abs(name.length - wanted.length) > limit) continue;
    const distance = editDistance(target, name.toLowerCase());
    if (distance <= limit) scored.push({ name, distance });
  }
  scored.sort((a, b) => a.distance - b.distance);
  return scored.slice(0, count).map(({ name }) => name);
}

function editDistance(a: string, b: string): number {
  let previous = Uint16Array.from({ length: b.length + 1 }, (_, j) => j);
  let current = new Uint16Array(b.length + 1);
  for (let i = 1; i <= a.length; i++) {
    current[0] = i;
    for (let j = 1; j <= b.length; j++) {
      const substitution = previous[j - 1]! + (a.charCodeAt(i - 1) === b.charCodeAt(j - 1) ? 0 : 1);
      current[j] = Math.min(substitution, previous[j]! + 1, current[j - 1]! + 1);
    }
    [previous, current] = [current, previous];
  }
  return previous[b.length]!;
}
