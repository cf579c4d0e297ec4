/**
 * @file A model folder's safetensors files, one or several shards, as ranges that ONNX Runtime maps without copying. Only headers are read here,
 * and the vectors that are put into the graph. Leaves out quantised weights and other formats.
 */

import { realpath } from 'node:fs/promises';
import { parse, relative, sep } from 'node:path';
import { AntipodeError } from '../errors.ts';
import { openShardedSafetensors } from '../formats/safetensors/safetensors.ts';
import { shownName } from '../formats/shown_name.ts';
import {
  byteLengthOf,
  readFloat32,
  requireTensor,
  type StoredTensor,
  type TensorFile,
} from '../formats/tensor_file.ts';
import type { ElementType, ExternalData } from '../onnx/tensor_proto.ts';
import { type DType, widenToFloat32 } from '../tensor/dtype.ts';

/** A stored matrix or vector and where it lies. */
export interface MappedTensor {
  readonly type: ElementType;
  readonly dims: readonly number[];
  readonly data: ExternalData;
}

export interface ModelWeights {
  /** The folder that every `location` is relative to. */
  readonly root: string;
  has(name: string): boolean;
  /** @throws {AntipodeError} `format` where it is missing, or has another shape or an integer type */
  tensor(name: string, shape: readonly number[]): MappedTensor;
  /** A small tensor's values. @throws {AntipodeError} as `tensor`, and where a value is NaN or infinite */
  vector(name: string, length: number): Promise<Float32Array>;
  /** Reads everything: the name of the first tensor with a NaN or an infinity in it, or undefined. For telling why numbers went wrong. */
  findNonFinite(): Promise<string | undefined>;
  /** Closes the files; ONNX Runtime's mapping is its own. */
  close(): Promise<void>;
}

const ELEMENT_TYPE: Partial<Record<DType, ElementType>> = {
  F32: 'float32',
  F16: 'float16',
  BF16: 'bfloat16',
};

/**
 * The one place that knows ONNX Runtime's rule: it takes relative locations only and refuses those that leave the folder, links resolved.
 * Hugging Face's cache links every file of a snapshot to a blob elsewhere, so the folder is the root of the file system.
 * @param path of an existing file, links allowed
 * @returns the folder, and the resolved file relative to it with forward slashes
 */
export async function externalLocation(path: string): Promise<{ folder: string; location: string }> {
  const real = await realpath(path);
  const { root } = parse(real);
  return { folder: root, location: relative(root, real).split(sep).join('/') };
}

/**
 * @param folder of the model: `model.safetensors`, or `model.safetensors.index.json` and its shards
 * @throws {AntipodeError} `missing` for a shard or an index that is not there, `format` for damaged files
 */
export async function openWeights(folder: string): Promise<ModelWeights> {
  const file = await openAll(folder);
  try {
    const places = await locate(file.tensors.values());
    const find = (name: string, shape: readonly number[]): StoredTensor => {
      const tensor = requireTensor(file, name);
      if (tensor.shape.length === shape.length && tensor.shape.every((n, i) => n === shape[i])) return tensor;
      throw new AntipodeError(
        'format',
        `${file.name}: ${name} has shape [${tensor.shape.join(', ')}], expected [${shape.join(', ')}] by config.json`,
        { hint: 'config.json and the weights may be of two models: fetch both again' },
      );
    };
    return {
      root: places.folder,
      has: (name) => file.tensors.has(name),
      tensor(name, shape) {
        const tensor = find(name, shape);
        return {
          type: elementType(tensor, file.name),
          dims: tensor.shape,
          data: {
            location: places.locations.get(tensor.inFile!.path)!,
            offset: tensor.inFile!.offset,
            length: byteLengthOf(tensor),
          },
        };
      },
      async vector(name, length) {
        const tensor = find(name, [length]);
        elementType(tensor, file.name);
        const values = await readFloat32(tensor);
        if (!values.every(Number.isFinite)) throw nonFinite(file.name, name);
        return values;
      },
      findNonFinite: () => findNonFinite(file.tensors.values()),
      close: () => file.close(),
    };
  } catch (error) {
    await file.close();
    throw error;
  }
}

const FETCH_ALL = 'fetch all files of the model: antipode download ORG/NAME';

/** One of several shards, by Hugging Face's names. */
const SHARD = /-\d+-of-(?!0*1\.)\d+\.safetensors$/;

/** A model is all of its shards, so one file out of several is never meant. */
async function openAll(folder: string): Promise<TensorFile> {
  let file: TensorFile;
  try {
    file = await openShardedSafetensors(folder);
  } catch (error) {
    if (!(error instanceof AntipodeError) || (error.kind !== 'missing' && error.kind !== 'usage'))
      throw error;
    const problem = error.kind === 'usage' ? ' and no model.safetensors.index.json' : '';
    throw new AntipodeError('missing', error.message + problem, { hint: FETCH_ALL, cause: error });
  }
  if (!SHARD.test(file.name)) return file;
  await file.close();
  throw new AntipodeError('missing', `${folder}: holds ${file.name} and no model.safetensors.index.json`, {
    hint: FETCH_ALL,
  });
}

function elementType(tensor: StoredTensor, fileName: string): ElementType {
  const type = ELEMENT_TYPE[tensor.dtype];
  if (type) return type;
  throw new AntipodeError(
    'format',
    `${fileName}: ${tensor.name} is stored as ${tensor.dtype} (expected F32, F16 or BF16)`,
  );
}

async function locate(
  tensors: Iterable<StoredTensor>,
): Promise<{ folder: string; locations: ReadonlyMap<string, string> }> {
  const locations = new Map<string, string>();
  const folders = new Set<string>();
  for (const path of new Set([...tensors].flatMap((tensor) => tensor.inFile?.path ?? []))) {
    const { folder, location } = await externalLocation(path);
    folders.add(folder);
    locations.set(path, location);
  }
  const [folder, other] = folders;
  if (folder === undefined) throw new AntipodeError('format', 'the model files hold no tensors');
  if (other !== undefined) {
    throw new AntipodeError('resource', `the model's files lie on two drives (${folder}, ${other})`, {
      hint: 'put all shards on one drive',
    });
  }
  return { folder, locations };
}

async function findNonFinite(tensors: Iterable<StoredTensor>): Promise<string | undefined> {
  for (const tensor of tensors) {
    if (!ELEMENT_TYPE[tensor.dtype]) continue;
    const width = tensor.dtype === 'F32' ? 4 : 2;
    let values = new Float32Array(0);
    for await (const piece of tensor.stream()) {
      const count = piece.byteLength / width;
      if (values.length < count) values = new Float32Array(count);
      widenToFloat32(piece, tensor.dtype, values);
      for (let i = 0; i < count; i++) if (!Number.isFinite(values[i])) return tensor.name;
    }
  }
  return undefined;
}

export function nonFinite(fileName: string, tensorName: string): AntipodeError {
  return new AntipodeError('format', `${fileName}: ${shownName(tensorName)} holds NaN or infinite values`, {
    hint: 'the file may be damaged: fetch it again',
  });
}
