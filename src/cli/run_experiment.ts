/** @file The work of `antipode run`: reads the spec, runs its stages in one folder, and writes the report from what they left. */

import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join, parse, resolve } from 'node:path';
import { checkEndpointAddress } from '../endpoint/openai_endpoint.ts';
import { AntipodeError, systemErrorCode } from '../errors.ts';
import { type ExperimentSpec, parseExperiment } from '../experiment/experiment_spec.ts';
import { runStages, type Stage } from '../experiment/stages.ts';
import { ensureFolder, writeFileAtomic } from '../formats/atomic.ts';
import { livingOwner, withLock } from '../formats/lock.ts';
import { removeStaleTemporaries } from '../formats/temporaries.ts';
import { type ExperimentReport, experimentMarkdown, experimentPage } from '../report/experiment_report.ts';
import { madeOfTable } from '../report/made_of.ts';
import { readPart, type SteeringPart } from '../report/report_parts.ts';
import { renderText } from '../report/text.ts';
import type { CliContext } from './context.ts';
import { type GeometryStageOptions, geometryStage, searchStage } from './experiment_geometry.ts';
import { planExperiment } from './experiment_plan.ts';
import { statisticsStage } from './experiment_statistics.ts';
import { judgeStage, readPartText, type SteeringStageOptions, steeringStage } from './experiment_steering.ts';
import { JUDGE_DEFAULTS, judgeNames } from './judge_flags.ts';
import { formatSeconds, visible } from './output.ts';
import type { RunFlags, StageName } from './run_command.ts';
import { versionFacts } from './run_facts.ts';
import { readSpecText } from './spec_text.ts';
import { PLAN_FILE } from './steer_folder.ts';

const SPEC_FILE = 'experiment.yaml';
const MANIFEST = 'manifest.json';
const LOCK = 'experiment.lock';

/** Of the stages. */
const FOLDERS = ['geometry', 'search', 'statistics', 'steering'];

/** Raised when a file of the folder changes its meaning or goes. */
const EXPERIMENT_SCHEMA_VERSION = 1;

/** @throws {AntipodeError} for what is missing or wrong; `interrupted` with everything kept */
export async function runExperiment(context: CliContext, specPath: string, flags: RunFlags): Promise<void> {
  const text = await readSpecText(context.cwd, specPath, 'antipode init writes one');
  const spec = parseExperiment(text, specPath);
  const shown = flags.out ?? join('runs', parse(specPath).name);
  const run: Run = { spec, specPath, text, dir: resolve(context.cwd, shown), shown, flags };
  checkStageNames(run);
  checkJudgeAddresses(spec);
  await checkFolder(run);
  if (flags.dryRun) return planExperiment(context, { ...run, stages: stagesOf(context, run) });
  await ensureFolder(run.dir);
  const lock = join(run.dir, LOCK);
  const owner = await livingOwner(lock);
  if (owner !== undefined) {
    throw new AntipodeError('usage', `${shown}: process ${owner} works there at this moment`, {
      hint: 'wait for it, or choose another folder with --out',
    });
  }
  await withLock(lock, () => work(context, run), { signal: context.signal });
}

/** Before the spec is copied and hours are spent: an address may hold a password. */
function checkJudgeAddresses({ steering }: ExperimentSpec): void {
  for (const name of judgeNames({ ...JUDGE_DEFAULTS, judge: [...(steering?.judges ?? [])] })) {
    if (name.kind === 'endpoint') checkEndpointAddress(name.url);
  }
}

export interface Run {
  readonly spec: ExperimentSpec;
  /** As the user named it. */
  readonly specPath: string;
  readonly text: string;
  readonly dir: string;
  /** The folder as the user named it. */
  readonly shown: string;
  readonly flags: RunFlags;
}

/** @throws {AntipodeError} `usage` where a stage is asked for that this experiment has not */
function checkStageNames({ flags, spec, specPath }: Run): void {
  const asked = [flags.only, flags.from].find((name) => name === 'steering' || name === 'judge');
  if (asked === undefined || spec.steering) return;
  throw new AntipodeError('usage', `${asked}: ${specPath} has no steering, and so no such stage`, {
    hint: 'write its key steering (antipode init --pair happy:sad shows one), or ask for another stage',
  });
}

async function work(context: CliContext, run: Run): Promise<void> {
  const { dir, flags, shown, spec, text } = run;
  // The lock is ours: what is unfinished here was left by a run that was killed.
  for (const folder of ['.', 'stages', ...FOLDERS]) await removeStaleTemporaries(join(dir, folder), 0);
  const specFile = join(dir, SPEC_FILE);
  let hasBegun = false;
  const spans = new Map<StageName, number>();
  let begun: { readonly name: StageName; readonly at: number } | undefined;
  const end = (): void => {
    if (begun) spans.set(begun.name, (Date.now() - begun.at) / 1000);
    begun = undefined;
  };
  await runStages(stagesOf(context, run), {
    dir,
    shown,
    signal: context.signal,
    ...(flags.from && { from: flags.from }),
    ...(flags.only && { only: flags.only }),
    begin: async () => {
      hasBegun = true;
      // What stands there is of the spec before until all of it is done again.
      if (!existsSync(specFile)) await writeFileAtomic(specFile, text);
    },
    onStage: (name, state) => {
      end();
      if (state === 'runs') begun = { name, at: Date.now() };
      context.out().note(state === 'runs' ? `${name} …` : `${name}: finished before`);
    },
  });
  end();
  if (hasBegun || !existsSync(specFile)) await writeFileAtomic(specFile, text);
  if (!spec.steering && existsSync(join(dir, 'steering'))) {
    context
      .out()
      .warn(
        visible(`${shown}/steering: is of another spec; this one does not steer, and its report has none`),
      );
  }
  await leaveManifest(run, spans);
  if (flags.only !== undefined && flags.only !== 'report') {
    context.out().result({ human: () => shown, json: () => ({ out: shown }), quiet: () => [shown] });
    return;
  }
  await giveReport(context, run, spans);
}

function stagesOf(context: CliContext, run: Run): Stage<StageName>[] {
  const { dir, flags, shown, spec } = run;
  const steering: SteeringStageOptions | undefined = spec.steering && {
    given: spec.steering,
    dir,
    shown,
    command: commandOf(shown),
    threads: flags.threads,
    judges: JUDGE_DEFAULTS,
    isJudged: flags.only === undefined,
  };
  const geometry: GeometryStageOptions = { spec, dir, shown, threads: flags.threads };
  return [
    geometryStage(context, geometry),
    searchStage(context, geometry),
    statisticsStage(context, geometry),
    ...(steering ? [steeringStage(context, steering), judgeStage(context, steering)] : []),
    reportStage(run),
  ];
}

/** From the copy of the spec: the user's own may have come by stdin. */
function commandOf(shown: string): string[] {
  return ['antipode', 'run', `${shown}/${SPEC_FILE}`, '--out', shown];
}

function reportStage(run: Run): Stage<StageName> {
  const { dir, spec, text } = run;
  return {
    name: 'report',
    reads: spec.steering ? ['statistics', 'judge'] : ['statistics'],
    folder: '.',
    owns: (file) => file === 'report.html' || file === 'report.md',
    inputs: async () => ({ ...versionFacts(), title: spec.title, text }),
    run: async () => {
      const report = await reportOf(run);
      await writeFileAtomic(join(dir, 'report.html'), experimentPage(report));
      await writeFileAtomic(join(dir, 'report.md'), experimentMarkdown(report));
    },
  };
}

/** From what the stages left. */
async function reportOf({ dir, shown, spec, text }: Run): Promise<ExperimentReport> {
  const part = async (folder: 'statistics' | 'steering'): Promise<string> => readPartText(dir, folder);
  const geometry = readPart(await part('statistics'), 'geometry', `${shown}/statistics`);
  const steering: SteeringPart | undefined = spec.steering
    ? readPart(await part('steering'), 'steering', `${shown}/steering`)
    : undefined;
  const files = [
    ...[...geometry.figures, ...geometry.saes.flatMap(({ figures }) => figures)].map(
      ({ file }) => `statistics/${file}`,
    ),
    ...(steering?.figures ?? []).map(({ file }) => `steering/${file}`),
  ];
  const svgs = new Map<string, string>();
  for (const file of files) svgs.set(file, await readFile(join(dir, file), 'utf8'));
  return {
    title: spec.title ?? 'Do opposite concepts point in opposite directions?',
    geometry,
    steering,
    svgs,
    madeOf: madeOfTable(
      await readFile(join(dir, 'statistics', MANIFEST), 'utf8'),
      steering && (await readFile(join(dir, 'steering', PLAN_FILE), 'utf8')),
    ),
    facts: [
      ['command', `antipode run ${SPEC_FILE}, with the spec below`],
      ...Object.entries(versionFacts()),
      ['seed', String(spec.seed)],
      ['random pairs', String(spec.geometry.randomPairs)],
      ['draws of each test', String(spec.geometry.draws)],
      ['extreme pairs kept at each end', String(spec.geometry.top)],
    ],
    spec: text,
  };
}

/** The one place that tells the time. */
async function leaveManifest(
  { dir, spec, shown }: Run,
  spans: ReadonlyMap<StageName, number>,
): Promise<void> {
  const before = await previousSpans(dir);
  const seconds = { ...before, ...Object.fromEntries(spans) };
  const manifest = {
    tool: 'antipode',
    schema: 'experiment',
    schema_version: EXPERIMENT_SCHEMA_VERSION,
    title: spec.title ?? null,
    ...versionFacts(),
    command: commandOf(shown),
    seed: spec.seed,
    saes: spec.saes.map(({ sae }) => ({ label: sae })),
    parameters: spec.geometry,
    steering: spec.steering ?? null,
    ended: new Date().toISOString(),
    stages: Object.entries(seconds)
      .filter(([name]) => spec.steering || (name !== 'steering' && name !== 'judge'))
      .map(([name, took]) => ({ name, seconds: took })),
  };
  await writeFileAtomic(join(dir, MANIFEST), `${JSON.stringify(manifest, null, 2)}\n`);
}

async function previousSpans(dir: string): Promise<Record<string, number>> {
  try {
    const { stages } = JSON.parse(await readFile(join(dir, MANIFEST), 'utf8')) as { stages?: unknown };
    if (!Array.isArray(stages)) return {};
    return Object.fromEntries(
      stages
        .filter((stage: { name?: unknown; seconds?: unknown } | null) => typeof stage?.name === 'string')
        .map(({ name, seconds }: { name: string; seconds: number }) => [name, Number(seconds)]),
    );
  } catch {
    return {};
  }
}

async function giveReport(
  context: CliContext,
  run: Run,
  spans: ReadonlyMap<StageName, number>,
): Promise<void> {
  const { geometry, steering } = await reportOf(run);
  const path = join(run.shown, 'report.html');
  const tables = [
    ...geometry.saes.flatMap(({ tables: all }) => all.filter(({ topic }) => topic === 'verdict')),
    ...(steering?.tables.filter(({ topic }) => topic === 'labels') ?? []),
  ];
  const total = [...spans.values()].reduce((sum, seconds) => sum + seconds, 0);
  context.out().result({
    human: ({ bold }) =>
      [
        renderText(tables, { sanitize: visible, bold }),
        ...(steering?.verdict
          .flatMap(({ about, sentences }) => [`${about}:`, ...sentences.map((one) => `  ${one}`)])
          .map(visible) ?? []),
        '',
        `report in ${formatSeconds(total)}:`,
        visible(path),
      ].join('\n'),
    json: () => ({
      out: run.shown,
      report: path,
      saes: geometry.saes.map(({ label, verdicts }) => ({ label, verdicts })),
      steering: steering?.verdict ?? null,
    }),
    quiet: () => [path],
  });
}

const OWN = new Set([...[SPEC_FILE, MANIFEST, 'stages', 'report.html', 'report.md'], ...FOLDERS]);

/** @throws {AntipodeError} `usage` where the folder holds something that no experiment wrote */
async function checkFolder({ dir, shown }: Run): Promise<void> {
  let names: string[];
  try {
    names = await readdir(dir);
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === 'ENOENT') return;
    if (code !== 'ENOTDIR') throw error;
    throw new AntipodeError('usage', `${shown}: is a file (expected a folder, or nothing there yet)`, {
      hint: 'choose another folder with --out',
    });
  }
  // A run that was killed before its first stage leaves its lock alone.
  const left = names.filter((name) => !name.startsWith(LOCK));
  const foreign = left.find((name) => !OWN.has(name) && !name.startsWith('.'));
  const isOurs = left.includes('stages') || left.includes(SPEC_FILE);
  if (left.length === 0 || (isOurs && foreign === undefined)) return;
  throw new AntipodeError(
    'usage',
    `${shown}: holds ${foreign ?? left[0]}, which is no part of an experiment`,
    {
      hint: 'choose another folder with --out, or move it away',
    },
  );
}
