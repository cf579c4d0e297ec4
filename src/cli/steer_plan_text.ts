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

/** What would be generated and asked. */
export interface PlannedSteering {
  readonly inputs: SteeringInputs;
  readonly replies: number;
  readonly judged: number;
  readonly promptTokens: number;
  readonly newTokens: number;
  readonly bounds: readonly NamedBound[];
}

export function planSteering({ inputs, names, flags }: Omit<PlannedRun, 'folder'>): PlannedSteering {
  const { prompts, spec } = inputs;
  const { arms, examples, maxNewTokens, poles, replies, seed } = spec;
  const jobs = replyJobs({ arms, prompts, replies, examples, seed });
  const judged = jobs.filter(({ arm }) => arm !== 'examples').length;
  const setting = { poles: { a: poles.a.name, b: poles.b.name }, examples: [] };
  return {
    inputs,
    replies: jobs.length,
    judged,
    promptTokens: jobs.reduce((sum, { prompt }) => sum + prompts[prompt]!.tokens.length, 0),
    newTokens: jobs.length * maxNewTokens,
    bounds: names.map((name) => ({
      name: judgeLabel(name),
      passes: flags.passes,
      ...judgeCostBound({
        name,
        flags,
        replies: { count: judged, prompts: prompts.map(({ text }) => text) },
        setting,
        seed,
      }),
    })),
  };
}

export function steeringSentences({
  bounds,
  inputs: { layer, sae, spec },
  judged,
  newTokens,
  promptTokens,
  replies,
}: PlannedSteering): string[] {
  const { arms, model, poles } = spec;
  return [
    `would steer ${model} with ${sae.header.identity.label} at layer ${layer}: ${poles.a.name} ${poles.a.features.join(' + ')}, ${poles.b.name} ${poles.b.features.join(' + ')}`,
    `would generate ${plural(replies, 'reply', 'replies')} in ${plural(arms.length, 'arm', 'arms')} (${arms.map(({ name }) => name).join(', ')}): ${formatCount(promptTokens)} tokens of prompts, at most ${formatCount(newTokens)} new ones`,
    ...bounds.map((bound) => boundSentence(bound, judged)),
  ];
}

export function plannedResult({ folder, ...planned }: PlannedRun): Result {
  const plan = planSteering(planned);
  const { layer, sae, spec } = plan.inputs;
  return {
    human: () => visible([...steeringSentences(plan), `would write ${folder.shown}`].join('\n')),
    json: () => ({
      dry_run: true,
      model: spec.model,
      sae: sae.header.identity.label,
      layer,
      poles: spec.poles,
      method: spec.method,
      unit: spec.unit,
      strength: spec.strength,
      arms: spec.arms.map(({ name }) => name),
      replies: plan.replies,
      judged_replies: plan.judged,
      prompt_tokens: plan.promptTokens,
      new_tokens_at_most: plan.newTokens,
      judges: plan.bounds,
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
