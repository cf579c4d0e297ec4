import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openLineLog, readLineLog } from './line_log.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'antipode-log-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe('openLineLog', () => {
  test('what is appended at once stands in the order of the calls, and is there again', async () => {
    const path = join(folder, 'new', 'a.jsonl');
    const log = await openLineLog(path, 'a.jsonl');
    expect(log.lines).toEqual([]);
    await Promise.all(Array.from({ length: 200 }, (_, i) => log.append({ i, text: 'ä\n\u2028"' })));
    await log.close();
    await log.close();
    const again = await openLineLog(path, 'a.jsonl');
    await again.close();
    expect(again.cut).toBe(0);
    expect(again.lines.map(({ value }) => value)).toEqual(
      Array.from({ length: 200 }, (_, i) => ({ i, text: 'ä\n\u2028"' })),
    );
  });

  test('a file cut at any byte goes on behind its last whole line; reading alone changes nothing', async () => {
    const path = join(folder, 'cut.jsonl');
    const whole = Buffer.from('{"a":1}\n{"b":"ü\\n"}\n[3]\n', 'utf8');
    for (let end = 0; end <= whole.length; end++) {
      await writeFile(path, whole.subarray(0, end));
      const kept = whole.subarray(0, end).toString('utf8').split('\n').slice(0, -1);
      const read = await readLineLog(path, 'cut.jsonl');
      expect(read.map(({ value }) => value)).toEqual(kept.map((line) => JSON.parse(line) as unknown));
      expect((await readFile(path)).length).toBe(end);
      const log = await openLineLog(path, 'cut.jsonl');
      expect(log.lines).toEqual(read);
      await log.append('new');
      await log.close();
      expect(await readFile(path, 'utf8')).toBe([...kept, '"new"', ''].join('\n'));
    }
  });

  test('half a line that is longer than one piece of reading is cut off whole', async () => {
    const path = join(folder, 'long.jsonl');
    await writeFile(path, `1\n"${'x'.repeat(200_000)}`);
    const log = await openLineLog(path, 'long.jsonl');
    await log.close();
    expect(log.cut).toBe(200_001);
    expect(await readFile(path, 'utf8')).toBe('1\n');
  });

  test('other bytes give lines or a sentence, nothing else', async () => {
    const path = join(folder, 'random.jsonl');
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 60 }), async (bytes) => {
        await writeFile(path, bytes);
        const outcome = await openLineLog(path, 'random.jsonl').then(
          async (log) => {
            await log.close();
            return 'lines';
          },
          (error: { kind?: string }) => error.kind,
        );
        expect(['lines', 'format']).toContain(outcome);
      }),
      { numRuns: 200 },
    );
  });

  test('a line in the middle that is no JSON is named', async () => {
    const path = join(folder, 'bad.jsonl');
    await writeFile(path, '1\n{oops\n3\n');
    await expect(openLineLog(path, 'bad.jsonl')).rejects.toThrow(/^bad\.jsonl:2: not JSON/);
    await expect(readLineLog(path, 'bad.jsonl')).rejects.toThrow(/^bad\.jsonl:2: not JSON/);
  });

  test('a folder in its place, a file in the place of its folder, and nothing to read are sentences', async () => {
    await mkdir(join(folder, 'dir.jsonl'));
    await writeFile(join(folder, 'file'), '');
    await expect(openLineLog(join(folder, 'dir.jsonl'), 'dir.jsonl')).rejects.toMatchObject({
      kind: 'usage',
    });
    await expect(openLineLog(join(folder, 'file', 'x'), 'x')).rejects.toMatchObject({ kind: 'usage' });
    await expect(readLineLog(join(folder, 'nothing'), 'nothing')).rejects.toMatchObject({ kind: 'missing' });
  });

  test.skipIf(process.getuid?.() === 0)(
    'a file without rights is a sentence (not shown to root)',
    async () => {
      const path = join(folder, 'closed.jsonl');
      await writeFile(path, '');
      await chmod(path, 0o444);
      await expect(openLineLog(path, 'closed.jsonl')).rejects.toMatchObject({ kind: 'resource' });
    },
  );
});
