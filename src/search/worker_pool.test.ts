import { describe, expect, it } from 'vitest';
import { allocateMatrix, toFeatureMatrix } from '../tensor/matrix.ts';
import { CONTROL_LENGTH, CONTROL_STOP, type QuantiseJob } from './jobs.ts';
import { LEVELS } from './self_test.ts';
import { shareRows } from './shared_rows.ts';
import { withWorkers } from './worker_pool.ts';

/** Rows of which more are named than there are: reading them ends in a RangeError. */
function impossible(): QuantiseJob {
  const matrix = allocateMatrix(4, 8);
  matrix.data.fill(1);
  const rows = { ...shareRows(toFeatureMatrix(matrix)), usable: Int32Array.of(0, 1, 2, 3) };
  const shape = { from: 0, to: 8, padded: 16 };
  const out = new Uint8Array(new SharedArrayBuffer(16));
  const figures = new Float64Array(new SharedArrayBuffer(24));
  const control = new Int32Array(new SharedArrayBuffer(4 * CONTROL_LENGTH));
  return {
    kind: 'quantise',
    rows,
    d: 8,
    order: undefined,
    parts: [{ shape, levels: 127, out, figures }],
    control,
  };
}

describe('withWorkers', () => {
  it('turns a failed job into an error, stops the others, and serves the next', async () => {
    const job = impossible();
    await expect(withWorkers(2, (workers) => workers.ask(job))).rejects.toMatchObject({ kind: 'resource' });
    expect(job.control[CONTROL_STOP]).toBe(1);
    const [levels] = await withWorkers(2, (workers) => workers.ask({ kind: 'selfTest' }, 1));
    expect([...LEVELS, 0]).toContain(levels);
  });

  it('asks as many workers as it is told', async () => {
    expect(await withWorkers(3, (workers) => workers.ask({ kind: 'selfTest' }))).toHaveLength(3);
    expect(await withWorkers(3, (workers) => workers.ask({ kind: 'selfTest' }, 2))).toHaveLength(2);
  });
});
