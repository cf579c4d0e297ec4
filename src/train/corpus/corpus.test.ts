import { appendFile, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AntipodeError } from '../../errors.ts';
import { type Corpus, memoryCorpus, type OpenCorpusOptions, openCorpus, openCorpusStream } from './corpus.ts';
import { MAX_DOCUMENT_BYTES } from './document_text.ts';

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'antipode-corpus-'));
});
afterAll(() => rm(dir, { recursive: true }));

async function put(name: string, content: string | Uint8Array): Promise<string> {
  const path = join(dir, name);
  await writeFile(path, content);
  return path;
}

async function allOf(corpus: Corpus): Promise<string[]> {
  const texts: string[] = [];
  for (let index = 0; index < corpus.documents; index++) texts.push(await corpus.read(index));
  await corpus.close();
  return texts;
}

async function textsOf(name: string, content: string | Uint8Array, options?: OpenCorpusOptions) {
  return allOf(await openCorpus(await put(name, content), options));
}

async function refusal(name: string, content: string | Uint8Array, options?: OpenCorpusOptions) {
  const error: unknown = await textsOf(name, content, options).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof AntipodeError)) throw new Error(`expected an AntipodeError, got ${String(error)}`);
  return `${error.kind}: ${error.message}`;
}

describe('plain text', () => {
  test('a line is a document, whatever ends it; blank lines are none', async () => {
    expect(await textsOf('a.txt', '\ufeffOne.\r\n\r\n \t\nZwölf 🙂\nlast')).toEqual([
      'One.',
      'Zwölf 🙂',
      'last',
    ]);
  });

  test('paragraphs keep their lines', async () => {
    const text = '\n\nOne,\r\ntwo.\r\n\r\nThree.\n  \n\n\nfour\n';
    expect(await textsOf('b.txt', text, { separator: 'paragraph' })).toEqual([
      'One,\ntwo.',
      'Three.',
      'four',
    ]);
  });

  test('documents are read in any order and name their line', async () => {
    const corpus = await openCorpus(await put('c.txt', 'one\n\ntwo\nthree\n'));
    expect([await corpus.read(2), await corpus.read(0), await corpus.read(1)]).toEqual([
      'three',
      'one',
      'two',
    ]);
    expect(corpus.where(1)).toBe('c.txt:3');
    await expect(corpus.read(3)).rejects.toThrow('c.txt: there is no document 3 (it has 3, from 0)');
    await corpus.close();
  });

  test('lines of any text come back, through gzip as well', async () => {
    // Marks at the start of a file and returns at the end of a line are taken off.
    const line = fc
      .string({ unit: 'binary' })
      .map((text) => text.replace(/[\0\n\r\ufeff\ud800-\udfff]/g, ''));
    await fc.assert(
      fc.asyncProperty(fc.array(line), async (lines) => {
        const expected = lines.filter((text) => text.trim() !== '');
        if (expected.length === 0) return;
        const bytes = new TextEncoder().encode(lines.join('\n'));
        const plain = await openCorpus(await put('any.txt', bytes));
        const packed = await openCorpus(await put('any.txt.gz', gzipSync(bytes)));
        expect(packed.sha256OrIdentity).toBe(plain.sha256OrIdentity);
        expect(await allOf(plain)).toEqual(expected);
        expect(await allOf(packed)).toEqual(expected);
      }),
      { numRuns: 50 },
    );
  });

  test('a line of 10 MB is read up to the limit, at a whole character, and said', async () => {
    const corpus = await openCorpus(await put('long.txt', `short\na${'ö'.repeat(5 * 2 ** 20)}\r\nafter\n`));
    expect(corpus.notes).toEqual([
      `1 document is longer than ${MAX_DOCUMENT_BYTES} bytes and read up to there`,
    ]);
    expect(await allOf(corpus)).toEqual(['short', `a${'ö'.repeat(MAX_DOCUMENT_BYTES / 2 - 1)}`, 'after']);
  });

  test('a long paragraph is cut between lines', async () => {
    const line = 'x'.repeat(2 ** 18 - 1);
    const path = await put('paragraph.txt', `${`${line}\n`.repeat(3)}\nnext\n`);
    const corpus = await openCorpus(path, { separator: 'paragraph' });
    expect(corpus.notes).toHaveLength(1);
    expect(await allOf(corpus)).toEqual([`${line}\n${line}`, 'next']);
  });
});

describe('JSON lines', () => {
  test('the text is in a field', async () => {
    const lines = '{"id":1,"text":"One\\ntwo"}\r\n\n{"text":" "}\n{"text":"three"}';
    const corpus = await openCorpus(await put('a.jsonl', lines));
    expect(corpus.notes).toEqual(['1 document is empty and passed over']);
    expect(corpus.where(1)).toBe('a.jsonl:4');
    expect(await allOf(corpus)).toEqual(['One\ntwo', 'three']);
    expect(await textsOf('b.ndjson.gz', gzipSync('{"body":"x"}\n'), { field: 'body' })).toEqual(['x']);
    expect(await textsOf('c.dat', '{"text":"x"}\n', { format: 'jsonl' })).toEqual(['x']);
  });

  test('a long text is cut, never inside a pair of surrogates', async () => {
    const corpus = await openCorpus(
      await put('d.jsonl', JSON.stringify({ text: `x${'🙂'.repeat(MAX_DOCUMENT_BYTES)}` })),
    );
    expect(corpus.notes).toHaveLength(1);
    expect(await corpus.read(0)).toBe(`x${'🙂'.repeat(MAX_DOCUMENT_BYTES / 2 - 1)}`);
    await corpus.close();
  });

  test.each([
    ['{"text":"a"}\n{"text":\n', 'format: bad.jsonl:2: not JSON'],
    ['{"text":"a"}\n[1]\n', 'format: bad.jsonl:2: got a list, expected a JSON object'],
    ['{"body":"a","n":1}\n', 'format: bad.jsonl:1: has no field text (it has body, n)'],
    ['{"text":7}\n', 'format: bad.jsonl:1: field text is a number, expected a string'],
    ['{"text":null}\n', 'format: bad.jsonl:1: field text is null, expected a string'],
    ['{"text":""}\n', 'format: bad.jsonl: holds no text (12 bytes, expected at least one document)'],
    [`{"text":"${'x'.repeat(2 ** 24)}"}\n`, 'format: bad.jsonl:1: the line is longer than 16777216 bytes'],
  ])('%.30s', async (content, message) => {
    expect(await refusal('bad.jsonl', content)).toContain(message);
  });

  test('a field of the prototype of all objects is none', async () => {
    expect(await refusal('bad.jsonl', '{"text":"a"}\n', { field: 'toString' })).toContain(
      'has no field toString',
    );
  });
});

describe('what is no corpus', () => {
  test.each([
    ['', 'format: bad.txt: holds no text (0 bytes, expected at least one document)'],
    ['\n \r\n', 'format: bad.txt: holds no text (4 bytes, expected at least one document)'],
    [Uint8Array.of(0x61, 0x0a, 0xff, 0xfe, 0x0a), 'format: bad.txt:2: not UTF-8 text'],
    [
      Uint8Array.of(0x61, 0x00, 0x62),
      'format: bad.txt:1: holds a zero byte: this is a binary file, not text',
    ],
    [gzipSync('some text\n'.repeat(1000)).subarray(0, 40), 'format: bad.txt: the gzip data ends too early'],
  ])('%#', async (content, message) => {
    expect(await refusal('bad.txt', content)).toBe(message);
  });

  test('nothing there, a folder, settings that contradict each other', async () => {
    await expect(openCorpus(join(dir, 'absent.txt'))).rejects.toMatchObject({ kind: 'missing' });
    await mkdir(join(dir, 'folder'));
    await expect(openCorpus(join(dir, 'folder'))).rejects.toMatchObject({ kind: 'format' });
    expect(await refusal('x.txt', 'a', { field: 'text' })).toContain('usage: x.txt: is read as plain text');
    expect(await refusal('x.jsonl', '{"text":"a"}', { separator: 'paragraph' })).toContain('no paragraphs');
  });

  test('a file that is written to while it is read', async () => {
    const path = await put('growing.txt', 'one\ntwo\n');
    const corpus = await openCorpus(path);
    expect(await corpus.read(0)).toBe('one');
    await appendFile(path, 'three\n');
    await expect(corpus.read(1)).rejects.toThrow('growing.txt: changed while it was read');
    await corpus.close();
  });

  test('bytes of any kind give documents or a sentence', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array(), async (bytes) => {
        for (const name of ['soup.txt', 'soup.jsonl']) {
          await textsOf(name, bytes).catch((error: unknown) => expect(error).toBeInstanceOf(AntipodeError));
        }
      }),
      { numRuns: 100 },
    );
  });
});

describe('bytes that come once', () => {
  async function* inPieces(bytes: Uint8Array): AsyncIterable<Uint8Array> {
    for (let at = 0; at < bytes.byteLength; at += 3) yield bytes.subarray(at, at + 3);
  }

  test('are kept without a trace', async () => {
    const temporaryFolder = await mkdtemp(join(dir, 'spool-'));
    const text = 'one\ntwo\n';
    for (const bytes of [Buffer.from(text), gzipSync(text)]) {
      const corpus = await openCorpusStream(inPieces(bytes), 'stdin', { temporaryFolder });
      expect(corpus.where(1)).toBe('stdin:2');
      expect(await allOf(corpus)).toEqual(['one', 'two']);
    }
    const cut = openCorpusStream(inPieces(gzipSync(text).subarray(0, 15)), 'stdin', { temporaryFolder });
    await expect(cut).rejects.toThrow('stdin: the gzip data ends too early');
    expect(await readdir(temporaryFolder)).toEqual([]);
  });

  test('need a folder that can be written', async () => {
    const opened = openCorpusStream(inPieces(Buffer.from('x')), 'stdin', {
      temporaryFolder: join(dir, 'none'),
    });
    await expect(opened).rejects.toThrow(/^stdin: cannot be kept in .*, which cannot be written \(ENOENT\)$/);
  });
});

test('texts in memory are a corpus too, known by what they say', async () => {
  const corpus = memoryCorpus(['a', 'b\nc']);
  expect(corpus.sha256OrIdentity).not.toBe(memoryCorpus(['a', 'b', 'c']).sha256OrIdentity);
  expect(corpus.sha256OrIdentity).toMatch(/^sha256:[0-9a-f]{64}$/);
  await expect(corpus.read(2)).rejects.toMatchObject({ kind: 'usage' });
  expect(await allOf(corpus)).toEqual(['a', 'b\nc']);
});
