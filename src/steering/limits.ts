/** @file How much a run may ask for: the same in specs and in options of commands. Imports nothing, because options are read with every command. */

/** More than any experiment needs, and little enough that a slip is noticed before it runs for a year. Of one arm and prompt, and of a run in all. */
export const MAX_REPLIES = 100_000;

export const MAX_RANDOM_ARMS = 1000;

/** Decoder rows have lengths near 1, and residual streams of up to some thousands: beyond it norms overflow in the model. */
export const MAX_STRENGTH = 1e9;

/** A thousandth of a thousandth of a decoder row changes no text; 0 would be a second control. */
export const MIN_STRENGTH = 1e-6;

export const MAX_TEMPERATURE = 100;

export const MAX_NEW_TOKENS = 1_000_000;

export const MAX_LAYER = 10_000;
