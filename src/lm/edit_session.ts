/**
 * @file The session of a model, opened anew where edits are asked for at sites that its graph has no inputs for. Eight operators per site cost
 * next to nothing in a large model but a share of every step in a small one, and on devices a launch each: models that are never edited have none.
 */

import type { InferenceSession } from 'onnxruntime-node';
import { AntipodeError } from '../errors.ts';
import { shownName } from '../formats/shown_name.ts';
import type { ModelConfig } from './config.ts';
import type { RunningDevice } from './device.ts';
import type { Edit, Site } from './language_model.ts';
import { type OpenedSession, openSession, type SessionRequest } from './open_session.ts';

export interface EditSession {
  readonly device: RunningDevice;
  /** That the graph has inputs for. */
  readonly sites: ReadonlySet<Site>;
  /** Has inputs for these edits; opened anew, with all sites, where one of them is missing. @throws {AntipodeError} as `openSession` */
  prepare(edits: readonly Edit[]): Promise<InferenceSession>;
  release(): Promise<void>;
}

/** @throws {AntipodeError} `usage` for a declared site that is not there, else as `openSession` */
export async function openEditSession(
  request: Omit<SessionRequest, 'editSites'>,
  declared: readonly Site[],
): Promise<EditSession> {
  const all = sitesOf(request.config);
  const unknown = declared.find((site) => !all.includes(site));
  if (unknown !== undefined) {
    throw new AntipodeError(
      'usage',
      `editSites: there is no place ${shownName(String(unknown))} (expected emb or a layer from 0 to ${all.length - 2})`,
    );
  }
  let sites: ReadonlySet<Site> = new Set(declared);
  let opened: OpenedSession | undefined = await openSession({ ...request, editSites: sites });
  const { device } = opened;
  const release = async (): Promise<void> => {
    const before = opened;
    opened = undefined;
    await before?.session.release();
  };
  return {
    device,
    get sites() {
      return sites;
    },
    async prepare(edits) {
      if (!edits.every(({ at }) => sites.has(at))) {
        // All of them, so that looking at one layer after the other opens the model once. Released first: packed weights may not fit twice.
        sites = new Set(all);
        await release();
      }
      opened ??= await openSession({ ...request, editSites: sites });
      return opened.session;
    },
    release,
  };
}

function sitesOf({ layers }: ModelConfig): Site[] {
  return ['emb', ...Array(layers).keys()];
}
