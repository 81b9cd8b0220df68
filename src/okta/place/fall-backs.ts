/**
 * Reading on from an earlier time, where Okta does not take the link that was kept. The first time at once; if the links
 * that follow are refused too, slowly, for each fall-back reads the overlap again.
 */
import type { Clock } from '../../clock.ts';
import type { Log } from '../../log.ts';
import { backoffMs, TROUBLE_RULES, type Trouble } from '../trouble/trouble.ts';
import type { Position } from './position.ts';

interface FallBacksOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** 0 ≤ n < 1, for jitter. */
  readonly random: () => number;
}

interface FallBack {
  readonly now: number;
  readonly level: 'warn' | 'debug';
  readonly why: string;
  readonly isGap: boolean;
}

export class FallBacks {
  readonly #options: FallBacksOptions;
  /** Since a link was last read well. */
  #count = 0;

  constructor(options: FallBacksOptions) {
    this.#options = options;
  }

  /** To be told when a link was read well. */
  linkWasRead(): void {
    this.#count = 0;
  }

  /** The kept link is not asked for at all. */
  leaveUnasked(position: Position, why: string, isGap: boolean): void {
    this.#fallBack(position, { now: this.#options.clock.now(), level: 'warn', why, isGap });
  }

  /** Okta refused it. Waits as long as the next one may not be asked for. */
  async leaveRefused(position: Position, trouble: Trouble, signal: AbortSignal): Promise<void> {
    const { clock, random } = this.#options;
    const now = trouble.oktaNowMs ?? clock.now();
    const again = this.#count++;
    const isFirst = again === 0;
    const level = isFirst ? 'warn' : 'debug';
    this.#fallBack(position, { now, level, why: trouble.message, isGap: isFirst });
    if (isFirst) return;
    const waitMs = backoffMs(TROUBLE_RULES['link-refused'].pace, again, random);
    await clock.sleep(Math.round(waitMs), signal);
  }

  #fallBack(position: Position, { now, level, why, isGap }: FallBack): void {
    const { log } = this.#options;
    const since = new Date(position.fallBack(now, why, isGap)).toISOString();
    log[level]({ reason: why, since }, 'cursor refused; reading again from earlier');
    if (position.gap?.kind !== 'beyond-retention') return;
    log.error({ ...position.gap }, 'events older than okta keeps cannot be read');
  }
}
