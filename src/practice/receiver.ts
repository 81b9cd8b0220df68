/** A practice receiver: takes what routes send, remembers it, and answers as it is told to, rightly or wrongly. */
import { setMaxListeners } from 'node:events';
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { type Clock, SystemClock } from '../clock.ts';
import { type LoopbackServer, openLoopbackServer } from './loopback-server.ts';
import { type Answer, giveAnswer } from './receiver-answers.ts';

export type { Answer } from './receiver-answers.ts';

export interface ReceivedRequest {
  /** The header webhook-id. */
  readonly id: string | undefined;
  /** The header loghook-route. */
  readonly route: string | undefined;
  /** The header loghook-attempt, if it is a number. */
  readonly attempt: number | undefined;
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** Empty unless bodies are kept. */
  readonly body: Buffer;
  /** When it had come in full, by the receiver's clock. */
  readonly at: number;
  /** Which connection it came on; 1 is the first. */
  readonly connection: number;
  /** The status whose line has been sent; undefined until then, and for good where none is. */
  readonly status: number | undefined;
}

export interface PracticeReceiverOptions {
  readonly clock?: Clock;
  readonly port?: number;
  readonly host?: string;
  /** Default: 204 to everything. */
  readonly answer?: (request: ReceivedRequest) => Answer | Promise<Answer>;
  /** Default: true. */
  readonly keepBodies?: boolean;
  /** How many of the newest requests are remembered. Default: all. */
  readonly keepRequests?: number;
}

interface Waiter {
  readonly count: number;
  readonly resolve: () => void;
}

const NOTHING = Buffer.alloc(0);

export class PracticeReceiver {
  /** http://127.0.0.1:PORT, without a slash at its end. */
  readonly url: string;
  /** How requests are answered from now on. */
  answer: (request: ReceivedRequest) => Answer | Promise<Answer>;
  readonly #server: LoopbackServer;
  readonly #clock: Clock;
  readonly #keepBodies: boolean;
  readonly #keepRequests: number;
  readonly #received: ReceivedRequest[] = [];
  readonly #listeners = new Set<(request: ReceivedRequest) => void>();
  readonly #waiters = new Set<Waiter>();
  readonly #connections = new WeakMap<Socket, { readonly number: number; requests: number }>();
  readonly #closing = new AbortController();
  #connectionCount = 0;
  #accepted = 0;

  /** Rejects with the system's error when the port cannot be had. */
  static async open(options: PracticeReceiverOptions = {}): Promise<PracticeReceiver> {
    let receiver: PracticeReceiver | undefined;
    const server = await openLoopbackServer((request, response) => {
      if (receiver !== undefined) receiver.#receive(request, response);
    }, options);
    receiver = new PracticeReceiver(server, options);
    return receiver;
  }

  private constructor(server: LoopbackServer, options: PracticeReceiverOptions) {
    this.url = server.url;
    this.answer = options.answer ?? (() => ({ status: 204 }));
    this.#server = server;
    this.#clock = options.clock ?? new SystemClock();
    this.#keepBodies = options.keepBodies ?? true;
    setMaxListeners(0, this.#closing.signal); // each slow answer listens, and there may be many
    this.#keepRequests = options.keepRequests ?? Number.POSITIVE_INFINITY;
  }

  /** The requests that have come in full, in that order, whatever they were answered. */
  get received(): readonly ReceivedRequest[] {
    return this.#received;
  }

  /** How many requests have been answered 2xx: the status line counts, whatever became of the body. */
  get accepted(): number {
    return this.#accepted;
  }

  /** Resolves when `count` requests in all have been answered 2xx. */
  waitFor(count: number): Promise<void> {
    if (this.#accepted >= count) return Promise.resolve();
    return new Promise((resolve) => {
      this.#waiters.add({ count, resolve });
    });
  }

  /** Calls `listener` with each request before it is answered, until the function that it returns is called. */
  onReceived(listener: (request: ReceivedRequest) => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  /** Cuts every connection; no handle or timer is left once it resolves. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#server.close();
  }

  #receive(request: IncomingMessage, response: ServerResponse): void {
    const connection = this.#connectionOf(request.socket);
    connection.requests += 1;
    const reused = connection.requests > 1;
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => {
      if (this.#keepBodies) chunks.push(chunk);
    });
    request.once('end', () => {
      const body = this.#keepBodies ? Buffer.concat(chunks) : NOTHING;
      const received = receivedRequest(request, body, this.#clock.now(), connection.number);
      this.#received.push(received);
      if (this.#received.length > this.#keepRequests) this.#received.shift();
      for (const listener of [...this.#listeners]) listener(received);
      this.#reply({ request, response, reused }, received).catch(() => {
        // The test's own answer threw or the socket went away: to the sender it is a cut connection.
        request.socket.destroy();
      });
    });
  }

  async #reply(
    exchange: { request: IncomingMessage; response: ServerResponse; reused: boolean },
    received: { status: number | undefined } & ReceivedRequest,
  ): Promise<void> {
    const answer = await this.answer(received);
    await giveAnswer(
      {
        ...exchange,
        clock: this.#clock,
        closing: this.#closing.signal,
        sent: (status) => this.#sent(received, status),
      },
      answer,
    );
  }

  #sent(received: { status: number | undefined }, status: number): void {
    received.status = status;
    if (status < 200 || status > 299) return;
    this.#accepted += 1;
    for (const waiter of this.#waiters) {
      if (this.#accepted < waiter.count) continue;
      this.#waiters.delete(waiter);
      waiter.resolve();
    }
  }

  #connectionOf(socket: Socket): { readonly number: number; requests: number } {
    const known = this.#connections.get(socket);
    if (known !== undefined) return known;
    this.#connectionCount += 1;
    const connection = { number: this.#connectionCount, requests: 0 };
    this.#connections.set(socket, connection);
    return connection;
  }
}

function receivedRequest(
  request: IncomingMessage,
  body: Buffer,
  at: number,
  connection: number,
): ReceivedRequest {
  const attempt = Number(request.headers['loghook-attempt'] ?? Number.NaN);
  return {
    id: request.headers['webhook-id']?.toString(),
    route: request.headers['loghook-route']?.toString(),
    attempt: Number.isNaN(attempt) ? undefined : attempt,
    method: request.method ?? '',
    path: request.url ?? '',
    headers: request.headers,
    body,
    at,
    connection,
    status: undefined,
  };
}
