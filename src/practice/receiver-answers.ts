/** How a practice receiver answers: rightly, or in any of the wrong ways that receivers are known for. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import type { Clock } from '../clock.ts';

type Headers = Readonly<Record<string, string | readonly string[]>>;

export type Answer =
  | {
      readonly kind?: 'answer';
      readonly status: number;
      readonly headers?: Headers;
      readonly body?: Buffer | string;
      /** By the receiver's clock, before the status line. */
      readonly delayMs?: number;
    }
  /** RST instead of an answer. */
  | { readonly kind: 'reset' }
  /** RST when this connection has answered before; a plain answer on a fresh one. */
  | { readonly kind: 'reset-if-reused'; readonly status: number }
  /** FIN instead of an answer. */
  | { readonly kind: 'close' }
  /** Never answers, keeps the connection. */
  | { readonly kind: 'hang' }
  /** A whole head and the start of a body, then RST. */
  | { readonly kind: 'status-then-reset'; readonly status: number }
  /** A whole head, then nothing more. */
  | { readonly kind: 'status-then-hang'; readonly status: number }
  /** The head, one character each `stepMs`. */
  | { readonly kind: 'slow-headers'; readonly status: number; readonly stepMs: number }
  /** The head at once, the body one character each `stepMs`. */
  | {
      readonly kind: 'slow-body';
      readonly status: number;
      readonly stepMs: number;
      readonly body?: string;
    }
  /** So many bytes of body, as fast as they are taken. */
  | { readonly kind: 'big-body'; readonly status: number; readonly bytes: number }
  /** A small gzip body that inflates to so many bytes (a multiple of 1 MiB, at least one). */
  | { readonly kind: 'gzip-bomb'; readonly status: number; readonly bytes: number }
  /** A gzip body that ends in its middle, in a complete HTTP answer. */
  | { readonly kind: 'cut-gzip'; readonly status: number }
  /** HTTP/1.0 without a length: the body ends with the connection. */
  | { readonly kind: 'http-1.0'; readonly status: number; readonly body?: string }
  /** These bytes instead of HTTP's; then FIN. */
  | { readonly kind: 'raw'; readonly bytes: Buffer | string };

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** True when this connection has carried a request before. */
  readonly reused: boolean;
  readonly clock: Clock;
  /** Aborts when the receiver is closed. */
  readonly closing: AbortSignal;
  /** Is told once the status line has been handed to the system, whatever follows it. */
  readonly sent: (status: number) => void;
}

const CHUNK = Buffer.alloc(64 * 1024, 0x20);
const MIB = 1024 * 1024;
const SLOW_BODY = 'slow';
/** gzip members may stand one behind the other: one MiB of nothing, over and over. */
const BOMB = gzipSync(Buffer.alloc(MIB));

/** Gives the answer; resolves when all of it has been sent, or the connection is gone. */
export async function giveAnswer(exchange: Exchange, answer: Answer): Promise<void> {
  const { socket } = exchange.request;
  switch (answer.kind) {
    case undefined:
    case 'answer':
      return plainAnswer(exchange, answer);
    case 'reset-if-reused':
      if (!exchange.reused) return plainAnswer(exchange, answer);
      socket.resetAndDestroy();
      return;
    case 'reset':
      socket.resetAndDestroy();
      return;
    case 'close':
      socket.end();
      return;
    case 'hang':
      return;
    case 'cut-gzip': {
      const headers = { 'content-encoding': 'gzip' };
      return plainAnswer(exchange, { status: answer.status, headers, body: cutGzip() });
    }
    default:
      return rawAnswer(exchange, answer);
  }
}

interface PlainAnswer {
  readonly status: number;
  readonly headers?: Headers;
  readonly body?: Buffer | string;
  readonly delayMs?: number;
}

async function plainAnswer(exchange: Exchange, answer: PlainAnswer): Promise<void> {
  const { response, clock, closing } = exchange;
  if (answer.delayMs !== undefined) await pause(clock, answer.delayMs, closing);
  if (response.destroyed) return;
  const headers = Object.entries(answer.headers ?? {}).flatMap(([name, value]) =>
    typeof value === 'string' ? [name, value] : value.flatMap((line) => [name, line]),
  );
  response.writeHead(answer.status, headers);
  await new Promise<void>((resolve) => {
    response.once('close', resolve);
    response.once('finish', () => {
      exchange.sent(answer.status);
      resolve();
    });
    response.end(answer.body);
  });
}

function cutGzip(): Buffer {
  const whole = gzipSync(Buffer.alloc(4096, 'practice receiver '));
  return whole.subarray(0, whole.length >> 1);
}

type RawAnswer = Exclude<
  Answer,
  { kind?: 'answer' | 'reset' | 'reset-if-reused' | 'close' | 'hang' | 'cut-gzip' }
>;

/** What node:http would not let anybody send goes straight to the socket. */
async function rawAnswer(exchange: Exchange, answer: RawAnswer): Promise<void> {
  const { socket } = exchange.request;
  switch (answer.kind) {
    case 'raw':
      await write(socket, answer.bytes);
      socket.end();
      return;
    case 'http-1.0':
      await write(socket, `HTTP/1.0 ${answer.status} Practice\r\n\r\n${answer.body ?? ''}`);
      exchange.sent(answer.status);
      socket.end();
      return;
    case 'slow-headers':
      // The server knows nothing of an answer that is written past it, and would never take another request here.
      if (!(await drip(exchange, head(answer.status, last(0)), answer.stepMs))) return;
      exchange.sent(answer.status);
      socket.end();
      return;
    default:
      return brokenBody(exchange, answer);
  }
}

type BrokenBody = Exclude<RawAnswer, { kind: 'raw' | 'http-1.0' | 'slow-headers' }>;

/** A good head, and then a body that nobody should wait for. */
async function brokenBody(exchange: Exchange, answer: BrokenBody): Promise<void> {
  const { socket } = exchange.request;
  await write(socket, head(answer.status, bodyHeaders(answer)));
  if (!socket.destroyed) exchange.sent(answer.status);
  switch (answer.kind) {
    case 'status-then-reset':
      await write(socket, 'cut');
      socket.resetAndDestroy();
      return;
    case 'status-then-hang':
      return;
    case 'slow-body':
      await drip(exchange, answer.body ?? SLOW_BODY, answer.stepMs);
      break;
    case 'big-body':
      await pour(socket, CHUNK, answer.bytes);
      break;
    case 'gzip-bomb':
      await pour(socket, BOMB, BOMB.length * members(answer.bytes));
      break;
  }
  // As with slow headers: another request on this connection would never be answered.
  socket.end();
}

function bodyHeaders(answer: BrokenBody): Readonly<Record<string, string>> {
  switch (answer.kind) {
    case 'slow-body':
      return last(Buffer.byteLength(answer.body ?? SLOW_BODY));
    case 'big-body':
      return last(answer.bytes);
    case 'gzip-bomb':
      return {
        'content-encoding': 'gzip',
        ...last(BOMB.length * members(answer.bytes)),
      };
    default:
      return { 'content-length': '100' };
  }
}

/** Of an answer after which the connection is closed. */
function last(bytes: number): Readonly<Record<string, string>> {
  return { 'content-length': String(bytes), connection: 'close' };
}

function members(bytes: number): number {
  return Math.max(1, Math.round(bytes / MIB));
}

function head(status: number, headers: Readonly<Record<string, string>>): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status} Practice\r\n${lines.join('')}\r\n`;
}

/** Resolves when the bytes have been handed to the system, or the socket is gone. */
function write(socket: Socket, bytes: Buffer | string): Promise<void> {
  if (socket.destroyed) return Promise.resolve();
  return new Promise((resolve) => {
    socket.write(bytes, () => resolve());
  });
}

async function pour(socket: Socket, chunk: Buffer, bytes: number): Promise<void> {
  for (let left = bytes; left > 0 && !socket.destroyed; left -= chunk.length) {
    await write(socket, chunk.subarray(0, left));
  }
}

/** False when the socket or the receiver was closed on the way. */
async function drip(exchange: Exchange, text: string, stepMs: number): Promise<boolean> {
  const { clock, closing } = exchange;
  const { socket } = exchange.request;
  for (const character of text) {
    if (socket.destroyed || closing.aborted) return false;
    await write(socket, character);
    await pause(clock, stepMs, closing);
  }
  return true;
}

/** Unlike `clock.sleep` it lasts through jumps of the wall clock: a slow receiver stays slow. */
function pause(clock: Clock, ms: number, closing: AbortSignal): Promise<void> {
  if (closing.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const finish = () => {
      cancel();
      closing.removeEventListener('abort', finish);
      resolve();
    };
    const cancel = clock.after(ms, finish);
    closing.addEventListener('abort', finish, { once: true });
  });
}
