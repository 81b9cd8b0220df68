/**
 * What happens on the wire between a request's start and its end, read into an Answer. The status line decides; what
 * follows it is read, up to a limit, only so that the connection can be used again.
 */
import type { Clock } from '../clock.ts';
import type { DialTimes } from '../dial.ts';
import { codeOf } from '../errors.ts';
import { AnswerHead } from './answer-head.ts';
import { faultOf } from './fault.ts';
import { networkWords, proxyStatusWords } from './network-words.ts';
import type { Answer, AttemptTrace } from './outcome.ts';
import type { Redaction } from './redaction.ts';
import { parseRetryAfter } from './retry-after.ts';

export const CONNECT_MS = 5_000;
export const TOTAL_MS = 15_000;
const MOST_ANSWER_BYTES = 64 * 1024;
/** A used connection that dies this soon without a byte was closed by the other side while it lay idle. */
const STALE_WITHIN_MS = 1_000;

/** Why an exchange was ended by us; never seen outside. */
export const LATE = new Error('late');
export const STOPPED = new Error('stopped');
export const ENOUGH = new Error('enough of the answer was read');

export const STALE = Symbol('the connection was closed before the request reached anybody');

/** The connection under an exchange. */
export interface Wire {
  /** It has carried an answer before, and since `requestStarts` not a byte has come. */
  readonly isStale: boolean;
  /** What its socket failed with first: undici lets "closed" take the place of a reason such as a TLS alert. */
  readonly fault: Error | undefined;
  /** Host of the proxy that it goes through. */
  readonly proxyHost: string | undefined;
  /** The proxy reads the requests and sends them on. */
  readonly isForwarded: boolean;
  /** How long it took to open, as far as it came to that; undefined once it has carried an answer. */
  readonly openedIn: DialTimes | undefined;
  /** What must not be seen of an answer to the request under way. */
  readonly redactions: readonly (Redaction | undefined)[];
  requestStarts(): void;
  answerStarts(): void;
  close(reason: Error): Promise<void>;
}

/** undici's hold on a request that it has put on the wire. */
interface Controller {
  abort(reason: Error): void;
}

/** Is told when an exchange is on the wire, when its status is known, and when it is over: in this order, or over alone. */
export interface Watch<Line extends Wire> {
  sent(exchange: Exchange<Line>): void;
  answered(exchange: Exchange<Line>): void;
  over(exchange: Exchange<Line>): void;
}

/** A dispatch handler of undici. */
export class Exchange<Line extends Wire> {
  readonly line: Line;
  readonly startedAt: number;
  readonly #clock: Clock;
  readonly #resolve: (answer: Answer | typeof STALE) => void;
  readonly #watch: Watch<Line>;
  #controller: Controller | undefined;
  /** When it went on the wire: what is measured is the receiver, not the setting up of a connection. */
  #sentAt: number;
  #answer: Answer | undefined;
  #head: AnswerHead | undefined;
  #endedWith: Error | undefined;
  #isWhole = false;
  #isOver = false;

  constructor(
    clock: Clock,
    line: Line,
    resolve: (answer: Answer | typeof STALE) => void,
    watch: Watch<Line>,
  ) {
    this.#clock = clock;
    this.line = line;
    this.#resolve = resolve;
    this.#watch = watch;
    this.startedAt = clock.monotonic();
    this.#sentAt = this.startedAt;
  }

  /** Its answer was read to the end, so that another may follow on the same connection. */
  get isWhole(): boolean {
    return this.#isWhole;
  }

  /** Ends it now, whatever it waits for. */
  end(reason: Error): void {
    this.#endedWith = reason;
    if (this.#controller !== undefined) this.#controller.abort(reason);
    else void this.line.close(reason);
    this.#over(this.#answer ?? this.#failed(reason));
  }

  onRequestStart(controller: Controller): void {
    this.#controller = controller;
    this.#sentAt = this.#clock.monotonic();
    this.line.requestStarts();
    this.#watch.sent(this);
    if (this.#endedWith !== undefined) controller.abort(this.#endedWith);
  }

  onResponseStart(
    _controller: Controller,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    if (status < 200) return;
    this.#head = new AnswerHead(headers['content-encoding'], this.line.redactions);
    this.#answer = this.#answered(status, this.#head, headers['retry-after']);
    this.line.answerStarts();
    this.#resolve(this.#answer);
    this.#watch.answered(this);
  }

  onResponseData(controller: Controller, chunk: Buffer): void {
    this.#head?.take(chunk);
    if ((this.#head?.bytes ?? 0) > MOST_ANSWER_BYTES) controller.abort(ENOUGH);
  }

  onResponseEnd(): void {
    this.#isWhole = true;
    this.#over(this.#answer ?? this.#failed(new Error('no status')));
  }

  onResponseError(_controller: Controller, error: Error): void {
    const { fault = error } = this.line;
    const reason = this.#endedWith ?? (codeOf(error) === 'UND_ERR_SOCKET' ? fault : error);
    this.#over(this.#answer ?? this.#failed(reason));
  }

  #over(answer: Answer | typeof STALE): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#resolve(answer);
    this.#watch.over(this);
  }

  #answered(status: number, head: AnswerHead, retryAfter: string | string[] | undefined): Answer {
    const ms = this.#elapsed();
    const trace = this.#trace({ firstByteMs: ms, answer: head });
    if (status === 407 && this.line.isForwarded) {
      return {
        kind: 'unreachable',
        why: proxyStatusWords(this.line.proxyHost ?? '', 407),
        ms,
        trace,
      };
    }
    const retryAfterMs = parseRetryAfter(retryAfter, this.#clock.now());
    if (retryAfterMs === undefined) return { kind: 'answered', status, ms, trace };
    return { kind: 'answered', status, ms, retryAfterMs, trace };
  }

  #failed(error: Error): Answer | typeof STALE {
    const ms = this.#elapsed();
    const trace = this.#trace({});
    if (error === STOPPED) return { kind: 'cut' };
    if (this.#controller === undefined || isRefusedByTls(error)) {
      const isLate = error === LATE;
      const why = isLate ? this.#lateWords() : networkWords(error);
      const fault = isLate ? 'timeout' : faultOf(error);
      return { kind: 'unreachable', why, ms, fault, trace };
    }
    if (error === LATE) {
      const why = `no answer within ${TOTAL_MS / 1000} s`;
      return { kind: 'unanswered', why, ms, timedOut: true, fault: 'timeout', trace };
    }
    if (isClosed(error) && this.line.isStale && ms < STALE_WITHIN_MS) return STALE;
    const why = networkWords(error);
    return { kind: 'unanswered', why, ms, timedOut: false, fault: faultOf(error), trace };
  }

  #lateWords(): string {
    const { proxyHost } = this.line;
    const way = proxyHost === undefined ? '' : ` through the proxy ${proxyHost}`;
    return `no connection${way} within ${CONNECT_MS / 1000} s`;
  }

  #trace(more: AttemptTrace): AttemptTrace {
    const { openedIn } = this.line;
    return openedIn === undefined ? more : { ...openedIn, ...more };
  }

  #elapsed(): number {
    return this.#clock.monotonic() - this.#sentAt;
  }
}

function isClosed(error: Error): boolean {
  const code = codeOf(error);
  return code === 'UND_ERR_SOCKET' || code === 'ECONNRESET' || code === 'EPIPE';
}

/** A server that speaks TLS 1.3 refuses our certificate only once we take the connection for open. */
function isRefusedByTls(error: Error): boolean {
  return /^ERR_SSL_.*ALERT_\w*(CERTIFICATE|UNKNOWN_CA)/.test(codeOf(error) ?? '');
}
