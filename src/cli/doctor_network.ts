/** @file `antipode doctor --network`: whether the servers that data comes from answer at all. One question each, three seconds at most. */

import { AntipodeError } from '../errors.ts';
import { hfEndpoint, isOffline } from '../hub/hf_env.ts';
import { createHttp } from '../hub/http.ts';
import { datasetsBase } from '../hub/neuronpedia_export.ts';
import type { CliContext } from './context.ts';
import type { Finding } from './doctor_command.ts';

const LIMIT_MS = 3000;

export async function examineNetwork({ env, signal }: CliContext): Promise<Finding[]> {
  if (isOffline(env)) return [{ name: 'network', value: 'not asked: offline mode is on', ok: true }];
  const http = createHttp(env, { retries: 0, limits: { headersMs: LIMIT_MS, silenceMs: LIMIT_MS } });
  const ask = async (name: string, address: () => string): Promise<Finding> => {
    try {
      const url = `${address()}/`;
      const { status, discard } = await http.head(url, { signal, follow: 'own' });
      discard();
      // Whatever it says to a question about nothing: it is there.
      return { name, value: `reachable (HTTP ${status})`, ok: true };
    } catch (error) {
      if (!(error instanceof AntipodeError) || error.kind === 'interrupted') throw error;
      return { name, value: error.message, ok: false };
    }
  };
  return Promise.all([
    ask('network: hub', () => hfEndpoint(env)),
    ask('network: neuronpedia', () => datasetsBase(env)),
  ]);
}
