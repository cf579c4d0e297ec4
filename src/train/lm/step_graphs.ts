/**
 * @file The two graphs of a training: the step (loss, gradients, AdamW), and the loss alone. Both take `ids` `[rows, columns]`, `targets`
 * `[rows * columns]` and `counted` `[rows * columns]`, which is 0 where a row has ended and 1 elsewhere.
 */

import type { GemmaConfig } from '../../lm/config/model_config.ts';
import { nextTokenLoss } from '../../onnx/gradients/next_token_loss.ts';
import { type FloatType, Tape, type Value } from '../../onnx/gradients/tape.ts';
import { type AdamSettings, emitAdam, type StateSpec } from '../step/optimiser.ts';
import { type BatchShape, gemma2HiddenStates } from './gemma2_layers.ts';

export interface GraphRequest {
  readonly config: GemmaConfig;
  readonly batch: BatchShape;
}

/** Writes the mean negative log-likelihood of the counted targets, in nats. */
export function gemma2Loss(tape: Tape, { batch, config }: GraphRequest): Value {
  const places = batch.rows * batch.columns;
  const ids = tape.indices('ids', [batch.rows, batch.columns]);
  const targets = tape.indices('targets', [places]);
  const counted = tape.input('counted', [places]);
  const states = gemma2HiddenStates(tape, config, ids, batch);
  const { logitSoftcap } = config;
  return nextTokenLoss(
    tape,
    { ...states, targets },
    { weights: counted, ...(logitSoftcap === null ? {} : { softCap: logitSoftcap }) },
  );
}

/** Results: `loss`, `gradient_norm` where clipped, and the next state. Takes `learning_rate` too. */
export function buildStep(
  request: GraphRequest,
  adam: AdamSettings,
): { readonly model: Uint8Array; readonly state: readonly StateSpec[] } {
  const tape = new Tape();
  const loss = gemma2Loss(tape, request);
  tape.expose('loss', loss);
  const state = emitAdam(tape, tape.gradients(loss), adam);
  return { model: tape.encodeInPlace(), state };
}

/** Result: `loss`. */
export function buildLoss(request: GraphRequest, float: FloatType = 'float32'): Uint8Array {
  const tape = new Tape(float);
  tape.expose('loss', gemma2Loss(tape, request));
  return tape.encodeInPlace();
}
