/** @file The work of `antipode steer run`: replies of all arms into a folder, labels of them, and what follows. A run that was stopped goes on where it was. */

import { join, parse, resolve } from 'node:path';
import { AntipodeError } from '../errors.ts';
import { ensureFolder, writeFileAtomic } from '../formats/atomic.ts';
import type { LanguageModel } from '../lm/language_model.ts';
import { checkSteeringFolder } from '../report/steering_folder.ts';
import type { SteeringSpec } from '../steering/complete_spec.ts';
import { generateReplies } from '../steering/generate_replies.ts';
import { inJobOrder, pendingJobs, type ReplyJob } from '../steering/jobs.ts';
import { createPoleReader } from '../steering/pole_reader.ts';
import { openRepliesFile, type RepliesFile } from '../steering/replies_file.ts';
import type { ReplyRecord } from '../steering/reply_record.ts';
import { type SteeringPlan, steeringPlan } from '../steering/steering_plan.ts';
import type { CliContext } from './context.ts';
import { type JudgeName, judgeNames } from './judge_flags.ts';
import {
  checkJudges,
  type JudgeUsage,
  type JudgingRequest,
  judgeRun,
  refuseWithoutLabels,
} from './judge_stage.ts';
import type { SteerRunFlags } from './steer_flags.ts';
import {
  checkSteerFolder,
  enterSteerFolder,
  inSteerFolder,
  PLAN_FILE,
  REPLIES_FILE,
  type SteerFolder,
} from './steer_folder.ts';
import { asSpecError, givenSpec } from './steer_given.ts';
import {
  generationOf,
  openSteeredModel,
  openSteeringInputs,
  type ResolvedArms,
  resolveSteering,
  type SteeringInputs,
  steeringFacts,
} from './steer_open.ts';
import { outlineSteering, planJudgeModels, type SteeringOutline } from './steer_outline.ts';
import { plannedResult } from './steer_plan_text.ts';
import { jobsOfPlan, writeSteeringReport } from './steer_report.ts';
import { runResult } from './steer_result.ts';

/** `--judge none`. */
const NOBODY = 'none';

/** @param specPath a YAML file @throws {AntipodeError} for what is missing or wrong; `interrupted` with everything kept */
export async function runSteerRun(
  context: CliContext,
  specPath: string | undefined,
  flags: SteerRunFlags,
): Promise<void> {
  const given = await givenSpec(context, specPath, flags);
  const ofSpec = (error: unknown): never => {
    throw asSpecError(error, specPath, flags);
  };
  if (flags.dryRun) {
    const outline = await outlineSteering(context, given, flags).catch(ofSpec);
    return planRun(context, specPath, { outline, flags });
  }
  const inputs = await openSteeringInputs(context, given, flags).catch(ofSpec);
  try {
    const { spec } = inputs;
    const { folder, names, poles, run } = await checkRun(context, { spec, specPath, flags });
    const { seed } = spec;
    await ensureFolder(folder.path);
    const work = async (): Promise<readonly JudgeUsage[]> => {
      const { plan, records } = await generateRun(context, inputs, folder);
      const prompts = plan.prompts.map(({ text }) => text);
      const usage = await judgeRun(context, { folder, poles, prompts, records, names, flags, run, seed });
      const report = await writeSteeringReport(context, folder, { plan, records });
      context.out().result(runResult({ folder, plan, report, usage }));
      return usage;
    };
    refuseWithoutLabels(await inSteerFolder(folder, work, context.signal));
  } finally {
    await inputs.sae.close();
  }
}

interface Checked {
  readonly spec: SteeringSpec;
  readonly specPath: string | undefined;
  readonly flags: SteerRunFlags;
}

/** Whether the folder may be written, and judges can speak of these poles. @throws {AntipodeError} where not */
async function checkRun(
  context: CliContext,
  { spec, specPath, flags }: Checked,
): Promise<Pick<JudgingRequest, 'folder' | 'names' | 'poles' | 'run'>> {
  const names = judgesOf(flags, spec.judges, specPath);
  const shown = flags.out ?? defaultFolder(specPath, spec);
  const folder = { path: resolve(context.cwd, shown), shown };
  await checkSteerFolder(folder);
  await checkSteeringFolder(folder.path, shown, [PLAN_FILE, REPLIES_FILE]);
  const { precision, device, seed, threads } = spec;
  const run = { precision, device, ...(threads !== undefined && { threads }) };
  const poles = { a: spec.poles.a.name, b: spec.poles.b.name };
  if (flags.dryRun !== true) await checkJudges(context, { names, flags, run, poles, seed }, true);
  return { names, folder, run, poles };
}

/** `--dry-run`. */
async function planRun(
  context: CliContext,
  specPath: string | undefined,
  { flags, outline }: { readonly flags: SteerRunFlags; readonly outline: SteeringOutline },
): Promise<void> {
  const { folder, names } = await checkRun(context, { spec: outline.spec, specPath, flags });
  const judgeFiles = await planJudgeModels(context, { spec: outline.spec, names, flags });
  context.out().result(plannedResult({ outline, folder, names, flags, judgeFiles }));
}

/** Options over the spec; `none` alone for a run that somebody else labels. */
function judgesOf(
  flags: SteerRunFlags,
  ofSpec: readonly string[],
  specPath: string | undefined,
): JudgeName[] {
  const isNamed =
    flags.judge !== undefined || flags.judgeEndpoint !== undefined || flags.judgeModel !== undefined;
  const named = isNamed ? (flags.judge ?? []) : ofSpec;
  if (named.length === 1 && named[0] === NOBODY && flags.judgeEndpoint === undefined) return [];
  try {
    return judgeNames({ ...flags, judge: named });
  } catch (error) {
    throw isNamed ? error : asSpecError(error, specPath, flags);
  }
}

/** `runs/steering-organism` for `experiments/steering/organism.yaml`; without a spec the poles name it. */
function defaultFolder(specPath: string | undefined, { poles }: SteeringSpec): string {
  const name = specPath === undefined ? `${poles.a.name}-${poles.b.name}` : parse(specPath).name;
  return join('runs', `steering-${name.toLowerCase().replace(/[^\p{L}\p{N}._-]+/gu, '-')}`);
}

export interface Generated {
  readonly plan: SteeringPlan;
  /** All, in the order of the plan. */
  readonly records: ReplyRecord[];
}

/** All replies of the run; those that are there already are not made again. @throws {AntipodeError} `interrupted` with everything kept */
export async function generateRun(
  context: CliContext,
  inputs: SteeringInputs,
  folder: SteerFolder,
): Promise<Generated> {
  const model = await openSteeredModel(context, inputs);
  try {
    const arms = await resolveSteering(context, inputs, model);
    const made = steeringPlan(inputs.spec, await steeringFacts(inputs, model, arms));
    const plan = await enterSteerFolder(folder, made);
    const jobs = jobsOfPlan(plan);
    const path = join(folder.path, REPLIES_FILE);
    const file = await openRepliesFile(path, join(folder.shown, REPLIES_FILE));
    try {
      const pending = pendingJobs(jobs, file.known);
      if (pending.length > 0) {
        await makeReplies(context, { inputs, model, arms, file, folder, pending, total: jobs.length });
      }
      const records = inJobOrder(jobs, file.known);
      await file.close();
      await putInOrder(path, [...file.known.keys()], records);
      return { plan, records };
    } finally {
      await file.close();
    }
  } finally {
    await model.close();
  }
}

interface Making {
  readonly inputs: SteeringInputs;
  readonly model: LanguageModel;
  readonly arms: ResolvedArms;
  readonly file: RepliesFile;
  readonly folder: SteerFolder;
  /** At least one. */
  readonly pending: readonly ReplyJob[];
  /** All of the run. */
  readonly total: number;
}

async function makeReplies(context: CliContext, making: Making): Promise<void> {
  const { inputs, model, arms, file, folder, pending, total } = making;
  const out = context.out();
  const done = total - pending.length;
  if (done > 0) out.note(`${folder.shown}: goes on behind ${done} of ${total} replies`);
  const reader = await createPoleReader(inputs.sae, inputs.spec.poles);
  const progress = out.progress('generating', pending.length);
  try {
    await generateReplies({
      ...generationOf(inputs),
      model,
      interventions: arms.interventions,
      jobs: pending,
      reader,
      onReply: (record) => file.append(record),
      onProgress: (now) => progress.update(now.done, `${now.tokens} tokens`),
      signal: context.signal,
    });
  } catch (error) {
    throw withResume(error, making);
  } finally {
    progress.end();
    await reader.close();
  }
}

/** The order of the plan: the file does not tell which reply ended first, nor where a run was stopped. */
async function putInOrder(
  path: string,
  written: readonly string[],
  records: readonly ReplyRecord[],
): Promise<void> {
  if (records.every(({ id }, i) => id === written[i])) return;
  await writeFileAtomic(path, records.map((record) => `${JSON.stringify(record)}\n`).join(''));
}

function withResume(error: unknown, { file, folder, total }: Making): unknown {
  if (!(error instanceof AntipodeError) || error.kind !== 'interrupted') return error;
  const message = `interrupted: ${file.known.size} of ${total} replies are in ${folder.shown}`;
  return new AntipodeError('interrupted', message, {
    hint: 'run the same command again to go on from there',
    cause: error,
  });
}
