/**
 * One request to one receiver, and what came of it. The outcome is fixed at the status line; redirects are never
 * followed; no more than 64 KiB of an answer is read; no connection is waited for longer than 5 s, and nothing takes
 * longer than 15 s in all.
 */
import { Socket } from 'node:net';
import { buildConnector, Client } from 'undici';
import type { Clock } from '../clock.ts';
import {
  CONNECT_MS,
  ENOUGH,
  Exchange,
  LATE,
  STALE,
  STOPPED,
  TOTAL_MS,
  type Watch,
  type Wire,
} from './exchange.ts';
import type { Answer } from './outcome.ts';
import { poolKey, type Target } from './target.ts';

/** Answers whose status is known and whose bodies still come; beyond this many the oldest is cut. */
const MOST_LINGERING = 64;

export interface Request {
  readonly target: Target;
  readonly method: string;
  /** Path and query, as they go on the wire. */
  readonly path: string;
  /** Names and values in turn. */
  readonly headers: string[];
  readonly body: Buffer;
}

/** Sends requests, each on a connection of its own while it lasts; connections are kept open. Close it when done. */
export class Sender {
  readonly #clock: Clock;
  readonly #connect = buildConnector({ timeout: 0 }); // the deadlines are ours: undici's are up to a second late
  /** Connections that lie idle, by pool key; the one used last comes first, so that the others may grow old and close. */
  readonly #idle = new Map<string, Line[]>();
  readonly #lines = new Set<Line>();
  /** In the order they began, which is the order in which they run out of time. */
  readonly #open = new Set<Exchange<Line>>();
  readonly #connecting = new Set<Exchange<Line>>();
  readonly #lingering = new Set<Exchange<Line>>();
  #cancelSweep: (() => void) | undefined;
  #sweepAt = Number.POSITIVE_INFINITY;
  #isClosed = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Never rejects. A request that meets a connection which the receiver had just closed is sent once more. */
  async send(request: Request): Promise<Answer> {
    const answer = await this.#exchange(request, this.#idleLine(request.target));
    if (answer !== STALE) return answer;
    const second = await this.#exchange(request, undefined);
    return second === STALE
      ? { kind: 'unanswered', why: 'connection closed', ms: 0, timedOut: false }
      : second;
  }

  /** Cuts every request in flight; their answers are `cut`. */
  cut(): void {
    for (const exchange of [...this.#open]) exchange.end(STOPPED);
  }

  /** Cuts what is in flight and closes every connection. What is sent afterwards is `cut`. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.cut();
    this.#disarm();
    await Promise.all([...this.#lines].map((line) => line.close()));
  }

  #exchange(request: Request, idle: Line | undefined): Promise<Answer | typeof STALE> {
    if (this.#isClosed) return Promise.resolve({ kind: 'cut' });
    return new Promise((resolve) => {
      const line = idle ?? this.#openLine(request.target);
      const exchange = new Exchange(this.#clock, line, resolve, this.#watch);
      this.#open.add(exchange);
      if (!line.isConnected) this.#connecting.add(exchange);
      this.#sweepBy(exchange.startedAt + (line.isConnected ? TOTAL_MS : CONNECT_MS));
      line.dispatch(request, exchange);
    });
  }

  readonly #watch: Watch<Line> = {
    sent: (exchange) => {
      this.#connecting.delete(exchange);
    },
    answered: (exchange) => {
      this.#lingering.add(exchange);
      if (this.#lingering.size <= MOST_LINGERING) return;
      const [oldest] = this.#lingering;
      oldest?.end(ENOUGH);
    },
    over: (exchange) => {
      const { line } = exchange;
      this.#open.delete(exchange);
      this.#connecting.delete(exchange);
      this.#lingering.delete(exchange);
      if (exchange.isWhole && !this.#isClosed) this.#idle.get(poolKey(line.target))?.push(line);
      else this.#drop(line);
    },
  };

  #idleLine(target: Target): Line | undefined {
    const idle = this.#idle.get(poolKey(target));
    for (;;) {
      const line = idle?.pop();
      if (line === undefined || line.isConnected) return line;
      this.#drop(line);
    }
  }

  #openLine(target: Target): Line {
    const key = poolKey(target);
    if (!this.#idle.has(key)) this.#idle.set(key, []);
    const line = new Line(target, this.#connect);
    this.#lines.add(line);
    return line;
  }

  #drop(line: Line): void {
    if (!this.#lines.delete(line)) return;
    void line.close();
  }

  #sweepBy(at: number): void {
    if (at >= this.#sweepAt) return;
    this.#disarm();
    this.#sweepAt = at;
    const ms = Math.max(0, at - this.#clock.monotonic());
    this.#cancelSweep = this.#clock.after(ms, () => this.#sweep());
  }

  #disarm(): void {
    this.#cancelSweep?.();
    this.#cancelSweep = undefined;
    this.#sweepAt = Number.POSITIVE_INFINITY;
  }

  #sweep(): void {
    this.#disarm();
    this.#endThoseBefore(this.#connecting, CONNECT_MS);
    this.#endThoseBefore(this.#open, TOTAL_MS);
  }

  #endThoseBefore(exchanges: ReadonlySet<Exchange<Line>>, allowedMs: number): void {
    const now = this.#clock.monotonic();
    for (const exchange of [...exchanges]) {
      const dueAt = exchange.startedAt + allowedMs;
      if (dueAt > now) {
        this.#sweepBy(dueAt);
        return;
      }
      exchange.end(LATE);
    }
  }
}

/** A connection that carries one request at a time. */
class Line implements Wire {
  readonly target: Target;
  readonly #client: Client;
  #socket: Socket | undefined;
  #bytesBefore = 0;
  #answers = 0;

  constructor(target: Target, connect: ReturnType<typeof buildConnector>) {
    this.target = target;
    this.#client = new Client(target.origin, {
      headersTimeout: 0,
      bodyTimeout: 0,
      connect: (options, callback) => {
        // undici's connector returns its socket, which its types leave out; a deadline has to be able to cut it.
        const socket: unknown = connect(options, callback);
        this.#socket = socket instanceof Socket ? socket : undefined;
        this.#answers = 0;
      },
    });
  }

  get isConnected(): boolean {
    const socket = this.#socket;
    return socket !== undefined && !socket.connecting && !socket.destroyed;
  }

  get isStale(): boolean {
    return this.#answers > 0 && this.#socket?.bytesRead === this.#bytesBefore;
  }

  dispatch(request: Request, exchange: Exchange<Line>): void {
    const { method, path, headers, body } = request;
    this.#client.dispatch({ method: method, path, headers, body }, exchange);
  }

  requestStarts(): void {
    this.#bytesBefore = this.#socket?.bytesRead ?? 0;
  }

  answerStarts(): void {
    this.#answers += 1;
  }

  async close(reason: Error = STOPPED): Promise<void> {
    const closed = this.#client.destroy(reason);
    this.#socket?.destroy(reason);
    await closed;
  }
}
