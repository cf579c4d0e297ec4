/** @file The options of `antipode extremes` as its parts receive them. */

import type { CensusMode } from '../geometry/find_extremes.ts';
import type { DeviceChoice } from '../onnx/device.ts';
import type { Space } from '../sae/sae.ts';
import type { DensityFlags } from './density_range.ts';
import type { SaeFlags } from './sae_options.ts';
import type { ShardWish } from './shard_option.ts';

export interface ExtremesFlags extends SaeFlags, DensityFlags {
  readonly sae: string;
  readonly with?: string;
  readonly explanations?: readonly string[];
  readonly explainer?: string;
  readonly spaces: readonly Space[];
  readonly top: number;
  readonly census?: CensusMode;
  readonly device: DeviceChoice;
  readonly threads?: number;
  /** Which part of the pairs is searched; the result is then a part file in `out`. */
  readonly shard?: ShardWish;
  /** File that a search in one piece is kept in while it runs. */
  readonly checkpoint?: string;
  /** Bytes that the search may take. */
  readonly memory?: number;
  readonly out?: string;
  readonly dryRun?: boolean;
}
