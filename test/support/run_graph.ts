/** @file Runs a graph that was written with a `Tape` once, and compares its gradients with central differences. */

import type { Tape } from '../../src/onnx/gradients/tape.ts';
import { elements, type Value } from '../../src/onnx/gradients/tape.ts';
import { loadOnnxRuntime } from '../../src/onnx/runtime.ts';

export interface ArrayOf {
  readonly shape: readonly number[];
  readonly data: ArrayLike<number>;
}

/** @param feeds floats in the tape's type, `BigInt64Array` for indices */
export async function runGraph(
  tape: Tape,
  feeds: Readonly<
    Record<string, ArrayOf | { readonly shape: readonly number[]; readonly data: BigInt64Array }>
  >,
  threads = 1,
): Promise<Record<string, Float64Array>> {
  const ort = await loadOnnxRuntime();
  const session = await ort.InferenceSession.create(tape.encode(), {
    intraOpNumThreads: threads,
    // Some fusions of the higher levels have float32 kernels only.
    graphOptimizationLevel: 'basic',
    logSeverityLevel: 3,
  });
  const tensors = Object.entries(feeds).map(([name, { data, shape }]) => {
    if (data instanceof BigInt64Array) return [name, new ort.Tensor('int64', data, shape)];
    return tape.float === 'float32'
      ? [name, new ort.Tensor('float32', Float32Array.from(data), shape)]
      : [name, new ort.Tensor('float64', Float64Array.from(data), shape)];
  });
  const results = await session.run(Object.fromEntries(tensors));
  await session.release();
  return Object.fromEntries(
    Object.entries(results).map(([name, { data }]) => [name, Float64Array.from(data as Float32Array)]),
  );
}

/**
 * Largest relative difference between what `Tape.gradients` gives and central differences, over all parameters, in float64.
 * The size of a gradient is taken as the norm of the whole, so that entries near zero do not count double.
 * @param build writes the forward pass on a fresh tape and returns the loss
 * @param values starting point of every parameter, and of inputs
 */
export async function gradientError(
  build: (tape: Tape) => Value,
  newTape: () => Tape,
  values: Readonly<
    Record<string, ArrayOf | { readonly shape: readonly number[]; readonly data: BigInt64Array }>
  >,
  step = 1e-5,
): Promise<number> {
  const tape = newTape();
  const loss = build(tape);
  const gradients = tape.gradients(loss);
  tape.expose('the loss', loss);
  for (const [parameter, name] of gradients) tape.expose(`d ${parameter.name}`, { ...parameter, name });
  const analytic = await runGraph(tape, values);
  let worst = 0;
  const forward = newTape();
  forward.expose('the loss', build(forward));
  for (const parameter of tape.parameters) {
    const numeric = new Float64Array(elements(parameter.shape));
    const base = values[parameter.name]!;
    for (let i = 0; i < numeric.length; i++) {
      const at = async (shift: number): Promise<number> => {
        const data = Float64Array.from(base.data as ArrayLike<number>);
        data[i]! += shift;
        const feeds = { ...values, [parameter.name]: { shape: base.shape, data } };
        return (await runGraph(forward, feeds))['the loss']![0]!;
      };
      numeric[i] = ((await at(step)) - (await at(-step))) / (2 * step);
    }
    const found = analytic[`d ${parameter.name}`] ?? new Float64Array(numeric.length);
    const size = Math.hypot(...numeric);
    const difference = Math.hypot(...numeric.map((value, i) => value - found[i]!));
    worst = Math.max(worst, difference / Math.max(size, 1e-12));
  }
  return worst;
}
