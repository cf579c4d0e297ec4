/**
 * @file Under which name a file grows: one for each content, so that a later run never goes on behind the bytes of another version. Ends in `.incomplete`, as
 * other programs' beginnings in the same folder do, and bears our name, because those would be written on at the same moment.
 */

import { createHash } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** @param content what names it, a hash or an ETag; undefined where nothing does */
export function incompletePath(to: string, content: string | undefined): string {
  const tag = createHash('sha256')
    .update(content ?? '')
    .digest('hex')
    .slice(0, 8);
  return `${to}.antipode-${tag}.incomplete`;
}

/** Removes the beginnings of other contents of the same file; those that do not go stay. */
export async function removeOtherIncomplete(to: string, kept: string): Promise<void> {
  const folder = dirname(to);
  const names = await readdir(folder).catch(() => []);
  const stale = names.filter(
    (name) =>
      name.startsWith(`${basename(to)}.antipode-`) && name.endsWith('.incomplete') && name !== basename(kept),
  );
  await Promise.all(stale.map((name) => rm(join(folder, name), { force: true }).catch(() => {})));
}
