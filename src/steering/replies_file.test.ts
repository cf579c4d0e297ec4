import { appendFile, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { runs, stride } from '../../test/support/effort.ts';
import { openRepliesFile, readReplies } from './replies_file.ts';
import type { ReplyRecord } from './reply_record.ts';

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'antipode-replies-'));
  path = join(folder, 'run', 'replies.jsonl');
});
afterEach(() => rm(folder, { recursive: true }));

function recordOf(reply: number, text: string): ReplyRecord {
  return {
    id: `+Happy/0/${reply}`,
    arm: '+Happy',
    prompt: 0,
    reply,
    seed: 2 ** 48 - 1 - reply,
    text,
    tokens: [2, 7, 1],
    end: 'eos',
    unsteered_mean_log_probability: -0.1234567890123456,
    steered: [[0, 7]],
    positions: 7,
    distinct_1: 1,
    distinct_2: null,
    repetition: 0.5,
    activations: { a: [0, 12.25], b: [1e-7, 0] },
  };
}

const TEXTS = [' I am happy.', '', '<b>"é\n\u0000\u2028\ud800', 'a'.repeat(300)];

async function write(texts: readonly string[]): Promise<void> {
  const file = await openRepliesFile(path);
  await Promise.all(texts.map((text, reply) => file.append(recordOf(reply, text))));
  await file.close();
}

test('what was appended is there when the file is opened again, in order', async () => {
  await write(TEXTS);
  const { activations: _, ...withoutPoles } = recordOf(9, 'no poles');
  const again = await openRepliesFile(path);
  expect([...again.known.values()]).toEqual(TEXTS.map((text, reply) => recordOf(reply, text)));
  await again.append(withoutPoles);
  expect(again.known.size).toBe(5);
  await again.close();
  expect([...(await readReplies(path)).values()].at(-1)).toEqual(withoutPoles);
});

test('any text survives', async () => {
  const texts = fc.array(fc.string({ unit: 'binary' }), { maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(texts, async (given) => {
      await rm(path, { force: true });
      await write(given);
      expect([...(await readReplies(path)).values()].map(({ text }) => text)).toEqual(given);
    }),
    { numRuns: runs(8) },
  );
});

test('a kill within a line costs that line alone, wherever it was', async () => {
  await write(TEXTS);
  const whole = await readFile(path);
  const ends = [...whole.keys()].filter((at) => whole[at] === 0x0a).map((at) => at + 1);
  for (let length = 0; length <= whole.length; length += stride(37)) {
    await writeFile(path, whole.subarray(0, length));
    const kept = ends.filter((end) => end <= length);
    expect((await readReplies(path)).size).toBe(kept.length);
    expect((await stat(path)).size).toBe(length);
    const file = await openRepliesFile(path);
    expect(file.known.size).toBe(kept.length);
    for (const [reply, text] of TEXTS.entries()) {
      if (!file.known.has(`+Happy/0/${reply}`)) await file.append(recordOf(reply, text));
    }
    await file.close();
    expect(await readFile(path)).toEqual(whole);
  }
});

test.each([
  ['not JSON', 'replies.jsonl:3: not JSON'],
  ['{}', 'replies.jsonl:3: is not a reply (id:'],
  [JSON.stringify({ ...recordOf(5, ''), tokens: [1, -2] }), 'replies.jsonl:3: is not a reply (tokens.1:'],
  [JSON.stringify({ ...recordOf(5, ''), repetition: null }), 'is not a reply (repetition:'],
  [JSON.stringify({ ...recordOf(5, ''), judged: true }), 'replies.jsonl:3: is not a reply'],
  [JSON.stringify(recordOf(1, 'other')), 'replies.jsonl:3: holds +Happy/0/1, as an earlier line does'],
])('a line that is no reply is refused by its number: %s', async (line, message) => {
  await write(['one', 'two']);
  await appendFile(path, `${line}\n`);
  await expect(openRepliesFile(path)).rejects.toMatchObject({
    kind: 'format',
    message: expect.stringContaining(message),
    hint: expect.stringContaining('take the line out'),
  });
});

test('damage gives records or a sentence, never anything else', async () => {
  await write(TEXTS.slice(0, 2));
  const whole = await readFile(path);
  await fc.assert(
    fc.asyncProperty(fc.nat(whole.length - 1), fc.nat(255), async (at, byte) => {
      const damaged = Uint8Array.from(whole);
      damaged[at] = byte;
      await writeFile(path, damaged);
      const found = await readReplies(path).catch((error: unknown) => error);
      if (found instanceof Map) expect(found.size).toBeLessThanOrEqual(2);
      else expect(found).toMatchObject({ name: 'AntipodeError', kind: 'format' });
    }),
    { numRuns: runs(30) },
  );
});

test('a folder in its place is refused, and a missing file is missing', async () => {
  await expect(openRepliesFile(folder)).rejects.toMatchObject({ kind: 'usage' });
  await expect(readReplies(path)).rejects.toMatchObject({ kind: 'missing' });
});
