/** @file An inspection as text for people and as JSON. */

import { isEmbeddedId } from '../hub/embedded_default.ts';
import { publishedAs } from '../report/run_directory.ts';
import type { DefectSummary, MatrixSummary, SaeInspection } from '../sae/inspect.ts';
import type { SaeHeader } from '../sae/sae.ts';
import type { NormSummary } from '../sae/weights/weight_facts.ts';
import { type Style, visible } from './output.ts';

export function inspectionText(inspection: SaeInspection, style: Style): string {
  const { header, encoder, decoder, sameFeature, threshold, densities, facts } = inspection;
  const { identity, dIn, dSae } = header;
  const k = header.k === undefined ? '' : `, k = ${header.k}`;
  const rows: [string, string][] = [
    ['format', `${header.format}, ${header.dtype}`],
    ['architecture', `${header.architecture}${k}`],
    ['d_in, d_sae', `${dIn}, ${dSae} (${Number((dSae / dIn).toFixed(2))} features per dimension)`],
    ...identityRows(header),
    ['W_enc norms', range(encoder.norms)],
    ['W_dec norms', range(decoder.norms)],
    ...defectRows('W_enc', encoder),
    ...defectRows('W_dec', decoder),
  ];
  if (sameFeature) {
    const { mean, min, max, count } = sameFeature;
    rows.push(
      ['cos(enc, dec)', `mean ${fixed(mean)} over ${count} features`],
      [
        '',
        `lowest ${fixed(min.cosine)} at feature ${min.feature}, highest ${fixed(max.cosine)} at feature ${max.feature}`,
      ],
    );
  }
  if (threshold) rows.push(['threshold', range(threshold)]);
  if (densities) rows.push(['densities', densitiesText(densities)]);
  for (const { path, byteLength } of header.files) rows.push(['file', `${path} (${bytes(byteLength)})`]);
  const width = Math.max(...rows.map(([name]) => name.length));
  return [
    style.bold(visible(identity.label)),
    ...rows.map(([name, value]) => `  ${name.padEnd(width)}  ${visible(value)}`),
    style.bold('What was found'),
    ...facts.map((fact) => `  - ${visible(fact)}`),
  ].join('\n');
}

function identityRows({ identity }: SaeHeader): [string, string][] {
  const rows: [string, string | undefined][] = [
    ['release', identity.release && `${identity.release}/${identity.saeId ?? ''}`],
    isEmbeddedId(identity.neuronpediaId)
      ? ['embedded', `${identity.neuronpediaId}: ships with antipode`]
      : ['Neuronpedia', identity.neuronpediaId],
    ['model', identity.modelName],
    ['hook', identity.hookName],
    ['synthetic', identity.isSynthetic ? 'yes: generated weights without a language model' : undefined],
  ];
  return rows.filter((row): row is [string, string] => row[1] !== undefined);
}

function defectRows(name: string, { zeroRows, nonFiniteRows }: MatrixSummary): [string, string][] {
  const row = (what: string, { count, first }: DefectSummary): [string, string][] =>
    count === 0
      ? []
      : [[`${name} ${what}`, `${count} (${first.join(', ')}${count > first.length ? ', …' : ''})`]];
  return [...row('zero', zeroRows), ...row('not finite', nonFiniteRows)];
}

function densitiesText({ neverFired, median }: { neverFired: number; median: number | undefined }): string {
  const rest = median === undefined ? '' : `, median of the others ${Number(median.toPrecision(3))}`;
  return `${neverFired} features never fired${rest}`;
}

function range(summary: NormSummary | undefined): string {
  if (!summary) return 'none: no feature has a direction';
  return `${short(summary.min)} to ${short(summary.max)}, median ${short(summary.median)}`;
}

function short(value: number): string {
  return String(Number(value.toPrecision(5)));
}

function fixed(value: number): string {
  return value.toFixed(4);
}

function bytes(count: number): string {
  if (count < 1000) return `${count} bytes`;
  const units = ['kB', 'MB', 'GB'] as const;
  let value = count / 1000;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${value.toFixed(value < 10 ? 1 : 0)} ${units[unit]}`;
}

/** By the name under which Neuronpedia shows an SAE, or by the one under which the embedded default has it. */
export function publicIds(id: string | undefined): {
  neuronpedia_id: string | null;
  embedded_id: string | null;
} {
  const name = id ?? null;
  return isEmbeddedId(id)
    ? { neuronpedia_id: null, embedded_id: name }
    : { neuronpedia_id: name, embedded_id: null };
}

/** Keys as the columns of our files: snake_case. */
export function inspectionJson(inspection: SaeInspection): unknown {
  const { header, encoder, decoder, sameFeature, threshold, densities, facts } = inspection;
  const { identity } = header;
  return {
    label: identity.label,
    release: identity.release ?? null,
    sae_id: identity.saeId ?? null,
    ...publicIds(identity.neuronpediaId),
    model: identity.modelName ?? null,
    hook_name: identity.hookName ?? null,
    layer: identity.layer ?? null,
    is_synthetic: identity.isSynthetic,
    format: header.format,
    architecture: header.architecture,
    k: header.k ?? null,
    d_in: header.dIn,
    d_sae: header.dSae,
    dtype: header.dtype,
    encoder: matrixJson(encoder),
    decoder: matrixJson(decoder),
    same_feature_cosine: sameFeature ?? null,
    threshold: threshold ?? null,
    densities: densities ? { never_fired: densities.neverFired, median: densities.median ?? null } : null,
    files: header.files.map(({ path, byteLength }) => ({ path, bytes: byteLength, ...publishedAs(path) })),
    facts,
  };
}

function matrixJson({ norms, zeroRows, nonFiniteRows }: MatrixSummary): unknown {
  return { norms: norms ?? null, zero_rows: zeroRows, non_finite_rows: nonFiniteRows };
}
