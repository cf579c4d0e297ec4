/** @file What `bench:search` asks of whom, with the ratios that are aimed at, and when an answer is right. */

const numpy = (goal) => ({ needs: 'numpy', goal });

/**
 * `ours` are methods of search_antipode.mjs, the first of them is what peers are compared with; peers are methods of search_peers.py. `n` is for a question that is asked of so many rows
 * whatever the others are asked of.
 */
export const QUESTIONS = [
  {
    name: 'struct, k = 10',
    kind: 'struct',
    k: 10,
    ours: ['extremes', 'first call'],
    peers: {
      expert: numpy(9),
      torch: { needs: 'torch' },
      full: numpy(30),
      faiss: { needs: 'faiss', goal: 35 },
    },
  },
  { name: 'struct, k = 100', kind: 'struct', k: 100, ours: ['extremes'], peers: { expert: numpy(5) } },
  { name: 'struct, k = 1000', kind: 'struct', k: 1000, ours: ['extremes'], peers: { expert: numpy(3) } },
  ...['struct', 'gauss'].map((kind) => ({
    name: `${kind}, neighbours of every row`,
    kind,
    k: 0,
    ours: ['rows'],
    peers: { faissRows: { needs: 'faiss', goal: 8 } },
  })),
  {
    name: 'struct, all counted, k = 10',
    kind: 'struct',
    k: 10,
    ours: ['census'],
    peers: { histogram: numpy(1.3) },
  },
  ...[10, 100, 1000].map((k) => ({
    name: `gauss, k = ${k}`,
    kind: 'gauss',
    k,
    ours: ['extremes'],
    peers: { expert: numpy(3) },
  })),
  ...[10, 100, 1000].map((k) => ({
    name: `aniso, k = ${k}`,
    kind: 'aniso',
    k,
    ours: ['extremes'],
    peers: { expert: numpy() },
  })),
  {
    name: 'struct, k = 10, large',
    kind: 'struct',
    k: 10,
    n: 65536,
    ours: ['extremes'],
    peers: { expert: numpy(8) },
  },
];

/** Float32 products of unit rows; a search that looked at other rows is off by far more. */
const LEAST_COSINE_ERROR = 1e-5;
/** Float64 cosines, summed in another order. */
const EXACT_COSINE_ERROR = 1e-12;

/** How an answer compares with float64: wrong indices, the largest error of a cosine, histogram entries in another bin. */
export function exactness(answer, truth, k) {
  let mismatches = 0;
  let error = 0;
  let moved = 0;
  const parts = [];
  if (answer.top) {
    for (const end of ['top', 'bottom']) {
      const expected = truth[end].slice(0, k);
      if (answer[end].length !== expected.length)
        throw new Error(`${answer[end].length} pairs at the ${end}`);
      expected.forEach(([i, j, cos], at) => {
        const [gotI, gotJ, got] = answer[end][at];
        if (gotI !== i || gotJ !== j) mismatches++;
        error = Math.max(error, Math.abs(got - cos));
      });
    }
    if (error > LEAST_COSINE_ERROR) throw new Error(`a cosine is off by ${error}`);
    parts.push(
      `${mismatches} of ${2 * truth.top.slice(0, k).length} differ, cosines by ${error.toExponential(1)}`,
    );
  }
  if (answer.nearest) {
    for (const end of ['nearest', 'opposed'])
      mismatches += truth[end].filter((row, at) => row !== answer[end][at]).length;
    parts.push(`${mismatches} of ${2 * truth.nearest.length} differ`);
  }
  if (answer.histogram) {
    moved = truth.histogram.reduce((sum, count, bin) => sum + Math.abs(count - answer.histogram[bin]), 0);
    const pairs = truth.histogram.reduce((sum, count) => sum + count, 0);
    parts.push(`${(moved / 2 / pairs).toExponential(1)} of all in another bin`);
  }
  const isExact = mismatches === 0 && moved === 0 && error <= EXACT_COSINE_ERROR;
  return { mismatches, isExact, text: parts.join('; ') };
}

export function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
}

/** Least squares of log y over log x. */
export function exponent(points) {
  const logs = points.map(([x, y]) => [Math.log(x), Math.log(y)]);
  const [meanX, meanY] = [0, 1].map((at) => logs.reduce((sum, point) => sum + point[at], 0) / logs.length);
  const covariance = logs.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0);
  return covariance / logs.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
}
