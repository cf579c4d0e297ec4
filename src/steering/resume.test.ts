import { mkdtemp, readFile, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runs } from '../../test/support/effort.ts';
import { writeTinyModel, writeTinySae } from '../../test/support/tiny_model.ts';
import type { LanguageModel } from '../lm/language_model.ts';
import { openLanguageModel } from '../lm/session.ts';
import { openTokenizer } from '../lm/tokenizer/open_tokenizer.ts';
import type { Tokenizer } from '../lm/tokenizer/tokenizer.ts';
import { openSae } from '../sae/open.ts';
import type { SaeFile } from '../sae/sae.ts';
import { createRng } from '../tensor/rng.ts';
import type { PolePair } from './arm.ts';
import { articleArms } from './article_arms.ts';
import { generateReplies } from './generate_replies.ts';
import { inJobOrder, pendingJobs, replyJobs } from './jobs.ts';
import { createPoleReader, type PoleReader } from './pole_reader.ts';
import { openRepliesFile, readReplies } from './replies_file.ts';
import { resolveArms } from './resolve_arms.ts';

const poles: PolePair = { a: { name: 'Up', features: [3] }, b: { name: 'Down', features: [5, 7] } };
const prompts = [{ text: 'w7 w9' }, { text: 'w3 w4 w5' }];

let folder: string;
let model: LanguageModel;
let tokenizer: Tokenizer;
let sae: SaeFile;
let reader: PoleReader;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'antipode-resume-'));
  const { dModel } = await writeTinyModel(folder, { tokenizerConfig: { eos_token: 'w60' } });
  await writeTinySae(join(folder, 'sae.npz'), 12, dModel);
  tokenizer = await openTokenizer(folder);
  model = await openLanguageModel(folder, { threads: 1, precision: 'f32' });
  sae = await openSae(join(folder, 'sae.npz'), { env: {}, cwd: folder });
  reader = await createPoleReader(sae, poles);
});
afterAll(async () => {
  await reader?.close();
  await sae?.close();
  await model?.close();
  await rm(folder, { recursive: true });
});

const arms = articleArms(poles, { strength: 2, random: 2, matched: true });
const jobs = replyJobs({ arms, prompts, replies: 4, examples: 3, seed: 2 });

/** A run as it goes on from what the file holds. @returns the replies that it made */
async function goOn(path: string): Promise<number> {
  const interventions = await resolveArms({ sae, site: 1, arms, unit: 'absolute', method: 'add', seed: 2 });
  const file = await openRepliesFile(path);
  const pending = pendingJobs(jobs, file.known);
  await generateReplies({
    model,
    tokenizer,
    site: 1,
    interventions,
    prompts: prompts.map(({ text }) => ({ text, tokens: tokenizer.encode(text) })),
    jobs: pending,
    positions: 'all',
    sampling: { temperature: 1 },
    maxNewTokens: 12,
    reader,
    onReply: (record) => file.append(record),
  });
  await file.close();
  return pending.length;
}

const inOrder = async (path: string): Promise<string> =>
  JSON.stringify(inJobOrder(jobs, await readReplies(path)));

test('a run that is killed at any byte and goes on ends with the same replies, none lost, none made twice', async () => {
  const whole = join(folder, 'whole', 'replies.jsonl');
  expect(await goOn(whole)).toBe(jobs.length);
  const expected = await inOrder(whole);
  const { length } = await readFile(whole);
  const rng = createRng(1, 'kills');
  for (let run = 0; run < runs(2); run++) {
    const path = join(folder, `killed-${run}`, 'replies.jsonl');
    await goOn(path);
    // Killed twice: what stands behind the cut was never written.
    for (const most of [length, length / 2]) {
      await truncate(path, Math.floor(rng.uniform() * most));
      const kept = (await readReplies(path)).size;
      expect(await goOn(path)).toBe(jobs.length - kept);
      const lines = (await readFile(path, 'utf8')).trimEnd().split('\n');
      expect(new Set(lines.map((line) => JSON.parse(line).id)).size).toBe(jobs.length);
      expect(lines).toHaveLength(jobs.length);
      expect(await inOrder(path)).toBe(expected);
    }
  }
});
