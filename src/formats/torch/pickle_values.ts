/**
 * @file What a torch checkpoint's pickle can become here: plain data and descriptions of tensors. Storages and tensors are only described;
 * their bytes lie in other members of the zip.
 */

import type { DType } from '../../tensor/dtype.ts';

export type PickleKey = null | boolean | number | bigint | string;

export type PickleValue =
  | PickleKey
  | Uint8Array
  | PickleList
  | PickleTuple
  | PickleDict
  | PickleStorage
  | PickleTensor
  | PickleGlobal;

export interface PickleList {
  readonly kind: 'list';
  /** May hold itself, directly or further down: pickles can describe circles. */
  readonly items: PickleValue[];
}

export interface PickleTuple {
  readonly kind: 'tuple';
  readonly items: readonly PickleValue[];
}

/** A `dict` or an `OrderedDict`, in order. */
export interface PickleDict {
  readonly kind: 'dict';
  readonly entries: Map<PickleKey, PickleValue>;
}

/** A typed run of elements, stored in the zip member `data/KEY`. */
export interface PickleStorage {
  readonly kind: 'storage';
  readonly key: string;
  readonly dtype: DType;
  readonly count: number;
}

/** A strided view of a storage; all numbers are non-negative safe integers, counted in elements. */
export interface PickleTensor {
  readonly kind: 'tensor';
  readonly storage: PickleStorage;
  readonly offset: number;
  readonly size: readonly number[];
  readonly stride: readonly number[];
}

/** One of the few callables and types that a checkpoint may name, not yet applied. */
export interface PickleGlobal {
  readonly kind: 'global';
  readonly name: string;
}

/** In words, for messages. */
export function describeValue(value: PickleValue): string {
  if (value === null) return 'None';
  if (typeof value === 'string') return 'a string';
  if (typeof value === 'boolean') return 'a truth value';
  if (typeof value === 'number' || typeof value === 'bigint') return 'a number';
  if (value instanceof Uint8Array) return 'bytes';
  return value.kind === 'global' ? value.name : `a ${value.kind}`;
}
