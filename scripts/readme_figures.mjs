/**
 * @file Brings the figures that the README shows up to date: those that the default experiment draws, as they are.
 * Usage: npm start && node scripts/readme_figures.mjs
 */
import { copyFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const folder = 'docs/images/organism';
const readme = readFileSync(join(root, 'README.md'), 'utf8');
const shown = [...readme.matchAll(/\]\((docs\/images\/organism\/[\w.-]+\.svg)\)/g)].map(([, file]) => file);

mkdirSync(join(root, folder), { recursive: true });
for (const file of shown) {
  const drawn = ['statistics', 'steering']
    .map((stage) => join(root, 'runs', 'organism', stage, 'figures', basename(file)))
    .find((path) => existsSync(path));
  if (drawn === undefined)
    throw new Error(`${basename(file)}: the default experiment draws no such figure (run npm start first)`);
  copyFileSync(drawn, join(root, file));
  console.log(file);
}
