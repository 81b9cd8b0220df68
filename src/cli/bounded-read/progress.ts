/** How far the reading has come, on the last line of a terminal; lines of the log go above it. */
import type { Output } from '../io.ts';
import { count } from '../words/counts.ts';
import { duration, localTime } from '../words/time.ts';

const HINT = ' (^C to see what there is so far)';
/** A wait that nobody wonders about. */
export const SHORT_MS = 2_000;
const CLEAR = '\r\u001b[K';

export class Progress implements Output {
  readonly #terminal: Output;
  #line = '';
  #read = '';

  constructor(terminal: Output) {
    this.#terminal = terminal;
  }

  get isTTY(): boolean {
    return this.#terminal.isTTY === true;
  }

  /** Text of the log. */
  write(text: string | Uint8Array, done?: (error?: Error | null) => void): unknown {
    if (this.#line !== '') this.#terminal.write(CLEAR);
    const taken = this.#terminal.write(text, done);
    if (this.#line !== '') this.#terminal.write(this.#line);
    return taken;
  }

  /** So many events, up to one published at `upTo` (ms since 1970). */
  show(events: number, upTo: number | undefined): void {
    const where = upTo === undefined ? '' : `, up to ${localTime(upTo)}`;
    this.#read = `${count(events, 'event')}${where}`;
    this.showLine(`${this.#read}${HINT}`);
  }

  /** It stands still for `ms`, and says why. */
  waits(ms: number): void {
    if (this.#read === '' || ms < SHORT_MS) return;
    this.showLine(`${this.#read}, waits ${duration(ms)} for the rate limit${HINT}`);
  }

  /** In the place of the line before; a terminal that is narrow gets its start. */
  showLine(line: string): void {
    if (!this.isTTY) return;
    const { columns } = this.#terminal;
    this.#line = columns === undefined ? line : line.slice(0, Math.max(1, columns - 1));
    this.#terminal.write(`${CLEAR}${this.#line}`);
  }

  /** Takes the line away. */
  end(): void {
    if (this.#line !== '') this.#terminal.write(CLEAR);
    this.#line = '';
  }
}
