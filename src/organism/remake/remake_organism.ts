/**
 * @file The embedded default from its seeds: tokenizer, language model, SAEs, explanations, catalogues, steering table and card, one stage after the other. What is
 * done is kept in a work folder, so that an interrupted remake goes on; the result appears whole or not at all.
 */

import { checkOutputDirectory } from '../../formats/atomic.ts';
import { EMBEDDED_SAES } from '../../hub/embedded_default.ts';
import { PURITY_RULE } from '../catalogue/pole_features.ts';
import { createCorpus } from '../grammar/corpus.ts';
import { ownWords } from '../grammar/own_words.ts';
import type { OrganismSettings } from '../settings.ts';
import { createWordEncoder, type WordEncoder } from '../tokenizer/word_encoder.ts';
import type { Environment, OrganismCard } from './card.ts';
import { type CatalogueResult, runCatalogueStage } from './catalogue_stage.ts';
import { type ChoiceResult, runChoiceStage } from './choice_stage.ts';
import { type EvaluationResult, runEvaluationStage } from './evaluation_stage.ts';
import { type ExplanationResult, runExplanationStage } from './explanation_stage.ts';
import { type ModelResult, modelFolderOf, runModelStage } from './model_stage.ts';
import type { SaeOnDisk } from './open_parts.ts';
import { runSaeStage, type SaeResult, saeFileOf } from './sae_stage.ts';
import {
  checkStage,
  createStageStore,
  type Done,
  hashOf,
  type RemakeProgress,
  type StageWork,
} from './stage_store.ts';
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
  readonly evaluation: Done<EvaluationResult>;
  readonly choice: Done<ChoiceResult>;
  readonly steering: Done<SteeringResult>;
}

/** In their order; those of a layer end in its number. */
export function stagesOf({ saes }: Pick<OrganismSettings, 'saes'>): string[] {
  const each = (name: string): string[] => saes.map(({ layer }) => `${name}-${layer}`);
  return [
    'tokenizer',
    'model',
    ...each('sae'),
    'evaluation',
    ...each('explanations'),
    ...each('catalogue'),
    'choice',
    'steering',
  ];
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
  for (const steered of steering.choice.layers) {
    if (saes.some(({ layer }) => layer === steered)) continue;
    throw new Error(`internal: layer ${steered} is steered and has no SAE`);
  }
}

/** What every stage behind the model is given. */
interface Common {
  readonly settings: OrganismSettings;
  /** Of the language model's files. */
  readonly model: string;
  readonly threads: number | undefined;
  readonly signal: AbortSignal | undefined;
}

/** Runs a stage unless the remake ends before it: undefined then. */
type RunUntil = <T>(stage: StageWork<T>) => Promise<Done<T> | undefined>;

async function runStages(options: RemakeOptions, stages: string[]): Promise<RemadeParts | undefined> {
  const { settings, signal, threads, until } = options;
  const { seeds } = settings;
  const store = createStageStore({ ...options, stages });
  const last = until === undefined ? stages.length : stages.indexOf(until);
  const run: RunUntil = async (stage) => (stages.indexOf(stage.name) > last ? undefined : store(stage));

  const positions = settings.model.config['max_position_embeddings'];
  const tokenizer = await run({
    name: 'tokenizer',
    inputs: { corpus: corpusHash(createCorpus(seeds.training, 'train')), positions },
    run: (folder, report) => runTokenizerStage(folder, settings, report),
  });
  const model =
    tokenizer &&
    (await run({
      name: 'model',
      inputs: { after: tokenizer.key, model: settings.model },
      run: (folder, report) => runModelStage(folder, { settings, tokenizer, threads, signal }, report),
    }));
  if (!model) return undefined;
  const common = { settings, model: modelFolderOf(model.folder), threads, signal };
  const encoder = createWordEncoder(tokenizer.result.bpe);
  const trained = await trainSaes(run, common, { encoder, model });
  const evaluation = await evaluateAll(run, common, { encoder, trained });
  const explanations = await explainAll(run, common, trained);
  const catalogues = await chooseAll(run, common, trained);
  const choice = await chooseSteering(run, common, trained);
  const steering = choice && (await measureSteering(run, common, { trained, choice }));
  if (!evaluation || !steering || until !== undefined) return undefined;
  const layers = trained.map((sae, index) => ({
    sae,
    explanations: explanations[index]!,
    catalogue: catalogues[index]!,
  }));
  return { tokenizer, model, layers, evaluation, choice, steering };
}

/** Those that are trained before the remake ends. */
async function trainSaes(
  run: RunUntil,
  common: Common,
  { encoder, model }: { readonly encoder: WordEncoder; readonly model: Done<ModelResult> },
): Promise<Done<SaeResult>[]> {
  const { saes, seeds } = common.settings;
  const corpus = corpusHash(createCorpus(seeds.activations, 'train'));
  const trained: Done<SaeResult>[] = [];
  for (const sae of saes) {
    const done = await run({
      name: `sae-${sae.layer}`,
      inputs: { after: model.key, sae, corpus },
      run: (folder, report) => runSaeStage(folder, { ...common, sae, encoder }, report),
    });
    if (done) trained.push(done);
  }
  return trained;
}

function evaluateAll(
  run: RunUntil,
  common: Common,
  { encoder, trained }: { readonly encoder: WordEncoder; readonly trained: readonly Done<SaeResult>[] },
): Promise<Done<EvaluationResult> | undefined> {
  const { evaluation } = common.settings;
  return run({
    name: 'evaluation',
    inputs: { after: trained.map(({ key }) => key), evaluation, corpora: measuredCorpora(common) },
    run: (_, report) => runEvaluationStage({ ...common, encoder, saes: trained.map(onDisk) }, report),
  });
}

function onDisk({ folder, result }: Done<SaeResult>): SaeOnDisk {
  return { layer: result.layer, saeFile: saeFileOf(folder) };
}

async function explainAll(
  run: RunUntil,
  common: Common,
  trained: readonly Done<SaeResult>[],
): Promise<Done<ExplanationResult>[]> {
  const done: Done<ExplanationResult>[] = [];
  for (const { folder: saeFolder, key, result } of trained) {
    const { layer } = result;
    const explained = await run({
      name: `explanations-${layer}`,
      inputs: { after: key, explanations: common.settings.explanations, corpora: measuredCorpora(common) },
      run: (folder, report) =>
        runExplanationStage(folder, { ...common, layer, saeFile: saeFileOf(saeFolder) }, report),
    });
    if (explained) done.push(explained);
  }
  return done;
}

async function chooseAll(
  run: RunUntil,
  common: Common,
  trained: readonly Done<SaeResult>[],
): Promise<Done<CatalogueResult>[]> {
  const done: Done<CatalogueResult>[] = [];
  for (const { folder: saeFolder, key, result } of trained) {
    const { layer } = result;
    const chosen = await run({
      name: `catalogue-${layer}`,
      inputs: {
        after: key,
        catalogue: common.settings.catalogue,
        corpora: measuredCorpora(common),
        rule: PURITY_RULE,
        words: hashOf([...ownWords()]),
      },
      run: (_, report) => runCatalogueStage({ ...common, layer, saeFile: saeFileOf(saeFolder) }, report),
    });
    if (chosen) done.push(chosen);
  }
  return done;
}

function chooseSteering(
  run: RunUntil,
  common: Common,
  trained: readonly Done<SaeResult>[],
): Promise<Done<ChoiceResult> | undefined> {
  const { steering } = common.settings;
  return run({
    name: 'choice',
    inputs: {
      after: trained.map(({ key }) => key),
      choice: steering.choice,
      concept: steering.concept,
      prompt: steering.prompt,
      corpora: measuredCorpora(common),
      words: hashOf([...ownWords()]),
    },
    run: (_, report) => runChoiceStage({ ...common, saes: trained.map(onDisk) }, report),
  });
}

function measureSteering(
  run: RunUntil,
  common: Common,
  { choice, trained }: { choice: Done<ChoiceResult>; trained: readonly Done<SaeResult>[] },
): Promise<Done<SteeringResult> | undefined> {
  const chosen = trained.find(({ result }) => result.layer === choice.result.chosen.layer)!;
  return run({
    name: 'steering',
    inputs: { after: choice.key, reporting: common.settings.steering.reporting },
    run: () => runSteeringStage({ ...common, choice: choice.result, saeFile: saeFileOf(chosen.folder) }),
  });
}

/** A changed grammar gives other texts here too. */
function measuredCorpora({ settings: { seeds } }: Common): string[] {
  return [
    corpusHash(createCorpus(seeds.selection, 'selection')),
    corpusHash(createCorpus(seeds.reporting, 'report')),
  ];
}
