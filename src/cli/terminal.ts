/**
 * The log as a person at a terminal sees it: → an event, ← an answer, ! what needs a look. Every line passes the
 * control-character filter as a whole, after it is put together: event text is written by attackers.
 */
import { printable } from '../config/quote.ts';
import type { Output } from './io.ts';

type Fields = Readonly<Record<string, unknown>>;

interface Line extends Fields {
  readonly level: number;
  readonly time: string;
  readonly msg: string;
}

const WARN = 40;

export class Terminal {
  readonly #output: Output;
  readonly #colours: boolean;

  constructor(output: Output, colours = output.isTTY === true) {
    this.#output = output;
    this.#colours = colours;
  }

  /** Takes one JSON line of the log. */
  write(text: string): void {
    const line: Line = JSON.parse(text);
    const draw = DRAWN[line.msg];
    const drawn = draw === undefined ? [plain(line)] : draw(line);
    for (const part of drawn) this.#output.write(`${this.#coloured(printable(part))}\n`);
  }

  #coloured(text: string): string {
    if (!this.#colours) return text;
    if (/^\S+ ! /.test(text)) return `\u001b[33m${text}\u001b[0m`;
    return text.replace(/^(\S+) (→|←)/, '\u001b[2m$1\u001b[0m $2');
  }
}

const DRAWN: Readonly<Record<string, (line: Line) => string[]>> = {
  starting: drawBanner,
  ready: (line) => [`ready: following ${line.org} (^C to stop)`],
  'event owed': (line) => [
    `${clock(line)} → ${pad(line.type ?? '(no type)', 36)} ${shortId(line)}  ${list(line.routes)}`,
  ],
  'delivery attempted': drawAttempt,
  'dead letter': (line) => [
    `${clock(line)} ! ${line.route} gave up on ${shortId(line)}: ${line.why}. Look: loghook dead list`,
  ],
  'route held': (line) => [
    `${clock(line)} ! ${line.route} is held: ${line.why}. Its events are kept; ${nextStep(line)}${nextProbe(line)}`,
  ],
  'route slowed': (line) => [
    `${clock(line)} ! ${line.route} is slowed: ${line.why}. It goes on at ${timeOf(line.until)}`,
  ],
  'route flowing': (line) => [
    `${clock(line)} ← ${line.route} flows again after ${duration(Number(line.forMs))}`,
  ],
  stopping: () => ['stopping: finishing what is in flight (^C again to end at once)'],
  stopped: drawClosing,
};

function drawBanner(line: Line): string[] {
  const routes = Array.isArray(line.routes) ? line.routes : [];
  const width = Math.max(...routes.map((route) => String(route.name).length), 0);
  const tree = routes.flatMap((route, index) => {
    const patterns: string[] = route.patterns;
    const branch = index === routes.length - 1 ? '└─' : '├─';
    const stem = index === routes.length - 1 ? '  ' : '│ ';
    return patterns.map((pattern, row) => {
      const start =
        row === 0 ? ` ${branch} ${pad(route.name, width)}` : ` ${stem} ${' '.repeat(width)}`;
      return `${start}   /${pattern}/`;
    });
  });
  const why = line.firstStart === true ? ' (a first start)' : '';
  return [
    `loghook ${line.version}  org ${line.org}  state ${line.state}`,
    'routes',
    ...tree,
    `reading from ${line.from}${why}`,
  ];
}

function drawAttempt(line: Line): string[] {
  const answer = line.status ?? '---';
  const route = String(line.route);
  const took = `${String(line.ms).padStart(5)} ms`;
  if (line.outcome === 'delivered') {
    const again = Number(line.attempt) > 1 ? `  try ${line.attempt}` : '';
    return [`${clock(line)} ← ${answer}  ${took}  ${route}  ${shortId(line)}${again}`];
  }
  const next = line.nextAt === undefined ? '' : `, next try ${timeOf(line.nextAt)}`;
  return [`${clock(line)} ! ${answer}  ${took}  ${route}  ${shortId(line)}  ${line.why}${next}`];
}

function drawClosing(line: Line): string[] {
  const owed = Number(line.owed);
  const dead = Number(line.dead);
  const kept = owed > 0 ? ' (kept)' : '';
  const look = dead > 0 ? ': loghook dead list' : '';
  return [
    `stopped: ${line.events} events, ${line.delivered} delivered, ${owed} queued${kept}, ${dead} dead${look}`,
  ];
}

/** A line that has no drawing of its own: its message, then its fields. */
function plain(line: Line): string {
  const { level, time: _time, msg, ...fields } = line;
  const mark = level >= WARN ? '! ' : '  ';
  const words = Object.entries(fields).map(([name, value]) => `${name}=${show(value)}`);
  return [`${clock(line)} ${mark}${msg}`, ...words].join('  ');
}

function nextStep(line: Line): string {
  const why = String(line.why);
  if (why.includes('refused')) return 'is the receiver running? ';
  if (/^(401|403)/.test(why)) return "look at the receiver's key; ";
  if (why.startsWith('410')) return 'mend the route, then restart or send SIGHUP; ';
  if (why.includes('not found (E')) return 'look at the host name in the routes; ';
  return '';
}

function nextProbe(line: Line): string {
  return line.until === undefined ? 'waiting for you' : `next try ${timeOf(line.until)}`;
}

function show(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function shortId(line: Line): string {
  return String(line.event).slice(0, 8);
}

function list(value: unknown): string {
  return Array.isArray(value) ? value.join(' ') : '';
}

function pad(value: unknown, width: number): string {
  return String(value).padEnd(width);
}

/** Local time of day, to the millisecond. */
function clock(line: Line): string {
  const at = new Date(line.time);
  return `${at.toTimeString().slice(0, 8)}.${String(at.getMilliseconds()).padStart(3, '0')}`;
}

function timeOf(instant: unknown): string {
  return new Date(String(instant)).toTimeString().slice(0, 8);
}

function duration(ms: number): string {
  if (ms < 1_000) return `${ms} ms`;
  if (ms < 120_000) return `${Math.round(ms / 1_000)} s`;
  if (ms < 7_200_000) return `${Math.round(ms / 60_000)} min`;
  return `${Math.round(ms / 3_600_000)} h`;
}
