/**
 * @file Turns what a checkpoint's pickle holds into a flat list: tensors under dotted names, everything else as text. Leaves out attributes
 * of dicts and what a name other than a tensor's means.
 */

import { AntipodeError } from '../../errors.ts';
import { shownName } from '../shown_name.ts';
import { isKind } from './pickle_globals.ts';
import type { PickleTensor, PickleValue } from './pickle_values.ts';

/** Nesting of dicts and lists; optimizer states need five. Also what ends a circle. */
const MAX_DEPTH = 64;

/** Values looked at. A pickle can name one list many times over, so its size does not bound this. */
const MAX_VALUES = 2_000_000;

/** Characters of names and text together, for the same reason. */
const MAX_CHARACTERS: number = 64 * 2 ** 20;

export interface FlatCheckpoint {
  readonly tensors: ReadonlyMap<string, PickleTensor>;
  /** Storages without a shape: name to words. */
  readonly bare: ReadonlyMap<string, string>;
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * Dicts open into `outer.inner`, lists and tuples that hold tensors into `list.0`, `list.1`. Strings become metadata as they are, all
 * other values as JSON (bytes as base64 in a string, NaN and infinities as strings, names of types as strings).
 * @param rootName the name of a checkpoint that is one tensor
 * @throws {AntipodeError} `format` where two values get one name, or for circles, endless nesting and endless text
 */
export function flattenCheckpoint(root: PickleValue, rootName: string, label: string): FlatCheckpoint {
  const walker = new Flattener(label);
  if (isKind(root, 'tensor')) walker.visit(root, rootName, 0);
  else walker.visit(root, undefined, 0);
  const { tensors, bare, metadata } = walker;
  return { tensors, bare, metadata: Object.fromEntries(metadata) };
}

class Flattener {
  readonly tensors = new Map<string, PickleTensor>();
  readonly bare = new Map<string, string>();
  readonly metadata = new Map<string, string>();
  readonly #label: string;
  #values = 0;
  #characters = 0;

  constructor(label: string) {
    this.#label = label;
  }

  /** @param name undefined for the root only */
  visit(value: PickleValue, name: string | undefined, depth: number): void {
    this.#count(depth, name?.length ?? 0);
    const below = (key: string): string => (name === undefined ? key : `${name}.${key}`);
    if (isKind(value, 'dict') && (value.entries.size > 0 || name === undefined)) {
      for (const [key, item] of value.entries) this.visit(item, below(String(key)), depth + 1);
    } else if (isKind(value, 'tensor')) this.#add(this.tensors, name, value);
    else if (isKind(value, 'storage')) this.#add(this.bare, name, `bare storage of ${value.dtype}`);
    else {
      const text = typeof value === 'string' ? value : this.#json(value, depth);
      if (text !== undefined) this.#add(this.metadata, name, text);
      else if (isKind(value, 'list') || isKind(value, 'tuple')) {
        value.items.forEach((item, index) => {
          this.visit(item, below(String(index)), depth + 1);
        });
      }
    }
  }

  #add<T>(map: Map<string, T>, name: string | undefined, value: T): void {
    const key = name ?? 'value';
    if (this.tensors.has(key) || this.bare.has(key) || this.metadata.has(key)) {
      throw new AntipodeError('format', `${this.#label}: two values are named ${shownName(key)}`);
    }
    map.set(key, value);
  }

  /** Undefined where there is a tensor or a storage inside. */
  #json(value: PickleValue, depth: number): string | undefined {
    this.#count(depth, typeof value === 'string' || value instanceof Uint8Array ? 2 * value.length : 8);
    if (typeof value === 'bigint') return String(value);
    if (typeof value === 'number') return JSON.stringify(Number.isFinite(value) ? value : String(value));
    if (value === null || typeof value !== 'object') return JSON.stringify(value);
    if (value instanceof Uint8Array) return JSON.stringify(Buffer.from(value).toString('base64'));
    switch (value.kind) {
      case 'global':
        return JSON.stringify(value.name);
      case 'list':
      case 'tuple': {
        const items: string[] = [];
        for (const item of value.items) {
          const text = this.#json(item, depth + 1);
          if (text === undefined) return undefined;
          items.push(text);
        }
        return `[${items.join(',')}]`;
      }
      case 'dict': {
        const members: string[] = [];
        for (const [key, item] of value.entries) {
          const text = this.#json(item, depth + 1);
          if (text === undefined) return undefined;
          const keyText = String(key);
          this.#count(depth, keyText.length);
          members.push(`${JSON.stringify(keyText)}:${text}`);
        }
        return `{${members.join(',')}}`;
      }
      default:
        return undefined;
    }
  }

  #count(depth: number, characters: number): void {
    this.#values++;
    this.#characters += characters;
    const over =
      depth > MAX_DEPTH
        ? `nests deeper than ${MAX_DEPTH} levels, or holds itself`
        : this.#values > MAX_VALUES
          ? `holds more than ${MAX_VALUES} values`
          : this.#characters > MAX_CHARACTERS
            ? `holds more than ${MAX_CHARACTERS} characters of text`
            : undefined;
    if (over !== undefined) {
      throw new AntipodeError('format', `${this.#label}: the checkpoint ${over}`, {
        hint: 'save only the tensors that are needed, as safetensors',
      });
    }
  }
}
