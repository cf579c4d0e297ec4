/** @file The steering and judge stages of an experiment: replies of all arms, and what judges say of them, in one folder of the run. */

import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Stage } from '../experiment/stages.ts';
import { ensureFolder, writeFileAtomic } from '../formats/atomic.ts';
import { hashFile } from '../formats/hash_file.ts';
import { labelName } from '../judge/labels.ts';
import type { ReplyPair } from '../report/html/report_page.ts';
import { PART_FILE, partText, type SteeringPart } from '../report/report_parts.ts';
import { poleNames, type SteeringSubject } from '../report/steering_subject.ts';
import { steeringVerdict } from '../report/steering_verdict.ts';
import { withoutRepeated } from '../steering/arm_rows.ts';
import { inJobOrder } from '../steering/jobs.ts';
import { openRepliesFile } from '../steering/replies_file.ts';
import type { GivenSpec } from '../steering/steering_spec.ts';
import type { CliContext } from './context.ts';
import { pageIdOf } from './experiment_statistics.ts';
import { type JudgeFlags, judgeNames } from './judge_flags.ts';
import { checkJudges, judgeRun, refuseWithoutLabels } from './judge_stage.ts';
import { modelFingerprint } from './model_fingerprint.ts';
import type { StageName } from './run_command.ts';
import { versionFacts } from './run_facts.ts';
import { PLAN_FILE, REPLIES_FILE, readSteerFolder, type SteerFolder } from './steer_folder.ts';
import { openSteeringInputs, type SteeringInputs } from './steer_open.ts';
import { jobsOfPlan, writeSteeringReport } from './steer_report.ts';
import { generateRun } from './steer_run.ts';

export interface SteeringStageOptions {
  readonly given: GivenSpec;
  /** The run folder, and how the user named it. */
  readonly dir: string;
  readonly shown: string;
  /** Runs this experiment again, but for the stage to begin with. */
  readonly command: readonly string[];
  readonly judges: Omit<JudgeFlags, 'judge'>;
  readonly threads: number | undefined;
  /** The judges speak in the same run: that they can is looked at before a long generation. */
  readonly isJudged: boolean;
}

const FOLDER = 'steering';

/** Replies of each arm in the report. */
const SHOWN_REPLIES = 2;

function folderOf({ dir, shown }: SteeringStageOptions): SteerFolder {
  return { path: join(dir, FOLDER), shown: `${shown}/${FOLDER}` };
}

/** To be closed; `threads` of the command go over those of the spec. */
export async function openStageInputs(
  context: CliContext,
  { given, threads }: Pick<SteeringStageOptions, 'given' | 'threads'>,
): Promise<SteeringInputs> {
  return openSteeringInputs(context, { ...given, ...(threads !== undefined && { threads }) }, {});
}

export function steeringStage(context: CliContext, options: SteeringStageOptions): Stage<StageName> {
  const folder = folderOf(options);
  return {
    name: 'steering',
    reads: [],
    folder: FOLDER,
    owns: (file) => file === PLAN_FILE || file === REPLIES_FILE,
    inputs: async () => {
      const inputs = await openStageInputs(context, options);
      try {
        const { threads: _, judges: __, ...deciding } = inputs.spec;
        return {
          ...versionFacts(),
          spec: deciding,
          model: await modelFingerprint(inputs.folder),
          weights: await Promise.all(
            inputs.sae.header.files.map(({ path }) => hashFile(path, context.signal)),
          ),
        };
      } finally {
        await inputs.sae.close();
      }
    },
    run: async (isAnew) => {
      if (isAnew) await rm(folder.path, { recursive: true, force: true });
      const inputs = await openStageInputs(context, options);
      try {
        if (options.isJudged) await checkStageJudges(context, options, inputs);
        await ensureFolder(folder.path);
        await generateRun(context, inputs, folder);
      } finally {
        await inputs.sae.close();
      }
    },
  };
}

async function checkStageJudges(
  context: CliContext,
  { judges }: SteeringStageOptions,
  { spec: { device, judges: judge, poles, precision, seed, threads } }: SteeringInputs,
): Promise<void> {
  const flags: JudgeFlags = { ...judges, judge };
  const run = { precision, device, ...(threads !== undefined && { threads }) };
  const names = judgeNames(flags);
  await checkJudges(context, { names, flags, run, seed, poles: { a: poles.a.name, b: poles.b.name } }, true);
}

export function judgeStage(context: CliContext, options: SteeringStageOptions): Stage<StageName> {
  const folder = folderOf(options);
  const judges = options.given.judges ?? ['lexicon'];
  return {
    name: 'judge',
    reads: ['steering'],
    folder: FOLDER,
    owns: (file) => file !== PLAN_FILE && file !== REPLIES_FILE,
    inputs: async () => ({ ...versionFacts(), judges, passes: options.judges.passes }),
    run: async () => {
      const plan = await readSteerFolder(folder);
      const jobs = jobsOfPlan(plan);
      const file = await openRepliesFile(join(folder.path, REPLIES_FILE), join(folder.shown, REPLIES_FILE));
      try {
        const records = inJobOrder(jobs, file.known);
        const { device, precision, threads } = options.given;
        const flags: JudgeFlags = { ...options.judges, judge: judges };
        const usage = await judgeRun(context, {
          folder,
          poles: { a: plan.poles.a.name, b: plan.poles.b.name },
          prompts: plan.prompts.map(({ text }) => text),
          records,
          names: judgeNames(flags),
          flags,
          run: {
            precision: precision ?? 'auto',
            device: device ?? 'auto',
            ...(threads !== undefined && { threads }),
          },
          seed: plan.seed,
          rerun: [...options.command, '--from', 'judge'].join(' '),
        });
        const { display, figures, subject } = await writeSteeringReport(context, folder, { plan, records });
        const part = partOf(subject, { tables: display, figures, title: plan.title });
        await writeFileAtomic(join(folder.path, PART_FILE), partText(part));
        refuseWithoutLabels(usage);
      } finally {
        await file.close();
      }
    },
  };
}

function partOf(
  subject: SteeringSubject,
  {
    figures,
    tables,
    title,
  }: Pick<SteeringPart, 'tables'> & {
    readonly figures: SteeringPart['figures'];
    readonly title: string | null | undefined;
  },
): SteeringPart {
  return {
    part: 'steering',
    title: title ?? `Steering ${subject.poles.a.name} and ${subject.poles.b.name}`,
    neuronpediaId: pageIdOf(subject.neuronpediaId),
    verdict: steeringVerdict(subject),
    tables,
    figures: figures.map((one) => ({ ...one, file: `figures/${one.file}` })),
    replies: replyPairs(subject),
  };
}

/** The first replies of each arm beside the control's of the same seeds. */
function replyPairs(subject: SteeringSubject): ReplyPair[] {
  const names = poleNames(subject);
  const [pass] = subject.judged;
  const control = subject.records.filter(({ arm }) => arm === 'control');
  return withoutRepeated(subject.arms.map(({ arm }) => arm))
    .filter(({ kind }) => kind === 'steered' || kind === 'matched')
    .flatMap((arm) =>
      subject.records
        .filter((record) => record.arm === arm.name)
        .slice(0, SHOWN_REPLIES)
        .map((record) => {
          const label = pass?.verdicts.get(record.id)?.label;
          const plain = control.find(
            ({ prompt, reply }) => prompt === record.prompt && reply === record.reply,
          );
          return {
            arm: arm.name,
            label: label === undefined ? '' : labelName(label, names),
            plain: plain?.text ?? '',
            steered: record.text,
          };
        }),
    );
}

/** The text of the part that a stage left. */
export function readPartText(dir: string, folder: string): Promise<string> {
  return readFile(join(dir, folder, PART_FILE), 'utf8');
}
