import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { EMBEDDED_FOLDER, EMBEDDED_MODEL_FOLDER } from '../../hub/embedded_default.ts';
import { QUICK_SETTINGS } from '../settings.ts';
import { CARD_FILE, type OrganismCard, parseCard } from './card.ts';
import { type RemakeOptions, remakeOrganism, stagesOf } from './remake_organism.ts';
import { describeFiles } from './write_organism.ts';

/** Half a minute where nothing else runs. */
const TIMEOUT = 600_000;

const isShipped = existsSync(join(EMBEDDED_FOLDER, CARD_FILE));

let folder: string;
let out: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'antipode-remake-'));
  out = join(folder, 'organism');
});

afterAll(() => rm(folder, { recursive: true }));

function options(more: Partial<RemakeOptions> = {}): RemakeOptions {
  const environment = { antipode: '0', node: '0', onnxruntime: '0', platform: 'here', cpu: 'some', cores: 1 };
  return {
    settings: QUICK_SETTINGS,
    work: join(folder, 'work'),
    out,
    environment,
    date: new Date('2030-01-02T00:00:00Z'),
    threads: 1,
    ...more,
  };
}

/** Stopped in the first SAE's training, then gone on with: the tests below look at the result. */
describe('a remake of a few steps', () => {
  let card: OrganismCard;
  const stagesSeen = new Set<string>();

  test('stops when it is asked to, with nothing in the place of the result', {
    timeout: TIMEOUT,
  }, async () => {
    const controller = new AbortController();
    const stopped = remakeOrganism(
      options({
        signal: controller.signal,
        onProgress: ({ fraction, stage }) => stage === 'sae-1' && fraction > 0.4 && controller.abort(),
      }),
    );
    await expect(stopped).rejects.toMatchObject({ kind: 'interrupted' });
    expect(existsSync(out)).toBe(false);
  });

  test('goes on from there to a whole folder', { timeout: TIMEOUT }, async () => {
    const made = await remakeOrganism(options({ onProgress: ({ stage }) => stagesSeen.add(stage) }));
    card = made!;
    expect([...stagesSeen][0]).toBe('sae-1');
    expect(parseCard(await readFile(join(out, CARD_FILE), 'utf8'))).toEqual(JSON.parse(JSON.stringify(card)));
    const files = await describeFiles(out);
    expect(files.filter(({ file }) => card.files.some((one) => one.file === file))).toEqual(card.files);
    expect((await readdir(folder)).sort()).toEqual(['organism', 'work']);
  });

  test('the language model has learnt something', () => {
    const { loss, unigramLoss } = card.model.reporting;
    const [first] = card.model.curve;
    // ln 2500 is 7.8; what is in a few ten thousand tokens beyond the frequency of words is half a nat.
    expect(loss).toBeLessThan(Math.log(card.tokenizer.vocabularyRows) - 2);
    expect(loss).toBeLessThan(unigramLoss - 0.5);
    expect(first!.heldOutLoss).toBeLessThan(first!.loss + 1);
  });

  test('so have the SAEs', () => {
    for (const { dSae, reporting } of card.saes) {
      expect(reporting.explainedVariance).toBeGreaterThan(0.75);
      expect(reporting.l0).toBeGreaterThan(8);
      expect(reporting.l0).toBeLessThan(24);
      // So few steps on so little revive few of those that are dead from the start; those that live are more than a token needs.
      expect(dSae - reporting.dead).toBeGreaterThan(4 * reporting.l0);
      expect(reporting.splicedLoss).toBeLessThan(reporting.meanAblatedLoss);
      expect(reporting.splicedLoss / reporting.cleanLoss).toBeLessThan(1.1);
    }
  });

  test('every arm was answered', () => {
    const { arms, replies } = card.steering;
    expect(arms.map(({ name }) => name)).toContain('-a+b');
    for (const { counts } of arms) expect(Object.values(counts).reduce((a, b) => a + b, 0)).toBe(replies);
  });

  test.skipIf(!isShipped)(
    'texts and tokenizer are those that ship (organism/ is not there: skipped)',
    async () => {
      const shipped = parseCard(await readFile(join(EMBEDDED_FOLDER, CARD_FILE), 'utf8'));
      expect(card.corpus).toEqual(shipped.corpus);
      for (const file of ['tokenizer.json', 'tokenizer_config.json']) {
        const bytes = await readFile(join(EMBEDDED_MODEL_FOLDER, file), 'utf8');
        expect(await readFile(join(out, 'model', file), 'utf8')).toBe(bytes);
      }
    },
  );

  test('once more, it only reads what is there, and gives the same files', { timeout: TIMEOUT }, async () => {
    const before = await describeFiles(out);
    const stages: string[] = [];
    await remakeOrganism(options({ onProgress: ({ stage }) => stages.push(stage) }));
    expect(stages).toEqual([]);
    expect(await describeFiles(out)).toEqual(before);
  });

  test('ends behind a stage when asked to', { timeout: TIMEOUT }, async () => {
    const nowhere = join(folder, 'nowhere');
    expect(await remakeOrganism(options({ out: nowhere, until: 'model' }))).toBeUndefined();
    expect(existsSync(nowhere)).toBe(false);
    const stages = stagesOf(QUICK_SETTINGS);
    await expect(remakeOrganism(options({ until: 'dessert' }))).rejects.toThrow(
      `stage: there is no dessert (expected one of ${stages.join(', ')})`,
    );
  });

  test('leaves a folder alone in which somebody changed something', { timeout: TIMEOUT }, async () => {
    await writeFile(join(out, 'README.md'), 'my own words');
    await expect(remakeOrganism(options())).rejects.toMatchObject({
      kind: 'usage',
      message: expect.stringContaining('README.md, changed since antipode wrote it'),
    });
    expect(await readFile(join(out, 'README.md'), 'utf8')).toBe('my own words');
  });
});
