/**
 * @file How hard the tests try: `npm run test:full` draws twenty times as many inputs, cuts files at every byte, and runs what takes too long for
 * every day.
 */

export const isFull: boolean = process.env['ANTIPODE_TEST_FULL'] === '1';

/** For the title of tests that are skipped else. @param reason what they take, or what remains of them in every run */
export function onlyInFull(reason: string): string {
  return isFull ? '' : ` (${reason}: only with ANTIPODE_TEST_FULL=1)`;
}

/** Inputs that a property test draws. */
export function runs(count: number): number {
  return isFull ? 20 * count : count;
}

/** Distance between the places where a file is cut or damaged. */
export function stride(bytes: number): number {
  return isFull ? 1 : bytes;
}
