/**
 * Tells people what happens to loghook: the daemon says here what it sees, and here it is decided what is worth an
 * alert, and when. Nothing here ever delays a delivery. The alerts route itself is never told of: that would not end.
 */
import type { Clock } from '../../clock.ts';
import type { LogEvent } from '../../event.ts';
import type { Log } from '../../log.ts';
import { gapInWords, type ToldGap } from '../gap-words.ts';
import { AlertDesk, type Memory } from './alert-desk.ts';
import type { Sender } from './alerts.ts';
import type { Heartbeat } from './heartbeat.ts';
import { type OktaTrouble, OktaWatch } from './okta-watch.ts';
import { RouteWatch, type WatchedRoute, type WatchedState } from './route-watch.ts';
import type { Expectation } from './silence.ts';
import { type SilenceMemory, SilenceWatch } from './silence-watch.ts';

/** The identity of the route that alerts go to. */
export const ALERTS_KEY = 'alerts';

export interface TellingMemory extends Memory, SilenceMemory {
  routeState(key: string): Promise<WatchedState>;
  /** What was wrong with the tail when it was last saved. */
  trouble(): Promise<{ readonly since: number } | undefined>;
}

interface TellingOptions {
  readonly from: Sender;
  readonly memory: TellingMemory;
  readonly clock: Clock;
  readonly log: Log;
}

export interface ToldRoute extends WatchedRoute {
  readonly enabled?: boolean;
  readonly expect?: Expectation;
}

export class Telling {
  /** Pinged while polling works. */
  heartbeat: Heartbeat | undefined;
  readonly #options: TellingOptions;
  readonly #desk: AlertDesk;
  readonly #routes = new Map<string, RouteWatch>();
  readonly #silences = new Map<string, SilenceWatch>();
  #okta: OktaWatch | undefined;
  /** Trouble of before `inForce`, and whether there is trouble now. */
  #trouble: OktaTrouble | undefined;
  readonly #stopListening: () => void;

  constructor(options: TellingOptions) {
    this.#options = options;
    this.#desk = new AlertDesk(options);
    this.#stopListening = options.clock.onJump((jumpMs) => {
      if (jumpMs > 0) this.#woke();
    });
  }

  /** These routes are in force now; the outbox knows them. To be called before their lanes open. */
  async inForce(routes: readonly ToldRoute[]): Promise<void> {
    const enabled = routes.filter((route) => route.enabled !== false);
    const watched = enabled.filter(({ key }) => key !== ALERTS_KEY);
    this.#desk.isOpen = watched.length < enabled.length;
    await this.#openOkta();
    const keys = new Set(watched.map(({ key }) => key));
    for (const watches of [this.#routes, this.#silences]) {
      for (const key of watches.keys()) if (!keys.has(key)) watches.delete(key);
    }
    for (const route of watched) await this.#watch(route);
    for (const { key, expect } of routes) {
      if (expect === undefined || !keys.has(key)) await this.#expectNothing(key);
    }
  }

  /** To be called before the state is saved. */
  routeChanged(key: string, state: WatchedState): void {
    this.#routes.get(key)?.changed(state);
  }

  /** To be called when the dead letter is recorded. */
  dead(key: string, event: LogEvent, death: { readonly at: number; readonly why: string }): void {
    this.#routes.get(key)?.dead({ ...death, eventId: event.id });
  }

  /** Why the log cannot be read. */
  trouble(trouble: OktaTrouble): void {
    this.#trouble = trouble;
    this.#okta?.trouble(trouble);
  }

  /**
   * What a page says may be missing. To be waited for before the page is committed: after a crash between, the page is
   * read again, and the alert is known. A full disk is waited for until `signal` aborts: then the page is not taken either.
   */
  async gaps(gaps: readonly ToldGap[], signal: AbortSignal): Promise<void> {
    if (gaps.length === 0) return;
    const told = gaps.map((gap) =>
      this.#desk.tell({
        kind: 'loghook.gap',
        subject: gap.kind,
        beganAt: gap.fromMs ?? 0,
        reason: gap.why,
        ...(gap.kind === 'refused-link' && { severity: 'WARN' }),
        message: gapInWords(gap),
        details: {
          kind: gap.kind,
          ...(gap.toMs !== undefined && { to: new Date(gap.toMs).toISOString() }),
        },
      }),
    );
    await untilAborted(Promise.all(told), signal);
  }

  /** A page was read and committed: polling works. `owed` is what it owes that was not known. */
  async read(
    page: { readonly full: boolean },
    owed: readonly { readonly routes: readonly { readonly key: string }[] }[],
  ): Promise<void> {
    this.heartbeat?.beat();
    this.#okta?.over();
    if (this.#trouble !== undefined) this.#beginAnew();
    this.#trouble = undefined;
    if (this.#silences.size === 0) return;
    const counts = new Map<string, number>();
    for (const { key } of owed.flatMap(({ routes }) => routes)) {
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    for (const [key, watch] of this.#silences) await watch.read(counts.get(key) ?? 0, !page.full);
  }

  /** Tells what has lasted long enough by now. Call about once a second. */
  async tick(): Promise<void> {
    for (const watch of this.#routes.values()) watch.tick();
    await this.#okta?.tick();
  }

  /** Tells what was kept to be told together: nothing comes any more. */
  conclude(): void {
    for (const watch of this.#routes.values()) watch.tellDead();
  }

  /** Concludes a run that reads once and ends: what began in runs before and still lasts is told, too. */
  async concludeOnce(): Promise<void> {
    this.conclude();
    for (const watch of this.#routes.values()) watch.tellLasting();
    await this.#okta?.tellLasting();
  }

  /** Concludes; what still waits for room on the disk is given up. */
  async close(): Promise<void> {
    this.conclude();
    this.#stopListening();
    await Promise.all([this.#desk.close(), this.heartbeat?.close()]);
  }

  async #openOkta(): Promise<void> {
    if (this.#okta !== undefined) return;
    const { memory, from } = this.#options;
    const since = async () => (await memory.trouble())?.since;
    this.#okta = await OktaWatch.open(this.#desk, from.org, since);
    if (this.#trouble !== undefined) this.#okta.trouble(this.#trouble);
  }

  async #watch({ key, name, expect }: ToldRoute): Promise<void> {
    const { memory } = this.#options;
    if (!this.#routes.has(key)) {
      const state = await memory.routeState(key);
      this.#routes.set(key, await RouteWatch.open(this.#desk, { key, name }, state));
    }
    if (expect === undefined || this.#silences.get(key)?.expects(expect) === true) return;
    this.#silences.set(key, await SilenceWatch.open(this.#desk, memory, { key, name, expect }));
  }

  async #expectNothing(key: string): Promise<void> {
    const { memory } = this.#options;
    this.#silences.delete(key);
    if ((await memory.silentSince(key)) !== undefined) await memory.saveSilence(key, undefined);
  }

  #woke(): void {
    for (const watch of this.#routes.values()) watch.woke();
    this.#okta?.woke();
    this.#beginAnew();
  }

  #beginAnew(): void {
    for (const watch of this.#silences.values()) watch.beginAnew();
  }
}

/** Resolves when `work` is done, or when `signal` aborts. */
async function untilAborted(work: Promise<unknown>, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  let stop = () => {};
  const aborted = new Promise<void>((resolve) => {
    stop = resolve;
  });
  signal.addEventListener('abort', stop, { once: true });
  await Promise.race([work, aborted]);
  signal.removeEventListener('abort', stop);
}
