/** @file The concept pairs that ship with antipode, under their ids: the article's, and those of the embedded default. */

import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { EMBEDDED_SAES } from '../hub/embedded_default.ts';
import { articleCatalogue, articleCatalogueIds } from './article.ts';
import type { ConceptSet } from './concept_set.ts';
import { parseConcepts } from './parse_concepts.ts';

/** `article-10`, `article-20`, `organism-1`, `organism-2`. */
export function catalogueIds(): string[] {
  return [...articleCatalogueIds(), ...EMBEDDED_SAES.map(({ catalogueId }) => catalogueId)];
}

/** The shipped catalogue with this id, or undefined. */
export function catalogue(id: string): ConceptSet | undefined {
  const embedded = EMBEDDED_SAES.find(({ catalogueId }) => catalogueId === id);
  if (embedded === undefined) return articleCatalogue(id);
  return parseConcepts(id, readFileSync(embedded.concepts), basename(embedded.concepts));
}

/** The id of the catalogue that was made for this SAE, by its Neuronpedia id. */
export function catalogueOf(neuronpediaId: string): string | undefined {
  return EMBEDDED_SAES.find(({ id }) => id === neuronpediaId)?.catalogueId;
}
