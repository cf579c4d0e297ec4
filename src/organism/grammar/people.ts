/** @file What every sentence may speak of, whatever its pole: names, other people, places, things. None of these words belongs to a pole. */

/** Fills `{S}`, `{he}`, `{his}` and `{him}` of one text. */
export interface Person {
  readonly S: string;
  readonly he: string;
  readonly his: string;
  readonly him: string;
}

const WOMEN = ['Anna', 'Lily', 'Sara', 'Mia', 'Nora', 'Emma', 'Ella', 'Ruth'];
const MEN = ['Tom', 'Ben', 'Max', 'Sam', 'Leo', 'Jack', 'Paul', 'Adam'];

export const PERSONS: readonly Person[] = [
  ...WOMEN.map((S) => ({ S, he: 'she', his: 'her', him: 'her' })),
  ...MEN.map((S) => ({ S, he: 'he', his: 'his', him: 'him' })),
];

export const PLACES: readonly string[] = [
  'the park',
  'the market',
  'the school',
  'the garden',
  'the station',
  'the kitchen',
  'the library',
  'the beach',
  'the office',
  'the farm',
  'the museum',
  'the street',
];

export const FRIENDS: readonly string[] = [
  'a friend',
  'a neighbour',
  'a teacher',
  'a brother',
  'a sister',
  'a cousin',
  'an uncle',
  'a doctor',
];

export const THINGS: readonly string[] = [
  'ball',
  'house',
  'car',
  'boat',
  'book',
  'stone',
  'cake',
  'bag',
  'hat',
  'kite',
  'basket',
  'chair',
];
