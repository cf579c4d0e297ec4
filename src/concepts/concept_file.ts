/**
 * @file A user's concept file: YAML or JSON of the shape `[{concept, a: {label, features}, b: {label, features}}]`, or the same list
 * under `concepts` beside `title`, `source`, `description` and `sae`. Everything wrong with a file is said at once, each with line and
 * column. A file that `antipode concepts discover` proposed has `review` beside each concept: what a person struck is left out, and what nobody has reviewed is a problem.
 * Leaves out reading it from disk.
 */

import { z } from 'zod';
import { AntipodeError } from '../errors.ts';
import {
  type FeatureRef,
  formatFeatureRef,
  MAX_FEATURE_INDEX,
  neuronpediaIdOf,
  parseFeatureRef,
  parseSourceRef,
  type SourceRef,
} from '../features/feature_ref.ts';
import type { Concept, ConceptSet, ConceptSide } from './concept_set.ts';
import { describe, noteIssues, short, shownPath, yamlProblems } from './yaml_problems.ts';
import { type Path, type Problem, parseYaml } from './yaml_text.ts';

const EMPTY_SIDE: ConceptSide = { label: '', features: [] };

/** What is read of a file, without its identity. */
export type ConceptFile = Pick<
  ConceptSet,
  'concepts' | 'sae' | 'source' | 'neuronpediaId' | 'layer' | 'struck'
> & {
  readonly title?: string;
};

const MAX_TEXT = 200;
const MAX_CONCEPTS = 10_000;

/** A side of more features than this is a list of everything, not a concept. */
const MAX_SIDE = 10_000;

/** Each pair becomes a row of the results; a million rows are about 200 MB. */
const MAX_PAIRS = 1_000_000;

const text = z.string().trim().min(1).max(MAX_TEXT);
const anything = z.unknown().optional();
const sideShape = z.strictObject({ label: anything, features: anything });
const featuresShape = z.array(z.unknown()).min(1).max(MAX_SIDE);
const conceptShape = z.strictObject({ concept: anything, review: anything, a: anything, b: anything });
const reviewShape = z.enum(['confirmed', 'struck', 'open']).optional();
const listShape = z.array(z.unknown()).min(1).max(MAX_CONCEPTS);
const fileShape = z.strictObject({
  title: text.optional(),
  source: z.string().trim().max(2000).optional(),
  description: z.string().optional(),
  sae: z.string().trim().min(1).max(4096).optional(),
  concepts: anything,
});

/**
 * @param name begins every line of the message
 * @throws {AntipodeError} `format`, one line per problem, at most 20 of them
 */
export function parseConceptFile(fileText: string, name: string): ConceptFile {
  const yaml = parseYaml(fileText, name);
  const checker = new Checker((path) => yaml.offsetOf(path), yaml.problems);
  const file = yaml.value === undefined ? undefined : checker.file(yaml.value);
  const { problems } = checker;
  if (file && problems.length === 0) return { ...file, ...checker.claim() };
  throw yamlProblems(
    name,
    yaml,
    problems,
    problems.length === checker.open
      ? 'read the explanations behind the features, and write confirmed or struck in place of open'
      : 'antipode concepts show article-10 --json prints a file of this shape',
  );
}

class Checker {
  readonly problems: Problem[];
  readonly #offsetOf: (path: Path) => number;
  /** What the file has said so far about the SAE that its indices belong to. */
  #claim: SourceRef = {};
  #claimedBy = '';
  readonly #names = new Set<string>();
  #pairs = 0;
  #struck = 0;
  /** Concepts that wait for a review, each a problem. */
  open = 0;

  constructor(offsetOf: (path: Path) => number, problems: readonly Problem[]) {
    this.#offsetOf = offsetOf;
    this.problems = [...problems];
  }

  file(value: unknown): ConceptFile | undefined {
    if (Array.isArray(value)) return { concepts: this.#concepts(value, []), ...this.#review() };
    const head = this.#shape(fileShape, value, []);
    if (!isRecord(value)) return undefined;
    const { title, source, sae } = head ?? {};
    if (typeof value['sae'] === 'string') this.#claimFromSae(value['sae']);
    const concepts = this.#concepts(value['concepts'], ['concepts']);
    return {
      ...(title === undefined ? {} : { title }),
      ...(source === undefined ? {} : { source }),
      ...(sae === undefined ? {} : { sae }),
      concepts,
      ...this.#review(),
    };
  }

  #review(): Pick<ConceptFile, 'struck'> {
    return this.#struck === 0 ? {} : { struck: this.#struck };
  }

  /** What the whole file said about its SAE; ask after `file`. */
  claim(): Pick<ConceptFile, 'neuronpediaId' | 'layer'> {
    const neuronpediaId = neuronpediaIdOf(this.#claim);
    const { layer } = this.#claim;
    return {
      ...(neuronpediaId === undefined ? {} : { neuronpediaId }),
      ...(layer === undefined ? {} : { layer }),
    };
  }

  #concepts(value: unknown, path: Path): Concept[] {
    const list = this.#shape(listShape, value, path) ?? [];
    const concepts = list
      .map((entry, i) => ({ entry, at: [...path, i] }))
      .filter(({ entry, at }) => this.#isKept(entry, at))
      .map(({ entry, at }) => this.#concept(entry, at));
    if (concepts.length === 0 && list.length > 0) {
      this.#add(path, `${shownPath(path)}: every concept is struck (expected one that is confirmed)`);
    }
    return concepts;
  }

  /** What is struck is not read further: it is there so that nobody has to judge it again. */
  #isKept(entry: unknown, path: Path): boolean {
    if (!isRecord(entry)) return true;
    const at = [...path, 'review'];
    const review = this.#shape(reviewShape, entry['review'], at);
    if (review === 'open') {
      this.open += 1;
      this.#add(at, `${shownPath(at)}: nobody has reviewed it yet (got open, expected confirmed or struck)`);
    }
    if (review === 'struck') this.#struck += 1;
    return review !== 'struck';
  }

  #concept(value: unknown, path: Path): Concept {
    this.#shape(conceptShape, value, path);
    if (!isRecord(value)) return { concept: '', a: EMPTY_SIDE, b: EMPTY_SIDE };
    const at = [...path, 'concept'];
    const concept = this.#shape(text, value['concept'], at) ?? '';
    if (concept !== '' && this.#names.has(concept)) {
      this.#add(at, `${shownPath(path)}: the concept name '${short(concept)}' stands twice`);
    }
    this.#names.add(concept);
    const a = this.#side(value['a'], [...path, 'a']);
    const b = this.#side(value['b'], [...path, 'b']);
    this.#checkPairs(a, b, path);
    return { concept, a, b };
  }

  #side(value: unknown, path: Path): ConceptSide {
    this.#shape(sideShape, value, path);
    if (!isRecord(value)) return EMPTY_SIDE;
    const label = this.#shape(text, value['label'], [...path, 'label']) ?? '';
    const entries = this.#shape(featuresShape, value['features'], [...path, 'features']) ?? [];
    const seen = new Set<number>();
    for (const [i, entry] of entries.entries()) {
      const at = [...path, 'features', i];
      const index = this.#index(entry, at);
      if (index === undefined) continue;
      if (seen.has(index))
        this.#add(at, `${shownPath(at)}: feature ${index} stands twice in '${short(label)}'`);
      seen.add(index);
    }
    return { label, features: [...seen] };
  }

  #index(entry: unknown, path: Path): number | undefined {
    if (typeof entry === 'string') return this.#indexOfRef(entry, path);
    if (typeof entry === 'number' && Number.isInteger(entry) && entry >= 0 && entry <= MAX_FEATURE_INDEX) {
      return entry + 0;
    }
    this.#add(
      path,
      `${shownPath(path)}: not a feature (got ${describe(entry)}, expected a whole number from 0 or a reference such as 20:5444)`,
    );
    return undefined;
  }

  #indexOfRef(entry: string, path: Path): number | undefined {
    let ref: FeatureRef;
    try {
      ref = parseFeatureRef(entry, this.#claim);
    } catch (error) {
      if (!(error instanceof AntipodeError)) throw error;
      this.#add(path, `${shownPath(path)}: ${error.message.replace(/^feature: /, '')}`);
      return undefined;
    }
    if (!this.#claimFrom(ref, entry)) {
      this.#add(
        path,
        `${shownPath(path)}: another SAE than the rest (got ${short(formatFeatureRef(ref))}, expected one of ${short(this.#claimedBy)})`,
      );
    }
    return ref.index;
  }

  /** Only a Neuronpedia id says which SAE it is; a path or a SAELens name says nothing that references could be held against. */
  #claimFromSae(sae: string): void {
    const ref = parseSourceRef(sae);
    if (ref?.layer !== undefined) this.#claimFrom(ref, sae);
  }

  /** False where `ref` contradicts what was said before. */
  #claimFrom(ref: SourceRef, said: string): boolean {
    const claim = this.#claim;
    for (const key of ['modelId', 'sourceId', 'layer'] as const) {
      if (ref[key] !== undefined && claim[key] !== undefined && ref[key] !== claim[key]) return false;
    }
    const { modelId = claim.modelId, sourceId = claim.sourceId, layer = claim.layer } = ref;
    const isNew = modelId !== claim.modelId || sourceId !== claim.sourceId || layer !== claim.layer;
    if (!isNew) return true;
    this.#claimedBy = said;
    this.#claim = {
      ...(modelId === undefined ? {} : { modelId }),
      ...(sourceId === undefined ? {} : { sourceId }),
      ...(layer === undefined ? {} : { layer }),
    };
    return true;
  }

  #checkPairs(a: ConceptSide, b: ConceptSide, path: Path): void {
    const [onlyA] = a.features;
    if (a.features.length === 1 && b.features.length === 1 && onlyA === b.features[0]) {
      this.#add(path, `${shownPath(path)}: no pair is left, because both sides are feature ${onlyA}`);
    }
    const before = this.#pairs;
    this.#pairs += a.features.length * b.features.length;
    if (before <= MAX_PAIRS && this.#pairs > MAX_PAIRS) {
      this.#add(path, `${shownPath(path)}: more than ${MAX_PAIRS} pairs up to here`);
    }
  }

  /** The value in its shape, or undefined once its problems are noted. */
  #shape<T>(schema: z.ZodType<T>, value: unknown, path: Path): T | undefined {
    const result = schema.safeParse(value, { reportInput: true });
    if (result.success) return result.data;
    noteIssues(result.error.issues, path, (at, problem) => this.#add(at, problem));
    return undefined;
  }

  #add(path: Path, problem: string): void {
    this.problems.push({ offset: this.#offsetOf(path), text: problem });
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
