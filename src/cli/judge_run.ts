/** @file The work of `antipode judge` and `antipode judge agree`: more labels for the replies of a run, and how far those that are there agree. */

import { join, resolve } from 'node:path';
import { AntipodeError } from '../errors.ts';
import { rowsOf } from '../formats/table.ts';
import { judgeExamples, repliesToJudge } from '../judge/judge_replies.ts';
import { readVerdicts } from '../judge/verdicts_file.ts';
import { agreementTables } from '../report/agreement_display.ts';
import { checkSources, checkSteeringFolder } from '../report/steering_folder.ts';
import { steeringTables } from '../report/steering_tables.ts';
import { renderText } from '../report/text.ts';
import { inJobOrder, pendingJobs } from '../steering/jobs.ts';
import { readReplies } from '../steering/replies_file.ts';
import type { ReplyRecord } from '../steering/reply_record.ts';
import type { SteeringPlan } from '../steering/steering_plan.ts';
import type { CliContext } from './context.ts';
import { judgeNames } from './judge_flags.ts';
import { judgeRun, refuseWithoutLabels } from './judge_stage.ts';
import { visible } from './output.ts';
import type { JudgeRunFlags } from './steer_flags.ts';
import { inSteerFolder, PLAN_FILE, REPLIES_FILE, readSteerFolder, type SteerFolder } from './steer_folder.ts';
import { boundSentence, namedBound } from './steer_plan_text.ts';
import { jobsOfPlan, subjectOf, writeSteeringReport } from './steer_report.ts';
import { runResult } from './steer_result.ts';

interface StoredRun {
  readonly folder: SteerFolder;
  readonly plan: SteeringPlan;
  /** All, in the order of the plan. */
  readonly records: readonly ReplyRecord[];
  readonly prompts: readonly string[];
}

/** @throws {AntipodeError} `missing` where there is no run, or not all of it; and as judges do */
export async function runJudge(context: CliContext, shown: string, flags: JudgeRunFlags): Promise<void> {
  const names = judgeNames(flags);
  const run = await readRun(context, shown);
  const { folder, plan, prompts, records } = run;
  const { poles, seed } = plan;
  const setting = { poles: { a: poles.a.name, b: poles.b.name }, examples: judgeExamples(records, prompts) };
  if (flags.dryRun) {
    const replies = repliesToJudge(records, undefined).map(({ prompt, text }) => ({
      prompt: prompts[prompt]!,
      text,
    }));
    const bounds = names.map((name) => namedBound({ name, flags, replies, setting, seed }));
    context.out().result({
      human: () => visible(bounds.map((bound) => boundSentence(bound, replies.length)).join('\n')),
      json: () => ({ dry_run: true, replies: replies.length, judges: bounds, out: folder.shown }),
      quiet: () => [visible(folder.shown)],
    });
    return;
  }
  await checkSteeringFolder(folder.path, folder.shown, []);
  const { precision = 'auto', device = 'auto', threads } = flags;
  const how = { precision, device, ...(threads !== undefined && { threads }) };
  const work = async (): Promise<void> => {
    const usage = await judgeRun(context, {
      ...run,
      poles: setting.poles,
      names,
      flags,
      run: how,
      seed,
    });
    const report = await writeSteeringReport(context, folder, { plan, records });
    context.out().result(runResult({ folder, plan, report, usage }));
    refuseWithoutLabels(usage);
  };
  await inSteerFolder(folder, work, context.signal);
}

/** Reads only. @throws {AntipodeError} `missing` where fewer than two passes are there */
export async function runJudgeAgree(context: CliContext, shown: string): Promise<void> {
  const { folder, plan, records } = await readRun(context, shown);
  const subject = subjectOf(plan, records, await readVerdicts(folder.path));
  if (subject.agreements.length === 0) {
    const { judged } = subject;
    const spoken = judged[0]?.judge === '' ? 'no judge has' : `only ${judged[0]?.title} has`;
    throw new AntipodeError('missing', `${shown}: ${spoken} labelled its replies, and agreement needs two`, {
      hint: `antipode judge ${shown} --judge MODEL@URL adds one; --passes 2 lets one speak twice`,
    });
  }
  const tables = steeringTables(subject).filter(({ name }) => name === 'agreement' || name === 'confusion');
  context.out().result({
    human: ({ bold }) => renderText(agreementTables(subject), { sanitize: visible, bold }),
    json: () => ({
      run: folder.shown,
      ...Object.fromEntries(tables.map((table) => [table.name, rowsOf(table)])),
    }),
    quiet: () => subject.agreements.map(({ agreement }) => String(agreement.labels.kappa)),
  });
}

async function readRun(context: CliContext, shown: string): Promise<StoredRun> {
  const folder = { path: resolve(context.cwd, shown), shown };
  const plan = await readSteerFolder(folder);
  await checkSources(folder.path, shown, [PLAN_FILE, REPLIES_FILE]);
  const jobs = jobsOfPlan(plan);
  const known = await readReplies(join(folder.path, REPLIES_FILE)).catch((error: unknown) => {
    // A run that was stopped before its first reply.
    if (error instanceof AntipodeError && error.kind === 'missing') return new Map<string, ReplyRecord>();
    throw error;
  });
  const pending = pendingJobs(jobs, known);
  if (pending.length > 0) {
    throw new AntipodeError(
      'missing',
      `${shown}: ${pending.length} of its ${jobs.length} replies are not there yet`,
      { hint: 'repeat the command that began the run: it goes on where it was stopped' },
    );
  }
  return {
    folder,
    plan,
    records: inJobOrder(jobs, known),
    prompts: plan.prompts.map(({ text }) => text),
  };
}
