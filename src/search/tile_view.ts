/** @file What the kernels are told about a tile, field by field as in kernels/tile.ts: 32 bits each, in memory that they read. */

const FIELDS = [
  'products',
  'rowScales',
  'rowBounds',
  'columnScales',
  'columnBounds',
  'rowWords',
  'columnWords',
  'rowWordScales',
  'rowWordBounds',
  'columnWordScales',
  'columnWordBounds',
  'rowHighs',
  'rowLows',
  'columnHighs',
  'columnLows',
  'groupLimits',
  'records',
  'width',
  'm',
  'n',
  'columns',
  'first',
  'left',
  'isTriangle',
  'capacity',
  'found',
] as const;

export type TileField = (typeof FIELDS)[number];

/** With the one field that is a float32 at the end. */
export const TILE_VIEW_BYTES: number = 4 * (FIELDS.length + 1);

export interface TileView {
  /** Where it lies: what kernels take. */
  readonly at: number;
  set(values: Partial<Record<TileField, number>>): void;
  get(field: TileField): number;
  setLargestColumnBound(value: number): void;
}

export function viewTile(buffer: ArrayBuffer, at: number): TileView {
  const words = new Int32Array(buffer, at, FIELDS.length);
  const bound = new Float32Array(buffer, at + 4 * FIELDS.length, 1);
  return {
    at,
    set(values) {
      for (const [field, value] of Object.entries(values)) words[FIELDS.indexOf(field as TileField)] = value;
    },
    get: (field) => words[FIELDS.indexOf(field)]!,
    setLargestColumnBound(value) {
      bound[0] = value;
    },
  };
}
