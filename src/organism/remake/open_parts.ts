/** @file What later stages open: the model that was written, its tokenizer, and the SAEs as their readers see them. */

import { EMBEDDED_SAES, type EmbeddedSae } from '../../hub/embedded_default.ts';
import type { LanguageModel } from '../../lm/language_model.ts';
import { openLanguageModel } from '../../lm/session.ts';
import { openTokenizer } from '../../lm/tokenizer/open_tokenizer.ts';
import type { Tokenizer } from '../../lm/tokenizer/tokenizer.ts';
import { embeddedIdentity } from '../../sae/locate_sae.ts';
import { openSae } from '../../sae/open.ts';
import type { Sae } from '../../sae/sae.ts';

export interface OpenedModel {
  readonly model: LanguageModel;
  readonly tokenizer: Tokenizer;
}

/** @param folder `config.json`, `model.safetensors` and the tokenizer's files; the model is closed behind `use` */
export async function withModel<T>(
  folder: string,
  threads: number | undefined,
  use: (opened: OpenedModel) => Promise<T>,
): Promise<T> {
  const tokenizer = await openTokenizer(folder);
  const model = await openLanguageModel(folder, threads === undefined ? {} : { threads });
  try {
    return await use({ model, tokenizer });
  } finally {
    await model.close();
  }
}

export interface SaeOnDisk {
  readonly layer: number;
  /** `params.npz`. */
  readonly saeFile: string;
}

/** The weights of a `params.npz`, under the name that this layer's SAE ships with. */
export async function loadSae(path: string, layer: number): Promise<Sae> {
  const as = embeddedIdentity(saeOfLayer(layer));
  const file = await openSae(path, { env: {}, cwd: '/', as });
  try {
    return await file.load();
  } finally {
    await file.close();
  }
}

/** @throws a plain `internal:` error for a layer without an SAE */
export function saeOfLayer(layer: number): EmbeddedSae {
  const found = EMBEDDED_SAES.find((sae) => sae.layer === layer);
  if (!found) throw new Error(`internal: layer ${layer} has no embedded SAE`);
  return found;
}
