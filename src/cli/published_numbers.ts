/** @file The article's numbers for an SAE that a command opened. */

import { type Published, publishedFor } from '../concepts/published.ts';
import type { SaeHeader } from '../sae/sae.ts';
import type { CliContext } from './context.ts';
import { visible } from './output.ts';

/** As `publishedIfItFits`, without a word about it. */
export function publishedThatFits({ identity, dSae }: SaeHeader): Published | undefined {
  const published = publishedFor(identity);
  return published?.dSae === dSae ? published : undefined;
}

/** The article's numbers, unless the file cannot be the SAE that it is said to be. */
export function publishedIfItFits(context: CliContext, { identity, dSae }: SaeHeader): Published | undefined {
  const published = publishedFor(identity);
  if (!published || published.dSae === dSae) return published;
  context
    .out()
    .warn(
      visible(
        `${identity.label}: this file has ${dSae} features, the article's SAE ${published.dSae}: its numbers are left out`,
      ),
    );
  return undefined;
}
