/**
 * @file Where downloaded and generated files live. Our own cache follows the XDG base directory specification; the Hugging Face cache
 * is found by the rules of Python's `huggingface_hub` (`HF_HUB_CACHE`, `HUGGINGFACE_HUB_CACHE`, `HF_HOME`, `XDG_CACHE_HOME`), so that both
 * programs share one copy.
 */

import { homedir, userInfo } from 'node:os';
import { isAbsolute, join } from 'node:path';

export type Env = Readonly<Record<string, string | undefined>>;

function home(env: Env): string {
  // `homedir()` believes an empty HOME, which would put the cache below the current folder.
  return env['HOME'] || homedir() || userInfo().homedir;
}

/** XDG says a relative path must be ignored. */
function xdgCacheHome(env: Env): string {
  const set = env['XDG_CACHE_HOME'];
  return set && isAbsolute(set) ? set : join(home(env), '.cache');
}

/** `$XDG_CACHE_HOME/antipode`: generated dictionaries, imported feature stores, quantised weights, answers of endpoints. */
export function antipodeCacheDir(env: Env): string {
  return join(xdgCacheHome(env), 'antipode');
}

/** The folder that holds `models--org--name`. */
export function hfHubCacheDir(env: Env): string {
  const direct = env['HF_HUB_CACHE'] || env['HUGGINGFACE_HUB_CACHE'];
  return direct ? expandPath(direct, env) : join(hfHomeDir(env), 'hub');
}

/** `HF_HOME`: the folder that holds the cache of the hub and the token. */
export function hfHomeDir(env: Env): string {
  return env['HF_HOME'] ? expandPath(env['HF_HOME'], env) : join(xdgCacheHome(env), 'huggingface');
}

/** `~` and then `$NAME` and `${NAME}`, as Python's `expanduser` and `expandvars`; names that are not set stay as they are. */
export function expandPath(path: string, env: Env): string {
  const below = path === '~' || path.startsWith('~/') ? join(home(env), path.slice(1)) : path;
  return below.replace(
    /\$(?:(\w+)|\{([^}]*)\})/g,
    (whole, plain: string | undefined, braced: string | undefined) => env[plain ?? braced ?? ''] ?? whole,
  );
}
