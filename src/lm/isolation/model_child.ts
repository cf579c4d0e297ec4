/** @file The program of the process that a model runs in. */

import { serveCalls } from '../../isolation/serve_calls.ts';
import type { LanguageModel } from '../language_model.ts';
import type { OpenModelOptions } from '../session.ts';

let model: LanguageModel | undefined;

/** `open` comes first and once, `close` last; the others are methods of `LanguageModel`. */
const METHODS = ['forward', 'createPast', 'releasePast', 'close'] as const;

serveCalls(async (method, args, sendProgress) => {
  if (method === 'open') {
    const [folder, options] = args as [string, OpenModelOptions];
    const { openLanguageModel } = await import('../session.ts');
    model = await openLanguageModel(folder, {
      ...options,
      onProgress: (...facts) => void sendProgress(...facts),
    });
    // Methods stay here; what the model says about itself goes over.
    return Object.fromEntries(Object.entries(model).filter(([, fact]) => typeof fact !== 'function'));
  }
  const name = METHODS.find((one) => one === method);
  if (!name) throw new Error(`internal: ${method} is not a method of a model`);
  if (!model) throw new Error(`internal: ${method} before a model was opened`);
  // What they are given is checked where it is used.
  const run = model[name] as (...given: readonly unknown[]) => Promise<unknown>;
  return run.apply(model, [...args]);
});
