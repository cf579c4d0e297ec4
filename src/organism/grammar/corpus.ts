/**
 * @file The corpus: texts without end from a seed. Text number i of a seed and a split does not depend on the texts before it, so that any part can be
 * made again by itself.
 */

import { createRng } from '../../tensor/rng.ts';
import { createDocument, type OrganismDocument } from './documents.ts';

/** Splits have nothing to do with each other, though the grammar has only so many texts: some short ones stand in several. */
export type CorpusSplit = 'train' | 'validation' | 'selection' | 'report';

export interface OrganismCorpus {
  readonly seed: number;
  readonly split: CorpusSplit;
  /** @param index from 0 on */
  document(index: number): OrganismDocument;
  documents(from: number, to: number): OrganismDocument[];
}

/** @param seed any safe integer */
export function createCorpus(seed: number, split: CorpusSplit): OrganismCorpus {
  const document = (index: number): OrganismDocument =>
    createDocument(createRng(seed, `organism ${split} ${index}`));
  return {
    seed,
    split,
    document,
    documents: (from, to) => Array.from({ length: to - from }, (_, i) => document(from + i)),
  };
}
