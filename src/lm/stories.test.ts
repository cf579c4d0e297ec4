import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { convertLlama2c, readPieces } from '../../test/support/llama2c.ts';
import { greedy } from '../../test/support/lm_goldens.ts';
import { openLanguageModel } from './session.ts';

const data = fileURLToPath(new URL('../../../shared/data/stories260k', import.meta.url));

/** What the program that trained the model writes after `Zoo`, always taking the most likely token. */
const REFERENCE =
  "Zoo was a little girl named Lily. She loved to play outside in the park. One day, she saw a big, red ball. She wanted to play with it, but she didn't want to play with";

describe.skipIf(!existsSync(data))(
  'a trained story model of 260,000 parameters (needs ../shared/data/stories260k, absent: skipped)',
  () => {
    test('continues a story in the very words of its reference', async () => {
      const dir = await mkdtemp(join(tmpdir(), 'antipode-stories-'));
      await convertLlama2c(join(data, 'stories260K.bin'), dir);
      const pieces = await readPieces(join(data, 'tok512.bin'), 512);
      const model = await openLanguageModel(dir);
      const prompt = pieces.encode('Zoo');
      const text = pieces.decode([...prompt.slice(1), ...(await greedy(model, prompt, 90))]);
      expect(text.slice(0, REFERENCE.length)).toBe(REFERENCE);
      await model.close();
      await rm(dir, { recursive: true });
    });
  },
);
