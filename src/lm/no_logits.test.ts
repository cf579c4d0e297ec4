import { cp, mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import type { ForwardRequest, LanguageModel } from './language_model.ts';
import { openLanguageModel } from './session.ts';

const fixture = fileURLToPath(new URL('../../test/fixtures/lm/llama_linear', import.meta.url));

const VOCABULARY = 600_000;
const EMBEDDING = 'embed_tokens.weight';

/** The tiny bfloat16 model with a vocabulary so large that its output matrix is nearly all of it; the zeros of a sparse file. */
async function writeWideModel(folder: string): Promise<void> {
  await cp(fixture, folder, { recursive: true });
  const configPath = join(folder, 'config.json');
  const config = JSON.parse(await readFile(configPath, 'utf8')) as Record<string, unknown>;
  await writeFile(configPath, JSON.stringify({ ...config, vocab_size: VOCABULARY }));
  const path = join(folder, 'model.safetensors');
  const bytes = await readFile(path);
  const start = 8 + Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.subarray(8, start).toString()) as Record<string, Record<string, unknown>>;
  const shape = [VOCABULARY, Number(config['hidden_size'])];
  const from = bytes.length - start;
  const to = from + 2 * shape[0]! * shape[1]!;
  // A file has to be without gaps.
  header['unused'] = header[EMBEDDING]!;
  header[EMBEDDING] = { dtype: 'BF16', shape, data_offsets: [from, to] };
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  await writeFile(path, Buffer.concat([length, text, bytes.subarray(start)]));
  await truncate(path, 8 + text.length + to);
}

/** The shortest of many, in ms: other work on the machine only adds. */
async function shortest(model: LanguageModel, request: ForwardRequest): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 25; i++) {
    const start = performance.now();
    await model.forward(request);
    least = Math.min(least, performance.now() - start);
  }
  return least;
}

test.each(['exact', 'f32'] as const)(
  '%s: without logits the output matrix costs nothing',
  async (precision) => {
    const folder = await mkdtemp(join(tmpdir(), 'antipode-wide-'));
    await writeWideModel(folder);
    const model = await openLanguageModel(folder, { precision, threads: 1 });
    const request = { tokens: [[1, 2]], capture: ['resid.1'] as const };
    const withOne = await shortest(model, { ...request, logits: 'last' });
    const without = await shortest(model, { ...request, logits: 'none' });
    // Widening it takes half of the time that a product with one row takes.
    expect(4 * without).toBeLessThan(withOne);
    await model.close();
    await rm(folder, { recursive: true });
  },
);
