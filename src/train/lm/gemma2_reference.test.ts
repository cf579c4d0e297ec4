/** @file The training graph on weights that others made, against their logits: the loss of every prefix of a text. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { readGolden, readJson } from '../../../test/support/lm_goldens.ts';
import { openShardedSafetensors } from '../../formats/safetensors/safetensors.ts';
import { readFloat32, requireTensor } from '../../formats/tensor_file.ts';
import { openLossSession } from './held_out.ts';
import { parameterSpecs } from './parameters.ts';
import { readTrainableConfig } from './trainable_config.ts';

const here = (path: string): string => fileURLToPath(new URL(`../../../${path}`, import.meta.url));
const shared = here('../shared/data/golden-gemma2');

const REFERENCES = [
  { name: 'a float64 forward pass', folder: here('test/fixtures/lm/gemma2'), file: 'expected.safetensors' },
  { name: 'google/gemma_pytorch', folder: join(shared, 'f32'), file: 'golden.npz' },
];

describe.each(REFERENCES)('against $name', ({ file, folder }) => {
  const isHere = existsSync(folder);
  it.skipIf(!isHere)(
    `each prefix${isHere ? '' : ' (needs ../shared/data/golden-gemma2, absent: skipped)'}`,
    async () => {
      const golden = await readGolden(join(folder, file));
      const tokens = [...golden.get('tokens')!];
      const { model: config } = readTrainableConfig(await readJson(join(folder, 'config.json')));
      const specs = parameterSpecs(config);
      const weights = await openShardedSafetensors(folder);
      const values = new Map<string, Float32Array>();
      for (const { name } of specs) values.set(name, await readFloat32(requireTensor(weights, name)));
      await weights.close();

      const columns = tokens.length - 1;
      const session = await openLossSession({ config, batch: { rows: 3, columns } }, specs, 1);
      const logits = golden.get('base.logits')!;
      let sum = 0;
      for (let length = 2; length <= tokens.length; length++) {
        const from = (length - 2) * config.vocabSize;
        sum += negativeLogLikelihood(logits.subarray(from, from + config.vocabSize), tokens[length - 1]!);
        const loss = await session.lossOf([tokens.slice(0, length)], (name) => values.get(name)!);
        // float32 on one side or both, logits below 9.
        expect(Math.abs(loss - sum / (length - 1)), `the first ${length} tokens`).toBeLessThan(2e-5);
      }
      await session.close();
    },
  );
});

function negativeLogLikelihood(logits: Float32Array, target: number): number {
  return Math.log(logits.reduce((sum, x) => sum + Math.exp(x), 0)) - logits[target]!;
}
