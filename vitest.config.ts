import { availableParallelism } from 'node:os';
import { defineConfig, type ViteUserConfig } from 'vitest/config';

/** Those that change what a process reads once, as drivers read its environment. */
const OF_THEIR_OWN = ['src/lm/webgpu.test.ts', 'src/search/device_pass_open.test.ts'];

const config: ViteUserConfig = defineConfig({
  test: {
    setupFiles: ['test/support/setup.ts'],
    // The full run draws twenty times as many inputs.
    testTimeout: process.env['ANTIPODE_TEST_FULL'] === '1' ? 900_000 : 30_000,
    // Vitest leaves one core to itself, though it has nothing to do while tests run; and many tests wait for a process of their own or for a clock.
    maxWorkers: Math.max(3, availableParallelism() - 1),
    coverage: { provider: 'v8', include: ['src/**/*.ts'], exclude: ['src/**/*.test.ts'] },
    projects: [
      {
        extends: true,
        test: {
          name: 'shared',
          include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
          exclude: OF_THEIR_OWN,
          // To start a process and load every module again costs more than most files of tests take.
          isolate: false,
        },
      },
      { extends: true, test: { name: 'own', include: OF_THEIR_OWN } },
    ],
  },
});

export default config;
