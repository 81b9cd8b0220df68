/**
 * Tells when fewer events come for a route than are expected, once, and when there are enough again. It is judged only
 * when a page was read that is the last for now, so that nothing is called silent while the log cannot be read or is
 * being caught up with.
 */
import type { AlertDesk } from './alert-desk.ts';
import type { WatchedRoute } from './route-watch.ts';
import { type Expectation, formatExpectation, Window } from './silence.ts';

const LATE_MS = 120_000;

export interface SilenceMemory {
  saveSilence(key: string, since: number | undefined): Promise<void>;
  silentSince(key: string): Promise<number | undefined>;
}

type ExpectingRoute = WatchedRoute & { readonly expect: Expectation };

export class SilenceWatch {
  readonly #desk: AlertDesk;
  readonly #memory: SilenceMemory;
  readonly #route: ExpectingRoute;
  readonly #window: Window;
  /** Ms since 1970. */
  #silentSince: number | undefined;
  /** On the monotonic clock. */
  #readAt: number;
  #wasLate = false;

  private constructor(desk: AlertDesk, memory: SilenceMemory, route: ExpectingRoute) {
    this.#desk = desk;
    this.#memory = memory;
    this.#route = route;
    this.#readAt = desk.clock.monotonic();
    this.#window = new Window(route.expect, this.#readAt);
  }

  /** Goes on from the silence that was saved. What was saved and perhaps not told is told; if it was, it is known. */
  static async open(desk: AlertDesk, memory: SilenceMemory, route: ExpectingRoute) {
    const watch = new SilenceWatch(desk, memory, route);
    watch.#silentSince = await memory.silentSince(route.key);
    if (watch.#silentSince !== undefined) watch.#tellSilent(watch.#silentSince);
    return watch;
  }

  expects({ count, perMs }: Expectation): boolean {
    return this.#route.expect.count === count && this.#route.expect.perMs === perMs;
  }

  /** A page was read with `count` events for the route; `isLast`: there is no more of the log for now. */
  async read(count: number, isLast: boolean): Promise<void> {
    const now = this.#desk.clock.monotonic();
    const isLate = this.#isLate(now);
    this.#window.add(count, now);
    if (this.#window.isEnough) {
      if (this.#silentSince !== undefined) await this.#heard(this.#silentSince);
      return;
    }
    const isJudged = isLast && !isLate && this.#window.isWhole(now);
    if (isJudged && this.#silentSince === undefined) await this.#fellSilent();
  }

  /** The log was not read for a while. */
  beginAnew(): void {
    this.#window.beginAnew(this.#desk.clock.monotonic());
  }

  /** It came long before it was committed (the disk was full), or it was long awaited: the next one tells more. */
  #isLate(now: number): boolean {
    const isLate = now - this.#readAt > LATE_MS && !this.#wasLate;
    this.#readAt = now;
    this.#wasLate = isLate;
    return isLate;
  }

  async #fellSilent(): Promise<void> {
    const { key, name, expect } = this.#route;
    const since = this.#desk.clock.now() - expect.perMs;
    this.#silentSince = since;
    const fields = { route: name, expect: formatExpectation(expect), got: this.#window.count };
    this.#desk.log.warn({ ...fields, since: new Date(since).toISOString() }, 'route silent');
    // Saved before it is told: after a crash between the two it is told at the next start.
    await this.#memory.saveSilence(key, since);
    this.#tellSilent(since);
  }

  async #heard(since: number): Promise<void> {
    const { key, name } = this.#route;
    this.#silentSince = undefined;
    const forMs = Math.max(0, this.#desk.clock.now() - since);
    this.#desk.log.info({ route: name, forMs }, 'route heard again');
    void this.#desk.tell({
      kind: 'loghook.route.heard',
      subject: key,
      beganAt: since,
      route: name,
      message: `Events come for route ${name} again.`,
    });
    await this.#memory.saveSilence(key, undefined);
  }

  #tellSilent(since: number): void {
    const { key, name, expect } = this.#route;
    const expected = formatExpectation(expect);
    void this.#desk.tell({
      kind: 'loghook.route.silent',
      subject: key,
      beganAt: since,
      route: name,
      reason: `fewer than ${expected}`,
      message:
        `Fewer events than expected (${expected}) come for route ${name}. Polling works, so check that what causes ` +
        "these events still does, and the route's patterns.",
    });
  }
}
