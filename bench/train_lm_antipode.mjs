/** @file One process of `bench:train` on antipode's side: steps of a language model, from rows of tokens to new weights. Task and result are JSON. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parameterSpecs } from '../dist/train/lm/parameters.js';
import { buildStep } from '../dist/train/lm/step_graphs.js';
import { readTrainableConfig } from '../dist/train/lm/trainable_config.js';
import { makeBatch } from '../dist/train/lm/training_rows.js';
import { biasCorrection } from '../dist/train/step/optimiser.js';
import { openStepSession } from '../dist/train/step/step_session.js';
import { giveBack, readTask } from './generate_task.mjs';

const task = readTask();
const { batches, columns, folder, maxGradientNorm, rate, rows, steps, threads } = task;
const { model: config } = readTrainableConfig(task.config);
const shape = { rows, columns };
// Without decay and with a tiny epsilon, so that both sides compute the same numbers: torch applies them in another place.
const adam = { beta1: 0.9, beta2: 0.99, epsilon: 1e-12, maxGradientNorm };
const { model, state } = buildStep({ config, batch: shape }, adam);
const session = await openStepSession(model, { state, threads });
const file = (name) => readFileSync(join(folder, name));
let at = 0;
const weights = file('weights.f32');
for (const spec of parameterSpecs(config)) {
  const length = spec.shape.reduce((product, size) => product * size, 1);
  session.write(spec.name, new Float32Array(weights.buffer, weights.byteOffset + 4 * at, length));
  at += length;
}
const bytes = file('tokens.i32');
const tokens = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
const WARM_UP = 5;
const [losses, times] = [[], []];
for (let step = 1; step <= steps + WARM_UP; step++) {
  const first = ((step - 1) % batches) * rows;
  const start = performance.now();
  const taken = Array.from({ length: rows }, (_, row) =>
    tokens.subarray((first + row) * (columns + 1), (first + row + 1) * (columns + 1)),
  );
  const { feeds } = makeBatch(taken, { shape, vocabSize: config.vocabSize }, first);
  const learning_rate = { shape: [], data: Float32Array.of(rate * biasCorrection(step, adam)) };
  const { loss } = await session.run({ ...feeds, learning_rate }, ['loss', 'gradient_norm']);
  const time = performance.now() - start;
  if (step <= WARM_UP) losses.push(loss[0]);
  else times.push(time);
}
await session.close();
giveBack({ losses, times });
