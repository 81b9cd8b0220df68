/** Carries out an order: reads Okta inside the rate share that all processes of the state folder have together. */
import { filterIn } from '../../okta/position.ts';
import { SystemLog } from '../../okta/system-log.ts';
import { holderOf } from '../../state/folder.ts';
import { freeBytesAt } from '../../state/history.ts';
import { openReader, type Reader, WHOLE_SHARE } from '../../state/readers.ts';
import { openCommandLog } from '../command-log.ts';
import { EXIT } from '../exit.ts';
import { startedFromTerminal, userAgentOf } from '../io.ts';
import { Progress } from '../rehearsal/progress.ts';
import { proxyOption } from '../session.ts';
import { listenForSignals, type StopSignals } from '../signals.ts';
import { Bar } from './bar.ts';
import { type Came, type Progressed, Reading } from './reading.ts';
import type { Order, Sources } from './sources.ts';

/** A daemon that sends beside us comes to write between two pages. */
const REST_MS = 20;
/** A daemon looks once a second who else reads. */
const NOTICED_MS = 1_500;
/** Of what writes nothing the daemon does not know, so it takes little. */
const UNKNOWN_SHARE = WHOLE_SHARE / 5;

/** What the backfill of this id is called among the readers of Okta. */
export function readerName(id: number): string {
  return `backfill ${id}`;
}

export interface Performed {
  readonly came: Came;
  /** It was stopped before its end. */
  readonly isPartial: boolean;
}

/** To its end, or until a signal asks it to stop. @throws OktaError StateError ConfigError */
export async function perform(sources: Sources, order: Order): Promise<Performed> {
  const { clock, io } = sources;
  const progress = new Progress(io.stderr);
  const stop = listenForSignals({
    fromTerminal: startedFromTerminal(io),
    onReload: () => undefined,
    exit: () => process.exit(EXIT.asAsked),
  });
  const bar = openBar(sources, order, progress);
  const systemLog = openSystemLog(sources, progress, (waitMs) => bar.waits(waitMs));
  let reader: Reader | undefined;
  try {
    if (order.kind === 'backfill') reader = await readerOf(sources, order.backfill.id, stop);
    const came = await read(sources, order, { bar, systemLog, reader, stop });
    return { came, isPartial: stop.soft.aborted };
  } finally {
    progress.end();
    stop.release();
    reader?.close(clock.now());
    await systemLog.close();
  }
}

interface Tools {
  readonly bar: Bar;
  readonly systemLog: SystemLog;
  readonly reader: Reader | undefined;
  readonly stop: StopSignals;
}

function read(sources: Sources, order: Order, tools: Tools): Promise<Came> {
  const { clock, folder } = sources;
  const { bar, systemLog, reader, stop } = tools;
  const takeShare = () => {
    systemLog.rateShare = shareOf(sources, reader);
  };
  const reading = new Reading({
    ...sources,
    systemLog,
    now: () => clock.now(),
    freeBytes: () => freeBytesAt(folder),
    onPage: async (at: Progressed) => {
      bar.show(at);
      takeShare();
      await clock.sleep(REST_MS, stop.soft);
    },
  });
  takeShare();
  bar.show(order.kind === 'rehearsal' ? { events: 0, owed: 0 } : order.backfill);
  return order.kind === 'rehearsal'
    ? reading.rehearse(order.range, stop.soft)
    : reading.run(order.backfill, order.backfills, stop.soft);
}

function openBar({ clock, io }: Sources, order: Order, progress: Progress): Bar {
  const parts = { progress, stderr: io.stderr, monotonic: () => clock.monotonic() };
  const isDry = order.kind === 'rehearsal';
  return new Bar({ ...parts, isDry, ...spanOf(order) }, isDry ? 0 : order.backfill.events);
}

function spanOf(order: Order): { readonly from: number; readonly until: number } {
  if (order.kind === 'rehearsal') return { from: order.range.since, until: order.range.until };
  const { since, readTo = since, until } = order.backfill;
  return { from: readTo, until };
}

async function readerOf(
  { beside, folder, clock }: Sources,
  id: number,
  stop: StopSignals,
): Promise<Reader> {
  const reader = openReader(beside, {
    pid: process.pid,
    what: readerName(id),
    now: clock.now(),
  });
  if (holderOf(folder) !== undefined) await clock.sleep(NOTICED_MS, stop.soft);
  return reader;
}

function shareOf({ folder, clock }: Sources, reader: Reader | undefined): number {
  const daemon = holderOf(folder) === undefined ? 'none' : 'runs';
  if (reader !== undefined) return reader.share(clock.now(), daemon);
  return daemon === 'none' ? WHOLE_SHARE : UNKNOWN_SHARE;
}

function openSystemLog(
  { settings, notes, reach, clock, io }: Sources,
  progress: Progress,
  onWait: (waitMs: number) => void,
) {
  const log = openCommandLog(settings, progress.isTTY ? progress : io.stderr, io.env);
  for (const note of [...settings.org.notes, ...notes]) log.warn({ note }, 'setting put right');
  // What the daemon asks for: an event that it filters out was never wanted.
  const filter = filterIn(reach.query);
  return new SystemLog({
    org: settings.org.url,
    identity: settings.identity,
    clock,
    log,
    userAgent: userAgentOf(io.version),
    interval: settings.interval,
    // Whatever others take of it, half of a window is never used up by this.
    rateReserve: 1 - WHOLE_SHARE,
    onWait,
    ...(filter === undefined ? {} : { filter }),
    ...proxyOption(settings.proxyFor(settings.org.url)),
  });
}
