/** Chance from a seed, and the identifiers and choices that practice events draw from it. */

/** Evenly spread over [0, 1), like Math.random. */
export type Random = () => number;

/** mulberry32: small, fast, and the same everywhere. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Okta's newer uuids are version 1 and hold the time of `published`. */
export function uuidV1(random: Random, published: number): string {
  // 100 ns steps since 1582-10-15: RFC 9562 section 5.1
  const ticks =
    BigInt(published) * 10_000n + 122_192_928_000_000_000n + BigInt(int(random, 10_000));
  const time = ticks.toString(16).padStart(15, '0');
  const clock = (0x8000 | int(random, 0x4000)).toString(16);
  return `${time.slice(7)}-${time.slice(3, 7)}-1${time.slice(0, 3)}-${clock}-${hex(random, 12)}`;
}

export function uuidV4(random: Random): string {
  const variant = (0x8000 | int(random, 0x4000)).toString(16);
  return `${hex(random, 8)}-${hex(random, 4)}-4${hex(random, 3)}-${variant}-${hex(random, 12)}`;
}

export function hex(random: Random, length: number): string {
  let digits = '';
  while (digits.length < length) digits += int(random, 0x10000).toString(16).padStart(4, '0');
  return digits.slice(0, length);
}

const ID_CHARACTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

export function id(random: Random, prefix: string, length: number): string {
  let made = prefix;
  for (let at = 0; at < length; at += 1) made += ID_CHARACTERS[int(random, ID_CHARACTERS.length)];
  return made;
}

/** Begins at another field: nobody may come to rely on the order of keys. */
export function rotated<Field>(random: Random, fields: readonly Field[]): Field[] {
  const at = int(random, fields.length);
  return [...fields.slice(at), ...fields.slice(0, at)];
}

export function pick<Choice>(random: Random, choices: readonly Choice[]): Choice {
  const choice = choices[int(random, choices.length)];
  if (choice === undefined) throw new RangeError('nothing to choose from');
  return choice;
}

export function int(random: Random, below: number): number {
  return Math.floor(random() * below);
}
