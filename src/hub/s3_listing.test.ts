import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AntipodeError } from '../errors.ts';
import { listObjects, MAX_PAGE_BYTES, parseListing } from './s3_listing.ts';

const BASE = 'https://bucket.example';

/** A page as S3 writes it, by the API reference of ListObjectsV2. */
function page(keys: readonly string[], next?: string): string {
  const entries = keys.map(
    (key, i) =>
      `<Contents><Key>${key}</Key><LastModified>2025-06-0${(i % 9) + 1}T01:02:03.000Z</LastModified><ETag>&quot;0cc175b9c0f1b6a831c399e269772661&quot;</ETag><Size>${100 + i}</Size><StorageClass>STANDARD</StorageClass></Contents>`,
  );
  const truncated =
    next === undefined
      ? '<IsTruncated>false</IsTruncated>'
      : `<IsTruncated>true</IsTruncated><NextContinuationToken>${next}</NextContinuationToken>`;
  return `<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>bucket</Name><Prefix>v1/</Prefix><KeyCount>${keys.length}</KeyCount><MaxKeys>1000</MaxKeys>${truncated}${entries.join('')}</ListBucketResult>`;
}

describe('listObjects', () => {
  it('follows every page, with tokens as they were given', async () => {
    const asked: string[] = [];
    const pages = [page(['v1/a', 'v1/b'], '1/+x=='), page(['v1/c'], 'two&amp;three'), page(['v1/d'])];
    const objects = await listObjects({
      base: `${BASE}/`,
      prefix: 'v1/',
      readPage: async (url) => {
        asked.push(url);
        return pages[asked.length - 1]!;
      },
    });
    expect(objects.map(({ key }) => key)).toEqual(['v1/a', 'v1/b', 'v1/c', 'v1/d']);
    expect(objects[1]).toEqual({
      key: 'v1/b',
      byteLength: 101,
      etag: '"0cc175b9c0f1b6a831c399e269772661"',
      modified: '2025-06-02T01:02:03.000Z',
    });
    expect(asked.map((url) => new URL(url).searchParams.get('continuation-token'))).toEqual([
      null,
      '1/+x==',
      'two&three',
    ]);
    expect(asked.every((url) => url.startsWith(`${BASE}/?list-type=2&prefix=v1%2F`))).toBe(true);
  });

  it('ends where a server gives the same token for ever, or a new one for ever', async () => {
    const same = listObjects({ base: BASE, prefix: '', readPage: async () => page([], 'again') });
    await expect(same).rejects.toMatchObject({
      kind: 'network',
      message: expect.stringContaining('to an end'),
    });
    let count = 0;
    const fresh = listObjects({ base: BASE, prefix: '', readPage: async () => page([], `t${count++}`) });
    await expect(fresh).rejects.toMatchObject({
      kind: 'network',
      message: expect.stringContaining('to an end'),
    });
    expect(count).toBe(100);
  });

  it('refuses keys that were not asked for', async () => {
    const listing = listObjects({
      base: BASE,
      prefix: 'v1/',
      readPage: async () => page(['../../etc/passwd']),
    });
    await expect(listing).rejects.toMatchObject({
      kind: 'network',
      message: expect.stringContaining('not below v1/'),
    });
  });

  it('stops when it is told to', async () => {
    const controller = new AbortController();
    const readPage = async (): Promise<string> => {
      controller.abort();
      return page([], 'more');
    };
    const listing = listObjects({ base: BASE, prefix: '', readPage, signal: controller.signal });
    await expect(listing).rejects.toMatchObject({ kind: 'interrupted' });
  });
});

describe('parseListing', () => {
  it('reads an empty list, and decodes what XML escapes', () => {
    expect(parseListing(page([]), BASE)).toEqual({ objects: [], next: undefined });
    expect(parseListing(page(['v1/&#x61;&#98;&amp;&lt;.gz']), BASE).objects[0]?.key).toBe('v1/ab&<.gz');
  });

  it.each([
    ['an error page', '<html><body>Access denied</body></html>', 'no list of files'],
    ['an S3 error', '<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>', 'no list of files'],
    ['a cut page', page(['v1/a']).slice(0, -60), 'cut'],
    ['an entry without a key', page(['']), 'no key'],
    ['a size that is none', page(['v1/a']).replace('<Size>100', '<Size>-1'), 'no number of bytes'],
    ['a page that goes on nowhere', page([], ''), 'does not say where'],
    ['a page without an end', 'x'.repeat(MAX_PAGE_BYTES + 1), 'longer than'],
  ])('refuses %s', (_, xml, problem) => {
    expect(() => parseListing(xml, BASE)).toThrow(
      expect.objectContaining({ kind: 'network', message: expect.stringContaining(problem) }),
    );
  });

  it('gives a list or a sentence for any damage', () => {
    const whole = page(['v1/a', 'v1/b'], 'next');
    fc.assert(
      fc.property(fc.nat(whole.length), fc.string(), fc.nat(20), (at, put, cut) => {
        try {
          parseListing(whole.slice(0, at) + put + whole.slice(at + cut), BASE);
        } catch (error) {
          expect(error).toBeInstanceOf(AntipodeError);
        }
      }),
    );
    for (let end = 0; end < whole.length; end++) {
      try {
        parseListing(whole.slice(0, end), BASE);
      } catch (error) {
        expect(error).toBeInstanceOf(AntipodeError);
      }
    }
  });

  it('does not take long for a page of beginnings without ends', () => {
    const hostile = `<ListBucketResult>${'<Contents>'.repeat(400_000)}`;
    expect(() => parseListing(hostile, BASE)).toThrow(expect.objectContaining({ kind: 'network' }));
  });
});
