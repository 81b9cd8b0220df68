/** How far a backfill has come: a bar on a terminal, elsewhere a line now and then. */
import { type Progress, SHORT_MS } from '../bounded-read/progress.ts';
import type { Io } from '../io.ts';
import { count, number } from '../words/counts.ts';
import { duration, iso } from '../words/time.ts';
import type { Progressed } from './reading.ts';

const WIDTH = 20;
const LINE_EVERY_MS = 10_000;

interface BarParts {
  readonly progress: Progress;
  readonly stderr: Io['stderr'];
  /** Nothing is owed, it is only counted. */
  readonly isDry: boolean;
  /** Where it begins now, and where it ends: ms since 1970. */
  readonly from: number;
  readonly until: number;
  /** Ms that only move forward. */
  readonly monotonic: () => number;
}

export class Bar {
  readonly #parts: BarParts;
  readonly #startedAt: number;
  readonly #eventsBefore: number;
  #lineAt: number;
  #at: Progressed | undefined;

  /** `eventsBefore`: read by a run that was cut off. */
  constructor(parts: BarParts, eventsBefore: number) {
    this.#parts = parts;
    this.#startedAt = parts.monotonic();
    this.#eventsBefore = eventsBefore;
    this.#lineAt = this.#startedAt + LINE_EVERY_MS;
  }

  show(at: Progressed): void {
    const { progress, stderr, monotonic } = this.#parts;
    this.#at = at;
    progress.showLine(`${this.#bar(at)}  ${this.#words(at)}`);
    if (progress.isTTY || monotonic() < this.#lineAt) return;
    this.#lineAt = monotonic() + LINE_EVERY_MS;
    stderr.write(`${this.#words(at)}, up to ${iso(at.readTo) ?? '-'}\n`);
  }

  /** A bar that stands still must say why. */
  waits(ms: number): void {
    if (this.#at === undefined || ms < SHORT_MS) return;
    const words = `${count(this.#at.events, 'event')} read, waits ${duration(ms)} for the rate limit`;
    this.#parts.progress.showLine(`${this.#bar(this.#at)}  ${words}`);
  }

  #bar(at: Progressed): string {
    const done = Math.round(this.#part(at) * WIDTH);
    const bar = `[${'#'.repeat(done)}${'.'.repeat(WIDTH - done)}]`;
    return `${bar} ${Math.floor(this.#part(at) * 100)}%`;
  }

  #words(at: Progressed): string {
    const ms = Math.max(1, this.#parts.monotonic() - this.#startedAt);
    const perSecond = Math.round(((at.events - this.#eventsBefore) * 1_000) / ms);
    const part = this.#part(at);
    const left = part <= 0 ? '' : `, ${duration((ms * (1 - part)) / part)} left`;
    const rate = number(perSecond);
    const owed = `${number(at.owed)} ${this.#parts.isDry ? 'to owe' : 'owed'}`;
    return `${count(at.events, 'event')} read, ${owed}, ${rate}/s${left}`;
  }

  /** Of this run, by how far it has come in the org's time. */
  #part({ readTo }: Progressed): number {
    const { from, until } = this.#parts;
    if (readTo === undefined || until <= from) return 0;
    return Math.min(1, Math.max(0, (readTo - from) / (until - from)));
  }
}
