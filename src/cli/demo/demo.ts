/**
 * `loghook demo`: a practice org, two practice receivers and the real daemon between them, over real loopback HTTP and
 * with state in a temporary folder. Reads no settings. Every delivery is compared with the bytes that the org holds.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Clock, SystemClock } from '../../clock.ts';
import { openLog } from '../../log.ts';
import { PracticeOrg } from '../../practice/org.ts';
import { PracticeReceiver } from '../../practice/receiver.ts';
import { parseDestination } from '../../routing/route.ts';
import { Routes } from '../../routing/routes.ts';
import { EXIT } from '../exit.ts';
import { type Io, startedFromTerminal, wantsColours } from '../io.ts';
import { wholeNumber } from '../numbers.ts';
import { runSession } from '../run/run-session.ts';
import { listenForSignals } from '../signals.ts';
import { Terminal } from '../terminal/terminal.ts';
import { duration } from '../words/time.ts';
import { Account } from './account.ts';
import { type Stage, script } from './script.ts';

interface DemoFlags {
  readonly events?: string;
  readonly follow?: boolean;
}

const POLL_EVERY_MS = 1_000;
/** Far above what the daemon asks for here. */
const RATE_LIMIT = 600;
/** After the last event: the longest pause between two looks at a held route, and some. */
const PATIENCE_MS = 20_000;
const PATTERNS = { everything: '.*', 'sign-ins': '^user\\.session\\.' } as const;

/** Exit code 0 only if everything arrived, unchanged. @throws ConfigError */
export async function demo(flags: DemoFlags, io: Io): Promise<number> {
  const events = wholeNumber('--events', flags.events, { least: 1, most: 100_000 }) ?? 48;
  const clock = new SystemClock();
  const terminal = new Terminal(io.stdout, wantsColours(io.stdout, io.env));
  const folder = temporaryFolder();
  const org = await PracticeOrg.open({ clock, rateLimit: RATE_LIMIT });
  const everything = await PracticeReceiver.open({ clock });
  const signIns = await PracticeReceiver.open({ clock });
  const routes = demoRoutes({ everything: everything.url, 'sign-ins': signIns.url });
  const account = new Account(routes);
  const stage: Stage = {
    clock,
    terminal,
    org,
    receivers: { everything, 'sign-ins': signIns },
    account,
  };
  try {
    for (const line of INTRODUCTION) terminal.say(line);
    await play(stage, { events, follow: flags.follow === true, routes, folder: folder.path, io });
    for (const line of summary(account)) terminal.say(line);
    return account.isRight ? EXIT.asAsked : EXIT.bug;
  } finally {
    await Promise.all([org.close(), everything.close(), signIns.close()]);
    folder.remove();
  }
}

interface Play {
  readonly events: number;
  readonly follow: boolean;
  readonly routes: Routes;
  readonly folder: string;
  readonly io: Io;
}

/** The daemon runs until the script is over and all has arrived, or patience ends. */
async function play(stage: Stage, { events, follow, routes, folder, io }: Play): Promise<void> {
  const { clock, terminal, org, account } = stage;
  const daemon = { soft: new AbortController(), hard: new AbortController() };
  const signals = listenForSignals({
    fromTerminal: startedFromTerminal(io),
    onReload: () => undefined,
    exit: () => process.exit(account.isRight ? EXIT.asAsked : EXIT.bug),
  });
  signals.soft.addEventListener('abort', () => {
    terminal.say('no more events; what is on its way may still arrive (^C again to end at once)');
  });
  const session = runSession({
    io: { ...io, env: {} },
    log: openLog('info', terminal),
    org: { url: new URL(org.url), notes: [] },
    identity: { kind: 'token', token: org.token },
    routes,
    folder: join(folder, 'state'),
    interval: POLL_EVERY_MS,
    stop: { soft: daemon.soft.signal, hard: daemon.hard.signal },
  });
  const show = script(stage, { events, follow, stop: signals.soft }).then(() =>
    allArrived(account, clock),
  );
  try {
    await Promise.race([show, session]);
  } finally {
    daemon.soft.abort();
    await session;
    signals.release();
  }
}

async function allArrived(account: Account, clock: Clock): Promise<void> {
  const enough = new AbortController();
  const cancel = clock.after(PATIENCE_MS, () => enough.abort());
  await account.settled(enough.signal);
  cancel();
}

function demoRoutes(urls: Readonly<Record<keyof typeof PATTERNS, string>>): Routes {
  return new Routes(
    (['everything', 'sign-ins'] as const).map((name) => {
      const destination = parseDestination(`${urls[name]}/${name}`);
      if ('error' in destination) throw new Error(destination.error);
      return { ...destination, name, patterns: [PATTERNS[name]] };
    }),
  );
}

/** Removed however the process ends, but for a SIGKILL. */
function temporaryFolder(): { readonly path: string; readonly remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), 'loghook-demo-'));
  const remove = () => rmSync(path, { recursive: true, force: true });
  process.once('exit', remove);
  return { path, remove };
}

const INTRODUCTION = [
  'A practice org, two practice receivers, and the real loghook between them.',
  'Nothing leaves this machine. → an event, ← an answer, ! trouble, * we make some',
  '',
];

function summary(account: Account): readonly string[] {
  const { made, wanted, delivered, unchanged, duplicates } = account.totals;
  const { longestWaitMs, slowestRoute } = account.totals;
  const row = (name: string, value: string | number, note = '') =>
    `  ${name.padEnd(20)}${String(value).padStart(8)}   ${note}`.trimEnd();
  return [
    '',
    account.isRight ? 'Everything arrived, unchanged.' : 'NOT everything arrived unchanged.',
    '',
    row('events made', made),
    row('wanted by routes', wanted, 'an event goes to every route that wants it'),
    row('delivered', delivered),
    row('bytes identical', unchanged, 'each body compared with what the org holds'),
    row('duplicates', duplicates),
    row('longest wait', duration(longestWaitMs), slowestRoute && `route ${slowestRoute}`),
    '',
    'Its state was in a temporary folder, which is removed now.',
    'With your own org:',
    '',
    '  export OKTA_ORG_URL=https://YOUR-ORG.okta.com OKTA_API_KEY=YOUR-TOKEN',
    '  npx loghook tail --since 2h     your events, on this screen',
    '  npx loghook listen 3000         the same to a port of this machine',
    '  npx loghook check               look at the routes in loghook.csv, then',
    '  npx loghook                     run them',
  ];
}
