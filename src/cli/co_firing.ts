/**
 * @file How often the features of extreme pairs are active together, where activations can be had without asking for anything: the embedded default has a model and
 * makes its own texts. For all other SAEs it says why it is not known.
 */

import { type CoFiring, createCoFiringCounter, type KnownCoFiring } from '../geometry/co_firing.ts';
import type { ExtremePair } from '../geometry/extremes.ts';
import { EMBEDDED_MODEL_FOLDER, embeddedSae } from '../hub/embedded_default.ts';
import { openLanguageModel } from '../lm/session.ts';
import { openTokenizer } from '../lm/tokenizer/open_tokenizer.ts';
import { createCorpus } from '../organism/grammar/corpus.ts';
import { generatedCorpus } from '../organism/remake/texts.ts';
import { ORGANISM_SETTINGS } from '../organism/settings.ts';
import { encode } from '../sae/encode.ts';
import type { SaeFile } from '../sae/sae.ts';
import { isCounted, tokenRows } from '../train/corpus/token_rows.ts';
import { harvestRows } from '../train/harvest/harvest_rows.ts';
import type { WalkedRow } from '../train/harvest/row_walk.ts';
import { hookOfSae } from './sae_hook.ts';

/** Texts of the seed that everything reported about the embedded default is measured on. */
const TEXTS = 400;

/** @throws {AntipodeError} as reading the SAE and running the model do; `interrupted` */
export async function coFiringOf(
  sae: SaeFile,
  extremes: readonly ExtremePair[],
  signal: AbortSignal,
): Promise<KnownCoFiring> {
  if (!embeddedSae(sae.header.identity.neuronpediaId ?? '')) {
    return { reason: 'it takes the model and texts, which geometry does not read' };
  }
  if (sae.header.architecture === 'topk') {
    return { reason: 'which features of a TopK dictionary are active depends on all of them' };
  }
  const features = [...new Set(extremes.flatMap(({ featureA, featureB }) => [featureA, featureB]))];
  const { reporting } = ORGANISM_SETTINGS.seeds;
  const counts = await count(
    sae,
    features.sort((a, b) => a - b),
    { seed: reporting, signal },
  );
  return { counts, texts: `${TEXTS} texts of the embedded default, seed ${reporting}` };
}

async function count(
  sae: SaeFile,
  features: readonly number[],
  { seed, signal }: { readonly seed: number; readonly signal: AbortSignal },
): Promise<CoFiring> {
  const corpus = generatedCorpus(createCorpus(seed, 'report'), TEXTS);
  const tokenizer = await openTokenizer(EMBEDDED_MODEL_FOLDER);
  // One thread: sums in another order could flip an activation that is nearly 0.
  const model = await openLanguageModel(EMBEDDED_MODEL_FOLDER, { threads: 1, signal });
  try {
    const rows: WalkedRow[] = [];
    for await (const row of tokenRows({ corpus, tokenizer, contextLength: model.config.maxPositions })) {
      const columns = Array.from(row.tokens.keys()).filter((column) =>
        isCounted(row.tokens, column, tokenizer),
      );
      if (columns.length > 0) rows.push({ ...row, columns });
    }
    const tokens = rows.reduce((sum, { columns }) => sum + columns.length, 0);
    const into = new Float32Array(tokens * model.config.dModel);
    const hook = hookOfSae(sae.header.identity, {}, model.config);
    await harvestRows({
      model,
      hook,
      rows,
      into,
      tokenizer,
      where: (document) => `text ${document}`,
      signal,
    });
    const counter = createCoFiringCounter(features, tokens);
    const x = { data: into, rows: tokens, cols: model.config.dModel };
    counter.add((await encode(await sae.loadFeatures(features), x)).data);
    return counter;
  } finally {
    await model.close();
  }
}
