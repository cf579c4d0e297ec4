/** @file The options of `antipode explain` as its parts receive them. */

import type { ModelFlags } from './model_options.ts';
import type { HookFlags } from './sae_hook.ts';
import type { SaeFlags } from './sae_options.ts';
import type { TextFlags } from './text_options.ts';

export interface ExplainFlags extends SaeFlags, ModelFlags, TextFlags, HookFlags {
  readonly sae: string;
  readonly tokens?: number;
  readonly features?: readonly number[];
  readonly top: number;
  readonly window: number;
  readonly contexts: boolean;
  /** `model/source`. */
  readonly id?: string;
  readonly out: string;
  readonly import?: boolean;
  readonly endpoint?: string;
  readonly explainerModel?: string;
  readonly concurrency: number;
  readonly dryRun?: boolean;
}

/** What cannot be left out, in the order in which it is asked for. */
export const REQUIRED = ['model', 'sae', 'text', 'out'] as const;
