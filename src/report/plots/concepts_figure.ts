/**
 * @file Every concept pair as a cell, concept by concept: rows are the features of one side, columns those of the other. White is no relation, blue opposed, orange
 * aligned; the number stands in the cell.
 */

import { SPACE_NAMES } from '../geometry_subject.ts';
import { type DrawnPair, type DrawnSae, type DrawnSpace, pairWords } from './figure_rows.ts';
import { divergingColor, textColorOn } from './palette.ts';
import { figureSvg, type Panel } from './svg_document.ts';

const WIDTH = 760;
/** Of the drawing within the figure's margins. */
const INNER = WIDTH - 32;
const CELL = { width: 40, height: 16 };
const NAME_HEIGHT = 16;
const HEAD_WIDTH = 38;
/** Names of both sides, under the concept's. */
const SIDES_HEIGHT = 13;
const HEAD_HEIGHT = 13;
const GAP = 16;

/** Of a name's letters at 11 pixels; widths of letters are not known here. */
const LETTER = 6;
/** At 9 pixels. */
const SMALL_LETTER = 5.6;

const HEADS_HEIGHT = NAME_HEIGHT + SIDES_HEIGHT + HEAD_HEIGHT;

/** At least this cosine has the deepest colour, so that noise does not look like structure. */
const LEAST_REACH = 0.25;

interface Block {
  readonly concept: string;
  /** `Happiness \u2193 Sadness \u2192`: which rows, which columns; empty where the labels are not known. */
  readonly sides: string;
  readonly featuresA: readonly number[];
  readonly featuresB: readonly number[];
  readonly pairs: readonly DrawnPair[];
  readonly width: number;
  readonly height: number;
}

interface Placed {
  readonly block: Block;
  readonly x: number;
  readonly y: number;
}

/** Standalone SVG; undefined without concept pairs. */
export async function conceptsFigure(sae: DrawnSae): Promise<string | undefined> {
  const spaces = sae.spaces.filter(({ pairs }) => pairs.some(({ group }) => group === 'antonym'));
  if (spaces.length === 0) return undefined;
  const cosines = spaces.flatMap(({ pairs }) => antonyms(pairs).map(({ cos }) => Math.abs(cos)));
  const reach = Math.max(LEAST_REACH, ...cosines.filter((cos) => !Number.isNaN(cos)));
  const panels: Panel[] = [];
  for (const space of spaces) panels.push(await spacePanel(space, reach));
  return figureSvg({
    title: `Concept pairs: ${sae.label}`,
    description: spaces
      .map(
        ({ space, pairs }) =>
          `${SPACE_NAMES[space]}: ${blocksOf(antonyms(pairs)).map(blockWords).join('; ')}.`,
      )
      .join(' '),
    width: WIDTH,
    legend: [-reach, -reach / 2, 0, reach / 2, reach].map((cos) => ({
      label: cos.toFixed(2),
      color: divergingColor(cos, reach),
    })),
    panels,
  });
}

function antonyms(pairs: readonly DrawnPair[]): DrawnPair[] {
  return pairs.filter(({ group }) => group === 'antonym');
}

function blockWords({ concept, pairs }: Block): string {
  const known = pairs.map(({ cos }) => cos).filter((cos) => !Number.isNaN(cos));
  const mean = known.reduce((sum, cos) => sum + cos, 0) / known.length;
  return `${concept} mean ${known.length === 0 ? 'unknown' : mean.toFixed(3)}`;
}

function blocksOf(pairs: readonly DrawnPair[]): Block[] {
  const concepts = [...new Set(pairs.map(({ name }) => name))];
  return concepts.map((concept) => {
    const own = pairs.filter(({ name }) => name === concept);
    const [first] = own;
    const sides = first?.sides ? `${first.sides[0]} \u2193 ${first.sides[1]} \u2192` : '';
    const featuresA = [...new Set(own.map(({ featureA }) => featureA))];
    const featuresB = [...new Set(own.map(({ featureB }) => featureB))];
    return {
      concept,
      featuresA,
      featuresB,
      pairs: own,
      sides,
      width: Math.max(
        HEAD_WIDTH + featuresB.length * CELL.width,
        LETTER * concept.length,
        SMALL_LETTER * sides.length,
      ),
      height: HEADS_HEIGHT + featuresA.length * CELL.height,
    };
  });
}

/** In lines, as words are set; a line is as high as its highest block. */
function placed(blocks: readonly Block[]): { readonly places: readonly Placed[]; readonly height: number } {
  const places: Placed[] = [];
  let x = 0;
  let y = 0;
  let lineHeight = 0;
  for (const block of blocks) {
    if (x > 0 && x + block.width > INNER) {
      x = 0;
      y += lineHeight + GAP;
      lineHeight = 0;
    }
    places.push({ block, x, y });
    x += block.width + GAP;
    lineHeight = Math.max(lineHeight, block.height);
  }
  return { places, height: y + lineHeight };
}

async function spacePanel({ space, pairs }: DrawnSpace, reach: number): Promise<Panel> {
  const { rect, text } = await import('@observablehq/plot');
  const { places, height } = placed(blocksOf(antonyms(pairs)));
  const cells = places.flatMap(({ block, x, y }) =>
    block.pairs.map((pair) => {
      const color = Number.isNaN(pair.cos) ? '#999999' : divergingColor(pair.cos, reach);
      return {
        x1: x + HEAD_WIDTH + block.featuresB.indexOf(pair.featureB) * CELL.width,
        y1: y + HEADS_HEIGHT + block.featuresA.indexOf(pair.featureA) * CELL.height,
        color,
        words: pair.about === undefined ? pairWords(pair) : `${pairWords(pair)}: ${pair.about.join('; ')}`,
        number: Number.isNaN(pair.cos) ? '?' : pair.cos.toFixed(2),
      };
    }),
  );
  const heads = places.flatMap(({ block, x, y }) => [
    ...block.featuresA.map((feature, row) => ({
      x: x + HEAD_WIDTH - 3,
      y: y + HEADS_HEIGHT + (row + 0.5) * CELL.height,
      feature,
      anchor: 'end' as const,
    })),
    ...block.featuresB.map((feature, column) => ({
      x: x + HEAD_WIDTH + (column + 0.5) * CELL.width,
      y: y + NAME_HEIGHT + SIDES_HEIGHT + HEAD_HEIGHT / 2,
      feature,
      anchor: 'middle' as const,
    })),
  ]);
  const names = places.map(({ block, x, y }) => ({ x, y, ...block }));
  type Name = (typeof names)[number];
  type Head = (typeof heads)[number];
  type Cell = (typeof cells)[number];
  const middle = { x: ({ x1 }: Cell) => x1 + CELL.width / 2, y: ({ y1 }: Cell) => y1 + CELL.height / 2 };
  return {
    title: SPACE_NAMES[space],
    options: {
      height: Math.ceil(height) + 1,
      margin: 0,
      x: { type: 'identity', axis: null },
      y: { type: 'identity', axis: null },
      color: { type: 'identity' },
      marks: [
        rect(cells, {
          x1: 'x1',
          x2: ({ x1 }: Cell) => x1 + CELL.width,
          y1: 'y1',
          y2: ({ y1 }: Cell) => y1 + CELL.height,
          fill: 'color',
          stroke: '#8a8a90',
          strokeWidth: 0.5,
          title: 'words',
        }),
        text(cells, {
          ...middle,
          text: 'number',
          fill: ({ color }: Cell) => textColorOn(color),
          fontSize: 10,
        }),
        ...(['end', 'middle'] as const).map((anchor) =>
          text(
            heads.filter((head) => head.anchor === anchor),
            { x: 'x', y: 'y', text: ({ feature }: Head) => String(feature), textAnchor: anchor, fontSize: 9 },
          ),
        ),
        text(names, {
          x: 'x',
          y: ({ y }: Name) => y + NAME_HEIGHT / 2,
          text: 'concept',
          textAnchor: 'start',
          fontWeight: 600,
          fontSize: 11,
        }),
        text(names, {
          x: 'x',
          y: ({ y }: Name) => y + NAME_HEIGHT + SIDES_HEIGHT / 2 - 2,
          text: 'sides',
          textAnchor: 'start',
          fontSize: 9,
        }),
      ],
    },
  };
}
