/** @file Lets judges label the replies of a run, one judge and one pass after the other; what each said is in the folder of the run when this returns. */

import { EndpointFailure } from '../endpoint/chat_endpoint.ts';
import { AntipodeError } from '../errors.ts';
import type { JudgeSetting } from '../judge/judge.ts';
import { type JudgedReplies, judgeExamples, judgeReplies } from '../judge/judge_replies.ts';
import type { PoleNames } from '../judge/labels.ts';
import { openVerdictsFile } from '../judge/verdicts_file.ts';
import type { ReplyRecord } from '../steering/reply_record.ts';
import type { CliContext } from './context.ts';
import type { JudgeFlags, JudgeName } from './judge_flags.ts';
import { costOf, type OpenedJudge, openJudge } from './judge_options.ts';
import { modelFolder } from './model_inputs.ts';
import type { ModelFlags } from './model_options.ts';
import type { SteerFolder } from './steer_folder.ts';

export interface JudgingRequest {
  readonly folder: SteerFolder;
  readonly poles: PoleNames;
  /** Texts, by number. */
  readonly prompts: readonly string[];
  /** Of the whole run, in its order. */
  readonly records: readonly ReplyRecord[];
  readonly names: readonly JudgeName[];
  readonly flags: JudgeFlags;
  /** How a judge on this machine is run. */
  readonly run: Pick<ModelFlags, 'precision' | 'device' | 'threads'>;
  /** Of the run. */
  readonly seed: number;
  /** Where this is a stage: the command that runs it again. Another command would change its files behind its back. */
  readonly rerun?: string | undefined;
}

/** What a judge cost, for the result; nothing of it goes into files. */
export interface JudgeUsage {
  readonly judge: string;
  readonly title: string;
  readonly pass: number;
  /** Verdicts that were there already. */
  readonly known: number;
  readonly labelled: number;
  readonly unlabelled: number;
  /** Of what is unlabelled, the most frequent first. */
  readonly reasons: JudgedReplies['reasons'];
  /** The command that asks again about what is unlabelled; null where nothing is, and for the lexicon, to which such text is none of its business. */
  readonly next: string | null;
  readonly usage: Readonly<Record<string, number>> | null;
  /** In the currency of the prices that were given; null without any. */
  readonly cost: number | null;
}

/**
 * Whether these judges can speak of these poles at all, and an endpoint answers: before a long generation, not behind it.
 * @param isAsked false for a dry run: endpoints are asked nothing
 * @throws {AntipodeError} `usage`, `missing`, `network`
 */
export async function checkJudges(
  context: CliContext,
  { names, flags, run, poles, seed }: Omit<JudgingRequest, 'folder' | 'prompts' | 'records'>,
  isAsked: boolean,
): Promise<void> {
  for (const name of names) {
    // To open a model may take minutes: that it is there is all that is looked at.
    if (name.kind === 'model') {
      await modelFolder(context, name.ref);
      continue;
    }
    const opened = await openJudge(context, { name, flags, run });
    try {
      opened.judge({ poles, examples: [] }, { seed, pass: 1 });
      if (isAsked) await opened.check();
    } finally {
      await opened.close();
    }
  }
}

/** @throws {AntipodeError} as `openJudge` and `judgeReplies`; what was said until then is kept */
export async function judgeRun(context: CliContext, request: JudgingRequest): Promise<JudgeUsage[]> {
  const { flags, names, run } = request;
  const used: JudgeUsage[] = [];
  for (const name of names) {
    const opened = await openJudge(context, { name, flags, run });
    try {
      await opened.check();
      for (let pass = 1; pass <= flags.passes; pass++)
        used.push(await judgePass(context, request, { name, opened, pass }));
    } finally {
      await opened.close();
    }
  }
  return used;
}

const SHOWN_REASONS = 3;

interface Pass {
  readonly name: JudgeName;
  readonly opened: OpenedJudge;
  readonly pass: number;
}

async function judgePass(
  context: CliContext,
  request: JudgingRequest,
  { name, opened, pass }: Pass,
): Promise<JudgeUsage> {
  const { flags, poles, prompts, records, folder, seed } = request;
  const setting: JudgeSetting = { poles, examples: judgeExamples(records, prompts) };
  const judge = opened.judge(setting, { seed, pass });
  const verdicts = await openVerdictsFile(folder.path, { judge, pass });
  const total = records.length;
  const progress = context.out().progress(`labelling with ${judge.title}`, total);
  try {
    const judged = await judgeReplies({
      records,
      prompts,
      judge,
      verdicts,
      seed,
      ...(flags.again && { again: true }),
      signal: context.signal,
      onProgress: (done, of) => progress.update((done / Math.max(1, of)) * total),
    });
    progress.end();
    const { known, unlabelled, passing, reasons } = judged;
    const usage = judge.usage?.() ?? null;
    const { cost = null } = usage ? costOf(usage, flags) : {};
    const used: JudgeUsage = {
      judge: judge.id,
      title: judge.title,
      pass,
      known,
      labelled: judged.verdicts.size - unlabelled,
      unlabelled,
      reasons,
      next: unlabelled > 0 && name.kind !== 'lexicon' ? asksAgain(name, request, passing > 0) : null,
      usage,
      cost,
    };
    if (used.next !== null && used.labelled > 0) {
      context.out().warn(`${unlabelledWords(used)}; ${used.next} asks again`);
    }
    return used;
  } catch (error) {
    throw withResume(error, request.rerun ?? judgeCommand(name, request));
  } finally {
    progress.end();
  }
}

/** `9 of 20 replies have no label (the answer is none of the five labels: 9)` */
function unlabelledWords({ title, labelled, unlabelled, reasons }: JudgeUsage): string {
  const why = reasons
    .slice(0, SHOWN_REASONS)
    .map(({ reason, count }) => `${reason}: ${count}`)
    .join('; ');
  return `${title}: ${unlabelled} of ${labelled + unlabelled} replies have no label (${why})`;
}

/** What labels the same replies by the same judge, and goes on where it was stopped. */
function judgeCommand(name: JudgeName, { folder, flags }: JudgingRequest): string {
  const judge =
    name.kind === 'endpoint'
      ? `${name.model}@${name.url}`
      : name.kind === 'model'
        ? `model:${name.ref}`
        : name.kind;
  const passes = flags.passes === 1 ? '' : ` --passes ${flags.passes}`;
  return `antipode judge ${folder.shown} --judge ${judge}${passes}`;
}

/** Refusals are asked about by `antipode judge` alone. */
function asksAgain(name: JudgeName, request: JudgingRequest, isPassing: boolean): string {
  const command = judgeCommand(name, request);
  const { rerun } = request;
  if (isPassing) return rerun ?? command;
  return `${command} --again${rerun === undefined ? '' : ` && ${rerun}`}`;
}

function withResume(error: unknown, command: string): unknown {
  if (!(error instanceof AntipodeError)) return error;
  const { cause, kind, message } = error;
  if (kind !== 'interrupted' && kind !== 'network') return error;
  const step = cause instanceof EndpointFailure ? cause.step : error.hint;
  const goesOn = `${command} goes on (what the judge said is kept)`;
  return new AntipodeError(kind, kind === 'interrupted' ? 'interrupted while labelling' : message, {
    hint: step === undefined || kind === 'interrupted' ? goesOn : `${step}; then ${goesOn}`,
    cause: error,
  });
}

/**
 * Behind the result, which holds what there is: a judge that found no label for any reply has not judged.
 * @throws {AntipodeError} `format`
 */
export function refuseWithoutLabels(used: readonly JudgeUsage[]): void {
  const mute = used.find(({ labelled, next }) => labelled === 0 && next !== null);
  if (!mute) return;
  throw new AntipodeError('format', unlabelledWords(mute), {
    hint: `${mute.next} asks again; a model that thinks before it answers needs --judge-tokens of some thousands`,
  });
}
