/**
 * A small HTTP server for those who look after loghook: health and metrics for anybody who reaches it, a few changes for
 * who has the token. No client can hold anything up: head, body and answer have their time, and connections are few.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { reasonOf } from '../errors.ts';
import type { Log } from '../log.ts';
import { isOurHost } from './admin-host.ts';
import type { Health } from './health.ts';

const PATIENCE: Patience = { headMs: 5_000, requestMs: 10_000, quietMs: 15_000 };
const LOOK_EVERY_MS = 500;
const MOST_CONNECTIONS = 64;
const MOST_HEADER_BYTES = 8_192;
/** Nothing that is asked for needs one. */
const MOST_BODY_BYTES = 1_024;

/** How long a client may take. */
interface Patience {
  readonly headMs: number;
  /** Head and body. */
  readonly requestMs: number;
  /** Neither sending nor taking anything. */
  readonly quietMs: number;
}

/** What came of a change that was asked for, in words. */
export interface Asked {
  readonly kind: 'done' | 'unknown' | 'unclear' | 'failed' | 'not now' | 'no room';
  readonly words: string;
}

export interface AdminOptions {
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
  /** Names that it may be asked by, besides those of the loopback; lower case. */
  readonly names: ReadonlySet<string>;
  /** Without one nothing can be changed. */
  readonly token?: string;
  readonly log: Log;
  readonly patience?: Patience;
  health(): Promise<Health>;
  /** In Prometheus' text format, and its content type. */
  metrics(): Promise<{ readonly text: string; readonly type: string }>;
  reload(): Promise<Asked>;
  /** `org`: which one is meant, where several have a route of this name. */
  change(word: 'pause' | 'resume', route: string, org: string | undefined): Promise<Asked>;
}

interface Reply {
  readonly status: number;
  readonly text: string;
  readonly type?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

interface Door {
  readonly methods: readonly string[];
  readonly open: () => Promise<Reply>;
}

export class AdminServer {
  readonly #options: AdminOptions;
  readonly #server: Server;
  /** Oldest first. */
  readonly #sockets = new Set<Socket>();
  /** Connections with an answer that is not taken yet. */
  readonly #asking = new WeakSet<Socket>();
  #metricsAsked: Promise<Reply> | undefined;
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
    this.#options = options;
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
      const reply = await this.#replyTo(request);
      give(reply, request, response);
    } catch (error) {
      // It went away while it was sending its body.
      if (request.destroyed && !request.complete) return;
      this.#options.log.error({ reason: reasonOf(error) }, 'the admin server could not answer');
      give(words(500, 'loghook could not answer; its log says why'), request, response);
    }
  }

  async #replyTo(request: IncomingMessage): Promise<Reply> {
    const { method = '', headers, headersDistinct, url = '/' } = request;
    if ((headersDistinct.host ?? []).length > 1) return words(400, 'one Host header is enough');
    if (!isOurHost(headers.host, this.#options.names)) {
      return words(
        421,
        'this is not a name that loghook is asked by: use its address, or add the name to LOGHOOK_ADMIN_HOSTS',
      );
    }
    const [path = '', query = ''] = url.split('?', 2);
    const door = this.#doorTo(path, query);
    if (door === undefined) return words(404, 'there is /healthz and /metrics here');
    if (!door.methods.includes(method)) {
      const allow = door.methods.join(', ');
      return { ...words(405, `only ${allow} here`), headers: { allow } };
    }
    if (!(await isSmall(request))) {
      return { ...words(413, 'nothing here takes a body'), headers: { connection: 'close' } };
    }
    return (method === 'POST' ? this.#refusal(headers.authorization) : undefined) ?? door.open();
  }

  #doorTo(path: string, query: string): Door | undefined {
    const read = ['GET', 'HEAD'];
    if (path === '/healthz') return { methods: read, open: () => this.#health() };
    if (path === '/metrics') return { methods: read, open: () => this.#metrics() };
    const { reload, change } = this.#options;
    if (path === '/reload') return { methods: ['POST'], open: async () => said(await reload()) };
    const [, name = '', word] = /^\/routes\/([^/]+)\/(pause|resume)$/.exec(path) ?? [];
    const route = decoded(name);
    if (route === undefined || (word !== 'pause' && word !== 'resume')) return undefined;
    const org = new URLSearchParams(query).get('org') ?? undefined;
    return { methods: ['POST'], open: async () => said(await change(word, route, org)) };
  }

  async #health(): Promise<Reply> {
    const health = await this.#options.health();
    return {
      status: health.status === 'failing' ? 503 : 200,
      text: `${JSON.stringify(health)}\n`,
      type: 'application/json',
    };
  }

  /** Those who ask at the same time share one look. */
  #metrics(): Promise<Reply> {
    this.#metricsAsked ??= this.#freshMetrics().finally(() => {
      this.#metricsAsked = undefined;
    });
    return this.#metricsAsked;
  }

  async #freshMetrics(): Promise<Reply> {
    return { status: 200, ...(await this.#options.metrics()) };
  }

  #refusal(authorization: string | undefined): Reply | undefined {
    const { token } = this.#options;
    if (token === undefined) {
      return words(
        403,
        'nothing can be changed here: loghook was given no token (LOGHOOK_ADMIN_TOKEN or LOGHOOK_ADMIN_TOKEN_FILE)',
      );
    }
    const [, given] = /^Bearer +(\S+) *$/i.exec(authorization ?? '') ?? [];
    if (given !== undefined && isSame(given, token)) return undefined;
    const why = given === undefined ? 'this needs' : 'this is another token than';
    return {
      ...words(401, `${why} the token of LOGHOOK_ADMIN_TOKEN, as Authorization: Bearer`),
      headers: { 'www-authenticate': 'Bearer' },
    };
  }
}

const STATUS = {
  done: 200,
  unknown: 404,
  unclear: 409,
  failed: 422,
  'not now': 503,
  'no room': 507,
} as const;

function said({ kind, words: text }: Asked): Reply {
  return words(STATUS[kind], text);
}

function words(status: number, text: string): Reply {
  return { status, text: `${text}\n` };
}

/** Takes as long whatever the two have in common. */
function isSame(one: string, other: string): boolean {
  const [a, b] = [one, other].map((text) => createHash('sha256').update(text).digest());
  return a !== undefined && b !== undefined && timingSafeEqual(a, b);
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined; // a stray %
  }
}

/** Reads the body to its end, so that the connection can be used again; false as soon as it is too much. */
async function isSmall(request: IncomingMessage): Promise<boolean> {
  if (Number(request.headers['content-length'] ?? 0) > MOST_BODY_BYTES) return false;
  let bytes = 0;
  for await (const chunk of request) {
    bytes += chunk.length;
    if (bytes > MOST_BODY_BYTES) return false;
  }
  return true;
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
