/** An answer of the practice org before it is written, and the ways, right and wrong, of writing it. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { promisify } from 'node:util';
import { constants, gzip } from 'node:zlib';

const compress = promisify(gzip);

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body: Buffer;
  /** Names bytes that never change, so that they need to be compressed once only. */
  readonly cacheKey?: string;
}

/** Compressed pages by key; forgets the oldest beyond a number of bytes. */
export class GzipCache {
  readonly #pages = new Map<string, Buffer>();
  readonly #maxBytes: number;
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  async compressed(reply: Reply): Promise<Buffer> {
    const key = reply.cacheKey;
    const known = key === undefined ? undefined : this.#pages.get(key);
    if (known !== undefined) return known;
    const body = await compress(reply.body, { level: constants.Z_BEST_SPEED });
    if (key !== undefined && !this.#pages.has(key)) this.#keep(key, body);
    return body;
  }

  #keep(key: string, body: Buffer): void {
    this.#pages.set(key, body);
    this.#bytes += body.length;
    for (const [oldest, page] of this.#pages) {
      if (this.#bytes <= this.#maxBytes) return;
      this.#pages.delete(oldest);
      this.#bytes -= page.length;
    }
  }
}

const GZIP_FROM_BYTES = 256;

/** The reply as it goes over the wire to this client: gzip where the client takes it and it is worth it. */
export async function encoded(
  reply: Reply,
  request: IncomingMessage,
  cache: GzipCache,
): Promise<Reply> {
  const headers = { ...reply.headers, vary: 'Accept-Encoding' };
  if (!acceptsGzip(request) || reply.body.length < GZIP_FROM_BYTES) return { ...reply, headers };
  const body = await cache.compressed(reply);
  return { ...reply, headers: { ...headers, 'content-encoding': 'gzip' }, body };
}

/** Writes head and body; `bodyBytes` cuts the body short of the length that the head has promised. */
export function writeReply(response: ServerResponse, reply: Reply, bodyBytes?: number): void {
  response.sendDate = false; // the org's clock tells the date, not the machine's
  const bodiless = reply.status === 204 || reply.status === 304;
  const headers: Record<string, string | readonly string[]> = { ...reply.headers };
  if (!bodiless) headers['content-length'] = String(reply.body.length);
  response.writeHead(
    reply.status,
    Object.entries(headers).flatMap(([name, value]) =>
      typeof value === 'string' ? [name, value] : value.flatMap((line) => [name, line]),
    ),
  );
  if (bodyBytes === undefined) {
    response.end(bodiless ? undefined : reply.body);
    return;
  }
  response.flushHeaders();
  response.write(reply.body.subarray(0, bodyBytes));
}

function acceptsGzip(request: IncomingMessage): boolean {
  const accepted = request.headers['accept-encoding'];
  if (typeof accepted !== 'string') return false;
  return accepted
    .split(',')
    .some((coding) => /^\s*(gzip|\*)\s*(;\s*q=(?!0(\.0*)?\s*$).*)?$/i.test(coding));
}
