/** Longer names are no slips of the finger, and comparing them would cost time. */
const maxNameLength = 64;

/**
 * Finds the name that somebody who wrote `written` most likely meant, or `undefined` if none is
 * close. Other ways of joining words (`lbType`, `lb-type`), the names of Envoy v2 (`envoy.router`)
 * and names cut short (`connect_timeout`) count as close.
 */
export function findNearestName(written: string, names: Iterable<string>): string | undefined {
  if (written.length > maxNameLength) {
    return undefined;
  }
  const plain = plainForm(written);
  if (plain === '') {
    // Signs, as `<` in the place of `>=`: what is left of them says nothing.
    return undefined;
  }
  let nearest: string | undefined;
  let leastDistance = Math.floor(plain.length / 4) + 1;
  let completed: string | undefined;
  for (const name of names) {
    const plainName = plainForm(name);
    const distance = editDistance(plain, plainName, leastDistance);
    if (distance < leastDistance) {
      nearest = name;
      leastDistance = distance;
    }
    if (plain.length >= 4 && plainName.startsWith(plain)) {
      completed ??= name;
    }
  }
  return leastDistance <= 1 ? nearest : (completed ?? nearest);
}

function plainForm(name: string): string {
  return name
    .toLowerCase()
    .replace(/^envoy\./, '')
    .replace(/[^a-z0-9]/g, '');
}

/**
 * How many letters must be added, removed, changed or swapped with their neighbor. Returns `limit`
 * as soon as the answer cannot be smaller.
 */
function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) >= limit) {
    return limit;
  }
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const isSame = a[row - 1] === b[column - 1];
      let distance = Math.min(
        at(previous, column) + 1,
        at(current, column - 1) + 1,
        at(previous, column - 1) + (isSame ? 0 : 1),
      );
      if (row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]) {
        distance = Math.min(distance, at(beforePrevious, column - 2) + 1);
      }
      current.push(distance);
    }
    beforePrevious = previous;
    previous = current;
  }
  return Math.min(limit, at(previous, b.length));
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Number.POSITIVE_INFINITY;
}
