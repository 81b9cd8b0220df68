/**
 * How each line of the log is drawn for people, by its message. A line that is not listed is drawn from its fields, so
 * that nothing is ever left out. What comes out is not yet filtered for a terminal.
 *
 *     14:02:11 → user.session.start                   f790999f  siem alerts
 *     14:02:11 ← 204  siem                      41 ms f790999f
 *     14:02:12 ! 500  alerts                     3 ms f790999f  next try 14:02:17
 */
import { printable } from '../../printable.ts';
import { AUTO_WORDS } from '../words/interval.ts';
import { routeTree, type ShownRoute } from '../words/route-tree.ts';
import { duration } from '../words/time.ts';

export interface Line extends Readonly<Record<string, unknown>> {
  readonly level: number;
  readonly time: string;
  readonly msg: string;
}

export function draw(line: Line): string[] {
  return (DRAWN[line.msg] ?? plain)(line);
}

const WARN = 40;
/** Of an event's type, or of an answer; the ids behind it stand in one column. */
const CELL = 36;
const ROUTE = 22;
const MOST_ROUTES = 4;
/** Below a line that says what happened stands what it means, or what to do. */
const INDENT = ' '.repeat(11);

const DRAWN: Readonly<Record<string, (line: Line) => string[]>> = {
  starting: banner,
  tailing: (line) => [`following ${line.org} from ${instant(line.from, line.time)} (^C to stop)`],
  ready: (line) => [`ready: following ${orgOf(line)} (^C to stop)`],
  'setting put right': (line) => [`note: ${line.note}`],
  'INSECURE: the certificate of this receiver is not checked': (line) => [
    `${clock(line.time)} ! ${line.route} is INSECURE: the certificate of its receiver is not checked`,
    `${INDENT}anyone on the way can read and change what is sent: give it tls.ca instead`,
  ],
  'events leave this machine': (line) => [`note: ${line.host} is not this machine`],
  'event owed': (line) => [
    `${clock(line.time)} → ${fit(line.type ?? '(no type)', CELL)} ${shortId(line)}  ${list(line.routes)}`,
  ],
  'delivery attempted': attempt,
  'dead letter': (line) => [
    `${clock(line.time)} ! ${line.route} gave up on ${shortId(line)}: ${line.why}`,
    `${INDENT}it is kept: loghook dead list`,
  ],
  'route held': (line) => [
    `${clock(line.time)} ! ${line.route} is held: ${line.why}`,
    `${INDENT}${advice(line)}its events are kept; ${nextProbe(line)}`,
  ],
  'route slowed': (line) => [
    `${clock(line.time)} ! ${line.route} is slowed: ${line.why}; it goes on at ${clock(line.until)}`,
  ],
  'route flowing': (line) => [
    `${clock(line.time)} ← ${line.route} flows again after ${duration(Number(line.forMs))}`,
  ],
  'route paused': (line) => [
    `${clock(line.time)} ! ${line.route} is paused: it sends nothing, and its events are kept`,
    `${INDENT}go on with: loghook resume ${line.route}`,
  ],
  'route resumed': (line) => [`${clock(line.time)} ← ${line.route} goes on: somebody resumed it`],
  'alert owed': (line) => [
    `${clock(line.time)} → ${fit(line.type, CELL)} ${shortId(line)}  alerts`,
  ],
  'route silent': (line) => [
    `${clock(line.time)} ! ${line.route} is silent: ${line.got} events, expected ${line.expect}`,
    `${INDENT}polling works: check what causes these events, and the route's patterns`,
  ],
  'route heard again': (line) => [
    `${clock(line.time)} ← ${line.route} is heard again after ${duration(Number(line.forMs))}`,
  ],
  'routes reloaded': (line) => [
    `${clock(line.time)}   routes reloaded`,
    ...routeTree(routesOf(line)),
  ],
  'routes not reloaded, the old ones stay in force': (line) => [
    `${clock(line.time)} ! routes not reloaded, the old ones stay in force`,
    ...problemsOf(line),
  ],
  'credentials not reloaded, the old ones stay in use': (line) => [
    `${clock(line.time)} ! credentials not reloaded, the old ones stay in use`,
    ...problemsOf(line),
  ],
  stopping: () => ['stopping: finishing what is in flight (^C again to end at once)'],
  stopped: closing,
};

/** What to do about trouble that brings no hint of its own. */
const NEXT_STEP: Readonly<Record<string, string>> = {
  'heartbeat fails': 'nothing else waits for it; it goes on trying once a minute',
  'could not owe an alert': 'look at the disk that holds the state folder',
  'okta unreachable':
    'nothing is lost: it goes on by itself when Okta answers; if not: loghook doctor',
  'okta answered with something else than events':
    'a proxy or a sign-in page may stand between: check OKTA_ORG_URL; it goes on trying',
  'okta refused the request': 'check the filter; it goes on trying',
  'okta answered with a redirect, which is never followed': 'check OKTA_ORG_URL; it goes on trying',
  'okta sent a page that cannot be read, reading it again': 'nothing is lost: it is read again',
  'okta refused the credentials': 'what is owed is still delivered; it goes on trying',
  'a link that leads away from the org was not followed': 'it is never followed; it goes on trying',
  'okta keeps refusing requests over its rate limit':
    'other clients of the org use it up: nothing is lost, events come late',
  'cursor refused; reading again from earlier': 'what was read before is recognised, not repeated',
  'disk full, what cannot be recorded is not read or sent':
    'free some space: it goes on by itself, and nothing is lost',
  'disk refuses writes, what cannot be recorded is not read or sent':
    'look at the disk that holds the state folder; it goes on trying, and nothing is lost',
  'disk full, the state cannot be opened yet':
    'free some space: it goes on by itself, and nothing is lost',
  'state is locked by another process, nothing is read or sent meanwhile':
    'it goes on by itself when the other one is done',
};

/** Its host; of one of several, its name too. */
function orgOf({ org, host }: Line): string {
  return host === undefined ? String(org) : `${org} (${host})`;
}

function banner(line: Line): string[] {
  const why = line.firstStart === true ? ' (a first start)' : '';
  return [
    `loghook ${line.version}  org ${orgOf(line)}  state ${line.state}`,
    ...whoLine(line),
    'routes',
    ...routeTree(routesOf(line)),
    `reading from ${instant(line.from, line.time)}${why}`,
    ...(line.interval === 'auto' ? [`polling ${AUTO_WORDS}`] : []),
    ...(line.admin === undefined ? [] : [`health and metrics on http://${line.admin}`]),
  ];
}

/** Where the org and the secret were found, a line each: both may be paths. */
function whoLine({ orgFrom, tokenFrom, appFrom, keyFrom }: Line): string[] {
  if (orgFrom === undefined) return [];
  const secret =
    tokenFrom === undefined
      ? [`app from ${appFrom}`, `key from ${keyFrom}`]
      : [`token from ${tokenFrom}`];
  return [`org from ${orgFrom}`, ...secret];
}

function problemsOf({ problems }: Line): string[] {
  return (Array.isArray(problems) ? problems : []).map((why) => `${INDENT}${why}`);
}

function routesOf(line: Line): readonly ShownRoute[] {
  // Written by announcement.ts, one ShownRoute each.
  return Array.isArray(line.routes) ? (line.routes as ShownRoute[]) : [];
}

function attempt(line: Line): string[] {
  const took = `${String(line.ms).padStart(6)} ms`;
  const cell = `${line.status ?? '---'}  ${fit(line.route, ROUTE)}${took}`;
  const start = `${fit(cell, CELL)} ${shortId(line)}`;
  if (line.outcome === 'delivered') {
    const again = Number(line.attempt) > 1 ? `  try ${line.attempt}` : '';
    return [`${clock(line.time)} ← ${start}${again}`];
  }
  const next = line.nextAt === undefined ? '' : `  next try ${clock(line.nextAt)}`;
  const drawn = `${clock(line.time)} ! ${start}${next}`;
  const isPlain = /^[45]\d\d /.test(String(line.why));
  return isPlain
    ? [drawn]
    : [drawn, `${INDENT}${line.why}${isRefused(line) ? `: ${RUNNING}` : ''}`];
}

const RUNNING = 'is your server running?';

function isRefused(line: Line): boolean {
  return String(line.why).includes('ECONNREFUSED');
}

function advice(line: Line): string {
  if (isRefused(line)) return `${RUNNING} `;
  const why = String(line.why);
  if (/^40[137] /.test(why)) return 'check the key or password in its URL; ';
  if (/^4(?:00|0[456]|13|15|22) /.test(why)) return `see its answer: loghook test ${line.route}; `;
  return '';
}

function nextProbe(line: Line): string {
  return line.until === undefined
    ? `it waits for you: put its URL right and reload, or loghook resume ${line.route}`
    : `next try ${clock(line.until)}`;
}

function closing(line: Line): string[] {
  const owed = Number(line.owed);
  const dead = Number(line.dead);
  const kept = owed > 0 ? ' (kept)' : '';
  const removed =
    line.removed === undefined ? '' : `, ${line.removed} kept for routes that were removed`;
  const look = dead > 0 ? ': loghook dead list' : '';
  return [
    `stopped: ${line.read} events read, ${line.events} wanted, ${line.delivered} delivered, ${owed} queued${kept}${removed}, ${dead} dead${look}`,
  ];
}

/** A line that has no drawing of its own: its message, its reason, its fields, and below them what to do. */
function plain(line: Line): string[] {
  const { level, time, msg, reason, hint, forMs, ...fields } = line;
  const because = reason === undefined ? '' : `: ${show(reason)}`;
  const lasted = forMs === undefined ? '' : ` after ${duration(Number(forMs))}`;
  const words = Object.entries(fields).map(([name, value]) => `  ${name}=${show(value)}`);
  const next = hint ?? NEXT_STEP[msg];
  const mark = level >= WARN ? '!' : ' ';
  return [
    `${clock(time)} ${mark} ${msg}${lasted}${because}${words.join('')}`,
    ...(next === undefined ? [] : [`${INDENT}${show(next)}`]),
  ];
}

function show(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** Eight characters: of a uuid its first, of a hash those behind its name. */
function shortId(line: Line): string {
  return String(line.event)
    .replace(/^sha256-/, '')
    .slice(0, 8);
}

function list(value: unknown): string {
  if (!Array.isArray(value)) return '';
  const more = value.length > MOST_ROUTES ? ` +${value.length - MOST_ROUTES}` : '';
  return `${value.slice(0, MOST_ROUTES).join(' ')}${more}`;
}

/** Exactly `width` characters, cut with a … or padded. */
function fit(value: unknown, width: number): string {
  const text = printable(String(value));
  return text.length > width ? `${text.slice(0, width - 1)}…` : text.padEnd(width);
}

/** Local time of day. */
export function clock(at: unknown): string {
  return new Date(String(at)).toTimeString().slice(0, 8);
}

/** `14:01:57, 2 min ago`; with its date where that is another day. Local time. */
function instant(at: unknown, now: string): string {
  const [then, today] = [new Date(String(at)), new Date(now)];
  const isToday = then.toDateString() === today.toDateString();
  const date = isToday ? '' : `${then.toLocaleDateString('en-CA')} `;
  return `${date}${clock(at)}, ${duration(Math.max(0, today.getTime() - then.getTime()))} ago`;
}
