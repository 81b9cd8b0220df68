/**
 * Says trouble once when it starts and once when it ends, whatever happens in between. Trouble that comes back within a
 * minute of its end is said only once it has lasted that minute out, so that a flapping line is not a flood.
 */
import type { Clock } from '../../clock.ts';
import type { Log } from '../../log.ts';
import { TROUBLE_RULES, type Trouble, type TroubleKind } from './trouble.ts';

const QUIET_MS = 60_000;

interface Open {
  readonly sinceMs: number;
  attempts: number;
  /** As `attempts`, but from the last waking on. */
  tries: number;
  said: boolean;
}

export class TroubleLog {
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #onChange: (trouble: Trouble | undefined) => void;
  readonly #open = new Map<TroubleKind, Open>();
  readonly #endedAt = new Map<TroubleKind, number>();
  #waitSaidAt = Number.NEGATIVE_INFINITY;

  /** `onChange` is told what is wrong when it is said, and undefined when all is well again. */
  constructor(log: Log, clock: Clock, onChange: (trouble: Trouble | undefined) => void) {
    this.#log = log;
    this.#clock = clock;
    this.#onChange = onChange;
  }

  /** Returns how often this kind of trouble has come since all was well or the machine woke, this time included. */
  came(trouble: Trouble): number {
    const open = this.#open.get(trouble.kind) ?? {
      sinceMs: this.#clock.now(),
      attempts: 0,
      tries: 0,
      said: false,
    };
    open.attempts++;
    open.tries++;
    this.#open.set(trouble.kind, open);
    const { saidFrom = 1 } = TROUBLE_RULES[trouble.kind];
    const due = open.attempts >= saidFrom && !this.#endedJustNow(trouble.kind);
    if (due && !open.said) this.#say(trouble, open);
    return open.tries;
  }

  /** Trouble is not what it was (the machine slept, the page is another): pacing starts afresh. Nothing is said. */
  paceAfresh(): void {
    for (const open of this.#open.values()) open.tries = 0;
  }

  /** A good page was read: all trouble is over. */
  allIsWell(): void {
    if ([...this.#open.values()].some(({ said }) => said)) this.#onChange(undefined);
    for (const [kind, open] of this.#open) {
      const { ends } = TROUBLE_RULES[kind];
      const forMs = Math.max(0, this.#clock.now() - open.sinceMs);
      if (open.said && ends !== undefined) this.#log.info({ forMs, attempts: open.attempts }, ends);
      if (open.said) this.#endedAt.set(kind, this.#clock.monotonic());
    }
    this.#open.clear();
  }

  /** Before a wait that the rate budget asks for. */
  waits(waitMs: number): void {
    const now = this.#clock.monotonic();
    if (now - this.#waitSaidAt < QUIET_MS) return;
    this.#waitSaidAt = now;
    this.#log.debug({ waitMs: Math.round(waitMs) }, 'rate limit reached, waiting');
  }

  #say(trouble: Trouble, open: Open): void {
    open.said = true;
    this.#onChange(trouble);
    const { starts } = TROUBLE_RULES[trouble.kind];
    if (starts === undefined) return;
    const { status, oktaCode, hint } = trouble;
    const fields = {
      reason: trouble.message,
      ...(status !== undefined && { status }),
      ...(oktaCode !== undefined && { errorCode: oktaCode }),
      ...trouble.fields,
      ...(hint !== undefined && { hint }),
    };
    this.#log[starts.level](fields, starts.message);
  }

  #endedJustNow(kind: TroubleKind): boolean {
    const endedAt = this.#endedAt.get(kind);
    return endedAt !== undefined && this.#clock.monotonic() - endedAt < QUIET_MS;
  }
}
