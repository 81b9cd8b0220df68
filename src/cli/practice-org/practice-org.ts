/** `loghook practice-org`: a make-believe org on this machine, in which something happens until ^C. */
import { type Clock, SystemClock } from '../../clock.ts';
import { readAll, refuse } from '../../config/problems.ts';
import { codeOf } from '../../errors.ts';
import { practiceEvent, type Random, seededRandom } from '../../practice/events.ts';
import { type Fault, PracticeOrg, type RequestRecord } from '../../practice/org.ts';
import { printable } from '../../printable.ts';
import { EXIT } from '../exit.ts';
import { type Io, startedFromTerminal } from '../io.ts';
import { durationMs, wholeNumber } from '../numbers.ts';
import { listenForSignals, type StopSignals } from '../signals.ts';
import { clock as timeOfDay } from '../terminal/drawing.ts';
import { makePracticeKey, type PracticeKey } from './practice-app.ts';

interface PracticeOrgFlags {
  readonly port?: string;
  readonly every?: string;
  readonly events?: string;
  readonly late?: string;
  readonly rateLimit?: string;
  readonly failEvery?: string;
  readonly oauth?: boolean;
}

interface Plan {
  readonly port: number;
  readonly everyMs: number;
  readonly events: number;
  /** 0: none. */
  readonly lateEvery: number;
  readonly rateLimit: number;
  readonly failEvery: number | undefined;
}

const LATE_MS = 5 * 60_000;
/** What has happened before it is started: one event a minute. */
const HISTORY = 60;
const MINUTE_MS = 60_000;
const MOST = 1_000_000;
const MOST_SHOWN = 60;
/** A real org's window ends within a minute; nobody wants to watch that. */
const REFUSED_FOR_S = 5;

/** @throws ConfigError with every option that is wrong, or when the port cannot be had */
export async function practiceOrg(flags: PracticeOrgFlags, io: Io): Promise<number> {
  const plan = readPlan(flags);
  const stop = listenForSignals({
    fromTerminal: startedFromTerminal(io),
    onReload: () => undefined,
    exit: () => process.exit(EXIT.asAsked),
  });
  const key = flags.oauth === true ? makePracticeKey() : undefined;
  try {
    return await holdOpen(plan, key, { io, stop });
  } finally {
    stop.release();
    key?.remove();
  }
}

async function holdOpen(
  plan: Plan,
  key: PracticeKey | undefined,
  { io, stop }: { readonly io: Io; readonly stop: StopSignals },
): Promise<number> {
  const clock = new SystemClock();
  const org = await open(plan, key, clock);
  try {
    for (const line of introduction(org, key)) io.stdout.write(`${line}\n`);
    const over = happen(org, plan, { clock, stop: stop.soft });
    void watchRequests(org, plan, { clock, io }); // stands still for good once the org is closed
    await over;
    await aborted(stop.soft);
    return EXIT.asAsked;
  } finally {
    await org.close();
  }
}

function readPlan(flags: PracticeOrgFlags): Plan {
  const read = readAll({
    port: () => wholeNumber('--port', flags.port, { least: 0, most: 65_535 }),
    everyMs: () => durationMs('--every', flags.every),
    events: () => wholeNumber('--events', flags.events, { least: 0, most: MOST }),
    lateEvery: () => wholeNumber('--late', flags.late, { least: 0, most: MOST }),
    rateLimit: () => wholeNumber('--rate-limit', flags.rateLimit, { least: 1, most: MOST }),
    failEvery: () => wholeNumber('--fail-every', flags.failEvery, { least: 2, most: MOST }),
  });
  return {
    port: read.port ?? 4700,
    everyMs: read.everyMs ?? 1_000,
    events: read.events ?? Number.POSITIVE_INFINITY,
    lateEvery: read.lateEvery ?? 20,
    rateLimit: read.rateLimit ?? 120,
    failEvery: read.failEvery,
  };
}

async function open(
  { port, rateLimit }: Plan,
  key: PracticeKey | undefined,
  clock: Clock,
): Promise<PracticeOrg> {
  const apps = key === undefined ? [] : [key.app];
  try {
    return await PracticeOrg.open({ port, rateLimit, clock, apps });
  } catch (error) {
    const code = codeOf(error);
    if (code !== 'EADDRINUSE' && code !== 'EACCES') throw error;
    const why = code === 'EADDRINUSE' ? 'is in use' : 'may not be used';
    return refuse('--port', `port ${port} ${why} (${code})`, 'name another one: --port 4701');
  }
}

function introduction(org: PracticeOrg, key: PracticeKey | undefined): readonly string[] {
  const credentials =
    key === undefined
      ? [`  export OKTA_API_KEY=${org.token}`]
      : [
          `  export OKTA_CLIENT_ID=${key.clientId}`,
          `  export OKTA_PRIVATE_KEY_FILE=${quoted(key.path)}`,
        ];
  return [
    'A practice org is running (^C to stop). In another terminal:',
    '',
    `  export OKTA_ORG_URL=${org.url}`,
    ...credentials,
    '  loghook listen 3000',
    '',
  ];
}

/** As a shell takes it for one word. */
function quoted(path: string): string {
  return /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`;
}

/** Ends when `plan.events` have been made or `stop` aborts. */
async function happen(
  org: PracticeOrg,
  { everyMs, events, lateEvery }: Plan,
  { clock, stop }: { readonly clock: Clock; readonly stop: AbortSignal },
): Promise<void> {
  const random = seededRandom(clock.now() >>> 0);
  for (let ago = HISTORY; ago > 0; ago--) add(org, random, clock.now() - ago * MINUTE_MS);
  for (let made = 1; made <= events; made++) {
    await clock.sleep(everyMs, stop);
    if (stop.aborted) return;
    const isLate = lateEvery > 0 && made % lateEvery === 0;
    const now = clock.now();
    add(org, random, isLate ? now - LATE_MS : now, now);
  }
}

function add(org: PracticeOrg, random: Random, publishedAt: number, persistedAt = publishedAt) {
  org.add(practiceEvent(random, publishedAt), { publishedAt, persistedAt });
}

/** One line for each request that was answered, and the next fault before its turn. */
async function watchRequests(
  org: PracticeOrg,
  { failEvery }: Plan,
  { clock, io }: { readonly clock: Clock; readonly io: Io },
): Promise<void> {
  for (let seen = 0; ; seen++) {
    if (failEvery !== undefined && seen % failEvery === failEvery - 1) {
      org.fail(faultInTurn(Math.floor(seen / failEvery), clock));
    }
    await org.waitForRequests(seen + 1);
    const record = org.requests[seen - org.requestCount + org.requests.length];
    if (record !== undefined) io.stderr.write(`${printable(drawRequest(record))}\n`);
  }
}

function faultInTurn(turn: number, clock: Clock): Fault {
  const reset = Math.ceil(clock.now() / 1_000) + REFUSED_FOR_S;
  const faults: readonly Fault[] = [
    { kind: 'status', status: 429, headers: { 'x-rate-limit-reset': String(reset) } },
    { kind: 'status', status: 500 },
    { kind: 'truncate', afterBytes: 200 },
    { kind: 'reset' },
  ];
  return faults[turn % faults.length] ?? { kind: 'reset' };
}

function drawRequest({ at, method, url, status, fault }: RequestRecord): string {
  const time = timeOfDay(new Date(at).toISOString());
  const met = fault === undefined ? '' : `  (${fault})`;
  return `${time} ${status ?? '---'} ${method} ${shortUrl(url)}${met}`;
}

/** What tells one request for the log from another: where it begins, and how much it wants. */
function shortUrl(url: string): string {
  const [path = '', query] = url.split('?', 2);
  const asked = new URLSearchParams(query);
  const names = [asked.has('after') ? 'after' : 'since', 'until', 'filter', 'q', 'limit'];
  const words = names.filter((name) => asked.has(name)).map((name) => `${name}=${asked.get(name)}`);
  const shown = [path, ...words].join(' ');
  return shown.length > MOST_SHOWN ? `${shown.slice(0, MOST_SHOWN - 1)}…` : shown;
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
