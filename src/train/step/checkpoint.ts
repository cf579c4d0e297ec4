/**
 * @file Where a training stands, as one safetensors file that is replaced in one step: the state's tensors, and facts (the step, positions of
 * random streams, settings) as JSON in the file's metadata. The same state gives the same bytes.
 */

import { AntipodeError } from '../../errors.ts';
import { openSafetensors, writeSafetensors } from '../../formats/safetensors/safetensors.ts';
import { openFileSource } from '../../formats/source.ts';
import { elementCount, readFloat32, type TensorFile } from '../../formats/tensor_file.ts';
import type { Shape } from '../../onnx/gradients/tape.ts';

export interface CheckpointTensor {
  readonly name: string;
  readonly shape: Shape;
  readonly data: Float32Array;
}

export interface Checkpoint {
  readonly tensors: ReadonlyMap<string, CheckpointTensor>;
  /** Plain JSON, as written; unchecked. */
  readonly facts: unknown;
}

const FORMAT = 'antipode-training-1';

/** @throws {AntipodeError} as `writeFileAtomic`: the file that was there stays */
export async function writeCheckpoint(
  path: string,
  tensors: Iterable<CheckpointTensor>,
  facts: unknown,
): Promise<void> {
  const writable = Array.from(tensors, (tensor) => ({ ...tensor, dtype: 'F32' as const }));
  await writeSafetensors(path, writable, { format: FORMAT, facts: JSON.stringify(facts) });
}

/** @throws {AntipodeError} `missing` where there is none; `format` for a file that is damaged or of another kind */
export async function readCheckpoint(path: string): Promise<Checkpoint> {
  const file = await openSafetensors(await openFileSource(path));
  try {
    if (file.metadata['format'] !== FORMAT) {
      throw new AntipodeError('format', `${path}: is not a training checkpoint (expected format ${FORMAT})`);
    }
    return { tensors: await readTensors(path, file), facts: parseFacts(path, file.metadata['facts'] ?? '') };
  } finally {
    await file.close();
  }
}

async function readTensors(path: string, file: TensorFile): Promise<Map<string, CheckpointTensor>> {
  const tensors = new Map<string, CheckpointTensor>();
  for (const [name, tensor] of file.tensors) {
    if (tensor.dtype !== 'F32') {
      throw new AntipodeError('format', `${path}: ${name} is ${tensor.dtype}, expected F32`);
    }
    tensors.set(name, { name, shape: tensor.shape, data: await readFloat32(tensor) });
  }
  return tensors;
}

function parseFacts(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new AntipodeError('format', `${path}: its facts are not JSON`, { cause });
  }
}

/**
 * The tensor of this name and shape.
 * @throws {AntipodeError} `format` where it is absent or of another shape: the checkpoint is of another training
 */
export function checkpointTensor(
  path: string,
  { tensors }: Checkpoint,
  { name, shape }: { readonly name: string; readonly shape: Shape },
): Float32Array {
  const tensor = tensors.get(name);
  const found = tensor === undefined ? 'nothing' : `[${tensor.shape.join(', ')}]`;
  if (
    tensor !== undefined &&
    found === `[${shape.join(', ')}]` &&
    tensor.data.length === elementCount(shape)
  ) {
    return tensor.data;
  }
  throw new AntipodeError('format', `${path}: ${name} (got ${found}, expected [${shape.join(', ')}])`, {
    hint: 'the checkpoint is of another training; start anew in another folder',
  });
}
