/** @file What `antipode steer run --dry-run` says: what would be generated, and what judges would be asked at most. */

import { formatCount, plural } from '../report/display.ts';
import { replyJobs } from '../steering/jobs.ts';
import type { JudgeFlags, JudgeName } from './judge_flags.ts';
import { type JudgeCost, judgeCostBound } from './judge_options.ts';
import { type Result, visible } from './output.ts';
import type { SteerFolder } from './steer_folder.ts';
import type { SteeringInputs } from './steer_open.ts';

export interface PlannedRun {
  readonly inputs: SteeringInputs;
  readonly folder: SteerFolder;
  readonly names: readonly JudgeName[];
  readonly flags: JudgeFlags;
}

export function plannedResult({ inputs, folder, names, flags }: PlannedRun): Result {
  const { layer, prompts, sae, spec } = inputs;
  const { arms, examples, maxNewTokens, poles, replies, seed } = spec;
  const jobs = replyJobs({ arms, prompts, replies, examples, seed });
  const promptTokens = jobs.reduce((sum, { prompt }) => sum + prompts[prompt]!.tokens.length, 0);
  const newTokens = jobs.length * maxNewTokens;
  const judged = jobs.filter(({ arm }) => arm !== 'examples').length;
  const setting = { poles: { a: poles.a.name, b: poles.b.name }, examples: [] };
  const bounds = names.map((name) => ({
    name: judgeLabel(name),
    passes: flags.passes,
    ...judgeCostBound({
      name,
      flags,
      replies: { count: judged, prompts: prompts.map(({ text }) => text) },
      setting,
      seed,
    }),
  }));
  return {
    human: () =>
      visible(
        [
          `would steer ${spec.model} with ${sae.header.identity.label} at layer ${layer}: ${poles.a.name} ${poles.a.features.join(' + ')}, ${poles.b.name} ${poles.b.features.join(' + ')}`,
          `would generate ${plural(jobs.length, 'reply', 'replies')} in ${plural(arms.length, 'arm', 'arms')} (${arms.map(({ name }) => name).join(', ')}): ${formatCount(promptTokens)} tokens of prompts, at most ${formatCount(newTokens)} new ones`,
          ...bounds.map((bound) => boundSentence(bound, judged)),
          `would write ${folder.shown}`,
        ].join('\n'),
      ),
    json: () => ({
      dry_run: true,
      model: spec.model,
      sae: sae.header.identity.label,
      layer,
      poles,
      method: spec.method,
      unit: spec.unit,
      strength: spec.strength,
      arms: arms.map(({ name }) => name),
      replies: jobs.length,
      judged_replies: judged,
      prompt_tokens: promptTokens,
      new_tokens_at_most: newTokens,
      judges: bounds,
      out: folder.shown,
    }),
    quiet: () => [visible(folder.shown)],
  };
}

export function judgeLabel(name: JudgeName): string {
  switch (name.kind) {
    case 'lexicon':
      return 'lexicon';
    case 'endpoint':
      return name.model;
    case 'model':
      return `model:${name.ref}`;
  }
}

export type NamedBound = JudgeCost & { readonly name: string; readonly passes: number };

export function boundSentence(
  { name, passes, requests, prompt_tokens, completion_tokens, cost }: NamedBound,
  replies: number,
): string {
  const what = `${plural(replies, 'reply', 'replies')}${passes === 1 ? '' : `, ${passes} times`}`;
  if (requests === 0) return `would let ${name} label ${what}, at no cost`;
  const price = cost === undefined ? '' : `, ${cost.toFixed(2)} at the prices given`;
  return `would let ${name} label ${what}: at most ${plural(requests, 'request', 'requests')} with ${formatCount(prompt_tokens)} tokens in and ${formatCount(completion_tokens)} out${price}`;
}
