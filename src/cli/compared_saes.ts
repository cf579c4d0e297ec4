/** @file Opens the SAEs that are compared with each other: directions of one model, each with what is known about its features. */

import { AntipodeError } from '../errors.ts';
import { checkWidths } from '../geometry/find_extremes.ts';
import type { KnownSae } from '../report/extremes_subject.ts';
import type { SaeFile } from '../sae/sae.ts';
import type { CliContext } from './context.ts';
import { type DensityFlags, takingPart } from './density_range.ts';
import { type KnownNotes, notesFor } from './explanation_inputs.ts';
import { withDensities } from './known_densities.ts';
import { openNamedSae } from './open_named_sae.ts';
import { visible } from './output.ts';
import type { SaeFlags } from './sae_options.ts';
import { closeAll, withDistinctLabels } from './several_saes.ts';

export interface ComparedFlags extends SaeFlags, DensityFlags {
  readonly explanations?: readonly string[];
  readonly explainer?: string;
}

export interface ComparedSae extends KnownNotes {
  readonly sae: SaeFile;
  readonly takesPart: ((feature: number) => boolean) | undefined;
  readonly warnings: readonly string[];
}

/**
 * @param refs the SAE that the others are compared with comes first; `--explanations` go by their order
 * @throws {AntipodeError} when something is missing, malformed, of another width, or given twice; all files are closed then
 */
export async function openComparedSaes(
  context: CliContext,
  flags: ComparedFlags,
  refs: readonly string[],
): Promise<ComparedSae[]> {
  checkExplanations(flags.explanations ?? [], refs);
  const opened: ComparedSae[] = [];
  try {
    for (const [index, ref] of refs.entries()) {
      opened.push(await openCompared(context, flags, { ref, explanations: flags.explanations?.[index] }));
      checkTogether(opened);
    }
    const [first] = opened;
    const compared = withDistinctLabels(opened).map((one) => ({
      ...one,
      warnings: first ? modelWarnings(first.sae, one.sae) : [],
    }));
    for (const warning of compared.flatMap(({ warnings }) => warnings)) context.out().warn(visible(warning));
    return compared;
  } catch (error) {
    await closeAll(opened);
    throw error;
  }
}

function checkExplanations(explanations: readonly string[], refs: readonly string[]): void {
  if (explanations.length > refs.length) {
    const saes = refs.length === 1 ? 'one SAE' : `${refs.length} SAEs`;
    throw new AntipodeError('usage', `--explanations: given ${explanations.length} times for ${saes}`);
  }
  if (explanations.filter((name) => name === '-').length > 1) {
    throw new AntipodeError('usage', '-: stdin can be read once only');
  }
}

async function openCompared(
  context: CliContext,
  flags: ComparedFlags,
  { ref, explanations }: { readonly ref: string; readonly explanations: string | undefined },
): Promise<ComparedSae> {
  const sae = await openNamedSae(context, flags, ref);
  try {
    const known = await notesFor(context, { explanations, explainer: flags.explainer }, sae);
    const notes = await withDensities(known.notes, sae);
    return { sae, ...known, notes, takesPart: takingPart(sae, notes, flags), warnings: [] };
  } catch (error) {
    await sae.close();
    throw error;
  }
}

function checkTogether(opened: readonly ComparedSae[]): void {
  const [first, last] = [opened[0], opened.at(-1)];
  if (!first || !last || first === last) return;
  checkWidths(first.sae, last.sae);
  const paths = ({ sae }: ComparedSae): string => sae.header.files.map(({ path }) => path).join('\n');
  const twin = opened.find((one) => one !== last && paths(one) === paths(last));
  if (!twin) return;
  throw new AntipodeError(
    'usage',
    `${last.sae.header.identity.label}: is given twice; every feature would be its own nearest`,
    { hint: 'leave --with out: pairs within one SAE need no other' },
  );
}

/** Directions of two models have no common space, though they may have one width. */
export function modelWarnings({ header: first }: SaeFile, { header }: SaeFile): string[] {
  const [model, other] = [first.identity.modelName, header.identity.modelName];
  if (model === undefined || other === undefined || model === other) return [];
  return [
    `${header.identity.label} is an SAE of ${other}, ${first.identity.label} one of ${model}: directions of two models have no common space`,
  ];
}

export function knownSae({ sae, notes, warnings }: ComparedSae): KnownSae {
  return { header: sae.header, notes, warnings };
}
