/**
 * @file A restricted reader of Python pickles, enough for the state dicts that `torch.save` writes (protocols 2 to 5). It builds plain data
 * and descriptions of tensors and nothing else: `pickle_globals.ts` lists all that a file may name, every other name and every instruction
 * beyond `pickle_opcodes.ts` is refused, and no code is ever run. Leaves out the text instructions of protocol 0 and sets.
 */

import { AntipodeError } from '../../errors.ts';
import { shownName } from '../shown_name.ts';
import { PickleBytes } from './pickle_bytes.ts';
import { applyGlobal, isAllowedGlobal, isKind, keyOf, storageOf } from './pickle_globals.ts';
import { OP, refusedName } from './pickle_opcodes.ts';
import { describeValue, type PickleDict, type PickleList, type PickleValue } from './pickle_values.ts';

/** A tensor takes about 200 bytes; the rest is room for text. */
export const MAX_PICKLE_BYTES: number = 64 * 2 ** 20;

/** About 40 instructions per tensor. Every object costs at least one, so this bounds memory: two million empty dicts take half a GB. */
const MAX_STEPS = 2_000_000;

/** What waits on the stack at once: state dicts are filled in batches of 1,000 pairs. */
const MAX_STACK = 1_000_000;

/** Remembered objects, about seven per tensor. */
const MAX_MEMO = 1_000_000;

const HINT =
  'if you trust the file, save only its weights from Python: safetensors.torch.save_file(torch.load(path, weights_only=True), "weights.safetensors")';

/**
 * Reads one pickle.
 * @param label shown in messages, e.g. `ae.pt: archive/data.pkl`
 * @throws {AntipodeError} `format` for a malformed pickle, one over the limits above, or a refused name or instruction, which it states
 */
export function readPickle(bytes: Uint8Array, label: string): PickleValue {
  return new PickleMachine(bytes, label).run();
}

class PickleMachine {
  readonly #in: PickleBytes;
  readonly #label: string;
  readonly #memo = new Map<number, PickleValue>();
  /** Stacks that a MARK has put aside. */
  readonly #outer: PickleValue[][] = [];
  #stack: PickleValue[] = [];
  #depth = 0;
  #steps = 0;

  constructor(bytes: Uint8Array, label: string) {
    this.#in = new PickleBytes(bytes, label);
    this.#label = label;
  }

  run(): PickleValue {
    if (this.#in.byteLength > MAX_PICKLE_BYTES) {
      throw this.#problem(`has ${this.#in.byteLength} bytes, the limit is ${MAX_PICKLE_BYTES}`);
    }
    for (;;) {
      this.#spend(1);
      const code = this.#in.u8();
      if (code === OP.STOP) return this.#pop();
      if (!(this.#pushData(code) || this.#collect(code) || this.#remember(code) || this.#call(code))) {
        throw this.#refusal(`uses the pickle instruction ${refusedName(code)}`);
      }
      if (this.#depth > MAX_STACK) throw this.#problem(`stacks more than ${MAX_STACK} values`);
    }
  }

  readonly #problem = (problem: string): AntipodeError =>
    new AntipodeError('format', `${this.#label}: ${problem} (at byte ${this.#in.at})`, {
      hint: 'the file may be damaged: fetch it again, or ask for a safetensors copy',
    });

  #refusal(what: string): AntipodeError {
    return new AntipodeError(
      'format',
      `${this.#label}: refused: the checkpoint ${what}; only plain data and tensors are read, and no code is ever run`,
      { hint: HINT },
    );
  }

  #spend(steps: number): void {
    this.#steps += steps;
    if (this.#steps > MAX_STEPS) throw this.#problem(`needs more than ${MAX_STEPS} steps`);
  }

  #push(value: PickleValue): true {
    this.#stack.push(value);
    this.#depth++;
    return true;
  }

  #pop(): PickleValue {
    const value = this.#stack.pop();
    if (value === undefined) throw this.#problem('takes a value from an empty stack');
    this.#depth--;
    return value;
  }

  #popMark(): PickleValue[] {
    const items = this.#stack;
    const outer = this.#outer.pop();
    if (!outer) throw this.#problem('closes a list that was never opened');
    this.#stack = outer;
    this.#depth -= items.length + 1;
    return items;
  }

  #pushData(code: number): boolean {
    const bytes = this.#in;
    switch (code) {
      case OP.NONE:
        return this.#push(null);
      case OP.NEWTRUE:
        return this.#push(true);
      case OP.NEWFALSE:
        return this.#push(false);
      case OP.BININT:
        return this.#push(bytes.i32());
      case OP.BININT1:
        return this.#push(bytes.u8());
      case OP.BININT2:
        return this.#push(bytes.u16());
      case OP.LONG1:
        return this.#push(bytes.long(bytes.u8()));
      case OP.LONG4:
        return this.#push(bytes.long(bytes.u32()));
      case OP.BINFLOAT:
        return this.#push(bytes.f64());
      case OP.BINUNICODE:
        return this.#push(bytes.text(bytes.u32()));
      case OP.SHORT_BINUNICODE:
        return this.#push(bytes.text(bytes.u8()));
      case OP.BINUNICODE8:
        return this.#push(bytes.text(bytes.u64()));
      case OP.BINSTRING:
        return this.#push(bytes.text(bytes.u32()));
      case OP.SHORT_BINSTRING:
        return this.#push(bytes.text(bytes.u8()));
      case OP.BINBYTES:
        return this.#push(bytes.raw(bytes.u32()));
      case OP.SHORT_BINBYTES:
        return this.#push(bytes.raw(bytes.u8()));
      case OP.BINBYTES8:
        return this.#push(bytes.raw(bytes.u64()));
      default:
        return false;
    }
  }

  #collect(code: number): boolean {
    switch (code) {
      case OP.MARK:
        this.#outer.push(this.#stack);
        this.#stack = [];
        this.#depth++;
        return true;
      case OP.POP:
        // Python's POP on a fresh mark removes the mark.
        if (this.#stack.length === 0) this.#popMark();
        else this.#pop();
        return true;
      case OP.POP_MARK:
        this.#popMark();
        return true;
      case OP.DUP:
        return this.#push(this.#top());
      case OP.EMPTY_TUPLE:
        return this.#push({ kind: 'tuple', items: [] });
      case OP.TUPLE:
        return this.#push({ kind: 'tuple', items: this.#popMark() });
      case OP.TUPLE1:
      case OP.TUPLE2:
      case OP.TUPLE3:
        return this.#push({ kind: 'tuple', items: this.#popSeveral(code - OP.TUPLE1 + 1) });
      case OP.EMPTY_LIST:
        return this.#push({ kind: 'list', items: [] });
      case OP.LIST:
        return this.#push({ kind: 'list', items: this.#popMark() });
      case OP.APPEND:
        this.#append([this.#pop()]);
        return true;
      case OP.APPENDS:
        this.#append(this.#popMark());
        return true;
      case OP.EMPTY_DICT:
        return this.#push({ kind: 'dict', entries: new Map() });
      case OP.DICT: {
        const pairs = this.#popMark();
        this.#push({ kind: 'dict', entries: new Map() });
        this.#setItems(pairs);
        return true;
      }
      case OP.SETITEM:
        this.#setItems(this.#popSeveral(2));
        return true;
      case OP.SETITEMS:
        this.#setItems(this.#popMark());
        return true;
      default:
        return false;
    }
  }

  #remember(code: number): boolean {
    const bytes = this.#in;
    switch (code) {
      case OP.PROTO: {
        const version = bytes.u8();
        if (version > 5) throw this.#problem(`has pickle protocol ${version} (expected 2 to 5)`);
        return true;
      }
      case OP.FRAME:
        bytes.u64();
        return true;
      case OP.BINGET:
        return this.#push(this.#recall(bytes.u8()));
      case OP.LONG_BINGET:
        return this.#push(this.#recall(bytes.u32()));
      case OP.BINPUT:
        return this.#put(bytes.u8());
      case OP.LONG_BINPUT:
        return this.#put(bytes.u32());
      case OP.MEMOIZE:
        return this.#put(this.#memo.size);
      default:
        return false;
    }
  }

  #call(code: number): boolean {
    switch (code) {
      case OP.GLOBAL:
        return this.#pushGlobal(this.#in.line(), this.#in.line());
      case OP.STACK_GLOBAL: {
        const [module, name] = this.#popSeveral(2);
        if (typeof module !== 'string' || typeof name !== 'string') {
          throw this.#problem('names a global by something that is not text');
        }
        return this.#pushGlobal(module, name);
      }
      case OP.REDUCE: {
        const [callable, args] = this.#popSeveral(2);
        if (!isKind(callable, 'global')) {
          throw this.#refusal(`asks to call ${callable === undefined ? 'nothing' : describeValue(callable)}`);
        }
        if (!isKind(args, 'tuple'))
          throw this.#problem(`calls ${callable.name} without a tuple of arguments`);
        const [first] = args.items;
        // A remembered list can be handed over again and again for one step each.
        if (isKind(first, 'list') || isKind(first, 'tuple')) this.#spend(first.items.length);
        return this.#push(applyGlobal(callable.name, args.items, this.#problem));
      }
      case OP.BUILD: {
        const state = this.#pop();
        // Attributes of an OrderedDict (torch puts `_metadata` there) carry no weights and are dropped.
        if (isKind(this.#top(), 'dict') && isKind(state, 'dict')) return true;
        throw this.#refusal(`asks to set the state of ${describeValue(this.#top())}`);
      }
      case OP.BINPERSID:
        return this.#push(storageOf(this.#pop(), this.#problem));
      default:
        return false;
    }
  }

  #pushGlobal(module: string, name: string): true {
    const full = `${module}.${name}`;
    if (!isAllowedGlobal(full)) throw this.#refusal(`asks to run ${shownName(full)}`);
    return this.#push({ kind: 'global', name: full });
  }

  #top(): PickleValue {
    const value = this.#stack.at(-1);
    if (value === undefined) throw this.#problem('takes a value from an empty stack');
    return value;
  }

  #popSeveral(count: number): PickleValue[] {
    if (this.#stack.length < count) throw this.#problem('takes a value from an empty stack');
    this.#depth -= count;
    return this.#stack.splice(-count);
  }

  #append(items: readonly PickleValue[]): void {
    const list: PickleValue = this.#top();
    if (!isKind(list, 'list')) throw this.#problem(`appends to ${describeValue(list)}`);
    const { items: all }: PickleList = list;
    for (const item of items) all.push(item);
  }

  #setItems(pairs: readonly PickleValue[]): void {
    const dict: PickleValue = this.#top();
    if (!isKind(dict, 'dict')) throw this.#problem(`sets an item of ${describeValue(dict)}`);
    if (pairs.length % 2 !== 0) throw this.#problem('sets a key without a value');
    const { entries }: PickleDict = dict;
    for (let i = 0; i < pairs.length; i += 2) entries.set(keyOf(pairs[i]!, this.#problem), pairs[i + 1]!);
  }

  #recall(index: number): PickleValue {
    const value = this.#memo.get(index);
    if (value === undefined) throw this.#problem(`recalls object ${index}, which was never remembered`);
    return value;
  }

  #put(index: number): true {
    this.#memo.set(index, this.#top());
    if (this.#memo.size > MAX_MEMO) throw this.#problem(`remembers more than ${MAX_MEMO} objects`);
    return true;
  }
}
