/** The routes of the soak, and how the receiver behind each of them behaves. */
import type { Random } from '../../src/practice/events.ts';
import { int, pick } from '../../src/practice/random.ts';
import type { Answer, ReceivedRequest } from '../../src/practice/receiver.ts';

export type RouteName = 'siem' | 'ordered' | 'slow' | 'held' | 'gone' | 'fragile';

/** What can be made to go wrong for a while. */
export interface Weather {
  /** /siem answers in every wrong way, /ordered stumbles, and the org has faults. */
  storm: boolean;
  /** /held answers 500 to everything. */
  held: boolean;
  /** /gone answers 410 to everything. */
  gone: boolean;
  /** /fragile refuses some events for good. */
  fragile: boolean;
}

export interface SoakRoute {
  readonly name: RouteName;
  readonly pattern: RegExp;
  /** What stands in loghook.yaml besides name, match and URL. */
  readonly options: Readonly<Record<string, unknown>>;
}

export const SOAK_ROUTES: readonly SoakRoute[] = [
  { name: 'siem', pattern: /./, options: {} },
  { name: 'ordered', pattern: /^user\./, options: { order: 'key' } },
  { name: 'slow', pattern: /^(system|policy|group)/, options: { concurrency: 8 } },
  { name: 'held', pattern: /^app\./, options: {} },
  { name: 'gone', pattern: /^application\./, options: {} },
  { name: 'fragile', pattern: /^user\.mfa/, options: { retry: { schedule: ['1s'] } } },
];

const MIB = 1024 * 1024;

/** Every kind of receiver-answers.ts. An event meets one of them at most, once: a second failure would cost a minute. */
export const STORM: readonly Answer[] = [
  ...[302, 400, 401, 404, 500, 503].map((status) => ({ status })),
  { status: 429, headers: { 'retry-after': '1' } },
  { status: 500, delayMs: 800 },
  { kind: 'reset' },
  { kind: 'reset-if-reused', status: 204 },
  { kind: 'close' },
  { kind: 'hang' },
  { kind: 'status-then-reset', status: 200 },
  { kind: 'status-then-hang', status: 200 },
  { kind: 'slow-headers', status: 200, stepMs: 5 },
  { kind: 'slow-body', status: 200, stepMs: 40 },
  { kind: 'big-body', status: 200, bytes: MIB },
  { kind: 'gzip-bomb', status: 200, bytes: 16 * MIB },
  { kind: 'cut-gzip', status: 200 },
  { kind: 'http-1.0', status: 200 },
  { kind: 'raw', bytes: 'SSH-2.0-OpenSSH_9.2\r\n' },
];
const STORMY_ONE_IN = 25;
const STUMBLES_ONE_IN = 300;
const FRAGILE_ONE_IN = 4;

/** Answers for the receivers of one org. */
export class Answers {
  readonly weather: Weather = { storm: false, held: false, gone: false, fragile: false };
  readonly #random: Random;
  /** Each (route, event) that has had its one fault, or its chance of one. */
  readonly #seen = new Set<string>();
  readonly #fragile = new Set<string>();
  readonly #connections = new Set<number>();
  /** How often each kind of wrong answer was given. */
  readonly given = new Map<string, number>();

  constructor(random: Random) {
    this.#random = random;
  }

  to(name: string, request: ReceivedRequest): { readonly answer: Answer; readonly taken: boolean } {
    const reused = this.#connections.has(request.connection);
    this.#connections.add(request.connection);
    const answer = this.#answer(name, request);
    const { kind = 'answer' } = answer;
    const isTaken = 'status' in answer && answer.status < 300;
    return { answer, taken: isTaken && !(kind === 'reset-if-reused' && reused) };
  }

  #answer(name: string, { id = '' }: ReceivedRequest): Answer {
    const isFirst = !this.#seen.has(`${name} ${id}`);
    this.#seen.add(`${name} ${id}`);
    return (
      this.#refusal(name, id) ??
      (isFirst && this.weather.storm ? this.#fault(name) : undefined) ?? {
        status: 204,
        delayMs: int(this.#random, name === 'slow' ? 80 : 8),
      }
    );
  }

  #refusal(name: string, id: string): Answer | undefined {
    const { held, gone, fragile } = this.weather;
    if (name === 'held' && held) return { status: 500 };
    if (name === 'gone' && gone) return { status: 410 };
    return name === 'fragile' && fragile && this.#isFragile(id) ? { status: 422 } : undefined;
  }

  #fault(name: string): Answer | undefined {
    if (name === 'ordered' && int(this.#random, STUMBLES_ONE_IN) === 0) return { status: 500 };
    return name === 'siem' && int(this.#random, STORMY_ONE_IN) === 0 ? this.#stormy() : undefined;
  }

  #stormy(): Answer {
    const answer = pick(this.#random, STORM);
    const label = answer.kind ?? ('status' in answer ? String(answer.status) : 'answer');
    this.given.set(label, (this.given.get(label) ?? 0) + 1);
    return answer;
  }

  #isFragile(id: string): boolean {
    if (!this.#seen.has(`fragile? ${id}`) && int(this.#random, FRAGILE_ONE_IN) === 0) {
      this.#fragile.add(id);
    }
    this.#seen.add(`fragile? ${id}`);
    return this.#fragile.has(id);
  }
}
