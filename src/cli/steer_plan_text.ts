/** @file What `antipode steer run --dry-run` says: what would be fetched and generated, what judges would be asked at most, and what it takes. */

import { formatCount, plural } from '../report/display.ts';
import { replyJobs } from '../steering/jobs.ts';
import type { JudgeFlags, JudgeName } from './judge_flags.ts';
import { type BoundRequest, type JudgeCost, judgeCostBound } from './judge_options.ts';
import { withListPrice } from './judge_prices.ts';
import { modelSentence } from './model_plan.ts';
import { type Result, visible } from './output.ts';
import { type Downloads, downloadLines, downloadsOf, type PlannedFile } from './planned_files.ts';
import { saeSentence } from './sae_plan.ts';
import type { SteerFolder } from './steer_folder.ts';
import type { SteeringOutline } from './steer_outline.ts';
import { estimateLines, estimateWork, type GeneratedWork } from './work_estimate.ts';

export interface PlannedRun {
  readonly outline: SteeringOutline;
  readonly folder: SteerFolder;
  readonly names: readonly JudgeName[];
  readonly flags: JudgeFlags;
  /** Of judges that are models. */
  readonly judgeFiles: readonly PlannedFile[];
}

/** What would be generated and asked. */
export interface PlannedSteering {
  readonly outline: SteeringOutline;
  readonly replies: number;
  readonly judged: number;
  readonly promptTokens: number;
  readonly newTokens: number;
  readonly bounds: readonly NamedBound[];
}

export function planSteering({
  outline,
  names,
  flags,
}: Pick<PlannedRun, 'flags' | 'names' | 'outline'>): PlannedSteering {
  const { prompts, spec } = outline;
  const { arms, examples, maxNewTokens, poles, replies, seed } = spec;
  const jobs = replyJobs({ arms, prompts, replies, examples, seed });
  const judged = jobs.filter(({ arm }) => arm !== 'examples').length;
  const setting = { poles: { a: poles.a.name, b: poles.b.name }, examples: [] };
  return {
    outline,
    replies: jobs.length,
    judged,
    promptTokens: jobs.reduce((sum, { prompt }) => sum + prompts[prompt]!.tokens, 0),
    newTokens: jobs.length * maxNewTokens,
    bounds: names.map((name) => {
      const replies = { count: judged, prompts: prompts.map(({ text }) => text) };
      return namedBound({ name, flags, replies, setting, seed });
    }),
  };
}

/** For `estimateWork`. */
export function workOf({ newTokens, outline, promptTokens }: PlannedSteering): GeneratedWork {
  return { newTokens, promptTokens, parameters: outline.model.parameters };
}

export function steeringSentences({
  bounds,
  outline: { areTokensCounted, label, layer, spec },
  judged,
  newTokens,
  promptTokens,
  replies,
}: PlannedSteering): string[] {
  const { arms, model, poles } = spec;
  const most = areTokensCounted ? '' : 'at most ';
  return [
    `would steer ${model} with ${label}${layer === undefined ? '' : ` at layer ${layer}`}: ${poles.a.name} ${poles.a.features.join(' + ')}, ${poles.b.name} ${poles.b.features.join(' + ')}`,
    `would generate ${plural(replies, 'reply', 'replies')} in ${plural(arms.length, 'arm', 'arms')} (${arms.map(({ name }) => name).join(', ')}): ${most}${formatCount(promptTokens)} tokens of prompts, at most ${formatCount(newTokens)} new ones`,
    ...bounds.map((bound) => boundSentence(bound, judged)),
  ];
}

/** None where everything is here. */
export function fetchLines(
  { model, sae }: Pick<SteeringOutline, 'model' | 'sae'>,
  downloads: Downloads,
): string[] {
  return [
    ...(model.state === 'here' ? [] : [modelSentence(model)]),
    ...(sae.state === 'here' ? [] : [saeSentence(sae)]),
    ...downloadLines(downloads),
  ];
}

export function plannedResult({ folder, judgeFiles, ...planned }: PlannedRun): Result {
  const plan = planSteering(planned);
  const { files, label, layer, spec } = plan.outline;
  const downloads = downloadsOf([...files, ...judgeFiles]);
  const estimate = estimateWork([], 0, workOf(plan));
  return {
    human: () =>
      [
        ...fetchLines(plan.outline, downloads),
        ...steeringSentences(plan).map(visible),
        ...estimateLines(estimate, downloads.bytes),
        visible(`would write ${folder.shown}`),
      ].join('\n'),
    json: () => ({
      dry_run: true,
      model: spec.model,
      sae: label,
      layer: layer ?? null,
      poles: spec.poles,
      method: spec.method,
      unit: spec.unit,
      strength: spec.strength,
      arms: spec.arms.map(({ name }) => name),
      downloads,
      replies: plan.replies,
      judged_replies: plan.judged,
      prompt_tokens: plan.promptTokens,
      new_tokens_at_most: plan.newTokens,
      judges: plan.bounds,
      estimate,
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

export type NamedBound = JudgeCost & {
  readonly name: string;
  readonly passes: number;
  /** What `cost` is in: of the prices given, or of a list. */
  readonly price: string;
};

/** With the listed price of a judge where none is given. */
export function namedBound(
  request: Omit<BoundRequest, 'flags'> & { readonly flags: JudgeFlags },
): NamedBound {
  const { flags, basis } = withListPrice(request.name, request.flags);
  return {
    name: judgeLabel(request.name),
    passes: flags.passes,
    price: basis,
    ...judgeCostBound({ ...request, flags }),
  };
}

export function boundSentence(
  { name, passes, price, requests, prompt_tokens, completion_tokens, cost }: NamedBound,
  replies: number,
): string {
  const what = `${plural(replies, 'reply', 'replies')}${passes === 1 ? '' : `, ${passes} times`}`;
  if (requests === 0) return `would let ${name} label ${what}, at no cost`;
  const paid = cost === undefined ? ' (no price is given)' : `, ${cost.toFixed(2)} ${price}`;
  return `would let ${name} label ${what}: at most ${plural(requests, 'request', 'requests')} with ${formatCount(prompt_tokens)} tokens in and ${formatCount(completion_tokens)} out${paid}`;
}
