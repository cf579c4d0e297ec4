/** @file From a run's plan, replies and verdicts to its tables, figures and report: the same files whoever made the replies and whenever they were labelled. */

import { agreement } from '../judge/agreement.ts';
import { distinctTitles } from '../judge/judge_titles.ts';
import { outcome } from '../judge/outcome.ts';
import { type KeptVerdicts, readVerdicts } from '../judge/verdicts_file.ts';
import { type DisplayTable, plural } from '../report/display.ts';
import { escapeMarkdown, renderMarkdown } from '../report/markdown.ts';
import { steeringFigures } from '../report/plots/steering_figures.ts';
import type { ReportFigure } from '../report/report_parts.ts';
import { steeringDisplay } from '../report/steering_display.ts';
import { writeSteeringFolder } from '../report/steering_folder.ts';
import type { JudgedPass, JudgedTwice, SteeringSubject } from '../report/steering_subject.ts';
import { STEERING_SCHEMA_VERSION, steeringTables } from '../report/steering_tables.ts';
import { wilsonInterval } from '../stats/wilson.ts';
import type { Arm } from '../steering/arm.ts';
import { replyJobs } from '../steering/jobs.ts';
import type { ReplyRecord } from '../steering/reply_record.ts';
import type { PlannedArm, SteeringPlan } from '../steering/steering_plan.ts';
import type { CliContext } from './context.ts';
import { shownPlace } from './sae_place.ts';
import { PLAN_FILE, REPLIES_FILE, type SteerFolder } from './steer_folder.ts';

/** Replies of each arm that the report shows. */
const SHOWN_IN_REPORT = 3;
/** And a terminal. */
const SHOWN = 1;

export interface SteeringReport {
  readonly subject: SteeringSubject;
  /** For the terminal. */
  readonly display: DisplayTable[];
  /** Names of files below `figures/`. */
  readonly figures: readonly ReportFigure[];
}

/** The jobs that a plan stands for. */
export function jobsOfPlan({
  arms,
  prompts,
  replies,
  examples,
  seed,
}: SteeringPlan): ReturnType<typeof replyJobs> {
  return replyJobs({ arms, prompts, replies, examples, seed });
}

/**
 * Reads what judges have said, and writes everything that follows from plan, replies and verdicts.
 * @param records of the whole run, in its order
 * @throws {AntipodeError} `format` for damaged verdicts, and as `writeSteeringFolder`
 */
export async function writeSteeringReport(
  { signal }: CliContext,
  folder: SteerFolder,
  { plan, records }: { readonly plan: SteeringPlan; readonly records: readonly ReplyRecord[] },
): Promise<SteeringReport> {
  const kept = await readVerdicts(folder.path);
  const subject = subjectOf(plan, records, kept);
  const figures = await steeringFigures(subject);
  const images = figures.map(
    ({ caption, file, title }) =>
      `![${escapeMarkdown(title)}](figures/${file})\n\n${escapeMarkdown(caption)}\n\n`,
  );
  const { a, b } = subject.poles;
  await writeSteeringFolder(
    folder.path,
    {
      tables: steeringTables(subject),
      figures: new Map(figures.map(({ file, svg }) => [file, svg])),
      reportMarkdown: `# ${escapeMarkdown(plan.title ?? `Steering ${a.name} and ${b.name}`)}\n\n${images.join('')}${renderMarkdown(steeringDisplay(subject, { shownReplies: SHOWN_IN_REPORT }))}`,
      kept: [PLAN_FILE, REPLIES_FILE, ...kept.map(({ file }) => file)],
      facts: {
        schema: 'steering',
        schema_version: STEERING_SCHEMA_VERSION,
        ...plan.versions,
        judges: kept.map(({ judge, pass }) => ({ ...judge, pass })),
      },
    },
    signal,
  );
  return {
    subject,
    display: steeringDisplay(subject, { shownReplies: SHOWN }),
    figures: figures.map(({ caption, file, kind }) => ({ caption, file, kind })),
  };
}

/** @param kept in the order of the tables */
export function subjectOf(
  plan: SteeringPlan,
  records: readonly ReplyRecord[],
  kept: readonly KeptVerdicts[],
): SteeringSubject {
  const { method, model, poles, positions, prompts, sae, seed, unit } = plan;
  const arms = plan.arms.map(armOf);
  const judge = (pass: Omit<JudgedPass, 'outcome'>): JudgedPass => ({
    ...pass,
    outcome: outcome(records, pass.verdicts, { poles, arms }),
  });
  const titles = distinctTitles(kept.map(({ judge: one }) => one));
  const judged = kept.map(({ judge: { id, title }, pass, verdicts }) =>
    judge({ judge: id, title: titles.get(id) ?? title, pass, verdicts }),
  );
  const nobody = judge({ judge: '', title: 'nobody', pass: 1, verdicts: new Map() });
  return {
    model: model.ref,
    sae: sae.label,
    place: placeWords(sae.place),
    neuronpediaId: sae.neuronpedia_id ?? undefined,
    poles,
    prompts: prompts.map(({ text }) => text),
    unit,
    method,
    positions,
    strength: isOfOneStrength(plan) ? plan.strength : undefined,
    meanNorm: plan.mean_norm?.value,
    seed,
    sampling: samplingWords(plan),
    arms: plan.arms.map(({ coefficients, length }, i) => ({
      arm: arms[i]!,
      length: method === 'add' ? length : undefined,
      coefficients,
    })),
    records,
    judged: judged.length > 0 ? judged : [nobody],
    agreements: agreementsOf(judged),
    notes: notesOf(plan),
  };
}

/** Of `resid.20`; an edited plan may say anything. */
function placeWords(place: string): string {
  const site = /^resid\.(emb|\d+)$/.exec(place)?.[1];
  return site === undefined ? `at ${place}` : shownPlace(site === 'emb' ? site : Number(site));
}

/** Whether every part is as strong as the run says a pole is. */
function isOfOneStrength({ arms, strength }: SteeringPlan): boolean {
  return arms.every(
    ({ factor, kind, parts }) =>
      kind !== 'steered' || parts.every((part) => Math.abs(part.strength) === Math.abs(strength * factor)),
  );
}

function armOf({ name, kind, parts, factor }: PlannedArm): Arm {
  return { name, kind, parts, factor };
}

function agreementsOf(judged: readonly JudgedPass[]): JudgedTwice[] {
  return judged.flatMap((first, i) =>
    judged.slice(i + 1).map((second) => ({
      first,
      second,
      agreement: agreement(first.verdicts, second.verdicts),
    })),
  );
}

function samplingWords({ sampling, max_new_tokens, stops }: SteeringPlan): string {
  const { temperature, top_k, top_p, repetition_penalty } = sampling;
  return [
    temperature === 0 ? 'the likeliest token' : `temperature ${temperature}`,
    ...(top_k === null ? [] : [`top-k ${top_k}`]),
    ...(top_p === null ? [] : [`top-p ${top_p}`]),
    ...(repetition_penalty === null ? [] : [`repetition penalty ${repetition_penalty}`]),
    `at most ${max_new_tokens} new tokens`,
    ...(stops.length === 0 ? [] : [`stops ${stops.map((stop) => JSON.stringify(stop)).join(', ')}`]),
  ].join(', ');
}

function notesOf({ model, mean_norm, prompts, replies }: SteeringPlan): string[] {
  const perArm = replies * prompts.length;
  const { low, high } = wilsonInterval(perArm / 2, perArm);
  return [
    ...(model.precision === 'exact'
      ? [
          'Precision exact: texts may differ on another number of threads; f32, q8 and q4 give the same on any.',
        ]
      : []),
    ...(mean_norm?.source === 'measured'
      ? [
          'The mean norm was measured on unsteered replies to the prompts, special tokens and the first left out.',
        ]
      : []),
    `With ${plural(perArm, 'reply', 'replies')} per arm a share of half of them is known to ${Math.round(50 * (high - low))} points either way.`,
  ];
}
