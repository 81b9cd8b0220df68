/**
 * A small HTTP server for those who look after loghook; what there is to ask for stands in admin-doors.ts. No client can
 * hold anything up: head, body and answer have their time, and connections are few.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { reasonOf } from '../errors.ts';
import type { Log } from '../log.ts';
import { AdminDoors, type DoorsOptions, type Reply, words } from './admin-doors.ts';

const PATIENCE: Patience = { headMs: 5_000, requestMs: 10_000, quietMs: 15_000 };
const LOOK_EVERY_MS = 500;
const MOST_CONNECTIONS = 64;
const MOST_HEADER_BYTES = 8_192;
/** How long a client may take. */
interface Patience {
  readonly headMs: number;
  /** Head and body. */
  readonly requestMs: number;
  /** Neither sending nor taking anything. */
  readonly quietMs: number;
}

export interface AdminOptions extends DoorsOptions {
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
  readonly log: Log;
  readonly patience?: Patience;
}

export class AdminServer {
  readonly #log: Log;
  readonly #doors: AdminDoors;
  readonly #server: Server;
  /** Oldest first. */
  readonly #sockets = new Set<Socket>();
  /** Connections with an answer that is not taken yet. */
  readonly #asking = new WeakSet<Socket>();
  #closing: Promise<void> | undefined;

  /** Rejects with the system's error when it cannot listen there. */
  static async open(options: AdminOptions): Promise<AdminServer> {
    const admin = new AdminServer(options);
    await new Promise<void>((resolve, reject) => {
      admin.#server.once('error', reject);
      admin.#server.listen(options.port, options.host, resolve);
    });
    return admin;
  }

  private constructor(options: AdminOptions) {
    const { headMs, requestMs, quietMs } = options.patience ?? PATIENCE;
    this.#log = options.log;
    this.#doors = new AdminDoors(options);
    this.#server = createServer(
      {
        headersTimeout: headMs,
        requestTimeout: requestMs,
        connectionsCheckingInterval: LOOK_EVERY_MS,
        maxHeaderSize: MOST_HEADER_BYTES,
        requireHostHeader: true,
      },
      (request, response) => this.#take(request, response),
    );
    this.#server.timeout = quietMs;
    this.#server.on('connection', (socket) => this.#makeRoomFor(socket));
    this.#server.on('clientError', refuseClient);
  }

  /** `127.0.0.1:9464`: where it listens. */
  get address(): string {
    const bound = this.#server.address();
    if (bound === null || typeof bound === 'string') return '';
    return `${bound.family === 'IPv6' ? `[${bound.address}]` : bound.address}:${bound.port}`;
  }

  /** Cuts every connection, and resolves when the port is free. Safe to call twice. */
  close(): Promise<void> {
    this.#closing ??= new Promise((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
    return this.#closing;
  }

  /** Where there are too many, the oldest that waits for nothing goes: so those who say nothing keep nobody out. */
  #makeRoomFor(socket: Socket): void {
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    if (this.#sockets.size <= MOST_CONNECTIONS) return;
    const idle = [...this.#sockets].find((one) => !this.#asking.has(one)) ?? socket;
    this.#sockets.delete(idle);
    idle.destroy();
  }

  /**
   * One at a time on a connection. Who asks again before the answer is taken is cut off: no scraper does, and all those
   * answers would have to be made and kept at once.
   */
  #take(request: IncomingMessage, response: ServerResponse): void {
    const { socket } = request;
    if (this.#asking.has(socket)) {
      socket.destroy();
      return;
    }
    this.#asking.add(socket);
    response.once('close', () => this.#asking.delete(socket));
    void this.#answer(request, response);
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const reply = await this.#doors.replyTo(request);
      give(reply, request, response);
    } catch (error) {
      // It went away while it was sending its body.
      if (request.destroyed && !request.complete) return;
      this.#log.error({ reason: reasonOf(error) }, 'the admin server could not answer');
      give(words(500, 'loghook could not answer; its log says why'), request, response);
    }
  }
}

function give(reply: Reply, { method }: IncomingMessage, response: ServerResponse): void {
  const { status, text, type = 'text/plain; charset=utf-8', headers = {} } = reply;
  response.writeHead(status, {
    'content-type': type,
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...headers,
  });
  response.end(method === 'HEAD' ? undefined : text);
}

const CLIENT_ERRORS: Readonly<Record<string, string>> = {
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
};

function refuseClient(error: NodeJS.ErrnoException, socket: Socket): void {
  const status = CLIENT_ERRORS[error.code ?? ''] ?? '400 Bad Request';
  // A word if it can take one; it is not waited for.
  if (socket.writable)
    socket.write(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
  socket.destroySoon();
}
