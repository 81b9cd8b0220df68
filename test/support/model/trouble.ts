/** How one receiver of the model behaves: a mode that lasts, drawn from a seed, and events that it will never take. */
import { int, pick, type Random } from '../../../src/practice/random.ts';
import type { Answer, ReceivedRequest } from '../../../src/practice/receiver.ts';
import type { Oracle } from './oracle.ts';

type Mode = (request: ReceivedRequest) => Answer;

/** The sender gives no request up before. */
const PATIENCE_MS = 14_000;
const STATUSES = [400, 401, 403, 404, 408, 413, 422, 429, 500, 501, 502, 503, 504, 301, 304, 418];

export class Trouble {
  readonly #random: Random;
  readonly #oracle: Oracle;
  readonly #token: string;
  #mode: Mode = () => ({ status: 204 });
  /** Whether events whose id says so are refused for good from now on. */
  poisonous = false;
  readonly #poison = new Set<string>();

  constructor(random: Random, oracle: Oracle, token: string) {
    this.#random = random;
    this.#oracle = oracle;
    this.#token = token;
  }

  /** What is poison already stays poison. */
  heal(): void {
    this.poisonous = false;
    this.#mode = () => ({ status: 204 });
  }

  /** Behaves like this from now on. */
  behave(mode: Mode): void {
    this.#mode = mode;
  }

  /** Takes on another way to behave; returns its name. */
  change(): string {
    const random = this.#random;
    const name = pick(random, ['well', 'down', 'flaky', 'throttled', 'gone', 'hanging', 'odd']);
    this.#mode = this.#modeOf(name);
    return name;
  }

  answer(request: ReceivedRequest): Answer {
    if (this.#isOfAnotherTest(request)) return { status: 404 };
    if (request.method !== 'POST') this.#oracle.violated(`a ${request.method} came to a receiver`);
    if (JSON.stringify(request.headers).includes(this.#token)) {
      this.#oracle.violated('the token went to a receiver');
    }
    this.#oracle.received(request);
    const { id = '' } = request;
    if (this.poisonous && /[05]$/.test(id)) this.#poison.add(id);
    const answer: Answer = this.#poison.has(id) ? { status: 422 } : this.#mode(request);
    this.#judge(request, answer);
    return answer;
  }

  /** A poll by a token that is not ours: its org, which is gone, had this port before. */
  #isOfAnotherTest({ method, headers }: ReceivedRequest): boolean {
    const { authorization = '' } = headers;
    return method === 'GET' && /^SSWS /.test(authorization) && !authorization.includes(this.#token);
  }

  /** What the sender must make of it: a plain 2xx is one; a cut connection may be anything to us, and is no 2xx. */
  #judge(request: ReceivedRequest, answer: Answer): void {
    const status = 'status' in answer ? answer.status : undefined;
    const late =
      answer.kind === 'slow-headers' || ('delayMs' in answer && (answer.delayMs ?? 0) > 0);
    const mayBeCut = answer.kind === 'reset-if-reused';
    const sure = !late && !mayBeCut;
    const delayMs = 'delayMs' in answer ? (answer.delayMs ?? 0) : 0;
    const ms = answer.kind === 'hang' ? PATIENCE_MS : Math.min(delayMs, PATIENCE_MS);
    this.#oracle.answered(request, sure ? status : undefined, { sure, ms });
  }

  #modeOf(name: string): Mode {
    const random = this.#random;
    const status = pick(random, STATUSES);
    const share = random();
    const retryAfter = pick(random, ['1', '30', '600', '7200', 'soon', '']);
    switch (name) {
      case 'down':
        return () => (share < 0.3 ? { kind: 'reset' } : { status });
      case 'flaky':
        return () => (random() < share ? { status } : { status: 200 });
      case 'throttled':
        return () =>
          random() < share
            ? {
                status: pick(random, [429, 503]),
                ...(retryAfter === '' ? {} : { headers: { 'retry-after': retryAfter } }),
              }
            : { status: 202 };
      case 'gone':
        return () => ({ status: 410 });
      case 'hanging':
        return () =>
          random() < 0.3 ? { kind: 'hang' } : { status: 204, delayMs: int(random, 20_000) };
      case 'odd':
        return () => this.#oddAnswer();
      default:
        return () => ({ status: 204 });
    }
  }

  #oddAnswer(): Answer {
    const random = this.#random;
    return pick<() => Answer>(random, [
      () => ({ kind: 'status-then-reset', status: 200 }),
      () => ({ kind: 'status-then-hang', status: 200 }),
      () => ({ kind: 'reset-if-reused', status: 204 }),
      () => ({ kind: 'close' }),
      () => ({ kind: 'big-body', status: 200, bytes: 200_000 }),
      () => ({ kind: 'http-1.0', status: 200, body: 'ok' }),
      () => ({ kind: 'raw', bytes: 'hello\r\n\r\n' }),
      () => ({ status: 204 }),
      () => ({ status: 201, body: 'ok' }),
    ])();
  }
}
