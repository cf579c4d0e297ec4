import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LineScanner } from './line_scanner.ts';

interface Found {
  readonly line: number;
  readonly offset: number;
  readonly byteLength: number;
  readonly text: string;
}

/** Through one buffer that is used again for every chunk, as the reader of a file does. */
function scan(bytes: Uint8Array, chunkBytes: number, limit: number): Found[] {
  const scanner = new LineScanner(limit);
  const buffer = new Uint8Array(chunkBytes);
  const found: Found[] = [];
  const add = ({ bytes: kept, ...place }: { bytes: Uint8Array } & Omit<Found, 'text'>): void => {
    found.push({ ...place, text: Buffer.from(kept).toString('latin1') });
  };
  for (let at = 0; at < bytes.byteLength; at += chunkBytes) {
    const chunk = buffer.subarray(0, Math.min(chunkBytes, bytes.byteLength - at));
    chunk.set(bytes.subarray(at, at + chunk.byteLength));
    for (const line of scanner.push(chunk)) add(line);
  }
  const last = scanner.end();
  if (last) add(last);
  return found;
}

const pieces = fc.constantFrom('a', 'bc', 'ö', '€', '🙂', '\n', '\r', '\r\n', '\n\n', '\ufeff');
const texts = fc.array(pieces, { maxLength: 40 }).map((parts) => parts.join(''));

test('lines, their places and their bytes, wherever the chunks are cut', () => {
  fc.assert(
    fc.property(texts, fc.integer({ min: 1, max: 9 }), (text, chunkBytes) => {
      const bytes = new TextEncoder().encode(text);
      const raw = Buffer.from(bytes).toString('latin1');
      const parts = raw.split('\n');
      if (parts.at(-1) === '') parts.pop();
      let offset = 0;
      const expected = parts.map((part, index) => {
        const start = offset;
        offset += part.length + 1;
        const mark = index === 0 && part.startsWith('\u00ef\u00bb\u00bf') ? 3 : 0;
        const own = part.slice(mark).replace(/\r$/, '');
        return { line: index + 1, offset: start + mark, byteLength: own.length, text: own };
      });
      expect(scan(bytes, chunkBytes, 1000)).toEqual(expected);
    }),
    { numRuns: 500 },
  );
});

test('of a long line whole characters up to the limit are kept, and its length and the lines behind it are known', () => {
  fc.assert(
    fc.property(
      texts,
      fc.integer({ min: 1, max: 9 }),
      fc.integer({ min: 4, max: 12 }),
      (text, chunkBytes, limit) => {
        const bytes = new TextEncoder().encode(text);
        const whole = scan(bytes, 1000, 1000);
        const cut = scan(bytes, chunkBytes, limit);
        expect(cut.map(({ byteLength, line, offset }) => [byteLength, line, offset])).toEqual(
          whole.map(({ byteLength, line, offset }) => [byteLength, line, offset]),
        );
        for (const [index, { text: kept }] of cut.entries()) {
          const { byteLength, text: all } = whole[index]!;
          expect(all.startsWith(kept)).toBe(true);
          expect(kept.length).toBeLessThanOrEqual(limit);
          if (byteLength <= limit) expect(kept).toBe(all);
          else expect(kept.length).toBeGreaterThan(limit - 4);
          expect(() =>
            new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(kept, 'latin1')),
          ).not.toThrow();
        }
      },
    ),
    { numRuns: 500 },
  );
});
