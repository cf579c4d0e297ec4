/** @file The work of `antipode activations`: the residual stream where the SAE reads, encoded, and the largest activations named. */

import { AntipodeError } from '../errors.ts';
import type { LanguageModel, Site } from '../lm/language_model.ts';
import { openTokenizer } from '../lm/tokenizer/open_tokenizer.ts';
import { type DisplayTable, left, right } from '../report/display.ts';
import type { FeatureNotes } from '../report/feature_notes.ts';
import { renderText } from '../report/text.ts';
import { openSaeEncoder } from '../sae/encoder_session.ts';
import type { Sae, SaeFile } from '../sae/sae.ts';
import { type Matrix, rowOf } from '../tensor/matrix.ts';
import { parseHookPoint } from '../train/harvest/hook_name.ts';
import type { ActivationsFlags } from './activations_command.ts';
import type { CliContext } from './context.ts';
import { notesFor } from './explanation_inputs.ts';
import { checkFits, modelFolder, readPrompts } from './model_inputs.ts';
import { type ModelFlags, openModel } from './model_options.ts';
import { openNamedSae } from './open_named_sae.ts';
import { visible } from './output.ts';
import { otherHookWarning } from './sae_hook.ts';
import { placeOfSae, shownPlace } from './sae_place.ts';

interface ActiveFeature {
  readonly feature: number;
  readonly activation: number;
}

interface TokenActivations {
  readonly position: number;
  readonly token: string;
  readonly id: number;
  /** Features with an activation above zero. */
  readonly active: number;
  /** Largest first; ties to the lower index. */
  readonly top: readonly ActiveFeature[];
}

/** @throws {AntipodeError} for a model, SAE or prompt that is missing, malformed or does not fit the others */
export async function runActivations(context: CliContext, flags: ActivationsFlags): Promise<void> {
  const folder = await modelFolder(context, flags.model);
  const tokenizer = await openTokenizer(folder);
  const [prompt] = await readPrompts(context, [flags.prompt], tokenizer, flags);
  const sae = await openNamedSae(context, flags, flags.sae);
  try {
    const layer = flags.layer ?? sae.header.identity.layer;
    if (layer === undefined) {
      throw new AntipodeError('usage', `${sae.header.identity.label}: its layer is not known`, {
        hint: 'say it with --layer',
      });
    }
    const place = flags.layer ?? placeOfSae(sae.header.identity, layer);
    const read = parseHookPoint(`resid.${place}`, { layers: Infinity });
    const warning = otherHookWarning(sae.header.identity, read);
    if (warning !== undefined) context.out().warn(warning);
    const { notes } = await notesFor(
      context,
      { explanations: flags.explanations, explainer: flags.explainer },
      sae,
    );
    const request = { folder, flags, tokens: prompt!.tokens, layer, place, sae };
    const { residual, precision, device } = await residualAt(context, request);
    const rows: TokenActivations[] = [];
    for await (const acts of activationsOf(await sae.load(), residual, flags)) {
      const position = rows.length;
      const id = prompt!.tokens[position]!;
      rows.push(describeToken(acts, { position, id, token: tokenizer.tokenText(id), top: flags.top }));
    }
    context.out().result({
      human: ({ bold }) => renderText([tableOf(rows, notes, sae, place)], { sanitize: visible, bold }),
      json: () => ({
        model: flags.model,
        precision,
        device: device.name,
        sae: sae.header.identity.label,
        layer,
        place: `resid.${place}`,
        tokens: rows.map((row) => ({
          ...row,
          top: row.top.map((one) => ({ ...one, explanation: notes.explanation(one.feature) ?? null })),
        })),
      }),
      quiet: () => rows.map(({ top }) => String(top[0]?.feature ?? '')),
    });
  } finally {
    await sae.close();
  }
}

interface ResidualRequest {
  readonly folder: string;
  readonly flags: ActivationsFlags;
  readonly tokens: Int32Array;
  readonly layer: number;
  /** Where the SAE reads. */
  readonly place: Site;
  readonly sae: SaeFile;
}

/** `[tokens, d_model]`. */
async function residualAt(
  context: CliContext,
  { folder, flags, tokens, layer, place, sae }: ResidualRequest,
): Promise<Pick<LanguageModel, 'device' | 'precision'> & { readonly residual: Matrix }> {
  const model = await openModel(context, { folder, flags, use: 'activations' });
  try {
    checkFits(sae.header, layer, model.config);
    const name = `resid.${place}` as const;
    const { captures } = await model.forward({ tokens: [tokens], capture: [name], logits: 'none' });
    const data = captures.get(name)!.values;
    const residual = { data, rows: tokens.length, cols: model.config.dModel };
    return { residual, precision: model.precision, device: model.device };
  } finally {
    await model.close();
  }
}

/** Of one row after the other, `[d_sae]`: of a long prompt all together would not fit. */
async function* activationsOf(
  sae: Sae,
  residual: Matrix,
  { threads }: ModelFlags,
): AsyncGenerator<Float32Array, void, undefined> {
  const encoder = await openSaeEncoder(sae, threads === undefined ? {} : { threads });
  try {
    for await (const { acts } of encoder.encodeBlocks(residual)) {
      for (let row = 0; row < acts.rows; row++) yield rowOf(acts, row);
    }
  } finally {
    await encoder.close();
  }
}

function describeToken(
  acts: Float32Array,
  {
    position,
    id,
    token,
    top,
  }: { readonly position: number; readonly id: number; readonly token: string; readonly top: number },
): TokenActivations {
  const active: ActiveFeature[] = [];
  acts.forEach((activation, feature) => {
    if (activation > 0) active.push({ feature, activation });
  });
  active.sort((a, b) => b.activation - a.activation || a.feature - b.feature);
  return { position, token, id, active: active.length, top: active.slice(0, top) };
}

function tableOf(
  rows: readonly TokenActivations[],
  notes: FeatureNotes,
  sae: SaeFile,
  place: Site,
): DisplayTable {
  return {
    title: `${sae.header.identity.label} ${shownPlace(place)}`,
    columns: [
      right('#'),
      left('Token'),
      right('Active'),
      right('Feature'),
      right('Activation'),
      left('Explanation'),
    ],
    rows: rows.flatMap(({ position, token, active, top }) =>
      (top.length === 0 ? [undefined] : top).map((one, rank) => [
        rank === 0 ? String(position) : '',
        rank === 0 ? JSON.stringify(token) : '',
        rank === 0 ? String(active) : '',
        one ? String(one.feature) : '',
        one ? one.activation.toFixed(3) : '',
        one ? (notes.explanation(one.feature) ?? '') : '',
      ]),
    ),
    notes: [
      'Most SAEs are not trained on the first token of a text (BOS): what is active there means little.',
    ],
  };
}
