/** @file The options of `antipode train sae` as its parts receive them. */

import type { ModelFlags } from './model_options.ts';

export const TRAINED_FORMATS = ['saelens', 'gemma-scope', 'both'] as const;
export type TrainedFormat = (typeof TRAINED_FORMATS)[number];

export const CORPUS_FORMATS = ['text', 'jsonl'] as const;

export interface TrainSaeFlags extends ModelFlags {
  readonly text: string;
  readonly textFormat?: (typeof CORPUS_FORMATS)[number];
  readonly field?: string;
  readonly paragraphs?: boolean;
  readonly hook?: string;
  readonly layer?: number;
  readonly context: number;
  readonly longTexts: 'split' | 'cut';
  readonly allTokens?: boolean;
  readonly buffer?: number;
  readonly heldOut: number;
  readonly dSae?: number;
  readonly architecture: string;
  readonly k?: number;
  readonly l1?: number;
  readonly l0?: number;
  readonly steps?: number;
  readonly tokens?: number;
  readonly batchSize: number;
  readonly lr: number;
  readonly seed: number;
  readonly format: TrainedFormat;
  readonly out: string;
  readonly resume?: boolean;
  readonly dryRun?: boolean;
}
