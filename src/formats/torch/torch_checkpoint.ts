/**
 * @file Checkpoints that `torch.save` writes since torch 1.6: a zip with `NAME/data.pkl` (structure), `NAME/data/KEY` (storages) and
 * `NAME/byteorder`. The pickle is read by `pickle.ts`, which runs no code. Leaves out whole pickled modules, TorchScript archives, and
 * the older formats without a zip: each is refused by a sentence that says how to convert.
 */

import { AntipodeError } from '../../errors.ts';
import { bytesOf } from '../../tensor/dtype.ts';
import { recogniseFile } from '../file_kind.ts';
import type { ByteSource } from '../source.ts';
import type { StoredTensor, TensorFile } from '../tensor_file.ts';
import { readRegion } from '../zip/byte_region.ts';
import { openZip, type ZipArchive, type ZipMember } from '../zip/zip.ts';
import { MAX_PICKLE_BYTES, readPickle } from './pickle.ts';
import type { PickleTensor } from './pickle_values.ts';
import { flattenCheckpoint } from './torch_flatten.ts';
import { torchTensor } from './torch_tensor.ts';

/**
 * Opens a checkpoint: nested dicts become dotted names (`state_dict.encoder.weight`), values that are no tensors become `metadata`, as
 * text (strings) or JSON (all others). Tensors may share storages; a transposed one has order `F`; small oddly strided ones are gathered
 * when read, large ones are listed in `unsupported`. The file owns `source` from now on and closes it, also when this fails.
 * @throws {AntipodeError} `format` for a malformed checkpoint, one without tensors, and one that asks for anything but tensors and data
 */
export async function openTorchCheckpoint(source: ByteSource): Promise<TensorFile> {
  try {
    return await openChecked(source);
  } catch (error) {
    await source.close();
    throw error;
  }
}

/** The members whose name ends with `data.pkl` at the archive's root or one folder down, where torch puts it. */
export function checkpointRoots(archive: ZipArchive): string[] {
  return [...archive.members.keys()]
    .filter((name) => /^([^/]*\/)?data\.pkl$/.test(name))
    .map((name) => name.slice(0, -'data.pkl'.length));
}

async function openChecked(source: ByteSource): Promise<TensorFile> {
  const kind = await recogniseFile(source);
  if (kind.kind === 'refused') throw kind.error;
  const archive = await openZip(source, { isZeroCrcUnchecked: true });
  const root = theRoot(archive);
  const pickleMember = archive.members.get(`${root}data.pkl`)!;
  if (pickleMember.byteLength > MAX_PICKLE_BYTES) {
    throw new AntipodeError(
      'format',
      `${pickleMember.label}: has ${pickleMember.byteLength} bytes, the limit is ${MAX_PICKLE_BYTES}`,
    );
  }
  // Checks the names of the few members that are no storages: were `byteorder` misspelt by damage, its absence would mean something.
  for (const member of archive.members.values()) {
    if (!member.name.startsWith(`${root}data/`)) await member.dataOffset();
  }
  const isBigEndian = await readByteOrder(archive, root);
  const value = readPickle(await readRegion(pickleMember), pickleMember.label);
  const stem = source.name.replace(/^.*[/\\]/, '').replace(/\.(pt|pth|bin|ckpt)$/i, '');
  const flat = flattenCheckpoint(value, stem, source.name);

  const tensors = new Map<string, StoredTensor>();
  const unsupported = new Map(flat.bare);
  for (const [name, tensor] of flat.tensors) {
    const region = storageMember(archive, root, tensor);
    const found = torchTensor({ name, tensor, region, isBigEndian });
    if ('unsupported' in found) unsupported.set(name, found.unsupported);
    else tensors.set(name, found);
  }
  if (tensors.size === 0 && unsupported.size === 0) {
    throw new AntipodeError('format', `${source.name}: the checkpoint holds no tensors`);
  }
  return {
    name: source.name,
    tensors,
    unsupported,
    metadata: flat.metadata,
    close: () => source.close(),
  };
}

function theRoot(archive: ZipArchive): string {
  const roots = checkpointRoots(archive);
  const [root] = roots;
  if (root === undefined || roots.length > 1) {
    throw new AntipodeError(
      'format',
      `${archive.name}: not a torch checkpoint (it has ${roots.length} members NAME/data.pkl, expected one)`,
    );
  }
  if (archive.members.has(`${root}constants.pkl`)) {
    throw new AntipodeError(
      'format',
      `${archive.name}: is a TorchScript program, not a checkpoint of weights`,
      {
        hint: 'in Python: torch.save(torch.jit.load(path).state_dict(), "weights.pt")',
      },
    );
  }
  return root;
}

/** Files from before torch 2.1 do not say; all machines they came from are little-endian but for a few mainframes. */
async function readByteOrder(archive: ZipArchive, root: string): Promise<boolean> {
  const member = archive.members.get(`${root}byteorder`);
  if (!member) return false;
  const text = member.byteLength > 16 ? '' : Buffer.from(await readRegion(member)).toString('latin1');
  if (text !== 'little' && text !== 'big') {
    throw new AntipodeError('format', `${member.label}: does not name a byte order (expected little or big)`);
  }
  return text === 'big';
}

function storageMember(archive: ZipArchive, root: string, { storage }: PickleTensor): ZipMember {
  const member = archive.members.get(`${root}data/${storage.key}`);
  const label = `${archive.name}: ${root}data/${storage.key}`;
  if (!member) {
    throw new AntipodeError('format', `${label}: the checkpoint refers to this member, which is not there`);
  }
  const expected = storage.count * bytesOf(storage.dtype);
  if (member.byteLength !== expected) {
    throw new AntipodeError(
      'format',
      `${member.label}: has ${member.byteLength} bytes, expected ${expected} (${storage.count} elements of ${storage.dtype})`,
    );
  }
  return member;
}
