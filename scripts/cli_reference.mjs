/** @file Writes docs/cli.md from the program. Run after `npm run build`. */
import { writeFileSync } from 'node:fs';
import { cliReference } from '../dist/cli/reference.js';
import { packageVersion } from '../dist/cli/version.js';

writeFileSync(new URL('../docs/cli.md', import.meta.url), cliReference(packageVersion()));
