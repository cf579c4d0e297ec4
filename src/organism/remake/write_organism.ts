/** @file Puts the embedded default together: the stages' files under the names that they ship with, the concept files, the card, the README and a manifest with hashes. */

import { createHash } from 'node:crypto';
import { copyFile, cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { type FolderKind, writeDirectoryAtomic } from '../../formats/atomic.ts';
import { EMBEDDED_FOLDER, EMBEDDED_MODEL_FOLDER } from '../../hub/embedded_default.ts';
import type { OrganismSettings } from '../settings.ts';
import {
  CARD_FILE,
  type CardSae,
  cardText,
  type Environment,
  type OrganismCard,
  type ShippedFile,
} from './card.ts';
import { readmeText } from './card_readme.ts';
import { completeConcepts, conceptYaml } from './concept_yaml.ts';
import type { Measured } from './evaluation_stage.ts';
import { modelFolderOf } from './model_stage.ts';
import { saeOfLayer } from './open_parts.ts';
import type { LayerParts, RemadeParts } from './remake_organism.ts';
import { saeFileOf } from './sae_stage.ts';
import type { Done } from './stage_store.ts';

const README_FILE = 'README.md';
const MANIFEST_FILE = 'manifest.json';

/** Replaced only while it holds nothing but what its manifest lists, unchanged. */
export const ORGANISM_FOLDER: FolderKind = {
  schema: 'organism',
  filesOf: ({ files }) =>
    Array.isArray(files)
      ? files.map((one: { file?: unknown; sha256?: unknown } | null) => ({
          file: String(one?.file),
          sha256: String(one?.sha256),
        }))
      : [],
};

export interface WriteOrganismOptions {
  readonly settings: OrganismSettings;
  readonly out: string;
  readonly environment: Environment;
  readonly date: Date;
  readonly signal?: AbortSignal | undefined;
}

/** @throws {AntipodeError} as `writeDirectoryAtomic` */
export async function writeOrganism(
  parts: RemadeParts,
  options: WriteOrganismOptions,
): Promise<OrganismCard> {
  let card: OrganismCard | undefined;
  const fill = async (folder: string): Promise<void> => {
    await copyParts(folder, parts);
    card = cardOf(parts, options, await describeFiles(folder));
    await writeFile(join(folder, CARD_FILE), cardText(card));
    await writeFile(join(folder, README_FILE), readmeText(card));
    const files = await describeFiles(folder);
    const manifest = { tool: 'antipode', schema: ORGANISM_FOLDER.schema, schema_version: 1, files };
    await writeFile(join(folder, MANIFEST_FILE), `${JSON.stringify(manifest, null, 1)}\n`);
  };
  await writeDirectoryAtomic(options.out, ORGANISM_FOLDER, fill, { signal: options.signal });
  if (!card) throw new Error('internal: a folder without its card');
  return card;
}

/** Where a file of the embedded default lies below a folder like it. */
function below(folder: string, shipped: string): string {
  return join(folder, relative(EMBEDDED_FOLDER, shipped));
}

async function copyParts(folder: string, { layers, model }: RemadeParts): Promise<void> {
  await cp(modelFolderOf(model.folder), below(folder, EMBEDDED_MODEL_FOLDER), { recursive: true });
  for (const { catalogue, explanations, sae } of layers) {
    const shipped = saeOfLayer(sae.result.layer);
    const weights = below(folder, shipped.weights);
    await mkdir(dirname(weights), { recursive: true });
    await copyFile(saeFileOf(sae.folder), weights);
    const made = join(
      explanations.folder,
      relative(join(EMBEDDED_FOLDER, 'explanations'), shipped.explanations),
    );
    await cp(made, below(folder, shipped.explanations), { recursive: true });
    const concepts = conceptYaml(catalogue.result);
    if (concepts === undefined) continue;
    const path = below(folder, shipped.concepts);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, concepts);
  }
}

function cardOf(
  { choice, evaluation, layers, model, steering, tokenizer }: RemadeParts,
  { date, environment, settings }: WriteOrganismOptions,
  files: readonly ShippedFile[],
): OrganismCard {
  const { vocabulary, vocabularyRows } = tokenizer.result;
  const { corpus } = evaluation.result;
  const stages: readonly [string, Done<unknown>][] = [
    ['tokenizer', tokenizer],
    ['model', model],
    ['evaluation', evaluation],
    ...layers.flatMap(({ catalogue, explanations, sae }): [string, Done<unknown>][] => [
      [`sae-${sae.result.layer}`, sae],
      [`explanations-${sae.result.layer}`, explanations],
      [`catalogue-${sae.result.layer}`, catalogue],
    ]),
    ['choice', choice],
    ['steering', steering],
  ];
  return {
    schema: 'organism-card',
    schemaVersion: 1,
    date: date.toISOString().slice(0, 10),
    environment,
    settings,
    seconds: stages.map(([stage, { seconds }]) => ({ stage, seconds: Math.round(seconds * 10) / 10 })),
    corpus,
    tokenizer: { vocabulary, vocabularyRows },
    model: { ...model.result, ...evaluation.result.model },
    saes: layers.map((layer, index) => ({ ...cardSaeOf(layer), ...evaluation.result.saes[index]! })),
    steeringChoice: choice.result,
    steering: steering.result,
    files,
  };
}

function cardSaeOf({ catalogue, explanations, sae }: LayerParts): Omit<CardSae, keyof Measured<unknown>> {
  const { catalogueId, id } = saeOfLayer(sae.result.layer);
  const { layer: _, ...explained } = explanations.result;
  const { layer: __, ...chosen } = catalogue.result;
  const concepts = completeConcepts(catalogue.result);
  return { id, catalogueId, ...sae.result, explanations: explained, catalogue: chosen, concepts };
}

/** Every file below a folder, by name. */
export async function describeFiles(folder: string): Promise<ShippedFile[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const described: ShippedFile[] = [];
  for (const path of paths.sort()) {
    const bytes = await readFile(path);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    described.push({
      file: relative(folder, path).split(sep).join('/'),
      bytes: bytes.byteLength,
      sha256,
    });
  }
  return described;
}
