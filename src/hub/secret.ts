/** @file The key in what servers say: some repeat the headers that they were sent. */

/** Shorter ones are placeholders, such as `x` or `EMPTY` for servers that need none, and stand in words of any answer. */
const SHORTEST_SECRET = 6;

/** With `…` in the place of the key, as it is and as JSON inside a JSON string would write it. */
export function withoutSecret(text: string, secret: string | undefined): string {
  // Headers are sent without the blanks around them.
  const key = secret?.trim() ?? '';
  if (key.length < SHORTEST_SECRET) return text;
  return text.replaceAll(JSON.stringify(key).slice(1, -1), '…').replaceAll(key, '…');
}
