/** @file What `antipode explain --dry-run` says: what would be read and explained, and what an endpoint would be asked at most. */

import type { SourceName } from '../explain/export_rows.ts';
import { exportFolder } from '../explain/write_export.ts';
import { formatCount, plural } from '../report/display.ts';
import type { HookPoint } from '../train/harvest/hook_name.ts';
import { boundOf, type EndpointBound } from './explain_endpoint.ts';
import type { ExplainFlags } from './explain_flags.ts';
import { NO_DOWNLOADS, type PartlyKnown } from './needed_parts.ts';
import { type Result, visible } from './output.ts';

export interface ExplainPlan {
  readonly hook: HookPoint;
  readonly flags: ExplainFlags;
  readonly source: SourceName;
  readonly features: number;
  /** Of the corpus. */
  readonly documents: number;
  readonly bound: EndpointBound | undefined;
}

export function planResult({ flags, source, hook, features, documents, bound }: ExplainPlan): Result {
  const dir = exportFolder(flags.out, source);
  return {
    human: () => {
      const tokens = flags.tokens === undefined ? '' : `, ${formatCount(flags.tokens)} tokens at most`;
      const lines = [
        `would explain ${plural(features, 'feature', 'features')} of ${source.modelId}/${source.sourceId} at ${hook.hookName}`,
        `would read ${plural(documents, 'text', 'texts')}${tokens}`,
        ...(bound ? [boundSentence(flags, bound)] : []),
        `would write ${dir}`,
      ];
      return visible(lines.join('\n'));
    },
    json: () => ({
      dry_run: true,
      neuronpedia_id: `${source.modelId}/${source.sourceId}`,
      layer: hook.layer,
      hook: hook.hookName,
      features,
      texts: documents,
      tokens: flags.tokens ?? null,
      downloads: NO_DOWNLOADS,
      endpoint: bound ?? null,
      out: dir,
    }),
    quiet: () => [visible(dir)],
  };
}

/** What is known while model or SAE are still to be fetched. @param features undefined where their number is not known */
export function partlyPlanned(
  flags: ExplainFlags,
  features: number | undefined,
  isAsked: boolean,
): PartlyKnown {
  const bound = isAsked && features !== undefined ? boundOf(features) : undefined;
  const what = features === undefined ? 'all features' : plural(features, 'feature', 'features');
  return {
    lines: [
      `would explain ${what}`,
      ...(bound ? [boundSentence(flags, bound)] : []),
      `would write ${flags.out}`,
    ].map(visible),
    facts: { features: features ?? null, endpoint: bound ?? null, out: flags.out },
  };
}

function boundSentence({ explainerModel = '' }: ExplainFlags, bound: EndpointBound): string {
  const { requests, prompt_tokens, completion_tokens } = bound;
  return `would ask ${explainerModel} at most ${plural(requests, 'time', 'times')}, with at most ${formatCount(prompt_tokens)} tokens in and ${formatCount(completion_tokens)} out (answers of earlier runs are not asked for again; a request that fails is repeated up to 4 times)`;
}
