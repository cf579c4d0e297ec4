/** @file How hard the property tests try: `npm run test:full` draws twenty times as many inputs and cuts files at every byte. */

const isFull: boolean = process.env['ANTIPODE_TEST_FULL'] === '1';

/** Inputs that a property test draws. */
export function runs(count: number): number {
  return isFull ? 20 * count : count;
}

/** Distance between the places where a file is cut or damaged. */
export function stride(bytes: number): number {
  return isFull ? 1 : bytes;
}
