/** @file One process of `bench:train` on antipode's side: steps of a sparse autoencoder. Task and result are JSON. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createFiring } from '../dist/train/sae/firing.js';
import { resolveSettings } from '../dist/train/sae/settings.js';
import { openStepRunner } from '../dist/train/sae/step_runner.js';
import { giveBack, readTask } from './generate_task.mjs';

const { architecture, batch, batches, dIn, dSae, folder, k, sparsity, steps, threads } = readTask();
const read = (name) => {
  const bytes = readFileSync(join(folder, `${name}.f32`));
  return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
};
const WARM_UP = 5;
const settings = resolveSettings(
  {
    architecture,
    dSae,
    batch,
    steps: steps + WARM_UP,
    ...(k && { k }),
    ...(sparsity && { sparsityCoefficient: sparsity, sparsityWarmupSteps: 1 }),
    learningRate: 1e-3,
    warmupSteps: 0,
    decayShare: 1e-9,
    beta2: 0.999,
    deadAfter: 1e9,
  },
  dIn,
);
const runner = await openStepRunner({
  settings,
  dIn,
  firing: createFiring(dSae),
  calibration: { scale: 1, variance: 1 },
  threads,
});
const rows = read('rows');
for (const name of ['W_enc', 'W_dec']) runner.session.write(name, rows);
if (architecture === 'jumprelu')
  runner.session.write('log_threshold', new Float32Array(dSae).fill(Math.log(settings.initialThreshold)));
const x = read('x');
const [losses, times] = [[], []];
for (let step = 1; step <= steps + WARM_UP; step++) {
  const from = ((step - 1) % batches) * batch * dIn;
  const part = x.subarray(from, from + batch * dIn);
  const start = performance.now();
  const { loss } = await runner.step(part, step);
  const time = performance.now() - start;
  if (step <= WARM_UP) losses.push(loss);
  else times.push(time);
}
await runner.close();
giveBack({ losses, times });
