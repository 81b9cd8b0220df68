/**
 * One request to one receiver, and what came of it. The outcome is fixed at the status line; redirects are never
 * followed; no more than 64 KiB of an answer is read; no connection is waited for longer than 5 s, and nothing takes
 * longer than 15 s in all.
 */
import type { Socket } from 'node:net';
import { type buildConnector, Client } from 'undici';
import type { Clock } from '../clock.ts';
import type { DialTimes, Opening } from '../dial.ts';
import { Connector, type ConnectorOptions } from './connector.ts';
import { Deadlines } from './deadlines.ts';
import { ENOUGH, Exchange, STALE, STOPPED, type Watch, type Wire } from './exchange.ts';
import type { Answer } from './outcome.ts';
import type { Redaction } from './redaction.ts';
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
  /** What must not be seen of it, should the receiver repeat it. */
  readonly redaction?: Redaction;
}

/** Sends requests, each on a connection of its own while it lasts; connections are kept open. Close it when done. */
export class Sender {
  readonly #options: ConnectorOptions;
  /** By pool key. */
  readonly #ways = new Map<string, Way>();
  readonly #waysKnown = new WeakMap<Target, Way>();
  readonly #lines = new Set<Line>();
  readonly #deadlines: Deadlines<Exchange<Line>>;
  readonly #lingering = new Set<Exchange<Line>>();
  #isClosed = false;

  constructor(clock: Clock, options: Omit<ConnectorOptions, 'clock'> = {}) {
    this.#options = { ...options, clock };
    this.#deadlines = new Deadlines(clock);
  }

  /** Never rejects. A request that meets a connection which the receiver had just closed is sent once more. */
  async send(request: Request): Promise<Answer> {
    const way = this.#wayTo(request.target);
    const answer = await this.#exchange(request, way, this.#idleLine(way));
    if (answer !== STALE) return answer;
    const second = await this.#exchange(request, way, undefined);
    return second === STALE
      ? { kind: 'unanswered', why: 'connection closed', ms: 0, timedOut: false }
      : second;
  }

  /** Cuts every request in flight; their answers are `cut`. */
  cut(): void {
    for (const exchange of this.#deadlines.open) exchange.end(STOPPED);
  }

  /** Cuts what is in flight and closes every connection. What is sent afterwards is `cut`. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.cut();
    this.#deadlines.stop();
    await Promise.all([...this.#lines].map((line) => line.close()));
  }

  #exchange(request: Request, way: Way, idle: Line | undefined): Promise<Answer | typeof STALE> {
    if (this.#isClosed) return Promise.resolve({ kind: 'cut' });
    return new Promise((resolve) => {
      const line = idle ?? this.#openLine(way);
      const exchange = new Exchange(this.#options.clock, line, resolve, this.#watch);
      this.#deadlines.start(exchange, line.isConnected);
      line.dispatch(request, exchange);
    });
  }

  readonly #watch: Watch<Line> = {
    sent: (exchange) => this.#deadlines.connected(exchange),
    answered: (exchange) => {
      this.#lingering.add(exchange);
      if (this.#lingering.size <= MOST_LINGERING) return;
      const [oldest] = this.#lingering;
      oldest?.end(ENOUGH);
    },
    over: (exchange) => {
      const { line } = exchange;
      this.#deadlines.over(exchange);
      this.#lingering.delete(exchange);
      if (exchange.isWhole && !this.#isClosed) line.way.idle.push(line);
      else this.#drop(line);
    },
  };

  #wayTo(target: Target): Way {
    const known = this.#waysKnown.get(target);
    if (known !== undefined) return known;
    const key = poolKey(target);
    const way = this.#ways.get(key) ?? {
      connector: new Connector(target, this.#options),
      idle: [],
    };
    this.#ways.set(key, way);
    this.#waysKnown.set(target, way);
    return way;
  }

  #idleLine({ idle }: Way): Line | undefined {
    for (;;) {
      const line = idle.pop();
      if (line === undefined || line.isConnected) return line;
      this.#drop(line);
    }
  }

  #openLine(way: Way): Line {
    const line = new Line(way);
    this.#lines.add(line);
    return line;
  }

  #drop(line: Line): void {
    if (!this.#lines.delete(line)) return;
    void line.close();
  }
}

/** How one target is reached, for all whose pool key is the same. */
interface Way {
  readonly connector: Connector;
  /** Connections that lie idle; the one used last comes first, so that the others may grow old and close. */
  readonly idle: Line[];
}

/** A connection that carries one request at a time. */
class Line implements Wire {
  readonly way: Way;
  readonly #client: Client;
  #opening: Opening | undefined;
  #socket: Socket | undefined;
  #fault: Error | undefined;
  #redaction: Redaction | undefined;
  #bytesBefore = 0;
  #answers = 0;

  constructor(way: Way) {
    this.way = way;
    this.#client = new Client(way.connector.origin, {
      headersTimeout: 0,
      bodyTimeout: 0,
      connect: (_options, callback) => this.#connect(callback),
    });
  }

  get isConnected(): boolean {
    return this.#socket?.destroyed === false;
  }

  get isStale(): boolean {
    return this.#answers > 0 && this.#socket?.bytesRead === this.#bytesBefore;
  }

  get proxyHost(): string | undefined {
    return this.way.connector.proxyHost;
  }

  get isForwarded(): boolean {
    return this.way.connector.isForwarded;
  }

  get fault(): Error | undefined {
    return this.#fault;
  }

  get openedIn(): DialTimes | undefined {
    return this.#answers === 0 ? this.#opening?.times : undefined;
  }

  get redactions(): readonly (Redaction | undefined)[] {
    return [this.#redaction, this.way.connector.redaction];
  }

  dispatch(request: Request, exchange: Exchange<Line>): void {
    this.#redaction = request.redaction;
    const { connector } = this.way;
    const { method, body } = request;
    const path = connector.isForwarded ? `${connector.origin}${request.path}` : request.path;
    const headers = connector.isForwarded
      ? [...request.headers, ...connector.forwardHeaders]
      : request.headers;
    this.#client.dispatch({ method, path, headers, body }, exchange);
  }

  requestStarts(): void {
    this.#bytesBefore = this.#socket?.bytesRead ?? 0;
  }

  answerStarts(): void {
    this.#answers += 1;
  }

  async close(reason: Error = STOPPED): Promise<void> {
    const closed = this.#client.destroy(reason);
    this.#opening?.cut(reason);
    this.#socket?.destroy(reason);
    await closed;
  }

  #connect(callback: buildConnector.Callback): void {
    this.#answers = 0;
    // Wrapped, because undici dials again for ever on errors with some codes.
    const fail = (error: unknown) => callback(new Error('no connection', { cause: error }), null);
    try {
      this.#opening = this.way.connector.prepare();
    } catch (error) {
      fail(error);
      return;
    }
    this.#opening.open().then((socket) => {
      this.#socket = socket;
      this.#fault = undefined;
      socket.once('error', (error) => {
        this.#fault = error;
      });
      callback(null, socket);
    }, fail);
  }
}
