/**
 * @file The session of a model, opened anew where something is asked for that its graph leaves out because it costs also where nobody uses it: the
 * inputs of edits (two thirds of a step more in a tiny model, a launch each on devices), attention patterns as outputs (134 MB per layer and run
 * with 8 heads and 8192 keys).
 */

import type { InferenceSession } from 'onnxruntime-node';
import { AntipodeError } from '../errors.ts';
import { shownName } from '../formats/shown_name.ts';
import type { RunningDevice } from '../onnx/device.ts';
import type { ModelConfig } from './config.ts';
import type { Capture, Edit, Site } from './language_model.ts';
import { type OpenedSession, openSession, type SessionRequest } from './open_session.ts';

export interface HookedSession {
  readonly device: RunningDevice;
  /** That the graph has inputs for. */
  readonly editSites: ReadonlySet<Site>;
  /** Has what these need. @throws {AntipodeError} as `openSession`, where it has to be opened anew; the next call tries again */
  prepare(edits: readonly Edit[], captures: readonly Capture[]): Promise<InferenceSession>;
  release(): Promise<void>;
}

export interface DeclaredHooks {
  readonly editSites?: readonly Site[];
  readonly patternLayers?: readonly number[];
}

/** @throws {AntipodeError} `usage` for a site or layer that is not there, else as `openSession` */
export async function openHookedSession(
  request: Omit<SessionRequest, 'hooks'>,
  declared: DeclaredHooks,
): Promise<HookedSession> {
  const all: readonly Site[] = ['emb', ...Array(request.config.layers).keys()];
  checkDeclared(declared, request.config);
  let editSites: ReadonlySet<Site> = new Set(declared.editSites);
  let patternLayers: ReadonlySet<number> = new Set(declared.patternLayers);
  let opened: OpenedSession | undefined = await openSession({
    ...request,
    hooks: { editSites, patternLayers },
  });
  const { device } = opened;
  const release = async (): Promise<void> => {
    const before = opened;
    opened = undefined;
    await before?.session.release();
  };
  return {
    device,
    get editSites() {
      return editSites;
    },
    async prepare(edits, captures) {
      const layers = captures.flatMap((name) => patternLayerOf(name) ?? []);
      const lacksEdits = !edits.every(({ at }) => editSites.has(at));
      if (lacksEdits || !layers.every((layer) => patternLayers.has(layer))) {
        // All sites, so that looking at one layer after the other opens the model once; layers one by one, as each takes memory.
        if (lacksEdits) editSites = new Set(all);
        patternLayers = new Set([...patternLayers, ...layers]);
        // First, because packed weights may not fit twice.
        await release();
      }
      opened ??= await openSession({
        ...request,
        device: device.name,
        hooks: { editSites, patternLayers },
      });
      return opened.session;
    },
    release,
  };
}

function patternLayerOf(name: Capture): number | undefined {
  return name.startsWith('pattern.') ? Number(name.slice('pattern.'.length)) : undefined;
}

function checkDeclared({ editSites = [], patternLayers = [] }: DeclaredHooks, { layers }: ModelConfig): void {
  const isLayer = (site: Site): boolean =>
    Number.isInteger(site) && Number(site) >= 0 && Number(site) < layers;
  const refuse = (option: string, site: Site, expected: string): never => {
    throw new AntipodeError(
      'usage',
      `${option}: there is no place ${shownName(String(site))} (expected ${expected} from 0 to ${layers - 1})`,
    );
  };
  for (const site of editSites)
    if (site !== 'emb' && !isLayer(site)) refuse('editSites', site, 'emb or a layer');
  for (const layer of patternLayers) if (!isLayer(layer)) refuse('patternLayers', layer, 'a layer');
}
