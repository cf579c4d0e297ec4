/**
 * @file Texts of the grammar as trainings and measurements take them: rows of token ids for the language model, a corpus for harvests and
 * explanations, whole texts for measuring. Nothing is stored; text number i is made when it is asked for.
 */

import type { Corpus } from '../../train/corpus/corpus.ts';
import type { TrainingRows } from '../../train/lm/training_rows.ts';
import type { OrganismCorpus } from '../grammar/corpus.ts';
import type { WordEncoder } from '../tokenizer/word_encoder.ts';
import { hashOf } from './stage_store.ts';

/** Texts whose hash stands for a corpus: a change of the grammar shows in a few of them. */
const IDENTITY_DOCUMENTS = 2000;

/** By split and seed, which say all of a corpus: every stage asks, and the texts take a third of a second. */
const hashes = new Map<string, string>();

/** `sha256` of the first 2,000 texts with their kinds and poles. */
export function corpusHash(corpus: OrganismCorpus): string {
  const { seed, split } = corpus;
  const known = hashes.get(`${split} ${seed}`);
  if (known !== undefined) return known;
  const hash = hashOf(corpus.documents(0, IDENTITY_DOCUMENTS));
  hashes.set(`${split} ${seed}`, hash);
  return hash;
}

/** The first `documents` texts. */
export function generatedCorpus(corpus: OrganismCorpus, documents: number): Corpus {
  const { seed, split } = corpus;
  return {
    documents,
    sha256OrIdentity: `grammar, ${split}, seed ${seed}, ${documents} texts, the first 2000 sha256:${corpusHash(corpus)}`,
    read: async (index) => corpus.document(index).text,
    close: async () => {},
  };
}

/** More texts than a row takes: those that no row reaches are not missed, because a corpus has no end. */
const TEXTS_PER_ROW = 16;

/**
 * Row i holds texts 16 i, 16 i + 1, … one behind the other, each from `<bos>` to `<eos>`, and is cut at `contextLength + 1`: a row can be made without
 * those before it.
 */
export function packedRows(
  corpus: OrganismCorpus,
  encoder: WordEncoder,
  contextLength: number,
): TrainingRows {
  return {
    identity: `packed rows, ${generatedCorpus(corpus, 0).sha256OrIdentity}`,
    row(index) {
      const ids: number[] = [];
      const first = index * TEXTS_PER_ROW;
      for (let at = first; ids.length <= contextLength && at < first + TEXTS_PER_ROW; at++) {
        ids.push(...encoder.encode(corpus.document(at).text));
      }
      return ids.slice(0, contextLength + 1);
    },
  };
}

/** The first `documents` texts, each a row from `<bos>` to `<eos>`. */
export function textRows(corpus: OrganismCorpus, encoder: WordEncoder, documents: number): Int32Array[] {
  return corpus.documents(0, documents).map(({ text }) => Int32Array.from(encoder.encode(text)));
}
