/** @file The article's five labels (METHOD, section 6), with the names of the two poles as parameters. */

export const STEERING_LABELS = ['a', 'b', 'none', 'a to b', 'b to a'] as const;

/** With a Happy and b Sad: Happy Steering, Sad Steering, No Steering, Happy to Sad Steering, Sad to Happy Steering. */
export type SteeringLabel = (typeof STEERING_LABELS)[number];

/** A reply that no label could be had for is counted, never dropped. */
export type JudgedLabel = SteeringLabel | 'unlabelled';

/** Names of the poles, capitalised: `{ a: 'Happy', b: 'Sad' }`. */
export interface PoleNames {
  readonly a: string;
  readonly b: string;
}

export function labelName(label: JudgedLabel, { a, b }: PoleNames): string {
  switch (label) {
    case 'a':
      return `${a} Steering`;
    case 'b':
      return `${b} Steering`;
    case 'none':
      return 'No Steering';
    case 'a to b':
      return `${a} to ${b} Steering`;
    case 'b to a':
      return `${b} to ${a} Steering`;
    case 'unlabelled':
      return 'unlabelled';
  }
}
