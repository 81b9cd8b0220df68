/** What came of a test, for people and as JSON. Neither holds a secret of the route; both may hold text of a stranger. */
import type { Outcome } from '../../delivery/outcome.ts';
import type { LogEvent } from '../../event.ts';
import type { Route } from '../../routing/route.ts';
import { count } from '../words/counts.ts';
import type { ShownRequest } from './shown-request.ts';
import { type Signature, signatureWords } from './signature-words.ts';
import type { Judgement } from './verdict-words.ts';

export interface Tested {
  readonly route: Route;
  /** None: it is the heartbeat that was tested. */
  readonly event: LogEvent | undefined;
  readonly notes: readonly string[];
  readonly request: ShownRequest;
  readonly signature: Signature;
  readonly outcome: Exclude<Outcome, { kind: 'cut' }>;
  /** The first bytes of the answer's body. */
  readonly head: string;
  readonly judgement: Judgement;
}

export function testLines(tested: Tested): string[] {
  const { route, event, notes, request, signature, head, judgement } = tested;
  const { verdict, next } = judgement;
  return [
    ...labelled('route', [route.name]),
    ...labelled('event', [
      event === undefined ? 'none: the heartbeat is a ping' : (event.eventType ?? '(no type)'),
      ...notes.flatMap((note) => wrapped(`note: ${note}`)),
    ]),
    ...labelled('request', [
      `${request.method} ${request.to}  ${count(request.bytes, 'byte')}`,
      ...Object.entries(request.headers).map(([name, value]) => `${name}: ${value}`),
    ]),
    ...(event === undefined
      ? []
      : labelled('signed', [signatureWords(signature, route.secrets?.length ?? 0)])),
    ...labelled('response', [
      ...wrapped(responseWords(tested)),
      ...(head === '' ? [] : head.split('\n').flatMap((line) => wrapped(line))),
    ]),
    ...labelled('verdict', wrapped(verdict)),
    ...(next === undefined ? [] : labelled('next', wrapped(next))),
  ];
}

export function testDocument(tested: Tested): unknown {
  const { route, event, notes, request, signature, outcome, head, judgement } = tested;
  const { ms } = outcome;
  const why = outcome.kind === 'delivered' ? null : outcome.why;
  const { dnsMs = null, connectMs = null, tlsMs = null, firstByteMs = null } = outcome.trace ?? {};
  return {
    route: route.name,
    event: event === undefined ? null : { id: event.id, type: event.eventType ?? null },
    notes,
    request,
    signature,
    response: {
      status: outcome.status ?? null,
      why,
      ms: rounded(ms),
      dnsMs: rounded(dnsMs),
      connectMs: rounded(connectMs),
      tlsMs: rounded(tlsMs),
      firstByteMs: rounded(firstByteMs),
      head,
    },
    outcome: outcome.kind,
    delivered: judgement.delivered,
    verdict: judgement.verdict,
    next: judgement.next ?? null,
  };
}

function responseWords({ outcome }: Tested): string {
  const { dnsMs, connectMs, tlsMs, firstByteMs } = outcome.trace ?? {};
  const steps = [
    ['DNS', dnsMs],
    ['connect', connectMs],
    ['TLS', tlsMs],
    ['first byte', firstByteMs],
  ] as const;
  const taken = steps.flatMap(([name, ms]) =>
    ms === undefined ? [] : [`${name} ${rounded(ms)} ms`],
  );
  const what = outcome.kind === 'delivered' ? `${outcome.status}` : outcome.why;
  return taken.length === 0
    ? `${what}, ${rounded(outcome.ms)} ms`
    : `${what}  (${taken.join(', ')})`;
}

const LABEL = 10;
const WIDTH = 80;

/** The first line behind the label, the others below it. */
function labelled(label: string, lines: readonly string[]): string[] {
  return lines.map((line, index) => `${(index === 0 ? label : '').padEnd(LABEL)}${line}`);
}

/** At most 80 characters with the label before them, where there are spaces to break at. */
function wrapped(text: string): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + word.length > WIDTH - LABEL) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}

function rounded(ms: number): number;
function rounded(ms: number | null): number | null;
function rounded(ms: number | null): number | null {
  return ms === null ? null : Math.round(ms * 10) / 10;
}
