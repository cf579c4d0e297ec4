/**
 * @file Which pre-activations stay: the k largest of each row (TopK: Gao et al. 2024, arXiv 2406.04093) or the `k * batch` largest of the whole batch
 * (BatchTopK: Bussmann et al. 2024, arXiv 2412.06410), none below zero. Values that tie with the smallest kept one are all kept.
 */

import { castToFloat } from '../../onnx/gradients/elementwise.ts';
import { elements, type Tape, type Value } from '../../onnx/gradients/tape.ts';

/** Smallest positive normal float32: what is kept is greater than 0. */
const LEAST = 2 ** -126;

const UNSORTED = { sorted: { int: 0 } };

export interface Selection {
  /** 1 where a value stays, else 0, in the tape's float type; of the values' shape. */
  readonly mask: string;
  /** The smallest value that stays: one per row `[batch, 1]`, or a scalar of the batch. */
  readonly smallest: string;
}

/** @param pre `[batch, d_sae]`, k at most d_sae */
export function topOfRows(tape: Tape, pre: string, k: string): Selection {
  const [values] = tape.nodes('TopK', [pre, k], 2, { axis: { int: 1 }, ...UNSORTED });
  const last = tape.node('ReduceMin', [values!, tape.integers([1])], {
    attributes: { keepdims: { int: 1 } },
  });
  return atLeast(tape, pre, last);
}

/**
 * @param floor a scalar of at least 0, from the host: where at least `k * batch` values lie above it, only those are searched, else all. It decides
 * how long the search takes (a fifth at best), never its result
 */
export function topOfBatch(tape: Tape, pre: Value, k: number, floor: Value): Selection {
  const wanted = k * pre.shape[0]!;
  const flat = tape.node('Reshape', [pre.name, tape.integers([elements(pre.shape)])]);
  const above = tape.node('Greater', [flat, floor.name]);
  const candidates = tape.node('Compress', [flat, above], { attributes: { axis: { int: 0 } } });
  const count = tape.node('Shape', [candidates]);
  const few = tape.node('Less', [count, tape.integers([wanted])]);
  const isShort = tape.node('Squeeze', [few]);
  const amount = tape.integers([wanted]);
  const search = (among: string, name: string) => ({
    graph: {
      nodes: [
        {
          op: 'TopK',
          inputs: [among, amount],
          outputs: [name, `${name}_indices`],
          attributes: { axis: { int: 0 }, ...UNSORTED },
        },
      ],
      outputs: [{ name, type: tape.float, dims: [wanted] }],
    },
  });
  const values = tape.node('If', [isShort], {
    attributes: {
      then_branch: search(flat, 'top_of_all'),
      else_branch: search(candidates, 'top_of_candidates'),
    },
  });
  return atLeast(tape, pre.name, tape.node('ReduceMin', [values], { attributes: { keepdims: { int: 0 } } }));
}

function atLeast(tape: Tape, values: string, last: string): Selection {
  const smallest = tape.node('Max', [last, tape.scalar(LEAST).name]);
  return { mask: castToFloat(tape, tape.node('GreaterOrEqual', [values, smallest])), smallest };
}

/** The values that stay, 0 elsewhere; gradients flow through those alone. */
export function keep(tape: Tape, values: Value, mask: string): Value {
  return tape.record(tape.node('Mul', [values.name, mask]), values.shape, [values], (g) => [
    tape.node('Mul', [g, mask]),
  ]);
}
