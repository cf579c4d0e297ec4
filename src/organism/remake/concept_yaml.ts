/** @file The catalogue of one SAE as a concept file: the concepts of which both poles have a feature. */

import { POLE_CONCEPTS } from '../grammar/concepts.ts';
import type { Pole } from '../grammar/pole.ts';
import type { CatalogueResult } from './catalogue_stage.ts';
import { saeOfLayer } from './open_parts.ts';

/** Those that go into the file, in the grammar's order. */
export function completeConcepts(catalogue: CatalogueResult): readonly string[] {
  return sidesOf(catalogue).map(({ concept }) => concept);
}

/** Undefined where no concept is complete: a concept file without concepts is none. */
export function conceptYaml(catalogue: CatalogueResult): string | undefined {
  const { layer, rule, texts } = catalogue;
  const sides = sidesOf(catalogue);
  if (sides.length === 0) return undefined;
  const source =
    `Chosen by activation alone, on ${texts} texts of the selection seed: at least ${100 * rule.minShare} % of a feature's activation lies on words ` +
    `that only this pole has, on ${rule.minEffectiveWords} of them in effect or more, and it is active at ${rule.minTokens} tokens or more; where no feature is so, the nearest one. README.md has the numbers.`;
  const lines = [
    `title: ${JSON.stringify(`Opposites in the embedded default, layer ${layer}`)}`,
    `source: ${JSON.stringify(source)}`,
    `sae: ${saeOfLayer(layer).id}`,
    'concepts:',
    ...sides.flatMap(({ a, b, concept }) => [
      `  - concept: ${JSON.stringify(concept)}`,
      `    a: ${sideText(a)}`,
      `    b: ${sideText(b)}`,
    ]),
  ];
  return `${lines.join('\n')}\n`;
}

interface Side {
  readonly label: string;
  readonly features: readonly number[];
}

function sidesOf({ poles }: CatalogueResult): { concept: string; a: Side; b: Side }[] {
  const found = new Map(poles.map(({ features, pole }) => [pole, features.map(({ feature }) => feature)]));
  const side = ({ id, label }: Pole): Side => ({ label, features: found.get(id) ?? [] });
  return POLE_CONCEPTS.map(({ a, b, concept }) => ({ concept, a: side(a), b: side(b) })).filter(
    ({ a, b }) => a.features.length > 0 && b.features.length > 0,
  );
}

function sideText({ features, label }: Side): string {
  return `{ label: ${JSON.stringify(label)}, features: [${features.join(', ')}] }`;
}
