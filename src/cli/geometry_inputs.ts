/** @file Opens what `antipode geometry` and `antipode power` were given, and decides which concepts and explanations belong to which SAE. */

import { catalogue, catalogueIds, catalogueOf } from '../concepts/catalogues.ts';
import type { ConceptSet } from '../concepts/concept_set.ts';
import { loadConcepts } from '../concepts/load_concepts.ts';
import { publishedFor } from '../concepts/published.ts';
import { AntipodeError } from '../errors.ts';
import type { SaeFile, SaeIdentity } from '../sae/sae.ts';
import type { CliContext } from './context.ts';
import { type KnownNotes, notesFor } from './explanation_inputs.ts';
import type { ConceptFlags } from './geometry_flags.ts';
import { withDensities } from './known_densities.ts';
import { openNamedSae } from './open_named_sae.ts';
import { closeAll, withDistinctLabels } from './several_saes.ts';

export interface GeometryInput extends KnownNotes {
  readonly sae: SaeFile;
  readonly concepts: ConceptSet;
}

/** The SAEs in the order given. @throws {AntipodeError} when something is missing, malformed or cannot be matched; all files are closed then */
export async function openGeometryInputs(context: CliContext, flags: ConceptFlags): Promise<GeometryInput[]> {
  checkCounts(flags);
  const sets = await loadConceptSets(context, flags.concepts ?? []);
  const inputs: GeometryInput[] = [];
  try {
    for (const [index, ref] of flags.sae.entries())
      inputs.push(await openInput(context, flags, { ref, index, sets }));
    return withDistinctLabels(inputs);
  } catch (error) {
    await closeAll(inputs);
    throw error;
  }
}

/** @throws {AntipodeError} `usage` when lists that go together have different lengths */
export function checkCounts({ sae, concepts = [], explanations = [] }: ConceptFlags): void {
  for (const [name, given] of [
    ['--concepts', concepts],
    ['--explanations', explanations],
  ] as const) {
    if (given.length > sae.length) {
      throw new AntipodeError('usage', `${name}: given ${given.length} times for ${sae.length} --sae`);
    }
  }
  if ([...concepts, ...explanations].filter((name) => name === '-').length > 1) {
    throw new AntipodeError('usage', '-: stdin can be read once only');
  }
}

async function loadConceptSets(context: CliContext, names: readonly string[]): Promise<ConceptSet[]> {
  const sets: ConceptSet[] = [];
  for (const name of names) sets.push(await loadConcepts(name, { cwd: context.cwd, stdin: context.stdin }));
  return sets;
}

interface Named {
  readonly ref: string;
  readonly index: number;
  readonly sets: readonly ConceptSet[];
}

async function openInput(
  context: CliContext,
  flags: ConceptFlags,
  { ref, index, sets }: Named,
): Promise<GeometryInput> {
  const sae = await openNamedSae(context, flags, ref);
  try {
    const concepts = conceptsFor(sae, index, sets, flags);
    const { explainer } = flags;
    const known = await notesFor(context, { explanations: flags.explanations?.[index], explainer }, sae);
    return { sae, concepts, ...known, notes: await withDensities(known.notes, sae) };
  } catch (error) {
    await sae.close();
    throw error;
  }
}

/** Given sets go by the SAE they name, else by position; one set serves all. Without any, an SAE of the article has its own catalogue. */
function conceptsFor(
  sae: SaeFile,
  index: number,
  sets: readonly ConceptSet[],
  flags: ConceptFlags,
): ConceptSet {
  const { identity } = sae.header;
  const own = sets.find(
    ({ neuronpediaId }) => neuronpediaId !== undefined && neuronpediaId === identity.neuronpediaId,
  );
  if (own) return own;
  const [only] = sets;
  if (only && sets.length === 1) return only;
  const positional = sets[index];
  if (positional && sets.length === flags.sae.length) return positional;
  const fallback = ownCatalogue(identity);
  if (fallback && sets.length === 0) return fallback;
  throw noConcepts(identity);
}

/** Of an SAE of the article, and of the embedded ones. */
export function ownCatalogue(identity: SaeIdentity): ConceptSet | undefined {
  const id = publishedFor(identity)?.id ?? catalogueOf(identity.neuronpediaId ?? '');
  return id === undefined ? undefined : catalogue(id);
}

export function noConcepts({ label }: SaeIdentity): AntipodeError {
  return new AntipodeError('usage', `${label}: no concepts are given for it`, {
    hint: `add --concepts, in a spec concepts: with ${catalogueIds().join(', ')} or a file of your own (antipode concepts --help)`,
  });
}
