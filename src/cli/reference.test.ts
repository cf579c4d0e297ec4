import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { cliReference } from './reference.ts';
import { packageVersion } from './version.ts';

const WRITTEN = readFileSync(new URL('../../docs/cli.md', import.meta.url), 'utf8');

it('C1 docs/cli.md is what the program says of itself (node scripts/cli_reference.mjs)', () => {
  expect(WRITTEN).toBe(cliReference(packageVersion()));
});

it('C1 every command has a purpose of one sentence or more and two examples at least', () => {
  const sections = cliReference(packageVersion()).split('\n## ').slice(2);
  expect(sections.length).toBeGreaterThan(20);
  for (const section of sections) {
    const [name, , purpose] = section.split('\n');
    expect(purpose, name).toMatch(/\.$/);
    const examples = /```sh\n([\s\S]*?)\n```/.exec(section)![1]!.split('\n');
    expect(examples.length, name).toBeGreaterThanOrEqual(2);
    for (const example of examples) expect(example, name).toMatch(/antipode /);
  }
});
