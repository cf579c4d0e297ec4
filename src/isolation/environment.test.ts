import { expect, test } from 'vitest';
import { childEnvironment } from './environment.ts';

test('what drivers and caches need goes along; secrets, settings of Node and the rest do not', () => {
  const needed = {
    HOME: '/home/x',
    LD_LIBRARY_PATH: '/opt/cuda/lib',
    VK_ICD_FILENAMES: '/icd.json',
    CUDA_VISIBLE_DEVICES: '1',
    NVIDIA_TF32_OVERRIDE: '0',
    XDG_CACHE_HOME: '/c',
    HF_HOME: '/hf',
    MESA_SHADER_CACHE_DIR: '/m',
    TMPDIR: '/t',
  };
  const other = {
    HF_TOKEN: 'hf_x',
    OPENAI_API_KEY: 'sk-x',
    ANTIPODE_API_KEY: 'x',
    ORT_SECRET: 'x',
    AWS_SECRET_ACCESS_KEY: 'x',
    NODE_OPTIONS: '--inspect',
    NODE_CHANNEL_FD: '3',
    LD_PRELOAD: '/evil.so',
    EDITOR: 'vi',
    UNSET: undefined,
  };
  expect(childEnvironment({ ...needed, ...other })).toEqual({ ...needed, ORT_DISABLE_TELEMETRY: '1' });
});

test('nothing switches telemetry on', () => {
  expect(childEnvironment({ ORT_DISABLE_TELEMETRY: '0' })).toEqual({ ORT_DISABLE_TELEMETRY: '1' });
  expect(childEnvironment({})).toEqual({ ORT_DISABLE_TELEMETRY: '1' });
});
