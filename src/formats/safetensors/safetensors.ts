/** @file Everything about safetensors in one place to import from: one file, several shards, writing. */

export { MAX_HEADER_BYTES, openSafetensors } from './safetensors_reader.ts';
export { openShardedSafetensors } from './safetensors_shards.ts';
export {
  encodeSafetensorsHeader,
  type TensorPlace,
  type WritableTensor,
  writeSafetensors,
} from './safetensors_writer.ts';
