/** @file What `antipode generate` says of models that are broken, unknown or do not fit: one sentence each, by the command as a user runs it. */

import { cp, mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CommandResult, makePlace, type Place, runCommand, runHere } from '../support/run_command.ts';

const FIXTURES = fileURLToPath(new URL('../fixtures/', import.meta.url));
const PROMPT = 'the cat sat on the mat';

let place: Place;
beforeAll(() => {
  place = makePlace();
});
afterAll(() => place.remove());

/** A random model of the family in a folder of its own, with a tokenizer of 23 words. */
async function modelOf(family: string): Promise<string> {
  const folder = await mkdtemp(join(place.cwd, `${family}-`));
  await cp(join(FIXTURES, 'lm', family), folder, { recursive: true });
  await rm(join(folder, 'expected.safetensors'));
  await cp(join(FIXTURES, 'tokenizer', 'word_level', 'tokenizer.json'), join(folder, 'tokenizer.json'));
  return folder;
}

const wordsFor = (folder: string, prompt: string): string[] => {
  return ['generate', '-m', basename(folder), '-p', prompt, '-n', '4', '--temp', '0'];
};

function generate(folder: string, prompt = PROMPT, ...more: string[]): Promise<CommandResult> {
  return runHere(place, [...wordsFor(folder, prompt), ...more]);
}

/** Fails with this code and one sentence with `sentence` in it, perhaps one next step, and nothing printed as a result. */
function expectSentence({ code, stdout, stderr }: CommandResult, expected: number, sentence: string): void {
  expect(stderr).toContain(sentence);
  expect(stderr).toMatch(/^error: [^\n]+\n(next: [^\n]+\n)?$/);
  expect(stderr).not.toContain('internal');
  expect([code, stdout]).toEqual([expected, '']);
}

type Json = Record<string, unknown>;

async function changeJson(path: string, change: (value: Json) => void): Promise<void> {
  const value = JSON.parse(await readFile(path, 'utf8')) as Json;
  change(value);
  await writeFile(path, JSON.stringify(value));
}

const changeConfig = (folder: string, fields: Json): Promise<void> =>
  changeJson(join(folder, 'config.json'), (config) => Object.assign(config, fields));

const addWord = (folder: string, word: string, id: number): Promise<void> =>
  changeJson(join(folder, 'tokenizer.json'), (file) => {
    (file['model'] as { vocab: Json }).vocab[word] = id;
  });

/** NaN into the first element of a tensor of two bytes each; all bits set are one in F16 and in BF16. */
async function spoil(folder: string, tensor: string): Promise<void> {
  const path = join(folder, 'model.safetensors');
  const bytes = await readFile(path);
  const start = 8 + Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.subarray(8, start).toString()) as Record<
    string,
    { data_offsets: number[] }
  >;
  bytes.writeUInt16LE(0xffff, start + header[tensor]!.data_offsets[0]!);
  await writeFile(path, bytes);
}

// Processes of their own: several at a time.
describe.concurrent.each(['gemma3_text', 'gemma3', 'gpt_neox', 'gpt_neox_sequential'])('%s', (family) => {
  it('runs as it is, so that what fails below fails for its own reason', async () => {
    const { code, stdout, stderr } = await runCommand(place, wordsFor(await modelOf(family), PROMPT));
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toContain(PROMPT);
  });
});

describe.concurrent('weights', () => {
  const SHARDS = ['model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors'] as const;
  const INDEX = 'model.safetensors.index.json';

  it.each([
    ['a missing shard', [SHARDS[1]], `${SHARDS[1]}: no such file`],
    ['a missing index', [INDEX], `and no ${INDEX}`],
    ['one shard of two', [INDEX, SHARDS[0]], `holds ${SHARDS[1]} and no ${INDEX}`],
    ['no weights at all', [INDEX, ...SHARDS], 'holds no .safetensors file'],
  ])('%s', async (_, gone, sentence) => {
    const folder = await modelOf('gemma2');
    for (const name of gone) await rm(join(folder, name));
    const result = await generate(folder);
    expectSentence(result, 3, sentence);
    expect(result.stderr).toContain('next: fetch all files of the model');
  });

  it('a tensor that its shard does not have', async () => {
    const folder = await modelOf('gemma2');
    await changeJson(join(folder, INDEX), (index) => {
      const map = index['weight_map'] as Record<string, string>;
      map['model.norm.weight'] = SHARDS.find((shard) => shard !== map['model.norm.weight'])!;
    });
    expectSentence(await generate(folder), 1, 'has no tensor model.norm.weight');
  });

  it.each([
    [SHARDS[1], 13_462],
    [SHARDS[0], 5],
    [INDEX, 2000],
  ])('%s cut after %i bytes', async (name, length) => {
    const folder = await modelOf('gemma2');
    await truncate(join(folder, name), length);
    expectSentence(await generate(folder), 1, name);
  });

  it.each([
    ['gemma3_text', { intermediate_size: 24 }, 'gate_proj.weight has shape [20, 16], expected [24, 16]'],
    [
      'gemma3_text',
      { head_dim: 12, num_attention_heads: 2, num_key_value_heads: 1 },
      'q_norm.weight has shape [6], expected [12]',
    ],
    ['gpt_neox', { hidden_size: 36 }, 'query_key_value.weight has shape [96, 32], expected [108, 36]'],
    ['gpt_neox', { vocab_size: 62 }, 'has shape [61, 32], expected [62, 32]'],
    ['gpt_neox', { num_hidden_layers: 4 }, 'has no tensor gpt_neox.layers.3.'],
    ['gpt_neox_sequential', { attention_bias: true }, 'query_key_value.bias'],
  ])('%s with %j in its config', async (family, fields, sentence) => {
    const folder = await modelOf(family);
    await changeConfig(folder, fields);
    expectSentence(await generate(folder), 1, sentence);
  });

  it.each([
    ['gpt_neox', 'gpt_neox.final_layer_norm.bias', 'exact'],
    ['gpt_neox', 'gpt_neox.layers.1.attention.query_key_value.weight', 'exact'],
    ['gpt_neox', 'gpt_neox.layers.1.attention.query_key_value.weight', 'q8'],
    ['gemma3_text', 'model.layers.1.self_attn.q_norm.weight', 'exact'],
    ['gemma3_text', 'model.layers.6.mlp.down_proj.weight', 'q4'],
  ])('%s with NaN in %s, %s', async (family, tensor, precision) => {
    const folder = await modelOf(family);
    await spoil(folder, tensor);
    const result = await generate(folder, PROMPT, '--precision', precision);
    expectSentence(result, 1, `${tensor} holds NaN or infinite values`);
  });
});

describe.concurrent('config.json', () => {
  it.each([
    [
      'gpt_neox',
      { model_type: 'mamba' },
      'model_type "mamba" is not supported (expected gemma2, gemma3_text',
    ],
    ['gpt_neox', { model_type: null }, 'model_type is missing'],
    ['gpt_neox', { hidden_act: 'relu' }, 'hidden_act "relu" is not supported'],
    ['gpt_neox', { quantization_config: { bits: 4 } }, 'quantization_config is there: quantised'],
    ['gemma3_text', { attn_logit_softcapping: 50 }, 'attn_logit_softcapping is 50, which is not supported'],
    ['gemma3', { text_config: null }, 'text_config is missing'],
    ['gemma3', { text_config: { model_type: 'llama' } }, 'text_config: model_type is "llama"'],
  ])('%s with %j', async (family, fields, sentence) => {
    const folder = await modelOf(family);
    await changeConfig(folder, fields);
    expectSentence(await generate(folder), 1, `config.json: ${sentence}`);
  });

  it('is cut, or gone', async () => {
    const folder = await modelOf('gpt_neox');
    await truncate(join(folder, 'config.json'), 100);
    expectSentence(await generate(folder), 1, 'config.json: not JSON');
    await rm(join(folder, 'config.json'));
    expectSentence(await generate(folder), 3, 'config.json: no such file');
  });
});

describe.concurrent('tokenizer and prompt', () => {
  it.each([0, 200, 700])('a tokenizer.json cut after %i bytes', async (length) => {
    const folder = await modelOf('gpt_neox');
    await truncate(join(folder, 'tokenizer.json'), length);
    expectSentence(await generate(folder), 1, 'tokenizer.json: not JSON');
  });

  it('no tokenizer.json', async () => {
    const folder = await modelOf('gpt_neox');
    await rm(join(folder, 'tokenizer.json'));
    expectSentence(await generate(folder), 3, 'has no tokenizer.json');
  });

  it('a prompt as long as the context runs, one token more does not', async () => {
    const folder = await modelOf('gpt_neox');
    expect((await generate(folder, Array(32).fill('cat').join(' '))).code).toBe(0);
    const result = await generate(folder, Array(33).fill('cat').join(' '));
    expectSentence(result, 2, "is too long (got 33 tokens, the model's context holds 32)");
  });

  it('a word of the tokenizer that the model has no row for, where it is used', async () => {
    const folder = await modelOf('gpt_neox');
    await addWord(folder, 'zebra', 61);
    expectSentence(
      await generate(folder, 'the zebra'),
      2,
      'is not in the vocabulary (got 61, expected 0 to 60)',
    );
    expect((await generate(folder)).code).toBe(0);
  });
});
