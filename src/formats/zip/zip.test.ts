import { mkdtemp, open, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32, deflateRawSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fixtureBytes } from '../../../test/support/array_files.ts';
import { AntipodeError } from '../../errors.ts';
import { memorySource, openFileSource } from '../source.ts';
import { openZip } from './zip.ts';

interface MemberSpec {
  readonly name: string;
  readonly data?: Uint8Array;
  readonly method?: number;
  readonly flags?: number;
  readonly crc?: number;
  readonly size?: number;
  readonly body?: Uint8Array;
}

function u16(value: number): number[] {
  return [value & 255, (value >> 8) & 255];
}

function u32(value: number): number[] {
  return [...u16(value & 0xffff), ...u16(value >>> 16)];
}

function u64(value: number): number[] {
  return [...u32(value % 2 ** 32), ...u32(Math.floor(value / 2 ** 32))];
}

/** A zip by hand, field by field from APPNOTE sections 4.3.7, 4.3.12 and 4.3.16. */
function zipOf(members: readonly MemberSpec[], declaredCount = members.length): Uint8Array {
  const bytes: number[] = [];
  const central: number[] = [];
  for (const { name, data = new Uint8Array(0), method = 0, flags = 0, crc, size, body } of members) {
    const stored = body ?? (method === 8 ? deflateRawSync(data) : data);
    const nameBytes = [...Buffer.from(name)];
    const fields = [
      ...u16(20),
      ...u16(flags),
      ...u16(method),
      ...u32(0),
      ...u32(crc ?? crc32(data)),
      ...u32(stored.length),
      ...u32(size ?? data.length),
      ...u16(nameBytes.length),
    ];
    const offset = bytes.length;
    bytes.push(0x50, 0x4b, 3, 4, ...fields, ...u16(0), ...nameBytes, ...stored);
    central.push(0x50, 0x4b, 1, 2, ...u16(20), ...fields, ...u16(0), ...u16(0), ...u16(0), ...u16(0));
    central.push(...u32(0), ...u32(offset), ...nameBytes);
  }
  const end = [...u16(0), ...u16(0), ...u16(declaredCount), ...u16(declaredCount)];
  const start = bytes.length;
  bytes.push(...central, 0x50, 0x4b, 5, 6, ...end, ...u32(central.length), ...u32(start), ...u16(0));
  return Uint8Array.from(bytes);
}

async function streamed(bytes: Uint8Array, name: string): Promise<Buffer> {
  const archive = await openZip(memorySource('a.zip', bytes));
  const pieces: Uint8Array[] = [];
  for await (const piece of archive.members.get(name)!.stream()) pieces.push(piece);
  return Buffer.concat(pieces);
}

async function problemOf(work: Promise<unknown>): Promise<string> {
  const error: unknown = await work.then(
    () => undefined,
    (e: unknown) => e,
  );
  expect(error).toBeInstanceOf(AntipodeError);
  expect((error as AntipodeError).kind).toBe('format');
  return (error as AntipodeError).message;
}

const TEXT = Buffer.from('opposite directions '.repeat(50));

describe('openZip', () => {
  it('lists what numpy wrote, with its zip64 local headers', async () => {
    const bytes = await fixtureBytes('npy/stored.npz');
    const archive = await openZip(memorySource('stored.npz', bytes));
    const member = archive.members.get('f4.npy')!;
    expect(member).toMatchObject({ method: 'STORED', compressedSize: 176, uncompressedSize: 176 });
    // The local header really is the zip64 one: version 45, sizes 0xFFFFFFFF.
    expect([...bytes.subarray(0, 6), ...bytes.subarray(18, 26)]).toEqual([
      ...[0x50, 0x4b, 3, 4, 45, 0],
      ...new Array(8).fill(255),
    ]);
    const offset = await member.dataOffset();
    expect(Buffer.from(bytes.subarray(offset, offset + 6)).toString('latin1')).toBe('\x93NUMPY');
  });

  it('reads a stored range straight into shared memory', async () => {
    const archive = await openZip(memorySource('a.zip', zipOf([{ name: 'x', data: TEXT }])));
    const target = new Uint8Array(new SharedArrayBuffer(20), 4, 10);
    await archive.members.get('x')!.readInto(target, 9);
    expect(Buffer.from(target).toString()).toBe('directions');
  });

  it('reads a range of a deflated member', async () => {
    const archive = await openZip(memorySource('a.zip', zipOf([{ name: 'x', data: TEXT, method: 8 }])));
    const member = archive.members.get('x')!;
    expect(member.isRandomAccess).toBe(false);
    const target = new Uint8Array(10);
    await member.readInto(target, 20 * 30 + 9);
    expect(Buffer.from(target).toString()).toBe('directions');
    expect(await problemOf(member.readInto(target, TEXT.length - 9))).toMatch(/read past its end/);
  });

  it('takes names that would be dangerous only when extracted, and shows them escaped', async () => {
    const names = ['../../etc/x', '/abs', 'a\\b', 'C:/x', 'bell\x07\u202e'];
    const archive = await openZip(
      memorySource('a.zip', zipOf(names.map((name) => ({ name, flags: 0x800 })))),
    );
    expect([...archive.members.keys()]).toEqual(names);
    expect(archive.members.get('bell\x07\u202e')!.label).toBe('a.zip: bell\\u{7}\\u{202e}');
  });

  it('leaves folders out and takes an empty archive', async () => {
    const archive = await openZip(memorySource('a.zip', zipOf([{ name: 'folder/' }, { name: 'folder/x' }])));
    expect([...archive.members.keys()]).toEqual(['folder/x']);
    expect((await openZip(memorySource('a.zip', zipOf([])))).members.size).toBe(0);
  });

  it.each([
    [
      'an encrypted member',
      [{ name: 'x', flags: 1, data: TEXT, body: Buffer.alloc(TEXT.length + 12) }],
      /encrypted/,
    ],
    ['another method', [{ name: 'x', method: 93 }], /x: compression method 93 is not supported/],
    ['two members of one name', [{ name: 'x' }, { name: 'x' }], /two members are named x/],
    [
      'an impossible expansion',
      [{ name: 'x', method: 8, data: TEXT, size: 2 ** 31 }],
      /cannot become the 2147483648/,
    ],
    [
      'data past the end',
      [{ name: 'x', method: 8, data: TEXT, body: new Uint8Array(0), size: 0 }],
      undefined,
    ],
  ])('refuses %s', async (_, members: MemberSpec[], problem) => {
    const bytes = zipOf(members);
    if (problem === undefined) {
      // The compressed size in the directory is raised past the file.
      const at = bytes.length - 22 - 47 + 20;
      bytes.set([255, 255, 255, 0], at);
    }
    expect(await problemOf(openZip(memorySource('a.zip', bytes)))).toMatch(problem ?? /would end at byte/);
  });

  it('refuses more members than it lists, and what is no zip', async () => {
    expect(await problemOf(openZip(memorySource('a.zip', zipOf([{ name: 'x' }], 2))))).toMatch(
      /not a readable zip/,
    );
    expect(await problemOf(openZip(memorySource('a.zip', TEXT)))).toMatch(/a\.zip: not a readable zip file/);
    expect(await problemOf(openZip(memorySource('a.zip', new Uint8Array(0))))).toMatch(/not a readable zip/);
  });

  it('refuses a directory that claims millions of members before reading it', async () => {
    const plain = zipOf([{ name: 'x' }]);
    const zip64 = [0x50, 0x4b, 6, 6, ...u64(44), ...u16(45), ...u16(45), ...u32(0), ...u32(0)];
    const end = plain.length - 22;
    const bytes = Uint8Array.from([
      ...plain.subarray(0, end),
      ...[...zip64, ...u64(5e9), ...u64(5e9), ...u64(47), ...u64(31)],
      ...[0x50, 0x4b, 6, 7, ...u32(0), ...u64(end), ...u32(1)],
      ...plain.subarray(end),
    ]);
    expect(await problemOf(openZip(memorySource('a.zip', bytes)))).toMatch(
      /lists 5000000000 members, the limit/,
    );
  });
});

describe('a member streamed to its end', () => {
  it.each([0, 8])('is what was written (method %i)', async (method) => {
    expect((await streamed(zipOf([{ name: 'x', data: TEXT, method }]), 'x')).equals(TEXT)).toBe(true);
  });

  it.each([0, 8])('is refused by name where its checksum differs (method %i)', async (method) => {
    const bytes = zipOf([{ name: 'x', data: TEXT, method, crc: 5 }]);
    expect(await problemOf(streamed(bytes, 'x'))).toMatch(
      /^a\.zip: x: the member is damaged: its checksum is 0x[0-9a-f]{8}, expected 0x00000005$/,
    );
  });

  it('is refused where it inflates to another length, or not at all', async () => {
    const shorter = zipOf([{ name: 'x', data: TEXT, method: 8, size: TEXT.length - 1 }]);
    expect(await problemOf(streamed(shorter, 'x'))).toMatch(/more than the 999 bytes it declares/);
    const longer = zipOf([{ name: 'x', data: TEXT, method: 8, size: TEXT.length + 1 }]);
    expect(await problemOf(streamed(longer, 'x'))).toMatch(/inflates to 1000 bytes, expected 1001/);
    const cut = zipOf([{ name: 'x', data: TEXT, method: 8, body: deflateRawSync(TEXT).subarray(0, 12) }]);
    expect(await problemOf(streamed(cut, 'x'))).toMatch(/cannot be inflated/);
    const noise = zipOf([{ name: 'x', data: TEXT, method: 8, body: Buffer.alloc(40, 0xff) }]);
    expect(await problemOf(streamed(noise, 'x'))).toMatch(/cannot be inflated/);
  });

  it('is refused where the local header names another member', async () => {
    const bytes = zipOf([{ name: 'x', data: TEXT }]);
    bytes[30] = 0x79;
    expect(await problemOf(streamed(bytes, 'x'))).toMatch(/another member lies at byte 0/);
  });

  it('stops inflating when the reader stops', async () => {
    const data = Buffer.alloc(64 * 2 ** 20);
    const archive = await openZip(memorySource('a.zip', zipOf([{ name: 'x', data, method: 8 }])));
    let largest = 0;
    for await (const piece of archive.members.get('x')!.stream()) {
      largest = piece.byteLength;
      break;
    }
    expect(largest).toBeLessThanOrEqual(2 ** 20);
  });
});

describe('a zip64 archive past 4 GiB', () => {
  const GAP = 4.5 * 2 ** 30;
  let dir = '';
  let path = '';

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'antipode-zip64-'));
    path = join(dir, 'big.zip');
    const file = await open(path, 'w');
    const zip64 = (...values: number[]): number[] => [
      ...u16(1),
      ...u16(8 * values.length),
      ...values.flatMap(u64),
    ];
    const local = (name: string, size: number): number[] => [
      ...[0x50, 0x4b, 3, 4, ...u16(45), ...u16(0), ...u16(0), ...u32(0), ...u32(0)],
      ...[...u32(0xffffffff), ...u32(0xffffffff), ...u16(1), ...u16(20), ...Buffer.from(name)],
      ...zip64(size, size),
    ];
    // Member `a` is a hole in the file; `b` lies behind it.
    const a = local('a', GAP);
    const second = a.length + GAP;
    const b = [...local('b', TEXT.length), ...TEXT];
    const directory = second + b.length;
    const central = (name: string, size: number, offset: number): number[] => [
      ...[0x50, 0x4b, 1, 2, ...u16(45), ...u16(45), ...u16(0), ...u16(0), ...u32(0)],
      ...u32(name === 'b' ? crc32(TEXT) : 0),
      ...[...u32(0xffffffff), ...u32(0xffffffff), ...u16(1), ...u16(28), ...u16(0), ...u16(0), ...u16(0)],
      ...[...u32(0), ...u32(0xffffffff), ...Buffer.from(name), ...zip64(size, size, offset)],
    ];
    const entries = [...central('a', GAP, 0), ...central('b', TEXT.length, second)];
    const end = [
      ...[0x50, 0x4b, 6, 6, ...u64(44), ...u16(45), ...u16(45), ...u32(0), ...u32(0)],
      ...[...u64(2), ...u64(2), ...u64(entries.length), ...u64(directory)],
      ...[0x50, 0x4b, 6, 7, ...u32(0), ...u64(directory + entries.length), ...u32(1)],
      ...[
        0x50,
        0x4b,
        5,
        6,
        ...u32(0),
        ...u16(2),
        ...u16(2),
        ...u32(0xffffffff),
        ...u32(0xffffffff),
        ...u16(0),
      ],
    ];
    await file.write(Uint8Array.from(a), 0, a.length, 0);
    const tail = Uint8Array.from([...b, ...entries, ...end]);
    await file.write(tail, 0, tail.length, second);
    await file.close();
  });

  afterAll(async () => {
    await rm(dir, { recursive: true, force: true });
  });

  it('gives the member behind the gap without reading the gap', async () => {
    expect((await stat(path)).size).toBeGreaterThan(GAP);
    const source = await openFileSource(path);
    const archive = await openZip(source);
    expect(archive.members.get('a')).toMatchObject({ uncompressedSize: GAP });
    const pieces: Uint8Array[] = [];
    for await (const piece of archive.members.get('b')!.stream()) pieces.push(piece);
    expect(Buffer.concat(pieces).equals(TEXT)).toBe(true);
    const target = new Uint8Array(4).fill(9);
    await archive.members.get('a')!.readInto(target, GAP - 4);
    expect([...target]).toEqual([0, 0, 0, 0]);
    await source.close();
  });
});
