import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { violationsIn } from './support/layer_rules.ts';

test('src keeps the rules of the house', () => {
  expect(violationsIn(fileURLToPath(new URL('../src', import.meta.url)))).toEqual([]);
});

describe('each rule, on a made-up tree', () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'antipode-layers-'));
  });
  afterEach(() => rmSync(root, { recursive: true }));

  const OPENING = '/** @file A made-up file. */\n';

  function put(file: string, text: string): void {
    const path = join(root, file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }

  function violations(file: string, code: string): string[] {
    put(file, OPENING + code);
    return violationsIn(root);
  }

  test('a tree that keeps all of them has none', () => {
    put('errors.ts', '/**\n * @file Over several lines.\n */\n');
    put('tensor/a.ts', `${OPENING}import { x } from '../errors.ts';\nimport { y } from './b.ts';\n`);
    put('formats/a.ts', `${OPENING}import {\n  x,\n} from '../tensor/a.ts';\nimport 'node:fs';\n`);
    put('cli/main.ts', `#!/usr/bin/env node\n${OPENING}process.stdout.write('x');\n`);
    put('cli/output.ts', `${OPENING}writeSync(1, 'x');\n`);
    put(
      'index.ts',
      `${OPENING}export { x } from './cli/main.ts';\nexport type { y } from './tensor/a.ts';\n`,
    );
    put('formats/a.test.ts', "import { x } from '../cli/main.ts';\nconsole.log(x);\n");
    put('formats/notes.md', 'console.log');
    expect(violationsIn(root)).toEqual([]);
  });

  test.each([
    ["import { request } from 'node:https';", 'opens sockets, which only hub does'],
    ["import { type A, get } from 'node:http';", 'opens sockets, which only hub does'],
    ["const x = await fetch('https://x');", 'fetches by itself'],
  ])('only hub opens sockets: %s', (code, problem) => {
    expect(violations('cli/a.ts', code)).toEqual([`cli/a.ts: ${problem}`]);
    rmSync(join(root, 'cli'), { recursive: true });
    expect(violations('hub/a.ts', code)).toEqual([]);
  });

  test('others may know their types, and call what is called alike', () => {
    const code = "import type { IncomingMessage } from 'node:http';\nawait hub.fetch(x);\n";
    expect(violations('cli/a.ts', code)).toEqual([]);
  });

  test.each([
    ['static', "import { x } from '../sae/a.ts';"],
    ['over several lines', "import {\n  x,\n  y,\n} from '../sae/a.ts';"],
    ['of a type', "import type { X } from '../sae/a.ts';"],
    ['for its effects', "import '../sae/a.ts';"],
    ['dynamic', "const x = await import('../sae/a.ts');"],
    ['of a type in place', "let x: import('../sae/a.ts').X;"],
    ['by export from', "export * from '../sae/a.ts';"],
    ['by export of a type from', "export type { X } from '../sae/a.ts';"],
    [
      'behind a string that looks like a comment',
      "const url = 'https://x'; import { x } from '../sae/a.ts';",
    ],
    ['behind a regular expression with a quote', "const r = /['\"]/;\nimport { x } from '../sae/a.ts';"],
    ['as the address of a worker', "new Worker(new URL('../sae/a.ts', import.meta.url));"],
  ])('an upward import: %s', (_, code) => {
    expect(violations('formats/b.ts', code)).toEqual([
      'formats/b.ts: imports ../sae/a.ts: formats stands below sae',
    ]);
  });

  test('a sideways import is one that goes up in the list: search and geometry', () => {
    expect(violations('search/b.ts', "import { x } from '../geometry/a.ts';")).toHaveLength(1);
    rmSync(join(root, 'search'), { recursive: true });
    expect(violations('geometry/b.ts', "import { x } from '../search/a.ts';")).toEqual([]);
  });

  test.each([
    [
      'errors.ts',
      "import { x } from './tensor/a.ts';",
      'imports ./tensor/a.ts: errors.ts stands below tensor',
    ],
    ['cli/b.ts', "import { x } from '../index.ts';", 'imports ../index.ts: cli stands below index.ts'],
    ['cli/b.ts', "import { x } from '../../bench/a.ts';", 'imports ../../bench/a.ts, which is outside src'],
    ['cli/b.ts', "import { x } from '../attic/a.ts';", 'imports ../attic/a.ts, which is in no room'],
    ['tensor/b.ts', 'export default 1;', 'has a default export'],
    ['tensor/b.ts', 'const x = 1;\nexport { x as default };', 'has a default export'],
    ['tensor/b.ts', "console.error('x');", 'uses console'],
    ['cli/b.ts', "console['log']('x');", 'uses console'],
    ['tensor/b.ts', `const x = \`\${console.log(1)}\`;`, 'uses console'],
    ['tensor/b.ts', "process.stdout.write('x');", 'touches process.stdout or stderr'],
    ['report/b.ts', "process.stderr.write('x');", 'touches process.stdout or stderr'],
    ['tensor/b.ts', "writeSync(1, 'x');", 'writes to stdout or stderr through the file system'],
    ['cli/b.ts', "fs.writeFileSync(2, 'x');", 'writes to stdout or stderr through the file system'],
    [
      'cli/b.ts',
      "await writeFile('/dev/stdout', 'x');",
      'writes to stdout or stderr through the file system',
    ],
    ['tensor/utils.ts', '', 'the name says nothing about what is in it'],
    ['tensor/helpers.ts', '', 'the name says nothing about what is in it'],
    ['tensor/b.ts', '//\n'.repeat(400), 'has 401 lines, more than 400'],
  ])('%s with %j', (file, code, problem) => {
    expect(violations(file, code)).toEqual([`${file}: ${problem}`]);
  });

  test('a file without its opening, a room that is not one, a file beside the rooms', () => {
    put('tensor/b.ts', '// A file.\nexport const x = 1;\n');
    put('misc/b.ts', OPENING);
    put('extra.ts', OPENING);
    const [beside, misc, opening, ...rest] = violationsIn(root);
    expect(beside).toMatch(/^extra\.ts: extra\.ts is not a room/);
    expect(misc).toMatch(/^misc\/b\.ts: misc is not a room/);
    expect(opening).toBe('tensor/b.ts: does not open with /** @file');
    expect(rest).toEqual([]);
  });

  test('what stands in comments, strings and names does not count', () => {
    const code = `
      // console.log('x'); import { x } from '../cli/a.ts'
      /* export default process.stdout */
      const said = "console.log and export default and process.stdout";
      const also = \`console.log\`;
      const importsFrom = 'importing from elsewhere';
      const consoleLike = 400;
    `;
    expect(violations('tensor/b.ts', code)).toEqual([]);
  });
});
