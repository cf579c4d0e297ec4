/**
 * @file The embedded default from its seeds: tokenizer, language model, SAEs, explanations, catalogues, steering table and card, one stage after the other. What is
 * done is kept in a work folder, so that an interrupted remake goes on; the result appears whole or not at all.
 */

import { AntipodeError } from '../../errors.ts';
import { checkOutputDirectory } from '../../formats/atomic.ts';
import { EMBEDDED_SAES } from '../../hub/embedded_default.ts';
import { PURITY_RULE } from '../catalogue/pole_features.ts';
import { createCorpus } from '../grammar/corpus.ts';
import { ownWords } from '../grammar/own_words.ts';
import type { OrganismSae, OrganismSettings } from '../settings.ts';
import { createWordEncoder } from '../tokenizer/word_encoder.ts';
import type { Environment, OrganismCard } from './card.ts';
import { type CatalogueResult, runCatalogueStage } from './catalogue_stage.ts';
import { type ExplanationResult, runExplanationStage } from './explanation_stage.ts';
import { type ModelResult, modelFolderOf, runModelStage } from './model_stage.ts';
import { runSaeStage, type SaeResult, saeFileOf } from './sae_stage.ts';
import { checkStage, createStageStore, type Done, hashOf, type RemakeProgress } from './stage_store.ts';
import { runSteeringStage, type SteeringResult } from './steering_stage.ts';
import { corpusHash } from './texts.ts';
import { runTokenizerStage, type TokenizerResult } from './tokenizer_stage.ts';
import { ORGANISM_FOLDER, writeOrganism } from './write_organism.ts';

export interface RemakeOptions {
  readonly settings: OrganismSettings;
  /** Where stages keep what they made. */
  readonly work: string;
  /** Replaced as a whole at the end, if nothing else is in it. */
  readonly out: string;
  readonly environment: Environment;
  /** For the card. */
  readonly date: Date;
  /** The first stage that is made anew though nothing changed. */
  readonly from?: string | undefined;
  /** The last stage: behind it the remake ends, without a card. */
  readonly until?: string | undefined;
  readonly threads?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: RemakeProgress) => void) | undefined;
}

/** What one layer's SAE gave. */
export interface LayerParts {
  readonly sae: Done<SaeResult>;
  readonly explanations: Done<ExplanationResult>;
  readonly catalogue: Done<CatalogueResult>;
}

/** Everything that the card and the result are put together from. */
export interface RemadeParts {
  readonly tokenizer: Done<TokenizerResult>;
  readonly model: Done<ModelResult>;
  readonly layers: readonly LayerParts[];
  readonly steering: Done<SteeringResult>;
}

/** In their order: `tokenizer`, `model`, `sae-1`, …, `steering`. */
export function stagesOf({ saes }: Pick<OrganismSettings, 'saes'>): string[] {
  const each = (name: string): string[] => saes.map(({ layer }) => `${name}-${layer}`);
  return ['tokenizer', 'model', ...each('sae'), ...each('explanations'), ...each('catalogue'), 'steering'];
}

/**
 * @returns the card; undefined where `until` ends the remake before
 * @throws {AntipodeError} `usage` for a stage that there is not and where `out` holds something else; `interrupted` with everything kept that is done;
 * `resource`; and as the trainings
 */
export async function remakeOrganism(options: RemakeOptions): Promise<OrganismCard | undefined> {
  const { out, settings, until } = options;
  checkLayers(settings);
  const stages = stagesOf(settings);
  if (until !== undefined) checkStage(until, stages);
  else await checkOutputDirectory(out, ORGANISM_FOLDER);
  const parts = await runStages(options, stages);
  return parts && writeOrganism(parts, options);
}

function checkLayers({ saes, steering }: OrganismSettings): void {
  const named = EMBEDDED_SAES.map(({ layer }) => layer);
  for (const { layer } of saes) {
    if (!named.includes(layer)) throw new Error(`internal: the SAE of layer ${layer} has no name`);
  }
  if (!saes.some(({ layer }) => layer === steering.layer)) {
    throw new AntipodeError(
      'usage',
      `settings: layer ${steering.layer} is steered, but has no SAE (got ${saes.map(({ layer }) => layer).join(', ')})`,
    );
  }
}

async function runStages(options: RemakeOptions, stages: string[]): Promise<RemadeParts | undefined> {
  const { settings, signal, threads, until } = options;
  const { catalogue: catalogueSettings, evaluation, explanations: explained, seeds, saes } = settings;
  const run = createStageStore({ ...options, stages });
  const isOver = (stage: string): boolean =>
    until !== undefined && stages.indexOf(until) < stages.indexOf(stage);

  const tokenizer = await run({
    name: 'tokenizer',
    inputs: {
      seeds,
      corpora: corpusHashes(seeds),
      positions: settings.model.config['max_position_embeddings'],
    },
    run: (folder, report) => runTokenizerStage(folder, settings, report),
  });
  if (isOver('model')) return undefined;
  const model = await run({
    name: 'model',
    inputs: { after: tokenizer.key, model: settings.model },
    run: (folder, report) => runModelStage(folder, { settings, tokenizer, threads, signal }, report),
  });
  const modelFolder = modelFolderOf(model.folder);
  const encoder = createWordEncoder(tokenizer.result.bpe);
  const common = { settings, model: modelFolder, threads, signal };

  const trained: { readonly layer: number; readonly sae: Done<SaeResult> }[] = [];
  for (const one of saes) {
    if (isOver(`sae-${one.layer}`)) return undefined;
    const sae = await run({
      name: `sae-${one.layer}`,
      inputs: { after: model.key, sae: one, evaluation },
      run: (folder, report) => runSaeStage(folder, { ...common, sae: one, encoder }, report),
    });
    trained.push({ layer: one.layer, sae });
  }
  const explanations: Done<ExplanationResult>[] = [];
  for (const { layer, sae } of trained) {
    if (isOver(`explanations-${layer}`)) return undefined;
    explanations.push(
      await run({
        name: `explanations-${layer}`,
        inputs: { after: sae.key, explained },
        run: (folder, report) =>
          runExplanationStage(folder, { ...common, layer, saeFile: saeFileOf(sae.folder) }, report),
      }),
    );
  }
  const catalogues: Done<CatalogueResult>[] = [];
  for (const { layer, sae } of trained) {
    if (isOver(`catalogue-${layer}`)) return undefined;
    catalogues.push(
      await run({
        name: `catalogue-${layer}`,
        inputs: { after: sae.key, catalogueSettings, rule: PURITY_RULE, words: hashOf([...ownWords()]) },
        run: (_, report) => runCatalogueStage({ ...common, layer, saeFile: saeFileOf(sae.folder) }, report),
      }),
    );
  }
  if (isOver('steering')) return undefined;
  const at = saes.findIndex(({ layer }: OrganismSae) => layer === settings.steering.layer);
  const [catalogue, steered] = [catalogues[at]!, trained[at]!];
  const steering = await run({
    name: 'steering',
    inputs: { after: catalogue.key, steering: settings.steering },
    run: () =>
      runSteeringStage({
        ...common,
        catalogue: catalogue.result,
        saeFile: saeFileOf(steered.sae.folder),
      }),
  });
  const layers = trained.map(({ sae }, index) => ({
    sae,
    explanations: explanations[index]!,
    catalogue: catalogues[index]!,
  }));
  return until === undefined ? { tokenizer, model, layers, steering } : undefined;
}

/** A changed grammar gives other texts in one of the splits, and all stages anew. */
function corpusHashes(seeds: OrganismSettings['seeds']): string[] {
  return [
    corpusHash(createCorpus(seeds.training, 'train')),
    corpusHash(createCorpus(seeds.selection, 'selection')),
    corpusHash(createCorpus(seeds.reporting, 'report')),
  ];
}
