/** @file Broadcasting as in ONNX and numpy: the shape of a result, and how its gradient is summed back to an operand's shape. */

import type { Shape, Tape } from './tape.ts';

/** @throws a plain `internal:` error for shapes that do not go together */
export function broadcastShape(a: Shape, b: Shape): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const x = a[a.length - rank + i] ?? 1;
    const y = b[b.length - rank + i] ?? 1;
    if (x !== y && x !== 1 && y !== 1) {
      throw new Error(`internal: shapes [${a.join(', ')}] and [${b.join(', ')}] do not broadcast`);
    }
    return x === 1 ? y : x;
  });
}

/** Sums a gradient of shape `from` over the axes along which a value of shape `to` was repeated. */
export function sumTo(tape: Tape, gradient: string, from: Shape, to: Shape): string {
  const missing = from.length - to.length;
  const repeated = from.flatMap((size, axis) =>
    axis < missing || (to[axis - missing] === 1 && size !== 1) ? [axis] : [],
  );
  if (repeated.length === 0) return gradient;
  const isAllMissing = repeated.every((axis) => axis < missing);
  const keepdims = { int: isAllMissing ? 0 : 1 };
  const sum = tape.node('ReduceSum', [gradient, tape.integers(repeated)], { attributes: { keepdims } });
  return isAllMissing || missing === 0 ? sum : tape.node('Reshape', [sum, tape.integers(to)]);
}
