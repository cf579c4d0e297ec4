/** @file The loss on rows that a model is not trained on: mean negative log-likelihood per token in nats, all tokens counted alike. */

import { openStepSession } from '../step/step_session.ts';
import type { ParameterSpec } from './parameters.ts';
import { buildLoss, type GraphRequest } from './step_graphs.ts';
import { makeBatch } from './training_rows.ts';

export interface LossSession {
  /**
   * @param parameters by name
   * @returns NaN where there are no rows
   * @throws {AntipodeError} as `makeBatch`
   */
  lossOf(rows: readonly ArrayLike<number>[], parameters: (name: string) => Float32Array): Promise<number>;
  close(): Promise<void>;
}

export async function openLossSession(
  request: GraphRequest,
  specs: readonly ParameterSpec[],
  threads: number | undefined,
): Promise<LossSession> {
  const session = await openStepSession(buildLoss(request), { state: [], threads });
  const limits = { shape: request.batch, vocabSize: request.config.vocabSize };
  return {
    async lossOf(rows, parameters) {
      const weights = specs.map(({ name, shape }) => [name, { shape, data: parameters(name) }]);
      let [sum, counted] = [0, 0];
      for (let from = 0; from < rows.length; from += limits.shape.rows) {
        const batch = makeBatch(rows.slice(from, from + limits.shape.rows), limits, from);
        const feeds = { ...Object.fromEntries(weights), ...batch.feeds };
        const { loss } = await session.look(feeds, ['loss']);
        sum += loss![0]! * batch.counted;
        counted += batch.counted;
      }
      return sum / counted;
    },
    close: () => session.close(),
  };
}
