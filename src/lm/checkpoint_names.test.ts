import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openLanguageModel } from './session.ts';

const fixtures = fileURLToPath(new URL('../../test/fixtures/lm', import.meta.url));

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'antipode-names-'));
});
afterAll(() => rm(dir, { recursive: true }));

type Header = Record<string, unknown>;
type Change = (header: Header, data: Buffer) => { header: Header; data: Buffer };

/** A fixture whose weights and config were changed. */
async function changed(family: string, change: Change, fields: Header): Promise<string> {
  const folder = await mkdtemp(join(dir, `${family}-`));
  await cp(join(fixtures, family), folder, { recursive: true });
  const path = join(folder, 'model.safetensors');
  const bytes = await readFile(path);
  const start = 8 + Number(bytes.readBigUInt64LE(0));
  const before = JSON.parse(bytes.subarray(8, start).toString()) as Header;
  const { header, data } = change(before, bytes.subarray(start));
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  await writeFile(path, Buffer.concat([length, text, data]));
  const config = JSON.parse(await readFile(join(folder, 'config.json'), 'utf8')) as Header;
  await writeFile(join(folder, 'config.json'), JSON.stringify({ ...config, ...fields }));
  return folder;
}

async function logitsOf(folder: string): Promise<Float32Array> {
  const model = await openLanguageModel(folder);
  const { logits } = await model.forward({ tokens: [[1, 2, 3, 4, 5, 6]], logits: 'all' });
  await model.close();
  return logits!.values;
}

const renamed =
  (from: string, to: string): Change =>
  (header, data) => {
    const entries = Object.entries(header).map(([name, entry]) => {
      return [name.startsWith(from) ? to + name.slice(from.length) : name, entry];
    });
    return { header: Object.fromEntries(entries) as Header, data };
  };

/** The tensor once more, under another name and with bytes of its own. */
const copied =
  (from: string, to: string): Change =>
  (header, data) => {
    const entry = header[from] as { data_offsets: [number, number] };
    const bytes = data.subarray(...entry.data_offsets);
    const copy = { ...entry, data_offsets: [data.length, data.length + bytes.length] };
    return { header: { ...header, [to]: copy }, data: Buffer.concat([data, bytes]) };
  };

test.each([
  ['gemma3', 'language_model.model.', 'model.language_model.'],
  ['gemma3', 'language_model.model.', 'language_model.'],
  ['gemma3_text', 'model.', ''],
  ['gpt_neox', 'gpt_neox.', ''],
  ['gpt_neox', 'embed_out.', 'lm_head.'],
])('%s with %s called %s gives the same bits', async (family, from, to) => {
  const expected = await logitsOf(join(fixtures, family));
  expect(await logitsOf(await changed(family, renamed(from, to), {}))).toEqual(expected);
});

test.each([
  ['gemma3', 'language_model.model.embed_tokens.weight', 'language_model.lm_head.weight'],
  ['gemma3', 'language_model.model.embed_tokens.weight', 'lm_head.weight'],
  ['gpt_neox_sequential', 'gpt_neox.embed_in.weight', 'embed_out.weight'],
])('%s with %s stored once more as %s, not tied, gives the same bits', async (family, from, to) => {
  const expected = await logitsOf(join(fixtures, family));
  const folder = await changed(family, copied(from, to), { tie_word_embeddings: false });
  expect(await logitsOf(folder)).toEqual(expected);
});

test('a head that turns whole and one that turns in part are told apart', async () => {
  const turned = (share: number): Promise<string> =>
    changed('gpt_neox', renamed('', ''), { rotary_pct: share });
  const [part, whole] = [await logitsOf(await turned(0.25)), await logitsOf(await turned(1))];
  expect(part).toEqual(await logitsOf(join(fixtures, 'gpt_neox')));
  expect(whole.every(Number.isFinite)).toBe(true);
  expect(whole).not.toEqual(part);
});
