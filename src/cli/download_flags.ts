/** @file The options of `antipode download` as its parts receive them. */

import type { ExportName } from '../features/fetch_explanations.ts';

export type DownloadPart = 'weights' | 'explanations';

export interface DownloadFlags {
  readonly only?: readonly DownloadPart[];
  readonly revision?: string;
  readonly export: ExportName;
  readonly activations?: boolean;
  readonly dryRun?: boolean;
}
