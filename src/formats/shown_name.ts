/** @file Names that come out of untrusted files, made safe to print: no control, bidirectional or invisible characters, and no endless lines. */

/** Longer names are cut in messages; real tensor names stay under 120 characters. */
const MAX_SHOWN = 120;

/**
 * The name as it may stand in a message: control, format and line-separating characters and lone surrogates become `\u{…}` escapes, and
 * what is longer than 120 characters is cut with `…`. A plain name comes back unchanged; the empty one as `""`.
 */
export function shownName(name: string): string {
  if (name === '') return '""';
  const characters = [...name.slice(0, 2 * MAX_SHOWN)];
  const cut = characters.length > MAX_SHOWN || name.length > 2 * MAX_SHOWN;
  const shown = characters
    .slice(0, MAX_SHOWN)
    .map((c) => (/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u.test(c) ? `\\u{${c.codePointAt(0)!.toString(16)}}` : c));
  return shown.join('') + (cut ? '…' : '');
}
