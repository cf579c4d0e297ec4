import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { runs } from '../../../test/support/effort.ts';
import { AntipodeError } from '../../errors.ts';
import { readPickle } from './pickle.ts';
import type { PickleValue } from './pickle_values.ts';

/** Instructions and operands by hand: strings stand for their Latin-1 bytes. */
function pickle(...parts: (string | number | Uint8Array)[]): Uint8Array {
  return Buffer.concat(
    parts.map((part) =>
      typeof part === 'number'
        ? Uint8Array.of(part)
        : typeof part === 'string'
          ? Buffer.from(part, 'latin1')
          : part,
    ),
  );
}

function u32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
}

function text(value: string): Uint8Array {
  const bytes = Buffer.from(value);
  return pickle('X', u32(bytes.length), bytes);
}

function read(...parts: (string | number | Uint8Array)[]): PickleValue {
  return readPickle(pickle(...parts), 'a.pt: data.pkl');
}

function problem(...parts: (string | number | Uint8Array)[]): string {
  try {
    read(...parts);
  } catch (error) {
    expect(error).toBeInstanceOf(AntipodeError);
    return (error as AntipodeError).message;
  }
  throw new Error('nothing was refused');
}

const TUPLE = (...items: PickleValue[]): PickleValue => ({ kind: 'tuple', items });

describe('plain data', () => {
  it.each<[string, (string | number | Uint8Array)[], PickleValue]>([
    ['None', ['N.'], null],
    ['True', [0x88, '.'], true],
    ['a byte', ['K', 200, '.'], 200],
    ['two bytes', ['M', 1, 2, '.'], 513],
    ['a negative int', ['J', 0xfe, 0xff, 0xff, 0xff, '.'], -2],
    ['a long', [0x8a, 2, 0, 0x80, '.'], -32768],
    ['the empty long', [0x8a, 0, '.'], 0],
    ['a long past 2^53', [0x8a, 9, 0, 0, 0, 0, 0, 0, 0, 0, 1, '.'], 2n ** 64n],
    ['a float, big-endian', ['G', 0x3f, 0xf8, 0, 0, 0, 0, 0, 0, '.'], 1.5],
    ['text', [text('é'), '.'], 'é'],
    ['short text', [0x8c, 2, 'ab', '.'], 'ab'],
    ['bytes', ['C', 2, 1, 255, '.'], Buffer.from([1, 255])],
    ['a pair', ['K', 1, 'K', 2, 0x86, '.'], TUPLE(1, 2)],
    ['a marked tuple', ['(K', 1, 'K', 2, 't.'], TUPLE(1, 2)],
    ['a list', [']', 'K', 1, 'a(K', 2, 'K', 3, 'e.'], { kind: 'list', items: [1, 2, 3] }],
    ['a dict', ['}', text('a'), 'K', 1, 's.'], { kind: 'dict', entries: new Map([['a', 1]]) }],
    ['a marked dict', ['(', text('a'), 'K', 1, 'd.'], { kind: 'dict', entries: new Map([['a', 1]]) }],
    [
      'the memo',
      [']', 0x94, 'K', 7, 'q', 9, '0h', 9, 'h', 0, 0x87 - 1, '.'],
      TUPLE(7, { kind: 'list', items: [] }),
    ],
    ['a duplicate', ['K', 5, '2', 0x86, '.'], TUPLE(5, 5)],
    ['POP_MARK', ['K', 5, '(K', 6, '1.'], 5],
    ['torch.Size', ['ctorch\nSize\n((K', 2, 'K', 3, 't', 't', 'R.'], TUPLE(2, 3)],
  ])('reads %s', (_, parts, value) => {
    const found = read(...parts);
    if (value instanceof Uint8Array) expect([...(found as Uint8Array)]).toEqual([...value]);
    else expect(found).toEqual(value);
  });

  it('reads an OrderedDict with and without pairs, and drops its attributes', () => {
    const made = 'ccollections\nOrderedDict\n';
    expect(read(made, ')R', text('k'), 'K', 1, 's}', text('_metadata'), 'K', 1, 'sb.')).toEqual({
      kind: 'dict',
      entries: new Map([['k', 1]]),
    });
    expect(read(made, '(](K', 1, 'K', 2, 0x86, 'etR.')).toEqual({ kind: 'dict', entries: new Map([[1, 2]]) });
  });

  it('takes a list that holds itself', () => {
    const list = read(']q', 0, 'h', 0, 'a.') as { items: PickleValue[] };
    expect(list.items[0]).toBe(list);
  });
});

describe('what is refused', () => {
  it.each([
    ['posix.system', ['cposix\nsystem\n', text('true'), 0x85, 'R.']],
    ['builtins.eval', [0x8c, 8, 'builtins', 0x8c, 4, 'eval', 0x93, '.']],
    ['torch.load', ['ctorch\nload\n.']],
    ['torch._utils._rebuild_tensor_v3', ['ctorch._utils\n_rebuild_tensor_v3\n.']],
    ['collections.OrderedDict.update', ['ccollections\nOrderedDict.update\n.']],
    ['evil\\u{1b}[2J.x', ['cevil\x1b[2J\nx\n.']],
  ])('the global %s, by name', (name, parts) => {
    expect(problem(...parts)).toBe(
      `a.pt: data.pkl: refused: the checkpoint asks to run ${name}; only plain data and tensors are read, and no code is ever run`,
    );
  });

  it.each([
    ['NEWOBJ', ['ccollections\nOrderedDict\n)', 0x81, '.']],
    ['NEWOBJ_EX', [')', '}', 0x92, '.']],
    ['INST', ['(iposix\nsystem\n.']],
    ['OBJ', ['(ccollections\nOrderedDict\no.']],
    ['EXT1', [0x82, 1, '.']],
    ['PERSID', ['Pabc\n.']],
    ['FROZENSET', ['(', 0x91, '.']],
    ['BYTEARRAY8', [0x96, '.']],
    ['INT', ['I1\n.']],
    ['0xff (unknown)', [0xff, '.']],
  ])('the instruction %s, by name', (name, parts) => {
    expect(problem(...parts)).toContain(`uses the pickle instruction ${name}; only plain data`);
  });

  it('calling data, types and tensors, or setting their state', () => {
    expect(problem('K', 1, ')R.')).toMatch(/refused: the checkpoint asks to call a number/);
    expect(problem('ctorch\nFloatStorage\n)R.')).toMatch(
      /asks to run torch\.FloatStorage, which is only a type/,
    );
    expect(problem(']}b.')).toMatch(/asks to set the state of a list/);
    expect(problem('ccollections\nOrderedDict\n}b.')).toMatch(/state of collections\.OrderedDict/);
    expect(problem('ccollections\nOrderedDict\n)R)b.')).toMatch(/asks to set the state of a dict/);
  });

  it.each([
    ['a cut pickle', ['K'], /ends too early/],
    ['no STOP', ['N'], /ends too early/],
    ['nothing at all', [], /ends too early/],
    ['STOP without a value', ['.'], /empty stack/],
    ['a mark that was never set', ['t.'], /never opened/],
    ['an unknown memo entry', ['h', 3, '.'], /object 3, which was never remembered/],
    ['a tuple as a key', [')', 'q', 0, '0}', 'h', 0, 'Ns.'], /dict key is a tuple/],
    ['a key without a value', ['}(Nu.'], /a key without a value/],
    ['appending to a dict', ['}Na.'], /appends to a dict/],
    ['setting an item of a list', [']NNs.'], /sets an item of a list/],
    ['protocol 6', [0x80, 6, '.'], /protocol 6/],
    ['text past the end', ['X', u32(100), 'abc'], /ends too early/],
    ['endless text', ['X', u32(2 ** 31)], /text of 2147483648 bytes, the limit/],
    ['text of 2^63 bytes', [0x8d, 0, 0, 0, 0, 0, 0, 0, 0x80], /text of 92233720368547\d+ bytes/],
    ['an endless number', [0x8b, u32(1000)], /a whole number of 1000 bytes/],
    ['an endless name', ['c', 'a'.repeat(2000), '\nb\n'], /a name without an end/],
    ['a global that is no text', ['NN', 0x93, '.'], /something that is not text/],
    ['a torn persistent id', ['NQ.'], /a storage is not named as/],
    ['a tensor of nothing', ['ctorch._utils\n_rebuild_tensor_v2\n)R.'], /not made from a storage/],
    ['a parameter of nothing', ['ctorch._utils\n_rebuild_parameter\n)R.'], /not made from a tensor/],
    ['a negative size', ['ctorch\nSize\n((J', u32(2 ** 32 - 1), 'ttR.'], /torch\.Size is not a tuple/],
  ])('%s', (_, parts, expected) => {
    expect(problem(...parts)).toMatch(expected);
  });

  it('work without end', () => {
    const steps = Buffer.alloc(5_000_000, ']');
    expect(problem(steps)).toMatch(/stacks more than 1000000 values/);
    expect(problem(Buffer.from('N0'.repeat(1_250_000)))).toMatch(/needs more than 2000000 steps/);
    expect(problem(Buffer.alloc(1_100_000, '('))).toMatch(/stacks more than 1000000 values/);
  });

  it('a remembered list handed over again and again', () => {
    const size = pickle(
      'ctorch\nSize\nq',
      1,
      '0',
      '(',
      Buffer.from('K\x01'.repeat(60)),
      't',
      0x85,
      'q',
      2,
      '0',
    );
    const calls = pickle(...new Array<Uint8Array>(100_000).fill(pickle('h', 1, 'h', 2, 'R0')));
    expect(problem(size, calls)).toMatch(/needs more than 2000000 steps/);
  });
});

it('gives data or a sentence for any instructions', () => {
  const part = fc.oneof(
    fc.constantFrom(
      'N',
      '(',
      't',
      ']',
      '}',
      'a',
      'e',
      's',
      'u',
      'R',
      'b',
      'Q',
      '0',
      '1',
      '2',
      'l',
      'd',
      ')',
      '.',
    ),
    fc.constantFrom(
      '\x85',
      '\x86',
      '\x87',
      '\x88',
      '\x93',
      '\x94',
      'K\x01',
      'h\x00',
      'q\x00',
      'h\x01',
      'q\x01',
    ),
    fc.constantFrom('ccollections\nOrderedDict\n', 'ctorch\nSize\n', 'ctorch\nFloatStorage\n'),
    fc.constantFrom('ctorch._utils\n_rebuild_tensor_v2\n', '\x8c\x07storage', '\x8c\x010', '\x8a\x01\x05'),
    fc.string({ maxLength: 3 }),
  );
  let sound = 0;
  fc.assert(
    fc.property(fc.array(part, { maxLength: 40 }), (parts) => {
      try {
        read(...parts, '.');
        sound++;
      } catch (error) {
        expect(error).toBeInstanceOf(AntipodeError);
      }
    }),
    { numRuns: runs(5000), seed: 5 },
  );
  expect(sound).toBeGreaterThan(100);
});
