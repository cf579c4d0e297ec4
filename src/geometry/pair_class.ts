/**
 * @file What kind of pair an extreme pair is, from its cosines in both spaces. Reason: dense JumpReLU latents form antipodal pairs,
 * because a non-negative code needs two latents to span one signed direction (arXiv 2506.15679); such a pair is opposed in both
 * matrices and says nothing about opposite meanings.
 */

export type PairClass = 'antipodal' | 'duplicate' | 'decoder-only' | 'encoder-only' | 'crossed' | 'weak';

export const PAIR_CLASSES: readonly PairClass[] = [
  'antipodal',
  'duplicate',
  'decoder-only',
  'encoder-only',
  'crossed',
  'weak',
];

/** |cos| from which a cosine counts as strong; recorded with every run. */
export const STRONG_COSINE = 0.5;

/**
 * `antipodal`: both strongly negative. `duplicate`: both strongly positive. `decoder-only`, `encoder-only`: strong in that space alone.
 * `crossed`: strong in both with opposite signs. `weak`: strong in neither. Undefined when a cosine is not known.
 */
export function classifyPair(cosEncoder: number, cosDecoder: number): PairClass | undefined {
  if (Number.isNaN(cosEncoder) || Number.isNaN(cosDecoder)) return undefined;
  const encoder = Math.abs(cosEncoder) >= STRONG_COSINE ? Math.sign(cosEncoder) : 0;
  const decoder = Math.abs(cosDecoder) >= STRONG_COSINE ? Math.sign(cosDecoder) : 0;
  if (encoder === 0 && decoder === 0) return 'weak';
  if (encoder === 0) return 'decoder-only';
  if (decoder === 0) return 'encoder-only';
  if (encoder !== decoder) return 'crossed';
  return encoder < 0 ? 'antipodal' : 'duplicate';
}
