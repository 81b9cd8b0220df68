/**
 * `loghook try`: the routes held against the org's past events. Sends nothing, and asks Okta for no more than a
 * quarter of its rate limit: of the org's share, where a daemon runs, which it tells so in its state.
 */
import { type Clock, SystemClock } from '../../clock.ts';
import { type Flags, loadOne, type Settings } from '../../config/config.ts';
import { refuse } from '../../config/problems.ts';
import type { RouteFile } from '../../config/route-file.ts';
import type { Route } from '../../routing/route.ts';
import { openBoundedRead } from '../bounded-read/bounded-read.ts';
import { openGuestShare } from '../bounded-read/guest-share.ts';
import type { RateShare } from '../bounded-read/rate-share.ts';
import { daemonFolder } from '../daemon-folder.ts';
import { EXIT } from '../exit.ts';
import { instantFlag, refuseReversed } from '../instant-flag.ts';
import { type Io, surroundings } from '../io.ts';
import { routeNamed } from '../route-named.ts';
import { writeJson, writeLines } from '../terminal/print.ts';
import { reportDocument } from './document.ts';
import { Rehearsal } from './rehearsal.ts';
import { reportLines, type Stretch } from './report.ts';

interface TryFlags extends Flags {
  readonly until?: string;
  readonly route?: string;
  readonly json?: boolean;
}

const DAY_MS = 86_400_000;
const RATE_SHARE = 0.25;

export async function tryRoutes(flags: TryFlags, io: Io): Promise<number> {
  const clock = new SystemClock();
  const now = clock.now();
  const input = { ...surroundings(io, now, io.stderr), flags };
  const { settings, file, more } = await loadOne(input, (environment) => ({
    until: () => untilAt(flags.until, now),
    folderOf: () => daemonFolder(input, environment),
  }));
  const since = settings.since ?? now - DAY_MS;
  refuseReversed(since, more.until);
  const routes = eventRoutes(file);
  const only = flags.route === undefined ? undefined : routeNamed(routes, flags.route, '--route');
  const rehearsal = new Rehearsal(routes, only);
  const notes = [...settings.org.notes, ...file.notes];
  const stretch = await rehearse(rehearsal, {
    settings,
    notes,
    since,
    until: more.until,
    folder: more.folderOf(settings.org.url),
    clock,
    io,
  });
  print(rehearsal, stretch, { flags, io });
  return EXIT.asAsked;
}

/** Those that events of Okta's go to, in force or disabled. */
function eventRoutes({ routes, alerts }: RouteFile): readonly Route[] {
  return [...routes.all, ...routes.disabled].filter(({ key }) => key !== alerts?.key);
}

interface Plan {
  readonly settings: Settings;
  /** What a person should know at the start. */
  readonly notes: readonly string[];
  readonly since: number;
  readonly until: number;
  /** Where the org's daemon has its state. */
  readonly folder: string | undefined;
  readonly clock: Clock;
  readonly io: Io;
}

/** Reads to the end, or until a signal asks it to stop. @throws OktaError */
async function rehearse(rehearsal: Rehearsal, plan: Plan): Promise<Stretch> {
  const { settings, since, until } = plan;
  const { progress, systemLog, stop, close } = openBoundedRead({
    ...plan,
    filter: settings.filter,
    exitCode: EXIT.asAsked,
  });
  let share: RateShare | undefined;
  let unreadable = 0;
  try {
    share = await openGuestShare({ ...plan, what: 'try', alone: RATE_SHARE }, stop);
    systemLog.rateShare = share.now();
    progress.show(0, undefined);
    for await (const page of systemLog.read({ since, until }, stop)) {
      rehearsal.take(page.events);
      unreadable += page.leftovers.length;
      progress.show(rehearsal.events, rehearsal.upTo);
      systemLog.rateShare = share.now();
    }
    const partial = stop.aborted;
    const end = partial ? (rehearsal.upTo ?? since) : until;
    return { org: settings.org.url.host, since, until: end, partial, unreadable };
  } finally {
    await close();
    share?.close();
  }
}

function print(
  rehearsal: Rehearsal,
  stretch: Stretch,
  { flags, io }: { readonly flags: TryFlags; readonly io: Io },
): void {
  if (flags.json === true) {
    writeJson(io.stdout, reportDocument(rehearsal, stretch), 2);
    return;
  }
  writeLines(io.stdout, reportLines(rehearsal, stretch));
}

function untilAt(until: string | undefined, now: number): number {
  const at = instantFlag('--until', until, now) ?? now;
  if (at > now) refuse('--until', 'it lies in the future', 'leave it out to read up to now');
  return at;
}
