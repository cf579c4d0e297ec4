/** @file What manifests and JSON documents of commands about dictionaries say alike: versions, the dictionary, the command that gives the same result. */

import type { InputFile } from '../report/run_directory.ts';
import type { SaeFile, SaeHeader } from '../sae/sae.ts';
import type { ConceptFlags } from './geometry_flags.ts';
import type { SaeFlags } from './sae_options.ts';
import { onnxRuntimeVersion, packageVersion } from './version.ts';

export function versionFacts(): Record<string, string> {
  return {
    antipode: packageVersion(),
    node: process.versions.node,
    onnxruntime: onnxRuntimeVersion(),
  };
}

export function saeFacts({ identity, ...header }: SaeHeader): Record<string, unknown> {
  return {
    label: identity.label,
    release: identity.release ?? null,
    sae_id: identity.saeId ?? null,
    neuronpedia_id: identity.neuronpediaId ?? null,
    is_synthetic: identity.isSynthetic,
    format: header.format,
    architecture: header.architecture,
    dtype: header.dtype,
    d_in: header.dIn,
    d_sae: header.dSae,
    facts: header.facts,
  };
}

/** The files behind a dictionary and what explains it. */
export function inputFiles({ header }: SaeFile, explanationFiles: readonly string[]): InputFile[] {
  const { label } = header.identity;
  return [
    ...header.files.map(({ path }) => ({ role: 'sae', sae: label, path })),
    ...explanationFiles.map((path) => ({ role: 'explanations', sae: label, path })),
  ];
}

/** Words of an option that may be left out or given several times. */
export function optionWords(name: string, values: string | number | readonly string[] | undefined): string[] {
  return [values ?? []].flat().flatMap((value) => [name, String(value)]);
}

/** How the SAE files are to be read. */
export function saeOptionWords({ map, transpose, format, revision }: SaeFlags): string[] {
  return [
    ...optionWords('--map', map),
    ...optionWords('--transpose', transpose),
    ...optionWords('--format', format),
    ...optionWords('--revision', revision),
  ];
}

/** Which dictionaries with which concepts. */
export function conceptOptionWords(flags: ConceptFlags): string[] {
  return [
    ...optionWords('--sae', flags.sae),
    ...saeOptionWords(flags),
    ...optionWords('--concepts', flags.concepts),
    ...optionWords('--explanations', flags.explanations),
    ...optionWords('--explainer', flags.explainer),
  ];
}

/** Options that searches for pairs and for neighbors have alike. */
export interface SearchFlags extends SaeFlags {
  readonly with?: string | readonly string[];
  readonly explanations?: string | readonly string[];
  readonly explainer?: string;
  readonly spaces: readonly string[];
  readonly top: number;
  readonly minDensity?: number;
  readonly maxDensity?: number;
}

/** What was searched and how, in the order of `--help`. */
export function searchOptionWords(flags: SearchFlags): string[] {
  return [
    ...optionWords('--with', flags.with),
    ...saeOptionWords(flags),
    ...optionWords('--explanations', flags.explanations),
    ...optionWords('--explainer', flags.explainer),
    ...optionWords('--spaces', flags.spaces.join(',')),
    ...optionWords('--top', flags.top),
    ...optionWords('--min-density', flags.minDensity),
    ...optionWords('--max-density', flags.maxDensity),
  ];
}
