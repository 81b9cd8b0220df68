/** How many events came within the last stretch of time, as far as it matters for an expectation. */

/** So many in so many ms. */
export interface Expectation {
  readonly count: number;
  readonly perMs: number;
}

export class Window {
  readonly #expect: Expectation;
  #from: number;
  /** What came together, oldest first; never more of them than are needed to know that it is enough. */
  #came: { readonly at: number; readonly count: number }[] = [];

  /** Instants on the monotonic clock. */
  constructor(expect: Expectation, now: number) {
    this.#expect = expect;
    this.#from = now;
  }

  /** Nothing was watched until now: it counts from here. What came before stays known. */
  beginAnew(now: number): void {
    this.#from = now;
  }

  add(count: number, now: number): void {
    if (count > 0) this.#came.push({ at: now, count });
    this.#came = this.#came.filter(({ at }) => at > now - this.#expect.perMs);
    let spare = this.count - this.#expect.count;
    while (spare >= (this.#came[0]?.count ?? Number.POSITIVE_INFINITY)) {
      spare -= this.#came.shift()?.count ?? 0;
    }
  }

  /** Of those that came within the window, at least as many as are expected. */
  get isEnough(): boolean {
    return this.count >= this.#expect.count;
  }

  get count(): number {
    return this.#came.reduce((sum, { count }) => sum + count, 0);
  }

  /** Whether all of a window was watched. */
  isWhole(now: number): boolean {
    return now - this.#from >= this.#expect.perMs;
  }
}

const UNITS: readonly (readonly [ms: number, name: string])[] = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'm'],
  [1_000, 's'],
];

/** As it is written in loghook.yaml: `1 per 15m`. */
export function formatExpectation({ count, perMs }: Expectation): string {
  const [ms, name] = UNITS.find(([unit]) => perMs % unit === 0) ?? [1, 'ms'];
  return `${count} per ${perMs / ms}${name}`;
}
