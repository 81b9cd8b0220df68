/** All lanes that are open: one for each route in force. */
import type { Clock } from '../../clock.ts';
import type { Log } from '../../log.ts';
import type { Destination, Encoding } from '../destination.ts';
import type { Made } from '../outcome.ts';
import { Lane, type Sends, type Wish } from './lane.ts';
import { Paces } from './pace.ts';
import { StartRates } from './start-rate.ts';
import type { RouteState } from './verdict.ts';

export interface LanesOptions {
  readonly encoding: Encoding;
  readonly sender: Sends;
  readonly clock: Clock;
  readonly log: Log;
  readonly userAgent: string;
  /** The host of the org, which each request names. */
  readonly org?: string;
  /** Of all receivers; several orgs share one, for a receiver feels them all. */
  readonly paces?: Paces;
  readonly random: () => number;
  /** Try everything that is due once, even on a held route. */
  readonly ignoreHold: boolean;
  /** A held route is tried at least this often, ms. */
  readonly longestProbeMs?: number;
  /** Told of every change, to be remembered across restarts. */
  readonly onState: (lane: Lane, state: RouteState) => void;
  /** Told of every attempt that came to an end of its own. */
  readonly onAttempt?: (lane: Lane, outcome: Made) => void;
}

export class Lanes {
  readonly #options: LanesOptions;
  readonly #paces: Paces;
  readonly #startRates: StartRates;
  readonly #open = new Map<string, Lane>();
  readonly #leaving = new Set<Lane>();

  constructor(options: LanesOptions) {
    this.#options = options;
    this.#paces = options.paces ?? new Paces(options.clock);
    this.#startRates = new StartRates(options.clock);
  }

  get all(): readonly Lane[] {
    return [...this.#open.values()];
  }

  /** Of routes that went, while something of theirs is in flight. */
  get leaving(): readonly Lane[] {
    return [...this.#leaving];
  }

  get(key: string): Lane | undefined {
    return this.#open.get(key);
  }

  /** Opens a route's lane, going on from the state that was saved. */
  open(destination: Destination, state: RouteState): Lane {
    const { onState, onAttempt, ...shared } = this.#options;
    const lane: Lane = new Lane({
      ...shared,
      destination,
      state,
      pace: this.#paces.of(destination.url.origin),
      startRate: this.#startRates.of(destination.key, destination.rate),
      onState: (changed) => onState(lane, changed),
      ...(onAttempt && { onAttempt: (outcome) => onAttempt(lane, outcome) }),
    });
    this.#open.set(destination.key, lane);
    return lane;
  }

  /** Closes the lanes of routes that are not among `keys`; what is in flight ends by itself, and `drained` waits for it. */
  keepOnly(keys: ReadonlySet<string>): void {
    this.end(new Set([...this.#open.keys()].filter((key) => !keys.has(key))));
  }

  /** Closes the lanes of `keys`, and returns them; what is in flight ends by itself. */
  end(keys: ReadonlySet<string>): Lane[] {
    const ending = [...this.#open.values()].filter(({ key }) => keys.has(key));
    for (const lane of ending) {
      lane.close();
      this.#open.delete(lane.key);
      void this.#leave(lane);
    }
    return ending;
  }

  /** Hands each lane what people asked of its route. */
  obey(wishes: readonly (Wish & { readonly key: string })[]): void {
    for (const wish of wishes) this.#open.get(wish.key)?.obey(wish);
  }

  closeAll(): void {
    for (const lane of this.#open.values()) lane.close();
  }

  /** Resolves when nothing is in flight or being recorded, or when `signal` aborts. */
  async drained(signal: AbortSignal): Promise<void> {
    await Promise.all([...this.all, ...this.#leaving].map((lane) => lane.drained(signal)));
  }

  /** Resolves when no request is out any more, recorded or not. */
  async answered(): Promise<void> {
    await Promise.all([...this.all, ...this.#leaving].map((lane) => lane.answered()));
  }

  async #leave(lane: Lane): Promise<void> {
    this.#leaving.add(lane);
    await lane.drained(new AbortController().signal);
    this.#leaving.delete(lane);
  }
}
