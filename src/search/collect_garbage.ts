/**
 * @file Runs this thread's garbage collector. Shared memory is freed when the collector of every thread that saw it has run, and threads that allocate little else may
 * never run theirs: without this, a second search would stand beside all that the first one held.
 */

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

let collect: (() => void) | undefined;

/** Takes a few milliseconds where little is alive. */
export function collectGarbage(): void {
  if (!collect) {
    setFlagsFromString('--expose-gc');
    collect = runInNewContext('gc') as () => void;
  }
  collect();
}
