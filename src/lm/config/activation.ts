/** @file Activation functions by transformers' names (ACT2FN) that are a GELU; several names are one function. The sigmoid approximation is left out. */

import { type Fields, shownValue } from './fields.ts';
import type { Gelu } from './model_config.ts';

const GELUS: ReadonlyMap<string, Gelu> = new Map([
  ['gelu', 'gelu_erf'],
  ['gelu_python', 'gelu_erf'],
  ['gelu_new', 'gelu_tanh'],
  ['gelu_fast', 'gelu_tanh'],
  ['gelu_accurate', 'gelu_tanh'],
  ['gelu_pytorch_tanh', 'gelu_tanh'],
  ['gelu_python_tanh', 'gelu_tanh'],
]);

/** @param fallback the class's own value, where the file leaves the field out @throws {AntipodeError} for every other function */
export function readGelu(config: Fields, field: string, fallback: string): Gelu {
  const name = config.text(field, fallback);
  const gelu = GELUS.get(name);
  if (gelu) return gelu;
  const known = [...GELUS.keys()].join(', ');
  throw config.refuse(field, `${shownValue(name)} is not supported (expected ${known})`);
}
