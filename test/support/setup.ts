/**
 * @file Runs before every test file. Property tests draw the same inputs every time, so that a run that passed passes again; the full run
 * (`npm run test:full`) draws new ones, and prints the seed of what it breaks.
 */

import fc from 'fast-check';

const FIXED_SEED = 20_250_124;

if (process.env['ANTIPODE_TEST_FULL'] !== '1') fc.configureGlobal({ seed: FIXED_SEED });
