import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AntipodeError } from '../errors.ts';
import type { Capture, ForwardRequest, LanguageModel } from './language_model.ts';
import { openLanguageModel } from './session.ts';

const fixtures = fileURLToPath(new URL('../../test/fixtures/lm', import.meta.url));

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'antipode-lm-'));
});
afterAll(() => rm(dir, { recursive: true }));

async function refusal(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => undefined,
    (e: unknown) => e,
  );
  if (!(error instanceof AntipodeError)) throw new Error(`expected an AntipodeError, got ${String(error)}`);
  return `${error.kind}: ${error.message}`;
}

describe('folders that cannot be opened', () => {
  /** A copy of a fixture to damage. */
  const copyOf = async (family: string): Promise<string> => {
    const folder = await mkdtemp(join(dir, `${family}-`));
    await cp(join(fixtures, family), folder, { recursive: true });
    await rm(join(folder, 'expected.safetensors'));
    return folder;
  };
  const changeConfig = async (folder: string, change: Record<string, unknown>): Promise<void> => {
    const path = join(folder, 'config.json');
    const config = JSON.parse(await readFile(path, 'utf8')) as object;
    await writeFile(path, JSON.stringify({ ...config, ...change }));
  };

  test('no such folder, and one without weights', async () => {
    expect(await refusal(openLanguageModel(join(dir, 'nowhere')))).toMatch(
      /^missing: .*config\.json: no such file/,
    );
    const folder = await copyOf('llama');
    await rm(join(folder, 'model.safetensors'));
    expect(await refusal(openLanguageModel(folder))).toMatch(/^missing: .*holds no \.safetensors file/);
  });

  test('a missing shard, and one that was cut', async () => {
    const folder = await copyOf('gemma2');
    const shard = join(folder, 'model-00002-of-00002.safetensors');
    const bytes = await readFile(shard);
    await rm(shard);
    expect(await refusal(openLanguageModel(folder))).toMatch(
      /^missing: .*model-00002-of-00002\.safetensors: no such file/,
    );
    await writeFile(shard, bytes.subarray(0, -1));
    expect(await refusal(openLanguageModel(folder))).toMatch(
      /^format: model-00002-of-00002\.safetensors: the file ends too early/,
    );
  });

  test('shapes that are not what the config says, and weights it asks for in vain', async () => {
    const folder = await copyOf('qwen2');
    await changeConfig(folder, { intermediate_size: 30 });
    expect(await refusal(openLanguageModel(folder))).toBe(
      'format: model.safetensors: model.layers.0.mlp.gate_proj.weight has shape [28, 24], expected [30, 24] by config.json',
    );
    await changeConfig(folder, { intermediate_size: 28, tie_word_embeddings: false });
    expect(await refusal(openLanguageModel(folder))).toMatch(
      /^format: model\.safetensors: has no tensor lm_head\.weight/,
    );
    await changeConfig(folder, { tie_word_embeddings: true, num_hidden_layers: 4 });
    expect(await refusal(openLanguageModel(folder))).toMatch(/has no tensor model\.layers\.3\./);
  });

  test('an unknown family, and a config that is not JSON', async () => {
    const folder = await copyOf('gpt2');
    await changeConfig(folder, { model_type: 'bert' });
    expect(await refusal(openLanguageModel(folder))).toMatch(
      /^format: config\.json: model_type "bert" is not supported \(expected gemma2/,
    );
    await writeFile(join(folder, 'config.json'), '{');
    expect(await refusal(openLanguageModel(folder))).toMatch(/^format: config\.json: not JSON/);
  });

  test('NaN in a norm is found on opening, in a matrix when it is first used', async () => {
    const folder = await copyOf('llama');
    const path = join(folder, 'model.safetensors');
    const clean = await readFile(path);
    const header = JSON.parse(clean.subarray(8, 8 + Number(clean.readBigUInt64LE(0))).toString()) as Record<
      string,
      { data_offsets: number[] }
    >;
    const spoil = async (name: string, value = Number.NaN): Promise<void> => {
      const bytes = Buffer.from(clean);
      bytes.writeFloatLE(value, 8 + Number(clean.readBigUInt64LE(0)) + header[name]!.data_offsets[0]!);
      await writeFile(path, bytes);
    };
    await spoil('model.norm.weight');
    expect(await refusal(openLanguageModel(folder))).toBe(
      'format: model.safetensors: model.norm.weight holds NaN or infinite values',
    );
    await spoil('model.layers.1.mlp.up_proj.weight');
    const model = await openLanguageModel(folder);
    const past = await model.createPast(1);
    for (const request of [{}, { past }, { logits: 'none', capture: ['resid.2'] }] as const) {
      expect(await refusal(model.forward({ tokens: [[1, 2]], ...request }))).toMatch(
        /^format: llama-\w+: model\.layers\.1\.mlp\.up_proj\.weight holds NaN or infinite values/,
      );
    }
    await model.close();
    await spoil('model.layers.0.self_attn.k_proj.weight', 3e38);
    const huge = await openLanguageModel(folder);
    expect(await refusal(huge.forward({ tokens: [[...Array(40).keys()]], logits: 'all' }))).toMatch(
      /^format: llama-\w+: logits became NaN or infinite though all weights are finite/,
    );
    await huge.close();
  });
});

describe('requests that do not fit', () => {
  let model: LanguageModel;
  beforeAll(async () => {
    model = await openLanguageModel(join(fixtures, 'mistral'));
  });
  afterAll(() => model?.close());

  const ones = (count: number): Float32Array => new Float32Array(count).fill(1);
  const cases: [string, ForwardRequest, string][] = [
    ['no rows', { tokens: [] }, 'prompt: no rows of tokens were given'],
    ['an empty row', { tokens: [[1], []] }, 'prompt: row 1 has no tokens'],
    [
      'an id outside the vocabulary',
      { tokens: [[1, 61]] },
      'prompt: token 1 of row 0 is not in the vocabulary (got 61, expected 0 to 60)',
    ],
    ['a negative id', { tokens: [[-1]] }, 'prompt: token 0 of row 0 is not in the vocabulary (got -1'],
    ['a broken id', { tokens: [[1.5]] }, '(got 1.5, expected 0 to 60)'],
    [
      'a prompt longer than the context',
      { tokens: [Array<number>(49).fill(1)] },
      "prompt: row 0 is too long (49 tokens, the model's context holds 48)",
    ],
    [
      'no such layer',
      { tokens: [[1]], steer: [{ at: 3, values: ones(20) }] },
      'steering at 3: there is no such place',
    ],
    [
      'a vector of another width',
      { tokens: [[1]], steer: [{ at: 0, values: ones(19) }] },
      'steering at 0: has 19 values',
    ],
    [
      'two vectors for one place',
      {
        tokens: [[1]],
        steer: [
          { at: 'emb', values: ones(20) },
          { at: 'emb', values: ones(20) },
        ],
      },
      'steering at emb: was given twice',
    ],
    [
      'rows that are not there',
      { tokens: [[1]], steer: [{ at: 0, rows: 2, values: ones(40) }] },
      'steering at 0: has 2 rows (expected 1 or 1)',
    ],
    [
      'columns that are not there',
      { tokens: [[1, 2, 3]], steer: [{ at: 0, columns: 2, values: ones(40) }] },
      'steering at 0: has 2 columns (expected 1 or 3)',
    ],
    [
      'a vector whose squares overflow',
      { tokens: [[1]], steer: [{ at: 0, values: ones(20).fill(1e20) }] },
      'steering at 0: is too strong (got 1',
    ],
    [
      'a vector with NaN',
      { tokens: [[1]], steer: [{ at: 0, values: ones(20).fill(Number.NaN) }] },
      'steering at 0: holds NaN or infinite values',
    ],
    [
      'a capture of no layer',
      { tokens: [[1]], capture: ['resid.3'] },
      'capture resid.3: there is no such place',
    ],
    [
      'a capture of nothing',
      { tokens: [[1]], capture: ['mlp_out.emb' as Capture] },
      'capture mlp_out.emb: there is',
    ],
  ];
  test.each(cases)('%s', async (_, request, message) => {
    expect(await refusal(model.forward(request))).toContain(
      `usage: ${message.startsWith('(') ? '' : message}`,
    );
    expect(await refusal(model.forward(request))).toContain(message);
  });

  test('a past that is full, and one of other rows; it can be used on after a refusal', async () => {
    const past = await model.createPast(1);
    await model.forward({ tokens: [Array<number>(47).fill(1)], past });
    expect(await refusal(model.forward({ tokens: [[1, 2]], past }))).toContain(
      'row 0 is too long (49 tokens',
    );
    expect(await refusal(model.forward({ tokens: [[1], [2]], past }))).toContain(
      '2 rows of tokens for a past of 1',
    );
    const { logits } = await model.forward({ tokens: [[2]], past });
    expect(logits!.shape).toEqual([1, 61]);
  });
});

describe('the life of a model', () => {
  test('calls at the same time are carried out in turn, and closing waits for them', async () => {
    const model = await openLanguageModel(join(fixtures, 'gpt2'));
    const past = await model.createPast(1);
    const steps = [1, 2, 3, 4].map((id) => model.forward({ tokens: [[id]], past }));
    const closed = model.close();
    const last = (await Promise.all(steps))[3]!;
    await closed;
    await model.close();
    const again = await openLanguageModel(join(fixtures, 'gpt2'));
    const whole = await again.forward({ tokens: [[1, 2, 3, 4]] });
    for (const [i, value] of whole.logits!.values.entries()) {
      expect(Math.abs(last.logits!.values[i]! - value)).toBeLessThan(1e-5);
    }
    await again.close();
    await expect(model.forward({ tokens: [[1]] })).rejects.toThrow('internal: the language model was closed');
  });

  test('a released past is gone; releasing twice does nothing', async () => {
    const model = await openLanguageModel(join(fixtures, 'gpt2'));
    const past = await model.createPast(2);
    await model.releasePast(past);
    await model.releasePast(past);
    await expect(model.forward({ tokens: [[1], [1]], past })).rejects.toThrow(
      'internal: this past was released',
    );
    await model.close();
  });
});
