/**
 * @file Untrusted text made visible for files that people open in terminals and viewers: what would be obeyed or not be seen becomes `\u{1b}`. Unlike
 * `shown_name.ts`, nothing is cut and line breaks stay.
 */

/**
 * Control characters but tab and line breaks, format characters (bidirectional ones among them), line and paragraph separators, lone surrogates. The two
 * joiners that emoji and several scripts are written with stay: they reorder nothing and hide nothing.
 */
const INVISIBLE = /(?![\t\n\r\u200c\u200d])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** What is written for an invisible character; also where it stands in the text itself, its backslash is escaped, so that the way back is one. */
const ESCAPE = /\\(?=u\{)/g;

/** `\u{…}` for each of them. Not reversible: text may hold the same letters. */
export function visibleText(text: string): string {
  return text.replace(INVISIBLE, escaped);
}

/** The same, reversible: where the text itself has `\u{`, its backslash becomes `\u{5c}`. */
export function visibleTextLossless(text: string): string {
  return visibleText(text.replace(ESCAPE, escaped));
}

function escaped(character: string): string {
  return `\\u{${character.codePointAt(0)!.toString(16)}}`;
}
