/**
 * @file Draws the README's picture from a run folder: all pairs of the decoder on a log scale, with antonym pairs, random pairs and the
 * extremes marked. Usage: node scripts/readme_figure.mjs runs/synthetic-16k docs/images/all_pairs.svg
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const [run, target] = process.argv.slice(2);
if (!run || !target) throw new Error('usage: node scripts/readme_figure.mjs RUN_FOLDER FILE.svg');
const read = (name) =>
  JSON.parse(readFileSync(join(run, 'tables', `${name}.json`), 'utf8')).filter(
    ({ space }) => space === 'decoder',
  );
const [histogram, pairs, random, extremes] = ['histogram', 'pairs', 'random_pairs', 'extremes'].map(read);

const [width, height, left, right, top, bottom] = [960, 400, 180, 24, 70, 112];
const x = (cos) => left + ((cos + 1) / 2) * (width - left - right);
const maxLog = Math.ceil(Math.log10(4 * Math.max(...histogram.map(({ count }) => count))));
const y = (count) => height - bottom - (Math.log10(count) / maxLog) * (height - top - bottom);
const base = height - bottom;
const text = (at, words, extra = '') => `<text x="${at[0]}" y="${at[1]}" ${extra}>${words}</text>`;
const line = (x1, y1, x2, y2, colour, extra = '') =>
  `<line x1="${x1.toFixed(1)}" y1="${y1.toFixed(1)}" x2="${x2.toFixed(1)}" y2="${y2.toFixed(1)}" stroke="${colour}" ${extra}/>`;

// Neighbouring bins are joined in fours: at this size finer ones would be thinner than a pixel.
const bars = new Map();
for (const { lower, upper, count } of histogram) {
  const width4 = 4 * (upper - lower);
  const bin = Math.floor((lower + 1) / width4 + 1e-9);
  bars.set(bin, {
    from: -1 + bin * width4,
    to: -1 + (bin + 1) * width4,
    count: (bars.get(bin)?.count ?? 0) + count,
  });
}
const rows = [
  ['antonym pairs', '#0072B2', pairs.map(({ cos }) => cos)],
  ['random pairs', '#999999', random.map(({ cos }) => cos)],
  [
    'most aligned of all',
    '#009E73',
    extremes.filter(({ end }) => end === 'aligned').map(({ cos_dec }) => cos_dec),
  ],
  [
    'most opposed of all',
    '#CC79A7',
    extremes.filter(({ end }) => end === 'opposed').map(({ cos_dec }) => cos_dec),
  ],
];
const total = histogram.reduce((sum, { count }) => sum + count, 0);
const svg = [
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif" font-size="13" fill="#000000" role="img">`,
  `<title>Cosines of all ${total.toLocaleString('en-US')} decoder pairs of a synthetic dictionary, with its antonym pairs, random pairs and extremes</title>`,
  `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
  text(
    [24, 24],
    `All ${total.toLocaleString('en-US')} decoder pairs of the synthetic dictionary`,
    'font-size="16" font-weight="600"',
  ),
  text([24, 46], 'pairs per bin of width 1/128, logarithmic'),
];
for (let power = 0; power <= maxLog; power++) {
  svg.push(line(left, y(10 ** power), width - right, y(10 ** power), '#dddddd'));
  svg.push(
    text(
      [left - 8, y(10 ** power) + 4],
      power === 0 ? '1' : `10<tspan dy="-5" font-size="9">${power}</tspan>`,
      'text-anchor="end"',
    ),
  );
}
for (const { from, to, count } of bars.values()) {
  const h = Math.max(2, base - y(count));
  svg.push(
    `<rect x="${x(from).toFixed(1)}" y="${(base - h).toFixed(1)}" width="${(x(to) - x(from)).toFixed(1)}" height="${h.toFixed(1)}" fill="#56B4E9"/>`,
  );
}
for (let tick = -1; tick <= 1.001; tick += 0.25) {
  svg.push(line(x(tick), base, x(tick), base + 5, '#000000'));
  svg.push(text([x(tick), base + 19], tick.toFixed(2), 'text-anchor="middle"'));
}
rows.forEach(([name, colour, cosines], r) => {
  const at = base + 38 + r * 20;
  svg.push(text([left - 12, at + 4], `${name} (${cosines.length})`, 'text-anchor="end"'));
  for (const cos of cosines) svg.push(line(x(cos), at - 7, x(cos), at + 7, colour, 'stroke-width="1.5"'));
});
svg.push(text([left - 34, base + 19], 'cosine', 'text-anchor="end"'), '</svg>');
writeFileSync(target, `${svg.join('\n')}\n`);
