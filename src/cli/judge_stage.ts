/** @file Lets judges label the replies of a run, one judge and one pass after the other; what each said is in the folder of the run when this returns. */

import { AntipodeError } from '../errors.ts';
import type { JudgeSetting } from '../judge/judge.ts';
import { judgeExamples, judgeReplies } from '../judge/judge_replies.ts';
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
}

/** What a judge cost, for the result; nothing of it goes into files. */
export interface JudgeUsage {
  readonly judge: string;
  readonly title: string;
  readonly pass: number;
  /** Verdicts that were there already. */
  readonly known: number;
  readonly unlabelled: number;
  readonly usage: Readonly<Record<string, number>> | null;
  /** In the currency of the prices that were given; null without any. */
  readonly cost: number | null;
}

/**
 * Whether these judges can speak of these poles at all, and an endpoint answers: before a long generation, not behind it.
 * @throws {AntipodeError} `usage`, `missing`, `network`
 */
export async function checkJudges(
  context: CliContext,
  { names, flags, run, poles, seed }: Omit<JudgingRequest, 'folder' | 'prompts' | 'records'>,
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
      await opened.check();
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
        used.push(await judgePass(context, request, opened, pass));
    } finally {
      await opened.close();
    }
  }
  return used;
}

async function judgePass(
  context: CliContext,
  { flags, folder, poles, prompts, records, seed }: JudgingRequest,
  opened: OpenedJudge,
  pass: number,
): Promise<JudgeUsage> {
  const setting: JudgeSetting = { poles, examples: judgeExamples(records, prompts) };
  const judge = opened.judge(setting, { seed, pass });
  const verdicts = await openVerdictsFile(folder.path, { judge, pass });
  const total = records.length;
  const progress = context.out().progress(`labelling with ${judge.title}`, total);
  try {
    const { known, unlabelled } = await judgeReplies({
      records,
      prompts,
      judge,
      verdicts,
      seed,
      signal: context.signal,
      onProgress: (done, of) => progress.update((done / Math.max(1, of)) * total),
    });
    const usage = judge.usage?.() ?? null;
    const { cost } = usage ? costOf(usage, flags) : {};
    return { judge: judge.id, title: judge.title, pass, known, unlabelled, usage, cost: cost ?? null };
  } catch (error) {
    throw withResume(error, folder);
  } finally {
    progress.end();
  }
}

function withResume(error: unknown, { shown }: SteerFolder): unknown {
  if (!(error instanceof AntipodeError)) return error;
  const { kind, message } = error;
  if (kind !== 'interrupted' && kind !== 'network') return error;
  const go = `antipode judge ${shown}, with the same judge, goes on (what it said is kept)`;
  return new AntipodeError(kind, kind === 'interrupted' ? 'interrupted while labelling' : message, {
    hint: error.hint === undefined || kind === 'interrupted' ? go : `${error.hint}; ${go}`,
    cause: error,
  });
}
