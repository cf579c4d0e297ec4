/**
 * @file Colours of figures: the eight of Okabe and Ito ("Color Universal Design", 2008), which people of every colour vision tell apart. A colour never says something
 * alone: shapes, rows or labels say it too.
 */

export const OKABE_ITO = {
  orange: '#e69f00',
  skyBlue: '#56b4e9',
  green: '#009e73',
  yellow: '#f0e442',
  blue: '#0072b2',
  vermilion: '#d55e00',
  purple: '#cc79a7',
  grey: '#999999',
} as const;

/** What a pair of features stands for, in every figure and in the report. */
export type PairGroup = 'antonym' | 'random' | 'aligned' | 'opposed';

export const GROUP_COLORS: Record<PairGroup | 'self', string> = {
  antonym: OKABE_ITO.blue,
  random: OKABE_ITO.grey,
  self: OKABE_ITO.vermilion,
  aligned: OKABE_ITO.green,
  opposed: OKABE_ITO.purple,
};

export const GROUP_NAMES: Record<PairGroup, string> = {
  antonym: 'antonym pairs',
  random: 'random pairs',
  aligned: 'most aligned of all',
  opposed: 'most opposed of all',
};

/** Series without a meaning of their own, those that stand out from white and near-black alike first. */
export const SERIES_COLORS: readonly string[] = [
  OKABE_ITO.vermilion,
  OKABE_ITO.blue,
  OKABE_ITO.green,
  OKABE_ITO.purple,
  OKABE_ITO.orange,
  OKABE_ITO.skyBlue,
];

/** From opposed over nothing to aligned. */
const DIVERGING = { low: [33, 102, 172], middle: [255, 255, 255], high: [217, 95, 2] } as const;

/** A cosine as a colour: blue below 0, white at it, orange above. @param reach the cosine of the deepest colour, > 0; beyond it nothing deepens */
export function divergingColor(value: number, reach: number): string {
  const share = Math.max(-1, Math.min(1, value / reach));
  const end = share < 0 ? DIVERGING.low : DIVERGING.high;
  const channel = (c: 0 | 1 | 2): number =>
    Math.round(DIVERGING.middle[c] + (end[c] - DIVERGING.middle[c]) * Math.abs(share));
  return `#${([0, 1, 2] as const).map((c) => channel(c).toString(16).padStart(2, '0')).join('')}`;
}

/** Black or white, whichever stands out more from the colour (relative luminance of WCAG 2.2). */
export function textColorOn(color: string): '#000000' | '#ffffff' {
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const share = Number.parseInt(color.slice(at, at + 2), 16) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  const luminance = 0.2126 * red! + 0.7152 * green! + 0.0722 * blue!;
  return luminance > 0.179 ? '#000000' : '#ffffff';
}
