/** @file The work of `antipode features cosine`: two directions, of SAEs here or on a server, and the cosine between them. */

import { AntipodeError } from '../errors.ts';
import { formatFeatureRef, parseFeatureRef, parseIndex } from '../features/feature_ref.ts';
import { checkWidths } from '../geometry/find_extremes.ts';
import type { HubFiles } from '../hub/fetch_wanted.ts';
import type { RemoteSource } from '../hub/remote_source.ts';
import { plural } from '../report/display.ts';
import type { SaeFile, Space } from '../sae/sae.ts';
import { cosine } from '../tensor/matrix.ts';
import { modelWarnings } from './compared_saes.ts';
import type { CliContext } from './context.ts';
import type { CosineFlags } from './features_flags.ts';
import { hubFor } from './hub_access.ts';
import { openNamedSae } from './open_named_sae.ts';
import { formatBytes, visible } from './output.ts';

interface NamedFeature {
  /** As `--sae` takes it. */
  readonly sae: string;
  readonly index: number;
}

/** @throws {AntipodeError} for anything named that is missing or wrong, and for directions of different widths */
export async function runCosine(
  context: CliContext,
  texts: readonly [string, string],
  flags: CosineFlags,
): Promise<void> {
  const [a, b] = [namedFeature(texts[0]), namedFeature(texts[1])];
  const remote: RemoteSource[] = [];
  const open = (sae: string): Promise<SaeFile> => openRows(context, flags, { sae, remote });
  const first = await open(a.sae);
  try {
    const second = a.sae === b.sae ? first : await open(b.sae);
    try {
      if (first !== second) checkWidths(first, second);
      for (const warning of modelWarnings(first, second)) context.out().warn(visible(warning));
      const cosines = new Map<Space, number | null>();
      for (const space of flags.spaces) {
        const [left, right] = [
          await first.readRows(space, [a.index]),
          await second.readRows(space, [b.index]),
        ];
        const value = cosine(left, 0, right, 0);
        cosines.set(space, Number.isNaN(value) ? null : value);
      }
      const received = remote.reduce((sum, source) => sum + source.received(), 0);
      show(context, cosines, { features: [subjectOf(first, a), subjectOf(second, b)], received });
      if (remote.length > 0) noteTraffic(context, remote, received);
    } finally {
      await second.close();
    }
  } finally {
    await first.close();
  }
}

interface Opening {
  readonly sae: string;
  /** Gets what is read from a server. */
  readonly remote: RemoteSource[];
}

async function openRows(context: CliContext, flags: CosineFlags, { sae, remote }: Opening): Promise<SaeFile> {
  const hub = hubFor(context);
  const watch = (source: RemoteSource | undefined): RemoteSource | undefined => {
    if (source) remote.push(source);
    return source;
  };
  const watched: HubFiles | undefined = hub && {
    ...hub,
    openRanges: async (request) => watch(await hub.openRanges(request)),
    openUrl: async (url) => watch(await hub.openUrl(url)),
  };
  return openNamedSae(context, flags, sae, { hub: watched, rowsOf: flags.spaces });
}

/**
 * `SAE#INDEX` for anything that `--sae` takes, or a feature as Neuronpedia names it.
 * @throws {AntipodeError} `usage`
 */
export function namedFeature(text: string): NamedFeature {
  const [, sae, digits] = /^(.+)#(\d+)$/.exec(text.trim()) ?? [];
  const index = digits === undefined ? undefined : parseIndex(digits);
  if (sae !== undefined && index !== undefined) return { sae, index };
  const hint = 'write SAE#INDEX, such as params.npz#12, or gemma-2-2b/20-gemmascope-res-16k/12';
  const ref = /^https?:/i.test(text) || text.includes('/') ? parseFeatureRef(text) : undefined;
  if (ref?.sourceId === undefined) {
    throw new AntipodeError('usage', `${text}: does not say which feature of which SAE is meant`, { hint });
  }
  return { sae: formatFeatureRef(ref).replace(/\/\d+$/, ''), index: ref.index };
}

interface Subject {
  readonly sae: string;
  readonly label: string;
  readonly neuronpedia_id: string | null;
  readonly feature: number;
}

function subjectOf({ header: { identity } }: SaeFile, { index, sae }: NamedFeature): Subject {
  return { sae, label: identity.label, neuronpedia_id: identity.neuronpediaId ?? null, feature: index };
}

function show(
  context: CliContext,
  cosines: ReadonlyMap<Space, number | null>,
  { features, received }: { readonly features: readonly Subject[]; readonly received: number },
): void {
  context.out().result({
    human: () =>
      [...cosines]
        .map(
          ([space, value]) =>
            `${space}  ${value === null ? 'not defined (a row without a direction)' : value.toFixed(5)}`,
        )
        .join('\n'),
    json: () => ({ features, cosines: Object.fromEntries(cosines), received_bytes: received }),
    quiet: () => [...cosines.values()].map((value) => String(value)),
  });
}

function noteTraffic(context: CliContext, remote: readonly RemoteSource[], received: number): void {
  const whole = remote.reduce((sum, { byteLength }) => sum + byteLength, 0);
  const files = plural(remote.length, 'file', 'files');
  context
    .out()
    .note(visible(`read ${formatBytes(received)} of ${formatBytes(whole)} (${files}) from the server`));
}
