/**
 * The loops of loghook; read this file first. `collect` turns pages of the System Log into what is owed, one
 * transaction a page. `dispatch` (dispatch.ts) turns what is owed into attempts, one lane a route. They meet only in
 * the outbox, so either can stand still while the other goes on.
 */
import { Dispatch, type DispatchParts } from './dispatch.ts';
import type { Page } from './okta/system-log.ts';
import type { Routes, Stopwatch } from './routing/routes.ts';
import type { Committed, Wants } from './state/outbox.ts';

export type { Meter } from './dispatch.ts';

/** How long a soft stop waits for requests in flight. */
const DRAIN_MS = 10_000;
const TIDY_EVERY_MS = 1_000;
const STUCK_MS = 30_000;
/** How long `once` waits for a page of Okta's. */
const ONCE_READ_MS = 60_000;

export interface DaemonParts extends DispatchParts {
  /** Pages from where the cursor stands, until `signal` aborts. */
  readonly tail: (signal: AbortSignal) => AsyncIterable<Page>;
  /** Called when the first page of this run is safe: Okta answers. */
  readonly onReady?: () => void;
  /** Told now and then what part (0..1) of Okta's rate limit the tail may use. */
  readonly onRateShare?: (share: number) => void;
}

export interface Stop {
  /** Take no more work; finish what is in flight. */
  readonly soft: AbortSignal;
  /** Cut what is in flight too. */
  readonly hard: AbortSignal;
}

interface Counts {
  /** New ones of the log, wanted or not. */
  readonly read: number;
  /** Of these, the ones that a route wants. */
  readonly events: number;
  readonly delivered: number;
  readonly postponed: number;
  readonly dead: number;
}

export class Daemon {
  readonly #parts: DaemonParts;
  readonly #dispatch: Dispatch;
  /** Ends every loop: a soft stop, or a fault that no loop can go on from. */
  readonly #halt = new AbortController();
  #read = 0;
  #events = 0;
  #readToEnd = false;
  #turnedAt: number;
  #fault: unknown;

  constructor(parts: DaemonParts) {
    this.#parts = parts;
    this.#turnedAt = parts.clock.monotonic();
    this.#dispatch = new Dispatch(parts, (error) => this.#fail(error));
  }

  /** What this run did so far: events read and owed, and what became of attempts. */
  get counts(): Counts {
    return { read: this.#read, events: this.#events, ...this.#dispatch.counts };
  }

  /** With `once`: whether Okta's log was read to its first short page. */
  get readToEnd(): boolean {
    return this.#readToEnd;
  }

  /** Whether the loops turn: false once the one that turns every second has stood still for half a minute. */
  get isTurning(): boolean {
    return this.#parts.clock.monotonic() - this.#turnedAt < STUCK_MS;
  }

  /**
   * Runs until `stop.soft` aborts (with `once`, until there is no more to do), then waits up to 10 s for what is in
   * flight. Rejects only when state cannot be trusted or Okta refuses a first start; all that is owed stays owed.
   */
  async run(stop: Stop): Promise<void> {
    const halt = () => this.#stopTaking();
    stop.soft.addEventListener('abort', halt, { once: true });
    if (stop.soft.aborted) halt();
    try {
      await (this.#parts.once ? this.#runOnce() : this.#runOn());
    } catch (error) {
      this.#fail(error);
    }
    stop.soft.removeEventListener('abort', halt);
    await this.#drain(stop.hard);
    if (this.#fault !== undefined) throw this.#fault;
  }

  /** Puts other routes in force; see `Dispatch.change`. False when it stops before that. */
  async reload(routes: Routes): Promise<boolean> {
    return !this.#halt.signal.aborted && (await this.#dispatch.change(routes));
  }

  /** Sees at once what people asked of the routes, and not only within a second. */
  async obey(): Promise<void> {
    if (!this.#halt.signal.aborted) await this.#dispatch.obey();
  }

  async #runOn(): Promise<void> {
    await this.#dispatch.open();
    await this.#shareRate();
    await Promise.all([this.#collect(this.#halt.signal), this.#tidy(), this.#dispatch.run()]);
  }

  /** What is owed is tried whether or not Okta can be read: a cron job must come to an end. */
  async #runOnce(): Promise<void> {
    await this.#dispatch.open();
    await this.#shareRate();
    await this.#readOnce();
    await this.#dispatch.runOnce(this.#parts.clock.now());
  }

  /** Reads to the first short page, or until none has come for a minute. */
  async #readOnce(): Promise<void> {
    const { clock, log } = this.#parts;
    const reading = new AbortController();
    this.#halt.signal.addEventListener('abort', () => reading.abort(), { once: true });
    const giveUp = () => {
      log.warn({}, 'okta could not be read to the end, going on with what is owed');
      reading.abort();
    };
    let cancel = clock.after(ONCE_READ_MS, giveUp);
    try {
      await this.#collect(reading.signal, (page) => {
        cancel();
        this.#readToEnd = !page.full;
        if (page.full) cancel = clock.after(ONCE_READ_MS, giveUp);
        return this.#readToEnd;
      });
    } finally {
      cancel();
    }
  }

  async #collect(
    signal: AbortSignal,
    isLast: (page: Page) => boolean = () => false,
  ): Promise<void> {
    const { tail, outbox, telling, meter, onReady } = this.#parts;
    const stopwatch = this.#stopwatch();
    // Asked anew for each event: routes may change while a page waits for room on the disk.
    const wants: Wants = { wantedBy: (event) => this.#dispatch.routes.wantedBy(event, stopwatch) };
    let sayReady = onReady;
    for await (const page of tail(signal)) {
      await telling?.gaps(page.gaps, signal);
      const committed = await outbox.commit(page, wants, signal);
      if (committed === undefined) return;
      this.#say(page, committed);
      meter?.read(page, committed);
      await telling?.read(page, committed.owed);
      sayReady?.();
      sayReady = undefined;
      if (isLast(page)) return;
    }
  }

  #stopwatch(): Stopwatch | undefined {
    const { clock, meter } = this.#parts;
    return (
      meter && {
        monotonic: () => clock.monotonic(),
        judged: ({ name }, ms) => meter.judged(name, ms),
      }
    );
  }

  async #tidy(): Promise<void> {
    const { clock, outbox, telling } = this.#parts;
    while (!this.#halt.signal.aborted) {
      await clock.sleep(TIDY_EVERY_MS, this.#halt.signal);
      this.#turnedAt = clock.monotonic();
      if (await outbox.tidy()) await this.#dispatch.obey();
      await this.#shareRate();
      await telling?.tick();
    }
  }

  /** Other processes may read the log too. */
  async #shareRate(): Promise<void> {
    const { outbox, onRateShare } = this.#parts;
    onRateShare?.(await outbox.rateShare());
  }

  async #drain(hard: AbortSignal): Promise<void> {
    const { clock, sender } = this.#parts;
    this.#stopTaking();
    const enough = new AbortController();
    const cut = () => {
      sender.cut();
      enough.abort();
    };
    hard.addEventListener('abort', cut, { once: true });
    const cancel = clock.after(DRAIN_MS, cut);
    await this.#dispatch.drained(enough.signal);
    cancel();
    hard.removeEventListener('abort', cut);
  }

  #fail(error: unknown): void {
    this.#fault ??= error;
    this.#stopTaking();
  }

  #stopTaking(): void {
    this.#halt.abort();
    this.#dispatch.close();
  }

  #say(page: Page, { owed, repeated }: Committed): void {
    const { log } = this.#parts;
    this.#read += page.events.length - repeated;
    this.#events += owed.length;
    for (const { event, routes } of owed) {
      log.info(
        { event: event.id, type: event.eventType, routes: routes.map((route) => route.name) },
        'event owed',
      );
    }
    log.debug({ events: page.events.length, owed: owed.length, repeated }, 'page committed');
  }
}
