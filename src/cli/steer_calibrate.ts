/** @file The work of `antipode steer calibrate`: each pole over a range of strengths, what is left of the text, and the range that steers. */

import { resolve } from 'node:path';
import { AntipodeError } from '../errors.ts';
import { checkOutputDirectory } from '../formats/atomic.ts';
import { calibrationDisplay } from '../report/calibration_display.ts';
import {
  CALIBRATION_SCHEMA_VERSION,
  type CalibrationSubject,
  calibrationTables,
} from '../report/calibration_tables.ts';
import { formatCount, plural } from '../report/display.ts';
import { renderMarkdown } from '../report/markdown.ts';
import { calibrationFigure } from '../report/plots/calibration_figure.ts';
import { runFolderKind, writeRunDirectory } from '../report/run_directory.ts';
import { renderText } from '../report/text.ts';
import { type Calibration, calibrate } from '../steering/calibrate.ts';
import { isGreedy, type SteeringSpec } from '../steering/complete_spec.ts';
import { createPoleReader } from '../steering/pole_reader.ts';
import type { CliContext } from './context.ts';
import { type Result, visible } from './output.ts';
import { downloadsOf } from './planned_files.ts';
import { shownPlace } from './sae_place.ts';
import type { SteerCalibrateFlags } from './steer_flags.ts';
import { asSpecError, givenSpec } from './steer_given.ts';
import {
  generationOf,
  openSteeredModel,
  openSteeringInputs,
  resolveSteering,
  type SteeringInputs,
} from './steer_open.ts';
import { outlineSteering, type SteeringOutline } from './steer_outline.ts';
import { fetchLines } from './steer_plan_text.ts';
import { onnxRuntimeVersion, packageVersion } from './version.ts';

/** Multiples of the strength: from what changes little to what breaks most models. */
const FACTORS: readonly number[] = [0.125, 0.25, 0.5, 0.75, 1, 1.25, 1.5, 2];

/** Per pole and strength: a share of changed replies, not of labels, has to be told. */
const REPLIES = 10;

const FOLDER = runFolderKind('steering-calibration');

/** @param specPath a YAML file @throws {AntipodeError} for what is missing or wrong; nothing is written then */
export async function runSteerCalibrate(
  context: CliContext,
  specPath: string | undefined,
  flags: SteerCalibrateFlags,
): Promise<void> {
  const out = flags.out === undefined ? undefined : resolve(context.cwd, flags.out);
  if (out !== undefined) await checkOutputDirectory(out, FOLDER);
  const given = await givenSpec(context, specPath, { ...flags, examples: 0 });
  const isDrawn = !isGreedy({ temperature: 1, ...given.sampling });
  // Random directions and sums are none of its business, and arms of one's own have no one strength.
  const { arms: _, curve: __, strengths: factors = FACTORS, ...rest } = given;
  // A spec's replies are those of its arms.
  const { replies = isDrawn ? REPLIES : 1 } = flags;
  const asked = { ...rest, replies, random: 0, matched: false };
  const ofSpec = (error: unknown): never => {
    throw asSpecError(error, specPath, flags);
  };
  if (flags.dryRun) {
    const outline = await outlineSteering(context, asked, flags).catch(ofSpec);
    context.out().result(plannedCalibration(outline, strengthsOf(outline.spec, factors), flags.out));
    return;
  }
  const inputs = await openSteeringInputs(context, asked, flags).catch(ofSpec);
  try {
    const strengths = strengthsOf(inputs.spec, factors);
    const subject = await measure(context, inputs, strengths);
    const display = calibrationDisplay(subject);
    const tables = calibrationTables(subject);
    const facts = factsOf(subject, inputs);
    if (out !== undefined) {
      const title = `Strengths that steer ${subject.poles.a.name} and ${subject.poles.b.name}`;
      await writeRunDirectory(
        out,
        {
          tables,
          figures: new Map([['calibration.svg', await calibrationFigure(subject)]]),
          reportMarkdown: `# ${title}\n\n![${title}](figures/calibration.svg)\n\n${renderMarkdown(display)}`,
          inputs: inputs.sae.header.files.map(({ path }) => ({ role: 'sae', sae: subject.sae, path })),
          facts,
        },
        { kind: FOLDER, signal: context.signal },
      );
    }
    context.out().result({
      human: ({ bold }) =>
        [
          renderText(display, { sanitize: visible, bold }),
          ...(flags.out === undefined ? [] : [visible(flags.out)]),
        ].join('\n\n'),
      json: () => ({ ...facts, out: flags.out ?? null, calibration: subject.calibration }),
      quiet: () => (flags.out === undefined ? [] : [visible(flags.out)]),
    });
    if (out === undefined) {
      context
        .out()
        .note('Nothing was written; --out FOLDER keeps the table, the curves as SVG and a report.');
    }
  } finally {
    await inputs.sae.close();
  }
}

/** @throws {AntipodeError} `usage` for a method without a strength */
function strengthsOf({ method, strength }: SteeringSpec, factors: readonly number[]): number[] {
  if (method === 'project-out') {
    throw new AntipodeError('usage', 'method: project-out has no strength to calibrate', {
      hint: 'take add, orthogonal or clamp',
    });
  }
  return factors.map((factor) => Number((factor * strength).toPrecision(12)));
}

async function measure(
  context: CliContext,
  inputs: SteeringInputs,
  strengths: readonly number[],
): Promise<CalibrationSubject> {
  const { prompts, sae, site, spec } = inputs;
  const model = await openSteeredModel(context, inputs);
  try {
    const { meanNorm, maxActivations } = await resolveSteering(context, inputs, model);
    const reader = await createPoleReader(sae, spec.poles);
    const total = (1 + 2 * strengths.length) * spec.replies * prompts.length;
    const progress = context.out().progress('generating', total);
    let calibration: Calibration;
    try {
      calibration = await calibrate({
        ...generationOf(inputs),
        sae,
        poles: spec.poles,
        unit: spec.unit,
        method: spec.method,
        replies: spec.replies,
        seed: spec.seed,
        model,
        reader,
        strengths,
        ...(meanNorm && { meanNorm: meanNorm.value }),
        ...(maxActivations && { maxActivations }),
        onProgress: ({ done }) => progress.update(done),
        signal: context.signal,
      });
    } finally {
      progress.end();
      await reader.close();
    }
    return {
      model: spec.model,
      sae: sae.header.identity.label,
      place: shownPlace(site),
      poles: spec.poles,
      unit: spec.unit,
      method: spec.method,
      positions: spec.positions,
      meanNorm: meanNorm?.value,
      prompts: spec.prompts,
      seed: spec.seed,
      calibration,
    };
  } finally {
    await model.close();
  }
}

/** Everything that decides the numbers. */
function factsOf(subject: CalibrationSubject, { layer, spec }: SteeringInputs): Record<string, unknown> {
  const { calibration, meanNorm, ...said } = subject;
  return {
    schema: FOLDER.schema,
    schema_version: CALIBRATION_SCHEMA_VERSION,
    antipode: packageVersion(),
    onnxruntime: onnxRuntimeVersion(),
    ...said,
    layer,
    mean_norm: meanNorm ?? null,
    sampling: spec.sampling,
    max_new_tokens: spec.maxNewTokens,
    strengths: calibration.a.points.map(({ strength }) => strength),
    replies: spec.replies,
    recommended: {
      [calibration.a.pole]: calibration.a.recommended,
      [calibration.b.pole]: calibration.b.recommended,
    },
    limits: calibration.limits,
  };
}

function plannedCalibration(
  outline: SteeringOutline,
  strengths: readonly number[],
  out: string | undefined,
): Result {
  const { files, label, prompts, spec } = outline;
  const downloads = downloadsOf(files);
  const replies = (1 + 2 * strengths.length) * spec.replies * prompts.length;
  return {
    human: () =>
      [
        ...fetchLines(outline, downloads),
        ...[
          `would steer ${spec.model} with ${label}: ${spec.poles.a.name} and ${spec.poles.b.name}, each at ${strengths.join(', ')} (${spec.unit})`,
          `would generate ${plural(replies, 'reply', 'replies')} of at most ${formatCount(spec.maxNewTokens)} tokens`,
          ...(out === undefined ? [] : [`would write ${out}`]),
        ].map(visible),
      ].join('\n'),
    json: () => ({
      dry_run: true,
      model: spec.model,
      sae: label,
      poles: spec.poles,
      unit: spec.unit,
      downloads,
      strengths,
      replies,
      new_tokens_at_most: replies * spec.maxNewTokens,
      out: out ?? null,
    }),
    quiet: () => (out === undefined ? [] : [visible(out)]),
  };
}
