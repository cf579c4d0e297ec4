/** @file The work of `antipode merge`: reads the parts, joins them, checks every pair against the weights at hand, and gives what `antipode extremes` gives. */

import { readdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { AntipodeError, throwIfInterrupted } from '../errors.ts';
import { checkOutputDirectory } from '../formats/atomic.ts';
import { findMerged } from '../geometry/merge_extremes.ts';
import { SPACES } from '../sae/sae.ts';
import { mergeParts, type NamedPart } from '../search/merge_parts.ts';
import { readPart } from '../search/part_file.ts';
import { type ComparedSae, openComparedSaes } from './compared_saes.ts';
import type { CliContext } from './context.ts';
import { EXTREMES_FOLDER, giveExtremes, type ResultFlags } from './extremes_result.ts';
import type { SaeFlags } from './sae_options.ts';
import { closeAll } from './several_saes.ts';

export interface MergeFlags extends SaeFlags {
  readonly sae?: string;
  readonly with?: string;
  readonly explanations?: readonly string[];
  readonly explainer?: string;
  readonly out?: string;
}

const WORDS = z.array(z.string()).optional();
const DENSITY = z.number().min(0).max(1).optional();
const CALLER = z.object({
  sae: z.string(),
  with: z.string().optional(),
  map: WORDS,
  transpose: WORDS,
  format: z.string().optional(),
  explanations: WORDS,
  explainer: z.string().optional(),
  spaces: z.array(z.enum(SPACES)),
  top: z.number().int().min(1),
  minDensity: DENSITY,
  maxDensity: DENSITY,
});

/** @throws {AntipodeError} for parts that do not make one whole, and for weights that are not theirs */
export async function runMerge(
  context: CliContext,
  paths: readonly string[],
  given: MergeFlags,
): Promise<void> {
  if (given.out !== undefined) await checkOutputDirectory(resolve(context.cwd, given.out), EXTREMES_FOLDER);
  const parts: NamedPart[] = [];
  for (const shown of await partFiles(context, paths)) {
    throwIfInterrupted(context.signal);
    const part = await readPart(resolve(context.cwd, shown), shown);
    if (!part) throw new AntipodeError('missing', `${shown}: no such file`, { hint: 'check its name' });
    parts.push({ shown, part });
  }
  const flags = { ...flagsOf(parts[0]!), ...given };
  const merged = mergeParts(parts, flags.spaces);
  const saes = await openSearched(context, flags, given);
  try {
    const [a, b] = saes as [ComparedSae, ComparedSae | undefined];
    await giveExtremes(context, flags, saes, await findMerged({ a, b }, merged));
  } finally {
    await closeAll(saes);
  }
}

/** @throws {AntipodeError} as `openComparedSaes`; where an SAE is not where the parts have it, with the option that says where it is */
async function openSearched(
  context: CliContext,
  flags: ResultFlags,
  given: MergeFlags,
): Promise<ComparedSae[]> {
  try {
    return await openComparedSaes(context, flags, [flags.sae, ...[flags.with ?? []].flat()]);
  } catch (error) {
    if (!(error instanceof AntipodeError) || error.kind !== 'missing') throw error;
    const option = (['sae', 'with'] as const).find((name) => {
      const ref = flags[name];
      return given[name] === undefined && ref !== undefined && error.message.startsWith(`${ref}: `);
    });
    if (!option) throw error;
    throw new AntipodeError('missing', error.message, {
      hint: `name it with --${option} where it lies elsewhere than it was searched${error.hint ? `; ${error.hint}` : ''}`,
      cause: error,
    });
  }
}

/** What the command that searched the part was asked, without what says how it was done. */
function flagsOf({ part, shown }: NamedPart): ResultFlags {
  const caller = CALLER.safeParse(part.caller);
  if (!caller.success) {
    throw new AntipodeError('format', `${shown}: does not say which SAE it is a part of`, {
      hint: 'search it again with antipode extremes --shard',
    });
  }
  return caller.data as ResultFlags;
}

const PART_NAME = /^part-\d+-of-\d+\.json$/;

/** Files as they were named, and those of folders by name. */
async function partFiles(context: CliContext, paths: readonly string[]): Promise<string[]> {
  const files: string[] = [];
  for (const path of paths) {
    const at = resolve(context.cwd, path);
    if (!(await stat(at)).isDirectory()) {
      files.push(path);
      continue;
    }
    const names = (await readdir(at)).filter((name) => PART_NAME.test(name)).sort();
    if (names.length === 0) {
      throw new AntipodeError('missing', `${path}: holds no parts (files such as part-1-of-8.json)`, {
        hint: 'antipode extremes … --shard 1/8 --out FOLDER writes one',
      });
    }
    files.push(...names.map((name) => join(path, name)));
  }
  return files;
}
