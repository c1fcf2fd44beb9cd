/** The one candidate that is a few typing mistakes away; undefined when there is none, or no clear one. */
export function findClosest(text: string, candidates: readonly string[]): string | undefined {
  const wanted = simplify(text);
  const allowed = Math.min(2, Math.floor(wanted.length / 3));
  let best: string | undefined;
  let bestDistance = allowed + 1;
  let isUnclear = false;
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - text.length) > allowed + 2) continue;
    const distance = countEdits(wanted, simplify(candidate), bestDistance);
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
      isUnclear = false;
    } else if (distance === bestDistance && candidate !== best) isUnclear = true;
  }
  return isUnclear || bestDistance > allowed ? undefined : best;
}

/** Hyphens, underscores, spaces and capitals are what is mixed up most. */
function simplify(text: string): string {
  return text.toLowerCase().replace(/[-_ ]/g, '');
}

/**
 * Characters added, left out or replaced, and neighbours swapped (optimal string alignment).
 *
 * @param limit more than this is not told apart
 */
function countEdits(one: string, other: string, limit: number): number {
  if (Math.abs(one.length - other.length) > limit) return limit + 1;
  let before: number[] = [];
  let previous = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (let row = 1; row <= one.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= other.length; column += 1) {
      const isSame = one[row - 1] === other[column - 1];
      const steps = [
        (previous[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (previous[column - 1] ?? 0) + (isSame ? 0 : 1),
      ];
      const isSwap =
        row > 1 &&
        column > 1 &&
        one[row - 1] === other[column - 2] &&
        one[row - 2] === other[column - 1];
      if (isSwap) steps.push((before[column - 2] ?? 0) + 1);
      current.push(Math.min(...steps));
    }
    [before, previous] = [previous, current];
  }
  return previous[other.length] ?? 0;
}
