/** @file Contrast of two colours as WCAG 2.2 defines it. */

/** @param one, other as `#rrggbb` @returns 1 to 21 */
export function contrast(one: string, other: string): number {
  const [low, high] = [one, other].map(luminance).sort((x, y) => x - y);
  return (high! + 0.05) / (low! + 0.05);
}

function luminance(color: string): number {
  const [r, g, b] = [1, 3, 5].map((at) => {
    const share = Number.parseInt(color.slice(at, at + 2), 16) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
}
