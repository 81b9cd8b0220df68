/** Sizes and seeds of the heavy suites, from the environment, so that a failure can be repeated. */

/** A whole number from the environment, or `byDefault`. */
export function numberFrom(name: string, byDefault: number): number {
  const given = process.env[name];
  if (given === undefined || given === '') return byDefault;
  const number = Number(given);
  if (!Number.isSafeInteger(number) || number < 0)
    throw new RangeError(`${name}=${given} is no count`);
  return number;
}

/** How to run one suite again with what made it fail. */
export function repeatWith(suite: string, settings: Readonly<Record<string, number>>): string {
  const variables = Object.entries(settings).map(([name, value]) => `${name}=${value}`);
  return `repeat with: ${variables.join(' ')} node --enable-source-maps --test dist/test/${suite}.js`;
}
