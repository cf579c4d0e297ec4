/** @file What a dry run says about one language model: whether it is here, how large it is, and every file that would be fetched where it is not. */

import { AntipodeError } from '../errors.ts';
import { openShardedSafetensors } from '../formats/safetensors/safetensors.ts';
import { byteLengthOf, elementCount, type StoredTensor } from '../formats/tensor_file.ts';
import { EMBEDDED_MODEL_ID } from '../hub/embedded_default.ts';
import { findInHfCache } from '../hub/hf_cache.ts';
import { isOffline } from '../hub/hf_env.ts';
import { publishedRepository } from '../hub/published_files.ts';
import { modelFiles, parseModelName } from '../lm/fetch_model.ts';
import type { CliContext } from './context.ts';
import { networkHub } from './hub_access.ts';
import { modelFolder } from './model_inputs.ts';
import { formatBytes, visible } from './output.ts';
import { type PlannedFile, tabledFiles } from './planned_files.ts';
import { missingSentence } from './sae_plan.ts';

export interface ModelPlan {
  readonly model: string;
  readonly state: 'here' | 'to be fetched' | 'missing';
  /** Of its weights where it is here, else of everything to fetch; null where nobody knows. */
  readonly bytes: number | null;
  readonly parameters: number | null;
  /** What of it is not on this machine; of a repository that nobody could ask, what any model needs. */
  readonly files: readonly PlannedFile[];
  readonly problem: string | null;
  readonly next: string | null;
}

/** Where the model is missing, that is the answer and no error. @throws {AntipodeError} `usage` for a name that makes no sense */
export async function planModel(context: CliContext, ref: string): Promise<ModelPlan> {
  try {
    const folder = await modelFolder(context, ref);
    return { ...NOTHING, model: ref, state: 'here', ...(await sizesIn(folder)) };
  } catch (error) {
    if (!(error instanceof AntipodeError) || error.kind !== 'missing') throw error;
    return planFetch(context, ref, error);
  }
}

const NOTHING = { bytes: null, parameters: null, files: [], problem: null, next: null };

async function planFetch(context: CliContext, ref: string, missing: AntipodeError): Promise<ModelPlan> {
  const name = parseModelName(ref);
  const because = ({ hint, message }: AntipodeError, known: Partial<ModelPlan>): ModelPlan => ({
    ...NOTHING,
    ...known,
    model: ref,
    state: 'missing',
    problem: message,
    next: hint ?? null,
  });
  if (!name || ref === EMBEDDED_MODEL_ID) return because(missing, {});
  const { repoId, revision } = name;
  const published = publishedRepository(repoId);
  const tabled: Partial<ModelPlan> = {
    parameters: published?.parameters ?? null,
    files: published ? tabledFiles(repoId) : anyModel(repoId),
  };
  if (isOffline(context.env)) return because(missing, tabled);
  const files: PlannedFile[] = [];
  try {
    const hub = networkHub(context);
    for (const { path, byteLength } of await modelFiles(name, hub)) {
      if (await findInHfCache(context.env, { repoId, path, revision })) continue;
      files.push({ repository: repoId, path, files: 1, bytes: byteLength, known_by: 'server' });
    }
    // A listing is public where files are behind a licence.
    const [last] = files.slice(-1);
    if (last) await hub.look({ repoId, path: last.path, revision });
    const bytes = files.reduce((sum, file) => sum + (file.bytes ?? 0), 0);
    const parameters = published?.parameters ?? null;
    return { ...NOTHING, model: ref, state: 'to be fetched', bytes, parameters, files };
  } catch (error) {
    if (!(error instanceof AntipodeError) || error.kind === 'interrupted') throw error;
    if (files.length > 0) return because(error, { ...tabled, files });
    return because(error, error.kind === 'missing' ? {} : tabled);
  }
}

function anyModel(repository: string): PlannedFile[] {
  return [['config.json', 1] as const, ['tokenizer.json', 1] as const, ['*.safetensors', null] as const].map(
    ([path, files]) => ({ repository, path, files, bytes: null, known_by: null }),
  );
}

/** From the headers of its weights. @throws {AntipodeError} for a damaged one */
async function sizesIn(folder: string): Promise<Pick<ModelPlan, 'bytes' | 'parameters'>> {
  const file = await openShardedSafetensors(folder);
  try {
    const tensors = [...file.tensors.values()];
    const sum = (one: (tensor: StoredTensor) => number): number =>
      tensors.reduce((total, tensor) => total + one(tensor), 0);
    return { bytes: sum(byteLengthOf), parameters: sum(({ shape }) => elementCount(shape)) };
  } finally {
    await file.close();
  }
}

/** One line for people. */
export function modelSentence({ bytes, model, next, problem, state }: ModelPlan): string {
  const size = bytes === null ? '' : ` (${formatBytes(bytes)})`;
  if (state === 'here') return `open ${visible(model)}${size}`;
  if (state === 'to be fetched') return `fetch ${visible(model)}${size}, then open it`;
  return missingSentence(model, { problem, next });
}
