/** @file What `antipode extremes` keeps in a file while it runs: one part of the pairs (`--shard`), or the whole search (`--checkpoint`). */

import { access } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { AntipodeError } from '../errors.ts';
import type { Space } from '../sae/sae.ts';
import { type Shard, WHOLE } from '../search/columns.ts';
import { type PartKeeper, type PartPlace, shareDone } from '../search/part_keeper.ts';
import type { CliContext } from './context.ts';
import type { ExtremesFlags } from './extremes_flags.ts';
import { resolveShard } from './shard_option.ts';
import { packageVersion } from './version.ts';

/** @returns undefined where nothing is kept @throws {AntipodeError} `usage` for options that exclude each other */
export function partPlace(context: CliContext, flags: ExtremesFlags): PartPlace | undefined {
  const { checkpoint, out, shard } = flags;
  if (shard === undefined && checkpoint === undefined) return undefined;
  const name = shard ? '--shard' : '--checkpoint';
  if (flags.census) {
    throw new AntipodeError(
      'usage',
      `${name}: does not go with --census, which counts all pairs in one piece`,
      {
        hint: 'count in a run of its own',
      },
    );
  }
  const known = { k: flags.top, asked: askedOf(flags), caller: callerOf(flags) };
  if (!shard) return { ...known, path: resolve(context.cwd, checkpoint!), shown: checkpoint!, shard: WHOLE };
  if (checkpoint !== undefined) {
    throw new AntipodeError(
      'usage',
      '--checkpoint: does not go with --shard, whose file is its own checkpoint',
    );
  }
  if (out === undefined) {
    throw new AntipodeError('usage', '--shard: needs --out, the folder of the parts', {
      hint: 'antipode extremes … --shard 1/8 --out parts',
    });
  }
  const resolved = resolveShard(shard, context.env);
  const file = partName(resolved);
  return { ...known, path: resolve(context.cwd, out, file), shown: join(out, file), shard: resolved };
}

/** `part-3-of-8.json`, numbers of equal length. */
export function partName({ count, index }: Shard): string {
  return `part-${String(index).padStart(String(count).length, '0')}-of-${count}.json`;
}

/** Has to be the same in all parts: with the rows, it decides which pairs there are. */
function askedOf({ maxDensity, minDensity, spaces }: ExtremesFlags): PartPlace['asked'] {
  return {
    antipode: packageVersion(),
    '--spaces': spaces.join(','),
    '--min-density': minDensity ?? null,
    '--max-density': maxDensity ?? null,
  };
}

/** What `antipode merge` needs to end the command. */
function callerOf(flags: ExtremesFlags): unknown {
  const { explainer, explanations, format, map, maxDensity, minDensity, sae, spaces, top, transpose } = flags;
  return {
    sae,
    with: flags.with,
    map,
    transpose,
    format,
    explanations,
    explainer,
    spaces,
    top,
    minDensity,
    maxDensity,
  };
}

/** Says that a search goes on, or that nothing is left of it to do. */
export function sayWhereItStands(
  context: CliContext,
  { shown }: PartPlace,
  { searches, shard }: PartKeeper,
  spaces: readonly Space[],
): void {
  const share = shareDone({ searches, shard }, spaces);
  if (share === 1) context.out().note(`${shown}: all its pairs are searched already.`);
  else if (share > 0) context.out().note(`${shown}: goes on from ${Math.floor(100 * share)} %.`);
}

/** The result of a command that searched a part. */
export function givePart(context: CliContext, { shard, shown }: PartPlace): void {
  context.out().result({
    human: () => shown,
    json: () => ({ part: shown, index: shard.index, count: shard.count }),
    quiet: () => [shown],
  });
  if (shard.count > 1)
    context.out().note(`antipode merge joins the parts once all ${shard.count} are there.`);
}

/** Where a search was interrupted that has left something to go on from: a sentence that says so. */
export async function whatIsKept({ path, shown }: PartPlace, error: unknown): Promise<unknown> {
  if (!(error instanceof AntipodeError) || error.kind !== 'interrupted') return error;
  const isKept = await access(path).then(
    () => true,
    () => false,
  );
  if (!isKept) return error;
  return new AntipodeError('interrupted', `interrupted: ${shown} holds what was found`, {
    hint: 'run the same command again to go on',
    cause: error,
  });
}
