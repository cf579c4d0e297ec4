/**
 * @file The complete list of what a checkpoint may ask for by name, and what each becomes: a description of a tensor, or a plain container.
 * Nothing here looks anything up, imports anything or calls anything that the file names. Source of the argument lists:
 * `torch/_utils.py` (`_rebuild_tensor_v2`, `_rebuild_parameter`) and `torch/serialization.py` (`persistent_id`).
 */

import type { DType } from '../../tensor/dtype.ts';
import {
  describeValue,
  type PickleDict,
  type PickleKey,
  type PickleTensor,
  type PickleValue,
} from './pickle_values.ts';

const STORAGE_TYPES: ReadonlyMap<string, DType> = new Map([
  ['torch.DoubleStorage', 'F64'],
  ['torch.FloatStorage', 'F32'],
  ['torch.HalfStorage', 'F16'],
  ['torch.BFloat16Storage', 'BF16'],
  ['torch.LongStorage', 'I64'],
  ['torch.IntStorage', 'I32'],
  ['torch.ShortStorage', 'I16'],
  ['torch.CharStorage', 'I8'],
  ['torch.ByteStorage', 'U8'],
  ['torch.BoolStorage', 'BOOL'],
]);

const ORDERED_DICT = 'collections.OrderedDict';
const REBUILD_TENSOR = 'torch._utils._rebuild_tensor_v2';
const REBUILD_PARAMETER = 'torch._utils._rebuild_parameter';
const TORCH_SIZE = 'torch.Size';

const CALLABLES: ReadonlySet<string> = new Set([ORDERED_DICT, REBUILD_TENSOR, REBUILD_PARAMETER, TORCH_SIZE]);

/** torch allows 64 axes. */
const MAX_AXES = 64;

/** A sentence part about arguments that do not fit; the machine adds where. */
export type Problem = (problem: string) => Error;

export function isAllowedGlobal(name: string): boolean {
  return CALLABLES.has(name) || STORAGE_TYPES.has(name);
}

/** What calling the allowed global `name` with `args` stands for. */
export function applyGlobal(name: string, args: readonly PickleValue[], problem: Problem): PickleValue {
  switch (name) {
    case ORDERED_DICT:
      return orderedDict(args, problem);
    case REBUILD_TENSOR:
      return rebuiltTensor(args, problem);
    case REBUILD_PARAMETER: {
      const [tensor] = args;
      if (!isKind(tensor, 'tensor')) throw problem('a parameter is not made from a tensor');
      return tensor;
    }
    case TORCH_SIZE:
      return { kind: 'tuple', items: args.length === 0 ? [] : sizes(args[0], 'torch.Size', problem) };
    default:
      throw problem(`it asks to run ${name}, which is only a type here`);
  }
}

/** The storage that a persistent id `('storage', TYPE, KEY, DEVICE, COUNT)` names. */
export function storageOf(id: PickleValue, problem: Problem): PickleValue {
  const [tag, type, key, , count] = isKind(id, 'tuple') ? id.items : [];
  const dtype = isKind(type, 'global') ? STORAGE_TYPES.get(type.name) : undefined;
  if (tag !== 'storage' || dtype === undefined || typeof key !== 'string' || !isIndex(count)) {
    throw problem("a storage is not named as ('storage', type, key, device, count)");
  }
  return { kind: 'storage', key, dtype, count };
}

/** Dict keys that have an identity of their own. */
export function keyOf(value: PickleValue, problem: Problem): PickleKey {
  if (value === null || typeof value !== 'object') return value;
  throw problem(`a dict key is ${describeValue(value)} (expected a string or a number)`);
}

function orderedDict(args: readonly PickleValue[], problem: Problem): PickleDict {
  const entries = new Map<PickleKey, PickleValue>();
  const [pairs] = args;
  if (pairs === undefined) return { kind: 'dict', entries };
  if (!isKind(pairs, 'list') && !isKind(pairs, 'tuple'))
    throw problem('an OrderedDict is not made from pairs');
  for (const pair of pairs.items) {
    const items = isKind(pair, 'list') || isKind(pair, 'tuple') ? pair.items : [];
    if (items.length !== 2) throw problem('an OrderedDict is not made from pairs');
    entries.set(keyOf(items[0]!, problem), items[1]!);
  }
  return { kind: 'dict', entries };
}

function rebuiltTensor(args: readonly PickleValue[], problem: Problem): PickleTensor {
  const [storage, offset] = args;
  if (!isKind(storage, 'storage') || !isIndex(offset)) {
    throw problem('a tensor is not made from a storage and an offset');
  }
  const size = sizes(args[2], 'the size of a tensor', problem);
  const stride = sizes(args[3], 'the stride of a tensor', problem);
  if (size.length !== stride.length) {
    throw problem(`a tensor has ${size.length} sizes and ${stride.length} strides`);
  }
  return { kind: 'tensor', storage, offset, size, stride };
}

function sizes(value: PickleValue | undefined, what: string, problem: Problem): number[] {
  const items: readonly PickleValue[] | undefined =
    isKind(value, 'tuple') || isKind(value, 'list') ? value.items : undefined;
  if (!items || items.length > MAX_AXES || !items.every(isIndex)) {
    throw problem(`${what} is not a tuple of at most ${MAX_AXES} whole numbers`);
  }
  return [...items];
}

function isIndex(value: PickleValue | undefined): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

type Kinds = Exclude<PickleValue, PickleKey | Uint8Array>;

export function isKind<K extends Kinds['kind']>(
  value: PickleValue | undefined,
  kind: K,
): value is Extract<Kinds, { kind: K }> {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === kind;
}
