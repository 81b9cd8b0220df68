/** What an org wrote while a heavy suite ran: by event id its bytes, its type and whom it is about. */
import { SystemClock } from '../../src/clock.ts';
import { practiceEvent, seededRandom } from '../../src/practice/events.ts';
import type { PracticeOrg } from '../../src/practice/org.ts';
import { int } from '../../src/practice/random.ts';
import { readWritten, type Written } from './model/pairs.ts';
import type { Reception } from './reception.ts';

export interface Wanting {
  readonly path: string;
  readonly pattern: RegExp;
}

export class WrittenEvents {
  readonly #org: PracticeOrg;
  readonly #events = new Map<string, Written>();

  constructor(org: PracticeOrg) {
    this.#org = org;
  }

  get size(): number {
    return this.#events.size;
  }

  get(id: string): Written | undefined {
    return this.#events.get(id);
  }

  bytesOf(id: string): Buffer | undefined {
    return this.#events.get(id)?.raw;
  }

  /** Some of them can be read only later. */
  write(random: () => number, count: number): void {
    for (let n = 0; n < count; n += 1) {
      const now = Date.now();
      const raw = practiceEvent(random, now);
      const isLate = random() < 0.1;
      const persistedAt = isLate ? now + int(random, 5_000) : now;
      const { id, ...event } = readWritten(raw, persistedAt);
      this.#events.set(id, event);
      this.#org.add(raw, isLate ? { persistedAt } : {});
    }
  }

  /** Writes for as long as it runs, as fast as the daemon can take them when it is up. */
  async writeUntil(stop: AbortSignal, seed: number): Promise<void> {
    const clock = new SystemClock();
    const random = seededRandom(seed);
    while (!stop.aborted) {
      this.write(random, int(random, 6));
      await clock.sleep(20, stop);
    }
  }

  /** Which (event, route) have not been accepted yet. */
  missing(reception: Reception, routes: readonly Wanting[]): string[] {
    return [...this.#events].flatMap(([id, { eventType }]) =>
      routes
        .filter(({ path, pattern }) => pattern.test(eventType) && !reception.has(path, id))
        .map(({ path }) => `${id} on ${path}`),
    );
  }
}
