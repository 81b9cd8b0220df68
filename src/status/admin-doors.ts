/**
 * What the admin server answers: health and metrics to anybody who reaches it and asks by one of our names, a few changes
 * to who has the token.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { isOurHost } from './admin-host.ts';
import type { Health } from './health.ts';

/** Nothing that is asked for needs one. */
const MOST_BODY_BYTES = 1_024;

/** What came of a change that was asked for, in words. */
export interface Asked {
  readonly kind: 'done' | 'unknown' | 'unclear' | 'failed' | 'not now' | 'no room';
  readonly words: string;
}

export interface DoorsOptions {
  /** Names that it may be asked by, besides those of the loopback; lower case. */
  readonly names: ReadonlySet<string>;
  /** Without one nothing can be changed. */
  readonly token?: string;
  health(): Promise<Health>;
  /** In Prometheus' text format, and its content type. */
  metrics(): Promise<{ readonly text: string; readonly type: string }>;
  reload(): Promise<Asked>;
  /** `org`: which one is meant, where several have a route of this name. */
  change(word: 'pause' | 'resume', route: string, org: string | undefined): Promise<Asked>;
}

export interface Reply {
  readonly status: number;
  readonly text: string;
  readonly type?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

interface Door {
  readonly methods: readonly string[];
  readonly open: () => Promise<Reply>;
}

export class AdminDoors {
  readonly #options: DoorsOptions;
  #metricsAsked: Promise<Reply> | undefined;

  constructor(options: DoorsOptions) {
    this.#options = options;
  }

  /** Reads the body. Rejects when the request breaks off, or when what is asked for fails. */
  async replyTo(request: IncomingMessage): Promise<Reply> {
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

export function words(status: number, text: string): Reply {
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
