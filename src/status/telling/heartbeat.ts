/** Pings a URL while polling works, so that somebody else can tell when loghook is gone. Never in anybody's way. */
import type { Clock } from '../../clock.ts';
import type { Log } from '../../log.ts';

const EVERY_MS = 60_000;
/** How long a stop waits for a ping that is out. */
const LAST_PING_MS = 2_000;

/** Sends one ping; never rejects. Undefined when it was cut by our own stop. */
export type Ping = () => Promise<{ readonly failed?: string } | undefined>;

export class Heartbeat {
  readonly #ping: Ping;
  readonly #clock: Clock;
  readonly #log: Log;
  #nextAt = Number.NEGATIVE_INFINITY;
  #pinging: Promise<void> | undefined;
  #failing: { readonly since: number; failures: number } | undefined;

  constructor(ping: Ping, clock: Clock, log: Log) {
    this.#ping = ping;
    this.#clock = clock;
    this.#log = log;
  }

  /** Polling works: pings, if the last time is a minute ago and nothing of it is out. */
  beat(): void {
    const now = this.#clock.monotonic();
    if (this.#pinging !== undefined || now < this.#nextAt) return;
    this.#nextAt = now + EVERY_MS;
    this.#pinging = this.#beat().finally(() => {
      this.#pinging = undefined;
    });
  }

  /** Resolves when nothing is out, or soon. */
  async close(): Promise<void> {
    if (this.#pinging === undefined) return;
    const enough = new AbortController();
    await Promise.race([this.#pinging, this.#clock.sleep(LAST_PING_MS, enough.signal)]);
    enough.abort();
  }

  async #beat(): Promise<void> {
    const result = await this.#ping();
    if (result === undefined) return;
    if (result.failed === undefined) this.#worked();
    else this.#failed(result.failed);
  }

  #worked(): void {
    const failing = this.#failing;
    this.#failing = undefined;
    if (failing === undefined) return;
    const forMs = Math.round(this.#clock.monotonic() - failing.since);
    this.#log.info({ forMs, failures: failing.failures }, 'heartbeat works again');
  }

  #failed(why: string): void {
    if (this.#failing === undefined) this.#log.warn({ reason: why }, 'heartbeat fails');
    this.#failing ??= { since: this.#clock.monotonic(), failures: 0 };
    this.#failing.failures += 1;
  }
}
