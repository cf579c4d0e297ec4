/** @file The work of `antipode sae inspect` and `antipode sae list`. */

import { inspectSae } from '../sae/inspect.ts';
import type { CliContext } from './context.ts';
import { openNamedSae } from './open_named_sae.ts';
import { inspectionJson, inspectionText, publicIds } from './sae_inspection.ts';
import { type ListedSae, listSaes } from './sae_listing.ts';
import type { SaeFlags, SaeListFlags } from './sae_options.ts';

export async function runSaeInspect(context: CliContext, ref: string, flags: SaeFlags): Promise<void> {
  const out = context.out();
  const file = await openNamedSae(context, flags, ref);
  try {
    const inspection = await inspectSae(file);
    out.result({
      human: (style) => inspectionText(inspection, style),
      json: () => inspectionJson(inspection),
      quiet: () => [inspection.header.files[0]?.path ?? inspection.header.identity.label],
    });
  } finally {
    await file.close();
  }
}

export async function runSaeList(
  context: CliContext,
  words: readonly string[],
  flags: SaeListFlags,
): Promise<void> {
  const out = context.out();
  const listed = await listSaes(context.env, words, flags.cached === true);
  if (listed.length === 0 && out.mode === 'human') out.note(nothingFound(words, flags));
  out.result({
    human: (style) => table(listed, (text) => style.bold(text)),
    json: () => listed.map(listedJson),
    quiet: () => listed.map(({ sae }) => `${sae.release}/${sae.saeId}`),
  });
}

function nothingFound(words: readonly string[], { cached }: SaeListFlags): string {
  const where = cached ? 'in the Hugging Face cache of this machine' : 'among the registered SAEs';
  return words.length > 0 ? `nothing with ${words.join(' and ')} ${where}` : `nothing ${where}`;
}

function listedJson({ sae, isCached }: ListedSae): unknown {
  return {
    release: sae.release,
    sae_id: sae.saeId,
    aliases: sae.aliases,
    ...publicIds(sae.identity.neuronpediaId),
    model: sae.identity.modelName ?? null,
    hook_name: sae.identity.hookName ?? null,
    l0: sae.l0 ?? null,
    repo_id: sae.repoId,
    files: sae.files,
    is_cached: isCached,
  };
}

function table(listed: readonly ListedSae[], bold: (text: string) => string): string {
  if (listed.length === 0) return '';
  const rows = listed.map(({ sae, isCached }) => {
    const { embedded_id, neuronpedia_id } = publicIds(sae.identity.neuronpediaId);
    return [
      `${sae.release}/${sae.saeId}`,
      neuronpedia_id ?? '-',
      sae.l0 === undefined ? '-' : String(sae.l0),
      embedded_id === null ? (isCached ? 'yes' : '-') : 'ships with antipode',
    ];
  });
  const head = ['SAE', 'Neuronpedia', 'L0', 'cached'];
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]!.length)));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, i) => cell.padEnd(widths[i]!))
      .join('  ')
      .trimEnd();
  return [bold(line(head)), ...rows.map(line)].join('\n');
}
