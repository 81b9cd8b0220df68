/** What the demo's org made and what its receivers took, compared byte for byte. It is the judge, so it trusts nobody. */
import { eventId } from '../../event.ts';
import type { Routes } from '../../routing/routes.ts';

interface Made {
  raw: Buffer;
  readonly at: number;
  readonly missing: Set<string>;
}

interface Totals {
  readonly made: number;
  readonly wanted: number;
  readonly delivered: number;
  readonly unchanged: number;
  readonly duplicates: number;
  /** From the moment the org could hand an event over to its delivery. */
  readonly longestWaitMs: number;
  readonly slowestRoute: string | undefined;
}

const FORGOTTEN = Buffer.alloc(0);

export class Account {
  readonly #routes: Routes;
  readonly #made = new Map<string, Made>();
  readonly #totals = {
    made: 0,
    wanted: 0,
    delivered: 0,
    unchanged: 0,
    duplicates: 0,
    longestWaitMs: 0,
    slowestRoute: undefined as string | undefined, // its type cannot be told from the value
  };
  #onSettled: (() => void) | undefined;

  constructor(routes: Routes) {
    this.#routes = routes;
  }

  get totals(): Totals {
    return this.#totals;
  }

  /** Everything that was wanted was delivered, with the bytes that the org holds. */
  get isRight(): boolean {
    const { wanted, delivered, unchanged } = this.#totals;
    return delivered === wanted && unchanged === delivered;
  }

  /** The org has `raw` and hands it over from `at` (ms since 1970) on. Returns its id. */
  made(raw: Buffer, at: number): string {
    // Our own event, made a moment ago: it has both fields.
    const { uuid, eventType } = JSON.parse(raw.toString()) as { uuid: string; eventType: string };
    const missing = new Set(this.#routes.wantedBy({ eventType }).map(({ name }) => name));
    const id = eventId(uuid, raw);
    this.#made.set(id, { raw, at, missing });
    this.#totals.made += 1;
    this.#totals.wanted += missing.size;
    return id;
  }

  /** A receiver is about to accept `body` at `now`. */
  delivered(route: string, id: string | undefined, body: Buffer, now: number): void {
    const made = this.#made.get(id ?? '');
    if (made === undefined || !made.missing.delete(route)) {
      this.#totals.duplicates += 1;
      return;
    }
    this.#totals.delivered += 1;
    if (body.equals(made.raw)) this.#totals.unchanged += 1;
    if (made.missing.size === 0) made.raw = FORGOTTEN;
    const waitMs = now - made.at;
    if (waitMs > this.#totals.longestWaitMs) {
      this.#totals.longestWaitMs = waitMs;
      this.#totals.slowestRoute = route;
    }
    if (this.#isSettled) this.#onSettled?.();
  }

  /** Resolves when nothing that was made is missing, or when `signal` aborts. */
  async settled(signal: AbortSignal): Promise<void> {
    if (this.#isSettled || signal.aborted) return;
    await new Promise<void>((resolve) => {
      this.#onSettled = resolve;
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
  }

  get #isSettled(): boolean {
    return this.#totals.delivered === this.#totals.wanted;
  }
}
