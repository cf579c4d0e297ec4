/** @file Opens a model whose numbers, for batches of one shape, are the same bits on any number of threads. */

import type { LanguageModel } from '../lm/language_model.ts';
import type { CliContext } from './context.ts';
import { type ModelRequest, openModel } from './model_options.ts';

/**
 * `auto` stands for `f32` where it would be `exact`, which sums in another order on another number of threads. An explicit `exact` is obeyed.
 * @throws {AntipodeError} as `openModel`
 */
export async function openSteadyModel(context: CliContext, request: ModelRequest): Promise<LanguageModel> {
  const { flags } = request;
  const model = await openModel(context, request);
  if (flags.precision !== 'auto' || model.precision !== 'exact') return model;
  await model.close();
  return openModel(context, { ...request, flags: { ...flags, precision: 'f32' } });
}
