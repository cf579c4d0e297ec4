/** @file The options of `antipode features` as its parts receive them. */

import type { Space } from '../sae/sae.ts';
import type { SaeFlags } from './sae_options.ts';

export interface CosineFlags extends SaeFlags {
  readonly spaces: readonly Space[];
}

export interface ImportFlags {
  readonly model?: string;
  readonly source?: string;
  readonly exported?: string;
  readonly replace?: boolean;
}

export interface SearchFlags {
  readonly source?: string;
  readonly explanations?: string;
  readonly explainer?: string;
  readonly limit: number;
}

export interface ShowFlags {
  readonly explanations?: string;
  readonly explainer?: string;
}
