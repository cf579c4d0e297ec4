/**
 * @file The model card as data: what was made, from what, and everything measured of it. `card.json` holds it with keys in snake_case; `README.md` is written
 * from it.
 */

import { POLE_CONCEPTS } from '../grammar/concepts.ts';
import type { OrganismSettings } from '../settings.ts';
import type { CatalogueResult } from './catalogue_stage.ts';
import type { ChoiceResult } from './choice_stage.ts';
import type { CorpusFacts } from './corpus_facts.ts';
import type { Measured } from './evaluation_stage.ts';
import type { ExplanationResult } from './explanation_stage.ts';
import type { ModelLoss } from './model_loss.ts';
import type { ModelResult } from './model_stage.ts';
import type { SaeNumbers } from './sae_numbers.ts';
import type { SaeResult } from './sae_stage.ts';
import type { SteeringResult } from './steering_stage.ts';

export const CARD_FILE = 'card.json';

/** Where and with what it was made. */
export interface Environment {
  readonly antipode: string;
  readonly node: string;
  readonly onnxruntime: string;
  /** `linux x64`. */
  readonly platform: string;
  readonly cpu: string;
  readonly cores: number;
}

export interface ShippedFile {
  /** Below the folder of the card, with `/`. */
  readonly file: string;
  readonly bytes: number;
  readonly sha256: string;
}

export interface CardSae extends SaeResult, Measured<SaeNumbers> {
  readonly id: string;
  /** Of its folder in `concepts/`. */
  readonly catalogueId: string;
  readonly explanations: Omit<ExplanationResult, 'layer'>;
  readonly catalogue: Omit<CatalogueResult, 'layer'>;
  /** Concepts in its concept file. */
  readonly concepts: readonly string[];
}

export interface OrganismCard {
  readonly schema: 'organism-card';
  readonly schemaVersion: 1;
  /** Day on which it was put together, ISO 8601. */
  readonly date: string;
  readonly environment: Environment;
  readonly settings: OrganismSettings;
  readonly seconds: readonly { readonly stage: string; readonly seconds: number }[];
  readonly corpus: CorpusFacts;
  readonly tokenizer: { readonly vocabulary: number; readonly vocabularyRows: number };
  readonly model: ModelResult & Measured<ModelLoss>;
  readonly saes: readonly CardSae[];
  /** Layer, features and strength, and what they were chosen by. */
  readonly steeringChoice: ChoiceResult;
  readonly steering: SteeringResult;
  /** All but this card, the README and the manifest. */
  readonly files: readonly ShippedFile[];
}

/** Poles with a feature that keeps the rule on both sets of texts, in any of these SAEs. */
export function polesFound(saes: readonly Pick<CardSae, 'catalogue'>[]): string[] {
  const found = saes.flatMap(({ catalogue }) =>
    catalogue.poles
      .filter(({ features }) => features.some(({ reporting }) => reporting.isPure))
      .map(({ pole }) => pole),
  );
  return [...new Set(found)];
}

/** Concepts both of whose poles have such a feature in this SAE; the concept file has those with a nearest feature as well. */
export function conceptsFound(sae: Pick<CardSae, 'catalogue'>): string[] {
  const found = new Set(polesFound([sae]));
  return POLE_CONCEPTS.filter(({ a, b }) => found.has(a.id) && found.has(b.id)).map(({ concept }) => concept);
}

export function cardText(card: OrganismCard): string {
  return `${JSON.stringify(renamed(card, toSnake), null, 1)}\n`;
}

/** @param text as `cardText` wrote it; not checked further */
export function parseCard(text: string): OrganismCard {
  return renamed(JSON.parse(text), toCamel) as OrganismCard;
}

/** Names that are not ours to spell: fields of `config.json`. */
const KEPT = 'config';

/** Of names alone: labels such as `a to b`, which stand as keys too, have nothing to be renamed. */
function renamed(value: unknown, rename: (key: string) => string): unknown {
  if (Array.isArray(value)) return value.map((entry) => renamed(entry, rename));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, entry]) => [
    rename(key),
    key === KEPT ? entry : renamed(entry, rename),
  ]);
  return Object.fromEntries(entries);
}

function toSnake(key: string): string {
  return key.replace(/(?<=[a-z0-9])[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function toCamel(key: string): string {
  return key.replace(/(?<=[a-z0-9])_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}
