/** @file The work of `antipode steer`: the same prompt and seeds with and without steering, shown beside each other. Every text is what `antipode generate` writes. */

import { AntipodeError } from '../errors.ts';
import { type GeneratedRow, generate } from '../lm/generate.ts';
import type { Edit, LanguageModel, Steering } from '../lm/language_model.ts';
import { checkDrawn } from '../steering/complete_spec.ts';
import type { ArmIntervention } from '../steering/resolve_arms.ts';
import type { GivenSpec } from '../steering/steering_spec.ts';
import type { CliContext } from './context.ts';
import { openModel } from './model_options.ts';
import { replyJson } from './reply_output.ts';
import { shownPlace } from './sae_place.ts';
import { sideBySide } from './side_by_side.ts';
import type { SteerOnceFlags } from './steer_flags.ts';
import { givenSpec } from './steer_given.ts';
import { openSteeringInputs, resolveSteering, type SteeringInputs } from './steer_open.ts';
import { checkSameSae, parseSteer, type SteerTerm } from './steer_option.ts';

const STEERED = 'STEERED';
const DEFAULT = 'DEFAULT';

/** Rows per batch, as in `antipode generate`: another number may change the last bits, and so a text. */
const BATCH_ROWS = 32;

/** @throws {AntipodeError} for what is missing or wrong; `interrupted` between tokens */
export async function runSteerOnce(context: CliContext, flags: SteerOnceFlags): Promise<void> {
  const terms = (flags.steer ?? []).map((text) => parseSteer(text));
  const inputs = await openSteeringInputs(context, await givenOnce(context, flags, terms), flags);
  try {
    checkDrawn('replies', flags.replies, inputs.spec.sampling);
    checkSameSae(terms, inputs.sae.header.identity, '--steer');
    const { device, model: ref, precision, threads } = inputs.spec;
    const wanted = namesOf(inputs, flags, terms);
    const model = await openModel(context, {
      folder: inputs.folder,
      flags: { model: ref, precision, device, ...(threads !== undefined && { threads }) },
      use: 'generation',
      editSites: inputs.spec.method === 'add' ? [] : [inputs.site],
    });
    try {
      const { interventions } = await resolveSteering(context, inputs, model);
      const arms = wanted.map(({ arm, title }) => ({
        title,
        ...interventions.find((one) => one.arm.name === arm)!,
      }));
      await showReplies(context, { inputs, model, arms, replies: flags.replies });
    } finally {
      await model.close();
    }
  } finally {
    await inputs.sae.close();
  }
}

/** Features with strengths of their own are one arm of the unit `absolute`, whose poles nobody looks at. */
async function givenOnce(
  context: CliContext,
  { replies: _, ...flags }: SteerOnceFlags,
  terms: readonly SteerTerm[],
): Promise<GivenSpec> {
  const given = await givenSpec(context, undefined, flags);
  if (terms.length === 0) return { ...given, random: 0 };
  const beside = (['pair', 'pole', 'arm', 'unit', 'strength', 'method'] as const).find(
    (name) => flags[name] !== undefined,
  );
  if (beside !== undefined) {
    throw new AntipodeError(
      'usage',
      `--${beside}: stands beside --steer, which says its features and strengths itself`,
      {
        hint: 'give one of the two',
      },
    );
  }
  const features = terms.map(({ feature }) => feature);
  const twice = features.find((feature, i) => features.indexOf(feature) !== i);
  if (twice !== undefined) throw new AntipodeError('usage', `--steer: feature ${twice} was given twice`);
  const claimed = terms.find(({ sae }) => sae !== undefined)?.sae;
  const layer = given.layer ?? terms.find((term) => term.layer !== undefined)?.layer;
  return {
    ...given,
    ...(given.sae === undefined && claimed !== undefined && { sae: claimed }),
    ...(layer !== undefined && { layer }),
    poles: { a: { name: 'A', features }, b: { name: 'B', features } },
    unit: 'absolute',
    strength: 1,
    arms: [
      {
        name: STEERED,
        parts: terms.map(({ feature, strength }) => ({ of: { features: [feature] }, strength })),
      },
    ],
    random: 0,
    matched: false,
  };
}

interface WantedArm {
  /** In the spec. */
  readonly arm: string;
  /** Above its texts. */
  readonly title: string;
}

/** @throws {AntipodeError} `usage` for an arm that there is not */
function namesOf(
  { spec: { arms, method, poles } }: SteeringInputs,
  { arm: asked }: SteerOnceFlags,
  terms: readonly SteerTerm[],
): WantedArm[] {
  const control = { arm: 'control', title: DEFAULT };
  if (terms.length > 0) return [control, { arm: STEERED, title: STEERED }];
  const known = arms.map(({ name }) => name).filter((name) => name !== 'control' && name !== 'examples');
  const first = method === 'project-out' ? 'without ' : '+';
  const names = asked ?? [`${first}${poles.a.name}`, `${first}${poles.b.name}`];
  return [
    control,
    ...names.map((name) => {
      const found = known.find((one) => one.toLowerCase() === name.toLowerCase());
      if (found !== undefined) return { arm: found, title: found };
      throw new AntipodeError(
        'usage',
        `--arm: got ${JSON.stringify(name)}, expected one of ${known.join(', ')}`,
      );
    }),
  ];
}

interface Shown {
  readonly inputs: SteeringInputs;
  readonly model: LanguageModel;
  readonly arms: readonly (ArmIntervention & { readonly title: string })[];
  readonly replies: number;
}

async function showReplies(context: CliContext, { inputs, model, arms, replies }: Shown): Promise<void> {
  const { prompts, spec } = inputs;
  const out = context.out();
  const asked = prompts.flatMap(({ text, tokens }) =>
    Array.from({ length: replies }, (_, r) => ({ prompt: text, tokens, seed: spec.seed + r })),
  );
  const progress = out.progress('generating', asked.length * arms.length);
  const byArm: GeneratedRow[][] = [];
  let done = 0;
  const json: Record<string, unknown>[] = [];
  try {
    for (let start = 0; start < asked.length; start += BATCH_ROWS) {
      const rows = asked.slice(start, start + BATCH_ROWS);
      for (const [a, arm] of arms.entries()) {
        const onReply = (): void => progress.update(++done);
        byArm[a] = await generateArm(context, { inputs, model, arm, rows, onReply });
      }
      rows.forEach((row, r) => {
        const texts = arms.map(({ title }, a) => ({ title, text: byArm[a]![r]!.text }));
        arms.forEach(({ title }, a) => {
          json.push({ arm: title, ...replyJson(row, byArm[a]![r]!) });
        });
        if (out.mode === 'json') return;
        const hasHeading = asked.length > 1;
        out.item({
          human: (style) =>
            `${start + r === 0 ? '' : '\n'}${hasHeading ? `${style.dim(`${JSON.stringify(row.prompt)}, seed ${row.seed}`)}\n` : ''}${sideBySide(texts, out.columns, style)}`,
          json: () => undefined,
          quiet: () => texts.map(({ text }) => text.replace(/\s+/g, ' ').trim()),
        });
      });
    }
  } finally {
    progress.end();
  }
  if (out.mode === 'human') for (const arm of arms.slice(1)) out.note(armSentence(arm, inputs));
  out.result({
    human: () => '',
    json: () => ({
      model: spec.model,
      precision: model.precision,
      device: model.device.name,
      sae: inputs.sae.header.identity.label,
      layer: inputs.layer,
      method: spec.method,
      positions: spec.positions,
      sampling: spec.sampling,
      arms: arms.map(({ title, length, coefficients }) => ({
        arm: title,
        length: spec.method === 'add' ? length : null,
        coefficients,
      })),
      replies: json,
    }),
    quiet: () => [],
  });
}

function armSentence(
  { title, length, coefficients }: Shown['arms'][number],
  { site, spec: { method, positions } }: SteeringInputs,
): string {
  const terms = coefficients.map(({ feature, coefficient }) =>
    method === 'project-out' ? String(feature) : `${feature} x ${Number(coefficient.toPrecision(4))}`,
  );
  const size = method === 'add' && length > 0 ? `, length ${length.toPrecision(4)}` : '';
  const where = `${shownPlace(site)}, ${positions === 'all' ? 'every position' : `${positions} positions`}`;
  return `${title}: ${method} ${terms.join(', ')}${size}, ${where}`;
}

interface ArmRows {
  readonly inputs: SteeringInputs;
  readonly model: LanguageModel;
  readonly arm: ArmIntervention;
  readonly rows: readonly { readonly tokens: Int32Array; readonly seed: number }[];
  readonly onReply: () => void;
}

function generateArm(
  context: CliContext,
  { inputs, model, arm, rows, onReply }: ArmRows,
): Promise<GeneratedRow[]> {
  const { site, spec, tokenizer } = inputs;
  const steer: Steering[] = arm.steering ? [{ at: site, values: arm.steering }] : [];
  const edit: Edit[] = arm.edit ? [arm.edit] : [];
  return generate({
    model,
    tokenizer,
    rows: rows.map(({ tokens, seed }) => ({
      prompt: tokens,
      seed,
      ...(spec.positions === 'generated' && { steered: Array.from(tokens, () => false) }),
    })),
    maxNewTokens: spec.maxNewTokens,
    sampling: spec.sampling,
    stops: spec.stops,
    steer,
    edit,
    ...(spec.positions === 'no-special' && { isSteeredToken: (id: number) => !tokenizer.isSpecial(id) }),
    onReply,
    unsteeredLogProbabilities: context.out().mode === 'json',
    signal: context.signal,
  });
}
