/**
 * @file Runs a training step again and again. Every state tensor has two buffers: a step reads one and writes the other, then they change
 * places, so that nothing is allocated and nothing is read while it is written (the order of a graph's nodes is ONNX Runtime's choice). Runs are in
 * place: without that, the binding would copy the whole state after every step.
 */

import type { Tensor } from 'onnxruntime-node';
import { elements, type Shape } from '../../onnx/gradients/tape.ts';
import { runInPlace } from '../../onnx/in_place.ts';
import { loadOnnxRuntime } from '../../onnx/runtime.ts';
import { nextName, type StateSpec } from './optimiser.ts';

export interface Feed {
  readonly shape: Shape;
  readonly data: Float32Array | BigInt64Array;
}

export interface StepSessionOptions {
  readonly state: readonly StateSpec[];
  /** Default: ONNX Runtime's, the physical cores. */
  readonly threads?: number | undefined;
}

export interface StepSession {
  readonly state: readonly StateSpec[];
  /**
   * One step: the state moves on.
   * @param results names of the graph's other results
   * @throws what ONNX Runtime throws; the state then stays where it was
   */
  run(
    feeds: Readonly<Record<string, Feed>>,
    results: readonly string[],
  ): Promise<Record<string, Float32Array>>;
  /** As `run`, without moving the state on: for graphs or feeds that only look. */
  look(
    feeds: Readonly<Record<string, Feed>>,
    results: readonly string[],
  ): Promise<Record<string, Float32Array>>;
  /** The present values, C order: a view that the next but one step overwrites. */
  read(name: string): Float32Array;
  /** Replaces the present values. */
  write(name: string, values: Float32Array): void;
  /**
   * Another graph over the same state: a step of either is seen by both. It is closed on its own, before this one.
   * @param model as for `openStepSession`
   */
  also(model: Uint8Array): Promise<StepSession>;
  close(): Promise<void>;
}

/** @param model a graph for runs in place (`Tape.encodeInPlace`) whose inputs contain the state and whose results contain it under `nextName`, in float32 */
export async function openStepSession(model: Uint8Array, options: StepSessionOptions): Promise<StepSession> {
  const { Tensor } = await loadOnnxRuntime();
  const makeBuffers = (): Map<string, Tensor> =>
    new Map(
      options.state.map(({ name, shape }) => [
        name,
        new Tensor('float32', new Float32Array(elements(shape)), shape),
      ]),
    );
  return openOver({ present: makeBuffers(), next: makeBuffers() }, model, options);
}

interface StateBuffers {
  present: Map<string, Tensor>;
  next: Map<string, Tensor>;
}

async function openOver(
  buffers: StateBuffers,
  model: Uint8Array,
  options: StepSessionOptions,
): Promise<StepSession> {
  const { state, threads } = options;
  const { InferenceSession, Tensor } = await loadOnnxRuntime();
  const session = await InferenceSession.create(model, {
    executionProviders: ['cpu'],
    executionMode: 'sequential',
    interOpNumThreads: 1,
    logSeverityLevel: 3,
    ...(threads === undefined ? {} : { intraOpNumThreads: threads }),
  });
  // All shapes are known when a step is written.
  const shapes = new Map(
    session.outputMetadata.flatMap((output) =>
      output.isTensor ? [[output.name, output.shape as Shape] as const] : [],
    ),
  );
  const bufferOf = (name: string): Float32Array => {
    const buffer = buffers.present.get(name);
    if (buffer === undefined) throw new Error(`internal: ${name} is not part of the state`);
    return buffer.data as Float32Array;
  };
  const emptyResult = (name: string): Tensor => {
    const shape = shapes.get(name);
    if (shape === undefined) throw new Error(`internal: ${name} is no result of the graph`);
    return new Tensor('float32', new Float32Array(elements(shape)), shape);
  };
  const tensorOf = ({ data, shape }: Feed): Tensor =>
    data instanceof BigInt64Array ? new Tensor('int64', data, shape) : new Tensor('float32', data, shape);
  const execute = async (
    feeds: Readonly<Record<string, Feed>>,
    results: readonly string[],
    written: ReadonlyMap<string, Tensor>,
  ): Promise<Record<string, Float32Array>> => {
    const given = Object.entries(feeds).map(([name, feed]) => [name, tensorOf(feed)]);
    const outputs: Record<string, Tensor> = {};
    for (const name of results) outputs[name] = emptyResult(name);
    for (const [name, tensor] of written) outputs[nextName(name)] = tensor;
    const inputs = { ...Object.fromEntries(given), ...Object.fromEntries(buffers.present) };
    await runInPlace(session, inputs, outputs);
    return Object.fromEntries(results.map((name) => [name, outputs[name]!.data as Float32Array]));
  };
  return {
    state,
    async run(feeds, results) {
      const found = await execute(feeds, results, buffers.next);
      [buffers.present, buffers.next] = [buffers.next, buffers.present];
      return found;
    },
    look: (feeds, results) => execute(feeds, results, new Map()),
    read: bufferOf,
    write(name, values) {
      const buffer = bufferOf(name);
      if (values.length !== buffer.length) {
        throw new Error(`internal: ${name} has ${buffer.length} values, got ${values.length}`);
      }
      buffer.set(values);
    },
    also: (other) => openOver(buffers, other, options),
    close: () => session.release(),
  };
}
