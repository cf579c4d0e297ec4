import { spawn } from 'node:child_process';
import {
  chmod,
  copyFile,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  truncate,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { dequantise, type MatrixFile, writeMatrices } from '../../../test/support/stored_matrices.ts';
import { AntipodeError } from '../../errors.ts';
import { openTensorSource } from '../../formats/detect.ts';
import { openFileSource } from '../../formats/source.ts';
import { readFloat32 } from '../../formats/tensor_file.ts';
import { createRng } from '../../tensor/rng.ts';
import { requireRoom } from './make_sidecar.ts';
import { openSidecar, type Sidecar, type SidecarOptions } from './sidecar.ts';

const golden = fileURLToPath(new URL('../../../test/golden/lm/blocks.json', import.meta.url));

let dir: string;
let model: MatrixFile;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'antipode-sidecar-'));
  model = await writeMatrices(await fresh(), largeMatrices());
});
afterAll(() => rm(dir, { recursive: true }));

const fresh = (): Promise<string> => mkdtemp(join(dir, 'x-'));

/** 512 pieces of `SMALL_PIECES`. */
function largeMatrices(): Parameters<typeof writeMatrices>[1] {
  const rng = createRng(3, 'sidecar');
  const random = (): Float32Array => Float32Array.from({ length: 2 ** 18 }, () => 0.02 * rng.normal());
  return [
    { name: 'a', dtype: 'F32', outputs: 512, inputs: 512, data: random() },
    { name: 'b', dtype: 'F32', outputs: 1024, inputs: 256, layout: 'in-out', data: random() },
  ];
}

const SMALL_PIECES = 1024;

const open = (file: MatrixFile, cacheDir: string, options: Partial<SidecarOptions> = {}): Promise<Sidecar> =>
  openSidecar(file.matrices, { bits: 8, cacheDir, root: file.root, ...options });

async function refusal(work: Promise<unknown>): Promise<AntipodeError> {
  const error = await work.then(
    () => undefined,
    (e: unknown) => e,
  );
  if (!(error instanceof AntipodeError)) throw new Error(`expected an AntipodeError, got ${String(error)}`);
  return error;
}

/** The blocks of a sidecar, read as the safetensors file that it is. */
async function blocksOf(
  { path }: Sidecar,
  name: string,
): Promise<{ quants: Uint8Array; scales: Float32Array }> {
  const file = await openTensorSource(await openFileSource(path));
  const stored = file.tensors.get(`${name}:quants`)!;
  const quants = new Uint8Array(stored.shape.reduce((a, b) => a * b));
  await stored.readBytes(0, quants);
  const scales = await readFloat32(file.tensors.get(`${name}:scales`)!);
  await file.close();
  return { quants, scales };
}

describe('what is in it', () => {
  interface Golden {
    outputs: number;
    inputs: number;
    [dtype: string]: unknown;
  }
  interface Stored {
    stored: string;
    q8: { quants: string; scales: string };
    q4: { quants: string; scales: string };
  }
  const hex = (view: ArrayBufferView): string =>
    Buffer.from(view.buffer, view.byteOffset, view.byteLength).toString('hex');
  const cases = (['F32', 'F16', 'BF16'] as const).flatMap((dtype) =>
    ([8, 4] as const).flatMap((bits) =>
      (['out-in', 'in-out'] as const).flatMap((layout) =>
        [undefined, 268].map((pieceWeights) => [dtype, bits, layout, pieceWeights] as const),
      ),
    ),
  );

  test.each(cases)('%s to %i bits, stored %s, pieces of %s: as numpy says', async (...given) => {
    const [dtype, bits, layout, pieceWeights] = given;
    const expected = JSON.parse(await readFile(golden, 'utf8')) as Golden;
    const { outputs, inputs } = expected;
    const { stored, q4, q8 } = expected[dtype] as Stored;
    const bytes = Buffer.from(stored, 'hex');
    const width = bytes.length / (outputs * inputs);
    const turned = Buffer.alloc(bytes.length);
    for (let i = 0; i < outputs * inputs; i++) {
      const to = (i % inputs) * outputs + Math.floor(i / inputs);
      bytes.copy(turned, to * width, i * width, (i + 1) * width);
    }
    const data = layout === 'out-in' ? bytes : turned;
    const file = await writeMatrices(await fresh(), [{ name: 'w', dtype, outputs, inputs, layout, data }]);
    const sidecar = await open(file, await fresh(), { bits, pieceWeights });
    const { quants, scales } = await blocksOf(sidecar, 'w');
    expect({ quants: hex(quants), scales: hex(scales) }).toEqual(bits === 8 ? q8 : q4);
    const { quants: range, scales: scaleRange } = sidecar.matrix('w');
    const whole = await readFile(sidecar.path);
    expect(whole.subarray(range.data.offset, range.data.offset + range.data.length).toString('hex')).toBe(
      hex(quants),
    );
    expect(scaleRange.data.length).toBe(4 * scaleRange.dims.reduce((a, b) => a * b));
  });

  test('both layouts of one matrix give the same blocks, within half a scale of the weights', async () => {
    const [a] = largeMatrices();
    const values = a!.data as Float32Array;
    const turned = new Float32Array(values.length);
    for (let i = 0; i < values.length; i++) turned[(i % 512) * 512 + Math.floor(i / 512)] = values[i]!;
    const shape = { dtype: 'F32', outputs: 512, inputs: 512 } as const;
    const file = await writeMatrices(await fresh(), [
      { name: 'a', ...shape, data: values },
      { name: 't', ...shape, layout: 'in-out', data: turned },
    ]);
    const sidecar = await open(file, await fresh(), { pieceWeights: 100 * 512 });
    const [plain, transposed] = [await blocksOf(sidecar, 'a'), await blocksOf(sidecar, 't')];
    expect(transposed).toEqual(plain);
    const back = dequantise(plain.quants, plain.scales, { outputs: 512, inputs: 512, bits: 8 });
    let worst = 0;
    for (const [i, value] of values.entries()) {
      const scale = plain.scales[Math.floor(i / 64)]!;
      worst = Math.max(worst, Math.abs(back[i]! - value) / scale);
    }
    expect(worst).toBeGreaterThan(0.49);
    expect(worst).toBeLessThan(0.5001);
  });

  test('the bytes do not depend on workers and pieces', async () => {
    const one = await open(model, await fresh(), { threads: 1 });
    const many = await open(model, await fresh(), { threads: 3, pieceWeights: SMALL_PIECES });
    expect([one.made, many.made]).toEqual([
      { made: 2, kept: 0 },
      { made: 512, kept: 0 },
    ]);
    expect((await readFile(one.path)).equals(await readFile(many.path))).toBe(true);
    expect(await readdir(join(many.path, '..'))).toEqual(['q8.safetensors']);
  });
});

describe('when it is made', () => {
  test('once; progress goes from nothing to all', async () => {
    const cacheDir = await fresh();
    const seen: number[] = [];
    const onProgress = (fraction: number): void => void seen.push(fraction);
    const first = await open(model, cacheDir, { onProgress, pieceWeights: SMALL_PIECES });
    expect(first.made).toEqual({ made: 512, kept: 0 });
    expect(seen.length).toBeGreaterThan(512);
    expect(seen.every((fraction, i) => fraction > (seen[i - 1] ?? 0) && fraction <= 1)).toBe(true);
    expect(seen.at(-1)).toBe(1);
    seen.length = 0;
    const past = new Date(Date.now() - 60_000);
    await utimes(model.path, past, past);
    await open(model, cacheDir, { onProgress });
    expect(seen.at(-1)).toBeLessThan(1);
    seen.length = 0;
    const again = await open(model, cacheDir, { onProgress });
    expect([again.path, again.made, seen]).toEqual([first.path, undefined, []]);
    const q4 = await open(model, cacheDir, { bits: 4 });
    expect([q4.path, q4.made?.made]).toEqual([first.path.replace('q8.', 'q4.'), 2]);
  });

  test('the same weights elsewhere share it; a changed weight, shape or layout gets another', async () => {
    const cacheDir = await fresh();
    const first = await open(model, cacheDir);
    const copy = await writeMatrices(await fresh(), largeMatrices());
    expect((await open(copy, cacheDir)).path).toBe(first.path);
    const [a, b] = largeMatrices();
    (a!.data as Float32Array)[7] = 0.25;
    const changed = await writeMatrices(await fresh(), [a!, b!]);
    const other = await open(changed, cacheDir);
    expect(other.path).not.toBe(first.path);
    const { scales } = await blocksOf(other, 'a');
    expect(scales[0]).toBe(Math.fround(0.25 / 127));
    const [, kept] = model.matrices;
    const turned = [model.matrices[0]!, { ...kept!, layout: 'out-in' as const }];
    expect((await open({ ...model, matrices: turned }, cacheDir)).path).not.toBe(first.path);
    expect((await open({ ...model, matrices: [kept!] }, cacheDir)).path).not.toBe(first.path);
  });

  test('a file changed in place, its length and time kept, is noticed', async () => {
    const file = await writeMatrices(await fresh(), largeMatrices());
    const past = new Date(Date.now() - 60_000);
    await utimes(file.path, past, past);
    const cacheDir = await fresh();
    const first = await open(file, cacheDir);
    expect(await readdir(join(cacheDir, 'quantised', '.hashes'))).toHaveLength(1);
    const bytes = await readFile(file.path);
    bytes.writeFloatLE(0.75, bytes.length - 4);
    await writeFile(file.path, bytes);
    await utimes(file.path, past, past);
    expect((await open(file, cacheDir)).path).not.toBe(first.path);
  });

  test('a blob of the Hugging Face cache names its own hash; a remembered hash that is damaged is not used', async () => {
    const folder = await fresh();
    const hash = 'ab'.repeat(32);
    await mkdir(join(folder, 'blobs'));
    await mkdir(join(folder, 'snapshots'));
    await copyFile(model.path, join(folder, 'blobs', hash));
    await symlink(join('..', 'blobs', hash), join(folder, 'snapshots', 'model.safetensors'));
    const { openWeights } = await import('../weights.ts');
    const weights = await openWeights(join(folder, 'snapshots'));
    const matrices = model.matrices.map((matrix) => ({
      ...matrix,
      tensor: weights.tensor(matrix.name, matrix.tensor.dims),
    }));
    await weights.close();
    const cacheDir = await fresh();
    const seen: number[] = [];
    const blob = await open({ ...model, matrices }, cacheDir, { onProgress: (share) => seen.push(share) });
    // Nothing was read for a hash: two pieces, two steps.
    expect(seen).toEqual([0.5, 1]);
    expect((await open(model, cacheDir)).path).not.toBe(blob.path);
    const past = new Date(Date.now() - 60_000);
    await utimes(model.path, past, past);
    const own = (await open(model, cacheDir)).path;
    const hashes = join(cacheDir, 'quantised', '.hashes');
    const [name] = await readdir(hashes);
    for (const text of ['', '{', '[]', 'null', '{"sha256":3}']) {
      await writeFile(join(hashes, name!), text);
      expect((await open(model, cacheDir)).path).toBe(own);
    }
  });

  test('cut, lengthened, of another header, or a folder: made again, or said', async () => {
    const cacheDir = await fresh();
    const { path } = await open(model, cacheDir);
    const whole = await readFile(path);
    const damage: (() => Promise<void>)[] = [
      () => truncate(path, whole.length - 1),
      () => truncate(path, 3),
      () => writeFile(path, ''),
      () => writeFile(path, Buffer.concat([whole, Buffer.from([0])])),
      () => writeFile(path, Buffer.concat([whole.subarray(0, 40), Buffer.from('x'), whole.subarray(41)])),
    ];
    for (const spoil of damage) {
      await spoil();
      expect((await open(model, cacheDir)).made).toEqual({ made: 2, kept: 0 });
      expect((await readFile(path)).equals(whole)).toBe(true);
    }
    await rm(path);
    await mkdir(path);
    expect(await refusal(open(model, cacheDir))).toMatchObject({
      kind: 'resource',
      message: expect.stringContaining('quantised weights cannot be kept there'),
    });
  });

  test('weights with NaN or an infinity are refused by name', async () => {
    for (const value of [Number.NaN, Number.NEGATIVE_INFINITY]) {
      const [a, b] = largeMatrices();
      (b!.data as Float32Array)[2 ** 18 - 1] = value;
      const file = await writeMatrices(await fresh(), [a!, b!]);
      expect(await refusal(open(file, await fresh()))).toMatchObject({
        kind: 'format',
        message: 'model.safetensors: b holds NaN or infinite values',
      });
    }
  });
});

/** `openSidecar` in a process of its own, from the built files. */
function child(
  file: MatrixFile,
  cacheDir: string,
  killAt = 2,
): Promise<{ code: number | null; out: string }> {
  const built = new URL('../../../dist/lm/quantised/sidecar.js', import.meta.url);
  const code = `
    const { openSidecar } = await import(${JSON.stringify(built)});
    const { made } = await openSidecar(${JSON.stringify(file.matrices)}, {
      bits: 8, cacheDir: ${JSON.stringify(cacheDir)}, root: ${JSON.stringify(file.root)}, pieceWeights: ${SMALL_PIECES},
      onProgress: (fraction) => { if (fraction > ${killAt}) process.kill(process.pid, 'SIGKILL'); },
    });
    process.stdout.write(JSON.stringify(made ?? null));`;
  return new Promise((resolve, reject) => {
    const started = spawn(process.execPath, ['--input-type=module', '-e', code], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let out = '';
    started.stdout.on('data', (data) => {
      out += String(data);
    });
    started.on('error', reject);
    started.on('close', (code) => resolve({ code, out }));
  });
}

describe('killed, stopped, and side by side', () => {
  test('a run that was killed is gone on with: only the rest is made, and the bytes are the same', async () => {
    const whole = await readFile((await open(model, await fresh())).path);
    const cacheDir = await fresh();
    expect(await child(model, cacheDir, 0.6)).toEqual({ code: null, out: '' });
    const [key] = (await readdir(join(cacheDir, 'quantised'))).filter((name) => !name.startsWith('.'));
    const folder = join(cacheDir, 'quantised', key!);
    const lines = (await readFile(join(folder, 'q8.safetensors.journal'), 'utf8')).split('\n').length - 2;
    expect(lines).toBeGreaterThan(100);
    const { made, path } = await open(model, cacheDir, { pieceWeights: SMALL_PIECES });
    expect(made).toEqual({ made: 512 - lines, kept: lines });
    expect(made!.made).toBeGreaterThan(50);
    expect((await readFile(path)).equals(whole)).toBe(true);
    expect(await readdir(folder)).toEqual(['q8.safetensors']);
  });

  test('finished pieces that were damaged meanwhile are made again; a line that was cut does not count', async () => {
    const whole = await readFile((await open(model, await fresh())).path);
    const cacheDir = await fresh();
    await child(model, cacheDir, 0.6);
    const [key] = (await readdir(join(cacheDir, 'quantised'))).filter((name) => !name.startsWith('.'));
    const partial = join(cacheDir, 'quantised', key!, 'q8.safetensors.partial');
    const journal = partial.replace('.partial', '.journal');
    const text = await readFile(journal, 'utf8');
    const lines = text.trimEnd().split('\n');
    await writeFile(journal, text.slice(0, -1));
    // Piece 3 of `a`, whose blocks follow all scales: the last half of the file is quants.
    const finished = new Set(lines.slice(1, -1).map((line) => Number(line.split(' ')[0])));
    expect(finished.has(3)).toBe(true);
    const bytes = await readFile(partial);
    const at = whole.length - 2 ** 19 + 3 * SMALL_PIECES + 5;
    bytes[at] = bytes[at]! ^ 1;
    await writeFile(partial, bytes);
    const { made, path } = await open(model, cacheDir, { pieceWeights: SMALL_PIECES });
    expect(made!.kept).toBe(lines.length - 3);
    expect((await readFile(path)).equals(whole)).toBe(true);
  });

  test('what an earlier run finished counts only where the file it came from is unchanged', async () => {
    const file = await writeMatrices(await fresh(), largeMatrices());
    const cacheDir = await fresh();
    await child(file, cacheDir, 0.6);
    await utimes(file.path, new Date(), new Date());
    const { made } = await open(file, cacheDir, { pieceWeights: SMALL_PIECES });
    expect(made).toEqual({ made: 512, kept: 0 });
  });

  test('a stop keeps what is finished', async () => {
    const cacheDir = await fresh();
    const controller = new AbortController();
    const error = await refusal(
      open(model, cacheDir, {
        pieceWeights: SMALL_PIECES,
        signal: controller.signal,
        onProgress: (fraction) => {
          if (fraction > 0.6) controller.abort();
        },
      }),
    );
    expect(error).toMatchObject({ kind: 'interrupted', hint: expect.stringContaining('goes on from there') });
    const { made } = await open(model, cacheDir, { pieceWeights: SMALL_PIECES });
    expect(made!.kept).toBeGreaterThan(100);
    expect(made!.made + made!.kept).toBe(512);
    const aborted = await refusal(open(model, await fresh(), { signal: AbortSignal.abort() }));
    expect(aborted.kind).toBe('interrupted');
  });

  test('of two processes and this one, one makes it and all get it', async () => {
    const cacheDir = await fresh();
    const [own, ...others] = await Promise.all([
      open(model, cacheDir, { pieceWeights: SMALL_PIECES }),
      child(model, cacheDir),
      child(model, cacheDir),
    ]);
    expect(others.map(({ code }) => code)).toEqual([0, 0]);
    const makers = [JSON.stringify(own.made ?? null), ...others.map(({ out }) => out)];
    expect(makers.filter((made) => made !== 'null')).toEqual(['{"made":512,"kept":0}']);
    expect(await readdir(join(own.path, '..'))).toEqual(['q8.safetensors']);
  });
});

describe('where it cannot be kept', () => {
  test('a cache that is read-only: one sentence that names the way out; a finished file there is used', async () => {
    const cacheDir = await fresh();
    for (const folder of [dir, dirname(model.path)]) await chmod(folder, 0o755);
    await asOrdinaryUser(cacheDir, async () => {
      expect(await refusal(open(model, cacheDir))).toMatchObject({
        kind: 'resource',
        message: `${cacheDir}: quantised weights cannot be kept there, there is no permission to write`,
        hint: expect.stringContaining('XDG_CACHE_HOME'),
      });
    });
    const { path } = await open(model, cacheDir);
    await asOrdinaryUser(cacheDir, async () => {
      expect((await open(model, cacheDir)).made).toBeUndefined();
    });
    expect((await stat(path)).isFile()).toBe(true);
  });

  test('a cache below a file', async () => {
    expect(await refusal(open(model, join(model.path, 'cache')))).toMatchObject({
      kind: 'resource',
      message: expect.stringContaining('a part of this path is a file'),
    });
  });

  test('a disk without room', async () => {
    await requireRoom(dir, 1);
    const error = await refusal(requireRoom(dir, 1e18));
    expect(error.kind).toBe('resource');
    expect(error.message).toMatch(
      /: no room for the quantised weights \(.* GB are free, expected 1\.0e\+9 GB\)/,
    );
    expect(error.hint).toContain('XDG_CACHE_HOME');
  });
});

/** Root may write anywhere: there, the work runs under the rights of `nobody`. */
async function asOrdinaryUser(folder: string, work: () => Promise<void>): Promise<void> {
  await chmod(folder, 0o555);
  const isRoot = process.geteuid?.() === 0;
  if (isRoot) process.seteuid?.(65534);
  try {
    await work();
  } finally {
    if (isRoot) process.seteuid?.(0);
    await chmod(folder, 0o755);
  }
}
