/** @file Writes the JSON schema of experiments, for editors. Run after `npm run build`. */
import { writeFileSync } from 'node:fs';
import { experimentSchema } from '../dist/experiment/experiment_shape.js';

const path = new URL('../experiments/experiment.schema.json', import.meta.url);
writeFileSync(path, `${JSON.stringify(experimentSchema(), null, 2)}\n`);
