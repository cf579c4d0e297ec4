/**
 * @file `--pair happy:sad`: two poles by name, in the concept pairs that were made for an SAE. The features that the embedded default recommends for
 * steering win over those of its catalogue, because detecting a word and steering towards it are different things.
 */

import { articleCatalogue, articleCatalogueIds } from '../concepts/article.ts';
import { catalogue, catalogueOf } from '../concepts/catalogues.ts';
import type { Concept, ConceptSet, ConceptSide } from '../concepts/concept_set.ts';
import { type RecommendedSteering, recommendedSteering } from '../concepts/recommended_steering.ts';
import { AntipodeError } from '../errors.ts';
import { shownName } from '../formats/shown_name.ts';
import type { SaeIdentity } from '../sae/sae.ts';
import type { PolePair } from './arm.ts';
import { poleFeaturesProblem, poleNameProblem } from './pole_problems.ts';
import { wordStem } from './word_stem.ts';

export interface FoundPair {
  readonly poles: PolePair;
  /** `Happiness-Sadness`. */
  readonly concept: string;
  /** Id of the catalogue, or the file's name. */
  readonly catalogue: string;
  /** Where the features are the recommended ones. */
  readonly recommended?: RecommendedSteering;
}

export interface FindPairOptions {
  readonly sae: Pick<SaeIdentity, 'label' | 'neuronpediaId'>;
  /** Looked in instead of the SAE's catalogue; then nothing is recommended. */
  readonly concepts?: ConceptSet | undefined;
}

/** The concept pairs that ship for this SAE. */
export function cataloguesForSae({
  neuronpediaId,
}: Pick<SaeIdentity, 'neuronpediaId'>): ConceptSet | undefined {
  if (neuronpediaId === undefined) return undefined;
  const embedded = catalogueOf(neuronpediaId);
  if (embedded !== undefined) return catalogue(embedded);
  return articleCatalogueIds()
    .map((id) => articleCatalogue(id))
    .find((set) => set?.neuronpediaId === neuronpediaId);
}

/**
 * @param pair `happy:sad` (in either order, which is the order of the poles), or the name of a concept such as `Happiness-Sadness` or `sentiment`. Names
 * are compared without case and endings. Poles are called as they are asked for, else as the concept calls them.
 * @throws {AntipodeError} `usage` for a name that fits nothing or several concepts, with what there is, or that no pole can have, and poles that share a feature; `missing` where the SAE has no catalogue
 */
export function findPair(pair: string, options: FindPairOptions): FoundPair {
  const { sae } = options;
  const set = options.concepts ?? cataloguesForSae(sae);
  if (!set) {
    throw new AntipodeError('missing', `${sae.label}: no pairs of opposites are known for this SAE`, {
      hint: 'name the features of both poles, or a concept file of this SAE (--concepts)',
    });
  }
  const asked = parsePair(pair);
  const fitting = set.concepts.flatMap((concept) => fitOf(asked, concept));
  const [only] = fitting;
  if (!only || fitting.length > 1) throw notOne(pair, set, fitting);
  const recommended = options.concepts === undefined ? recommendedSteering(sae.neuronpediaId) : undefined;
  const isRecommended = recommended?.concept === only.concept.concept;
  const { a, b } = polesOf(only, isRecommended ? recommended : undefined);
  if (a.name === b.name) {
    throw new AntipodeError('usage', `--pair ${shownName(pair)}: both poles would be called ${a.name}`);
  }
  checkNamed(pair, { a, b });
  return {
    poles: { a, b },
    concept: only.concept.concept,
    catalogue: set.id,
    ...(isRecommended && { recommended }),
  };
}

/** What is looked up by its words may have been asked for with more than words. */
function checkNamed(pair: string, poles: PolePair): void {
  const { a, b } = poles;
  const problem = poleNameProblem(a.name) ?? poleNameProblem(b.name) ?? poleFeaturesProblem(poles);
  if (problem === undefined) return;
  throw new AntipodeError('usage', `--pair ${shownName(pair)}: ${problem}`, {
    hint: 'name both poles in plain words such as happy:sad, or name their features',
  });
}

type Asked = { readonly a: string; readonly b: string } | { readonly concept: string };

function parsePair(pair: string): Asked {
  const parts = pair.split(':').map((part) => part.trim());
  const [a = '', b] = parts;
  const isRight = parts.length <= 2 && parts.every((part) => part !== '');
  if (!isRight) {
    throw new AntipodeError(
      'usage',
      `--pair: got ${JSON.stringify(shownName(pair))}, expected two poles such as happy:sad`,
    );
  }
  return b === undefined ? { concept: a } : { a, b };
}

interface Fit {
  readonly concept: Concept;
  /** Whether the pole that was named first is the concept's b. */
  readonly isReversed: boolean;
  /** As they were asked for. */
  readonly names: { readonly a: string; readonly b: string } | undefined;
}

function fitOf(asked: Asked, concept: Concept): Fit[] {
  if ('concept' in asked) {
    return isNamed(asked.concept, concept.concept) ? [{ concept, isReversed: false, names: undefined }] : [];
  }
  const fits = (name: string, { label }: ConceptSide): boolean => isNamed(name, label);
  const names = { a: asked.a, b: asked.b };
  if (fits(asked.a, concept.a) && fits(asked.b, concept.b)) return [{ concept, isReversed: false, names }];
  if (fits(asked.a, concept.b) && fits(asked.b, concept.a)) return [{ concept, isReversed: true, names }];
  return [];
}

/** The label itself, or all words of one of its alternatives: `Clarity/Comprehension` is found by either. */
function isNamed(name: string, label: string): boolean {
  const wanted = stemsOf(name);
  return [label, ...label.split('/')].some((one) => {
    const stems = stemsOf(one);
    return stems.length === wanted.length && stems.every((stem, i) => stem === wanted[i]);
  });
}

function stemsOf(text: string): string[] {
  return (text.match(/[\p{L}\p{N}]+/gu) ?? []).map(wordStem);
}

function polesOf(
  { concept, isReversed, names }: Fit,
  recommended: RecommendedSteering | undefined,
): PolePair {
  const side = (key: 'a' | 'b'): { name: string; features: readonly number[] } => {
    const { features, label } = concept[key];
    return recommended
      ? { name: recommended[key].name, features: recommended[key].features }
      : { name: label.split('/')[0]!.trim(), features };
  };
  const [first, second] = isReversed ? [side('b'), side('a')] : [side('a'), side('b')];
  return {
    a: { name: capitalised(names?.a ?? first.name), features: first.features },
    b: { name: capitalised(names?.b ?? second.name), features: second.features },
  };
}

/** `happy` becomes `Happy`; what has capitals of its own stays. */
export function capitalised(name: string): string {
  const [first = '', ...rest] = name;
  return first.toUpperCase() + rest.join('');
}

function notOne(pair: string, { concepts, id }: ConceptSet, fitting: readonly Fit[]): AntipodeError {
  const names = (list: readonly Concept[]): string =>
    list.map(({ a, b }) => `${nameOf(a)}:${nameOf(b)}`).join(', ');
  if (fitting.length > 1) {
    const both = names(fitting.map(({ concept }) => concept));
    return new AntipodeError('usage', `--pair ${shownName(pair)}: fits several pairs of ${id} (${both})`, {
      hint: 'name both poles as they stand there, or name their features',
    });
  }
  return new AntipodeError(
    'usage',
    `--pair ${shownName(pair)}: ${id} has no such pair (expected one of ${names(concepts)})`,
    { hint: `antipode concepts show ${id} has their features` },
  );
}

function nameOf({ label }: ConceptSide): string {
  return label.split('/')[0]!.trim().toLowerCase();
}
