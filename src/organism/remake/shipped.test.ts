import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative, sep } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { catalogue } from '../../concepts/catalogues.ts';
import { openExplanations } from '../../features/open_explanations.ts';
import { EMBEDDED_FOLDER, EMBEDDED_MODEL_FOLDER, EMBEDDED_SAES } from '../../hub/embedded_default.ts';
import type { LanguageModel } from '../../lm/language_model.ts';
import { openLanguageModel } from '../../lm/session.ts';
import { openTokenizer } from '../../lm/tokenizer/open_tokenizer.ts';
import type { Tokenizer } from '../../lm/tokenizer/tokenizer.ts';
import { openSaeEncoder } from '../../sae/encoder_session.ts';
import type { Sae } from '../../sae/sae.ts';
import { measureWordMass } from '../catalogue/measure_word_mass.ts';
import { createCorpus } from '../grammar/corpus.ts';
import { ownWords } from '../grammar/own_words.ts';
import { ORGANISM_SETTINGS } from '../settings.ts';
import type { WordEncoder } from '../tokenizer/word_encoder.ts';
import { CARD_FILE, type CardSae, type OrganismCard, parseCard, polesFound } from './card.ts';
import { readmeText } from './card_readme.ts';
import { purityOf } from './catalogue_stage.ts';
import { measureLoss } from './model_loss.ts';
import { loadSae } from './open_parts.ts';
import { measureSae } from './sae_numbers.ts';
import { corpusHash, textRows } from './texts.ts';
import { describeFiles } from './write_organism.ts';

const isThere = existsSync(join(EMBEDDED_FOLDER, CARD_FILE));

/** Its files are binary: what git may change in texts does not reach them. */
const MAX_BYTES = 8_000_000;

/** Seconds each, where nothing else runs. */
const TIMEOUT = 300_000;

/** Not among the seeds of the settings. */
const ANOTHER_SEED = 90_210;

/** Tokens at which a feature has to be active before its share of so few texts is looked at. */
const ENOUGH_TOKENS = 20;

/** Float32 sums in another order, on another processor: relative. */
const ROUNDING = 1e-4;

describe.skipIf(!isThere)(
  'the embedded default as it ships (organism/card.json is not there: skipped)',
  () => {
    let card: OrganismCard;
    let model: LanguageModel;
    let tokenizer: Tokenizer;
    let encoder: WordEncoder;
    let folder: string;

    beforeAll(async () => {
      card = parseCard(await readFile(join(EMBEDDED_FOLDER, CARD_FILE), 'utf8'));
      model = await openLanguageModel(EMBEDDED_MODEL_FOLDER);
      tokenizer = await openTokenizer(EMBEDDED_MODEL_FOLDER);
      encoder = {
        vocabSize: tokenizer.vocabSize,
        encode: (text) => [...tokenizer.encode(text), tokenizer.eosIds[0]!],
      };
      folder = await mkdtemp(join(tmpdir(), 'antipode-shipped-'));
    });

    afterAll(async () => {
      await model.close();
      await rm(folder, { recursive: true });
    });

    describe('its files', () => {
      test('are those of the card, with their sizes and hashes, and few', async () => {
        const files = await describeFiles(EMBEDDED_FOLDER);
        const beside = [CARD_FILE, 'README.md', 'manifest.json'];
        expect(files.filter(({ file }) => !beside.includes(file))).toEqual(card.files);
        expect(files.reduce((sum, { bytes }) => sum + bytes, 0)).toBeLessThan(MAX_BYTES);
      });

      test('are named as every reader looks for them', async () => {
        const entries = await readdir(EMBEDDED_FOLDER, { recursive: true });
        const names = new Set(entries.map((name) => name.split(sep).join('/')));
        for (const sae of EMBEDDED_SAES) {
          for (const path of [sae.weights, sae.explanations, sae.concepts]) {
            expect(names).toContain(relative(EMBEDDED_FOLDER, path).split(sep).join('/'));
          }
        }
        expect(card.saes.map(({ id }) => id)).toEqual(EMBEDDED_SAES.map(({ id }) => id));
        for (const { dSae, id } of card.saes) expect(id).toMatch(new RegExp(`-res-${dSae / 1024}k$`));
      });

      test('the README is what the card gives', async () => {
        expect(await readFile(join(EMBEDDED_FOLDER, 'README.md'), 'utf8')).toBe(readmeText(card));
      });

      test('come from the settings and the grammar of this version', () => {
        expect(card.settings).toEqual(JSON.parse(JSON.stringify(ORGANISM_SETTINGS)));
        expect(card.corpus.sha256).toBe(corpusHash(createCorpus(card.settings.seeds.training, 'train')));
      });
    });

    describe('the language model', () => {
      test('is as large as the card says: about a million parameters', async () => {
        const { file } = { file: await readFile(join(EMBEDDED_MODEL_FOLDER, 'model.safetensors')) };
        const head = JSON.parse(file.toString('utf8', 8, 8 + Number(file.readBigUInt64LE(0)))) as Record<
          string,
          { readonly shape?: readonly number[] }
        >;
        const counts = Object.values(head).map(({ shape }) => shape?.reduce((a, b) => a * b, 1) ?? 0);
        const parameters = counts.reduce((a, b) => a + b, 0);
        expect(parameters).toBe(card.model.parameters);
        expect(parameters).toBeGreaterThan(8e5);
        expect(parameters).toBeLessThan(1.3e6);
      });

      test('predicts the reporting texts as well as the card says', { timeout: TIMEOUT }, async () => {
        const { reporting, sample } = card.model;
        const { seeds } = card.settings;
        const found = await measureLoss(model, { encoder, seeds, texts: sample.texts });
        expect(found.tokens).toBe(sample.tokens);
        expect(Math.abs(found.loss / sample.loss - 1)).toBeLessThan(ROUNDING);
        // The sample is a tenth of all these texts: four of its standard errors.
        expect(Math.abs(found.loss - reporting.loss)).toBeLessThan(4 * found.standardError);
        expect(reporting.loss).toBeLessThan(reporting.unigramLoss / 3);
      });
    });

    describe.each(EMBEDDED_SAES)('the SAE $id', ({ catalogueId, id, layer, weights }) => {
      let numbers: CardSae;
      let sae: Sae;

      beforeAll(async () => {
        numbers = card.saes.find((one) => one.id === id)!;
        sae = await loadSae(weights, layer);
      });

      test('reconstructs the reporting texts as well as the card says', { timeout: TIMEOUT }, async () => {
        const { reporting, sample } = numbers;
        const corpus = createCorpus(card.settings.seeds.reporting, 'report');
        const rows = textRows(corpus, encoder, sample.texts);
        const found = await measureSae(sae, { model, tokenizer, layer, rows });
        expect(found.tokens).toBe(sample.tokens);
        for (const name of [
          'explainedVariance',
          'l0',
          'cleanLoss',
          'splicedLoss',
          'meanAblatedLoss',
        ] as const) {
          expect(Math.abs(found[name] / sample[name] - 1), name).toBeLessThan(10 * ROUNDING);
        }
        // A feature that fires once, just above its threshold, may not do so elsewhere.
        expect(Math.abs(found.dead - sample.dead)).toBeLessThanOrEqual(3);
        // Parts of one population, a tenth and the whole: per text these vary by a few per cent.
        expect(Math.abs(found.explainedVariance - reporting.explainedVariance)).toBeLessThan(0.01);
        expect(Math.abs(found.l0 / reporting.l0 - 1)).toBeLessThan(0.05);
        const added = (one: typeof found): number => one.splicedLoss / one.cleanLoss - 1;
        expect(Math.abs(added(found) - added(reporting))).toBeLessThan(0.005);
      });

      test('has features that are as pure on texts that nobody has seen', { timeout: TIMEOUT }, async () => {
        const own = ownWords();
        const saeEncoder = await openSaeEncoder(sae);
        const texts = createCorpus(ANOTHER_SEED, 'report')
          .documents(0, 400)
          .map(({ text }) => text);
        const mass = await measureWordMass({ model, tokenizer, encoder: saeEncoder, layer, texts });
        await saeEncoder.close();
        const shares = numbers.catalogue.poles.flatMap(({ features, pole }) =>
          features
            .filter(({ selection }) => selection.isPure)
            .map(({ feature, selection }) => ({
              before: selection.share,
              now: purityOf(mass, feature, own.get(pole) ?? []),
            }))
            .filter(({ now }) => now.tokens >= ENOUGH_TOKENS),
        );
        expect(shares.length).toBeGreaterThan(20);
        const mean = shares.reduce((sum, { before, now }) => sum + now.share - before, 0) / shares.length;
        // Chosen because it was high on other texts, a share is somewhat lower on these; each by itself varies with few tokens.
        expect(Math.abs(mean)).toBeLessThan(0.03);
        const fallen = shares.filter(({ now }) => now.share < 0.6);
        expect(fallen.length / shares.length).toBeLessThan(0.1);
      });

      test('has features for happy and sad among its pairs', () => {
        const set = catalogue(catalogueId)!;
        expect(set.neuronpediaId).toBe(id);
        expect(set.concepts.map(({ concept }) => concept)).toEqual(numbers.concepts);
        expect(numbers.concepts).toContain('Happiness-Sadness');
        for (const pole of ['happy', 'sad']) expect(polesFound([numbers])).toContain(pole);
      });

      test('has explanations under its name', async () => {
        const lookup = await openExplanations(id, { env: { HOME: folder }, cwd: folder });
        expect(lookup.neuronpediaId).toBe(id);
        expect(lookup.count).toBe(numbers.explanations.explained);
        const [first] = lookup.explained();
        expect(lookup.explanation(first!)).toMatch(/\w/);
        expect(lookup.density(first!)).toBeGreaterThan(0);
      });
    });

    test('the card keeps what was promised of the embedded default', () => {
      for (const { dSae, id, reporting } of card.saes) {
        expect(reporting.explainedVariance, id).toBeGreaterThanOrEqual(0.96);
        expect(reporting.l0, id).toBeGreaterThanOrEqual(10);
        expect(reporting.l0, id).toBeLessThanOrEqual(20);
        expect(reporting.dead / dSae, id).toBeLessThan(0.02);
        expect(reporting.splicedLoss / reporting.cleanLoss, id).toBeLessThan(1.01);
      }
      expect(polesFound(card.saes).length).toBeGreaterThanOrEqual(35);
      const arms = new Map(card.steering.arms.map((arm) => [arm.name, arm]));
      const share = (name: string, label: 'a' | 'b' | 'none'): number =>
        arms.get(name)!.counts[label] / card.steering.replies;
      expect(share('+a', 'a')).toBeGreaterThanOrEqual(0.75);
      expect(share('+b', 'b')).toBeGreaterThanOrEqual(0.75);
      const quiet = ['-a', '-b', ...[...arms.keys()].filter((name) => name.startsWith('random'))];
      for (const name of quiet) expect(share(name, 'none'), name).toBeGreaterThanOrEqual(0.7);
      const limit = 2 * arms.get('none')!.unsteeredNll;
      for (const name of ['+a', '+b']) expect(arms.get(name)!.unsteeredNll, name).toBeLessThan(limit);
    });
  },
);

const goldenPath = new URL('../../../test/golden/organism/logits.json', import.meta.url);

/** Float32 through four layers; a model of a few steps agrees to 2.4e-6. */
const LOGITS = 2e-4;

interface Golden {
  readonly weights_sha256: string;
  readonly rows: readonly {
    readonly text: string;
    readonly ids: readonly number[];
    readonly decoded: string;
    readonly top_ids: readonly (readonly number[])[];
    readonly top_logits: readonly (readonly number[])[];
    readonly log_sum_exp: readonly number[];
  }[];
}

describe.skipIf(!isThere || !existsSync(goldenPath))(
  'the embedded language model beside transformers (organism/ or test/golden/organism/logits.json is not there: skipped)',
  () => {
    test('same tokens, same logits', async () => {
      const golden = JSON.parse(await readFile(goldenPath, 'utf8')) as Golden;
      const files = await describeFiles(EMBEDDED_MODEL_FOLDER);
      const weights = files.find(({ file }) => file === 'model.safetensors');
      // Else the weights are newer than the golden file: run test/golden/organism/logits.py again.
      expect(golden.weights_sha256).toBe(weights?.sha256);
      const tokenizer = await openTokenizer(EMBEDDED_MODEL_FOLDER);
      const model = await openLanguageModel(EMBEDDED_MODEL_FOLDER);
      for (const row of golden.rows) {
        const ids = tokenizer.encode(row.text);
        expect([...ids]).toEqual(row.ids);
        expect(tokenizer.decode(ids, { skipSpecialTokens: true })).toBe(row.decoded);
        const { logits } = await model.forward({ tokens: [ids], logits: 'all' });
        const [, , width = 0] = logits!.shape;
        row.ids.forEach((_, column) => {
          const values = logits!.values.subarray(column * width, (column + 1) * width);
          row.top_ids[column]!.forEach((id, rank) => {
            expect(Math.abs(values[id]! - row.top_logits[column]![rank]!)).toBeLessThan(LOGITS);
          });
          const sum = Math.log(values.reduce((total, value) => total + Math.exp(value), 0));
          expect(Math.abs(sum - row.log_sum_exp[column]!)).toBeLessThan(LOGITS);
        });
      }
      await model.close();
    });
  },
);
