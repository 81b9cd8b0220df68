/**
 * `loghook audit`: for a settled window, what Okta lists against what the ledger says of it, route by route. Changes
 * nothing, unless it is to repair: then it owes what is missing.
 */
import { type Clock, SystemClock } from '../../clock.ts';
import { loadOrgSettings, type Settings } from '../../config/config.ts';
import { refuse } from '../../config/problems.ts';
import { filterIn } from '../../okta/place/position.ts';
import { AuditDesk } from '../../state/beside/audit-desk.ts';
import { Beside } from '../../state/beside/beside.ts';
import { namedRoutes } from '../../state/beside/named-routes.ts';
import { openBoundedRead } from '../bounded-read/bounded-read.ts';
import { openRateShare, type RateShare } from '../bounded-read/rate-share.ts';
import { EXIT } from '../exit.ts';
import { instantFlag } from '../instant-flag.ts';
import { type Io, surroundings } from '../io.ts';
import { findOrgState } from '../org-state.ts';
import { routeNamed } from '../route-named.ts';
import { writeJson, writeProse } from '../terminal/print.ts';
import { iso } from '../words/time.ts';
import type { AuditFlags } from './add-audit.ts';
import { ahead } from './ahead.ts';
import { Auditor } from './auditor.ts';
import { auditDocument } from './document.ts';
import { Repair } from './repair.ts';
import { reportLines } from './report.ts';
import { talliesShown } from './tally.ts';
import { type Audited, addsUp } from './verdict.ts';
import { isBehind, type Window, windowOf } from './window.ts';

const DAY_MS = 86_400_000;
/** A daemon beside us comes to write between two pages that are repaired. */
const REST_MS = 20;

/** @throws ConfigError StateError OktaError */
export async function audit(flags: AuditFlags, io: Io): Promise<number> {
  const clock = new SystemClock();
  const now = clock.now();
  const input = { ...surroundings(io, now, io.stderr), flags };
  const { settings, more } = await loadOrgSettings(input, () => ({
    until: () => instantFlag('--until', flags.until, now),
  }));
  const { folder } = await findOrgState(io, flags);
  const beside = new Beside(folder, { readOnly: false });
  try {
    const desk = new AuditDesk(beside);
    const horizon = desk.horizon();
    refuseOther(settings.org.url.host, horizon.org);
    const asked = { since: settings.since ?? now - DAY_MS, until: more.until, now };
    const window = windowOf(asked, horizon);
    const routes = namedRoutes(beside);
    const only = flags.route === undefined ? routes : [routeNamed(routes, flags.route, '--route')];
    const auditor = new Auditor({ desk, horizon, routes: only, window, now });
    const newest = horizon.versions.at(-1);
    const repair = flags.repair === true ? new Repair(beside, desk, newest?.id) : undefined;
    const plan = { settings, window, query: newest?.query, beside, folder, repair, clock, io };
    const stretch = await readAll(auditor, plan);
    const tallies = talliesShown(auditor.tallies, horizon.versions, stretch.window);
    const repaired = repair === undefined ? {} : { repaired: repair.owed };
    const { coverage, events } = auditor;
    const behind = isBehind(horizon, now) ? horizon.readTo : undefined;
    const org = settings.org.url.host;
    const audited = { org, events, ...stretch, coverage, behind, tallies, ...repaired };
    print(auditor, audited, { flags, io });
    return addsUp(audited) ? EXIT.asAsked : EXIT.doesNotAddUp;
  } finally {
    beside.close();
  }
}

/** All would seem to be missing, and --repair would owe one org's events to the routes of another. */
function refuseOther(org: string, known: string | undefined): void {
  if (known === undefined || known === org) return;
  refuse(
    'OKTA_ORG_URL',
    `it is ${org}, but the state is of ${known}`,
    'Name that org, or the state folder of this one with --state.',
  );
}

interface Plan {
  readonly settings: Settings;
  readonly window: Window;
  /** What was asked of Okta besides the time. */
  readonly query: string | undefined;
  readonly beside: Beside;
  /** The org's own, of the state. */
  readonly folder: string;
  readonly repair: Repair | undefined;
  readonly clock: Clock;
  readonly io: Io;
}

/** Reads to the end, or until a signal asks it to stop. @throws OktaError StateError */
async function readAll(
  auditor: Auditor,
  plan: Plan,
): Promise<Pick<Audited, 'window' | 'partial' | 'unreadable'>> {
  const { settings, window, query, repair, clock } = plan;
  const { progress, systemLog, stop, close } = openBoundedRead({
    ...plan,
    notes: settings.org.notes,
    filter: query === undefined ? undefined : filterIn(query),
    rate: { onWait: (waitMs) => progress.waits(waitMs) },
    exitCode: EXIT.doesNotAddUp,
  });
  let share: RateShare | undefined;
  let unreadable = 0;
  try {
    share = await openRateShare({ ...plan, what: 'audit' }, stop);
    progress.show(0, undefined);
    systemLog.rateShare = share.now();
    for await (const page of ahead(systemLog.read(window, stop))) {
      const lacks = auditor.take(page.events);
      if (repair !== undefined && lacks.length > 0) {
        repair.owe(lacks, clock.now());
        auditor.repaired(lacks);
        await clock.sleep(REST_MS, stop);
      }
      unreadable += page.leftovers.length;
      progress.show(auditor.events, auditor.upTo);
      systemLog.rateShare = share.now();
    }
    const partial = stop.aborted;
    const until = partial ? (auditor.upTo ?? window.since) : window.until;
    auditor.finish(until, repair !== undefined);
    return { window: narrowed({ ...window, until }, auditor.from), partial, unreadable };
  } finally {
    await close();
    share?.close();
  }
}

/** A daemon goes on forgetting: what it forgot before its page came is not counted. */
function narrowed(window: Window, from: number): Window {
  if (from <= window.since) return window;
  const note = `from ${iso(from)} on: the ledger has forgotten what came before meanwhile`;
  return { ...window, since: from, notes: [...window.notes, note] };
}

function print(
  auditor: Auditor,
  audited: Audited,
  { flags, io }: { readonly flags: AuditFlags; readonly io: Io },
): void {
  if (flags.json === true) {
    writeJson(io.stdout, auditDocument(auditor, audited), 2);
    return;
  }
  writeProse(io.stdout, reportLines(auditor, audited));
}
