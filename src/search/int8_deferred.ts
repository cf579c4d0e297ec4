/**
 * @file Pairs that whole rows as bytes leave in question, decided late. A pair whose estimate reaches the limit is among the best so far, as good as surely, and its cosine
 * raises the limit; one that the bound alone keeps in question waits, because most such pairs are below the limit that the end of the pass knows.
 */

import { type Ends, estimateAt, IS_FOR, RECORD_WORDS, type RecordBatch, recordEnds } from './int8_records.ts';
import { createWordLook, type WordLook } from './int8_words.ts';
import type { PassJob } from './jobs.ts';
import { type EndList, exactCosine } from './verify.ts';

/** Pairs that wait per end: two megabytes. */
const MOST_WAITING = 2 ** 17;
/** Float64 cosines per row, on one worker, from which finer integers of the rows pay. */
const COSINES_PER_ROW = 4;
/** Cosines between two looks at what other workers found. */
const LOOK_EVERY = 64;

export interface Deferred {
  /** Decides some of these pairs and lets others wait. */
  take(batch: Pick<RecordBatch, 'records' | 'estimates' | 'count' | 'first' | 'left'>): void;
  /** Decides all that wait. */
  settle(): void;
  /** Cosines computed. */
  verified(): number;
}

export function createDeferred(job: PassJob, ends: Ends): Deferred {
  const columns = job.b ?? job.a;
  const most = COSINES_PER_ROW * Math.max(job.a.rows.usable.length, columns.rows.usable.length);
  let verified = 0;
  let look: WordLook | undefined;

  const decide = (list: EndList, row: number, column: number): void => {
    const i = job.a.rows.usable[row]!;
    const j = columns.rows.usable[column]!;
    if (list.isClosedTo(i, j)) return;
    list.add(i, j, exactCosine(job.a.rows, i, columns.rows, j, job.d));
    verified++;
  };

  const createEnd = (end: keyof Ends): Pick<Deferred, 'take' | 'settle'> => {
    const list = ends[end];
    const sign = end === 'top' ? 1 : -1;
    const rows = new Int32Array(MOST_WAITING);
    const others = new Int32Array(MOST_WAITING);
    const values = new Float64Array(MOST_WAITING);
    let waiting = 0;
    const isPossible = (r: number, limit: number): boolean =>
      values[r]! + (job.a.bounds[rows[r]!]! + columns.bounds[others[r]!]!) >= limit;
    const settle = (): void => {
      let limit = list.limit();
      for (let r = 0; r < waiting; r++) {
        if (r % LOOK_EVERY === 0) limit = list.limit();
        if (!isPossible(r, limit)) continue;
        if (verified > most) look ??= createWordLook(job);
        if (look && look(rows[r]!, others[r]!, sign) < limit) continue;
        decide(list, rows[r]!, others[r]!);
      }
      waiting = 0;
    };
    const makeRoom = (): void => {
      const limit = list.limit();
      let kept = 0;
      for (let r = 0; r < waiting; r++) {
        if (!isPossible(r, limit)) continue;
        rows[kept] = rows[r]!;
        others[kept] = others[r]!;
        values[kept] = values[r]!;
        kept++;
      }
      waiting = kept;
      if (waiting > MOST_WAITING / 2) settle();
    };
    const wait = (row: number, column: number, value: number): void => {
      if (waiting === MOST_WAITING) makeRoom();
      rows[waiting] = row;
      others[waiting] = column;
      values[waiting] = value;
      waiting++;
    };
    return {
      settle,
      take({ records, estimates, count, first, left }) {
        const signed = (record: number): number => sign * estimateAt(estimates, record);
        const rowOf = (record: number): number => first + records[record * RECORD_WORDS]!;
        const columnOf = (record: number): number => left + records[record * RECORD_WORDS + 1]!;
        let limit = list.limit();
        const best: number[] = [];
        for (let record = 0; record < count; record++) {
          if ((recordEnds(records, record) & IS_FOR[end]) === 0) continue;
          if (signed(record) >= limit) best.push(record);
          else wait(rowOf(record), columnOf(record), signed(record));
        }
        // Best first: each cosine can make those behind it wait.
        best.sort((p, q) => signed(q) - signed(p));
        best.forEach((record, at) => {
          if (at > 0 && at % LOOK_EVERY === 0) limit = list.limit();
          if (signed(record) >= limit) decide(list, rowOf(record), columnOf(record));
          else wait(rowOf(record), columnOf(record), signed(record));
        });
      },
    };
  };
  const sides = [createEnd('top'), createEnd('bottom')];
  return {
    take: (batch) => {
      for (const side of sides) side.take(batch);
    },
    settle: () => {
      for (const side of sides) side.settle();
    },
    verified: () => verified,
  };
}
