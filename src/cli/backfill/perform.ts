/** Carries out an order: reads Okta inside the rate share that all processes of the state folder have together. */
import { filterIn } from '../../okta/place/position.ts';
import type { SystemLog } from '../../okta/system-log.ts';
import { WHOLE_SHARE } from '../../state/beside/readers.ts';
import { freeBytesAt } from '../../state/pruning/history.ts';
import { openBoundedRead } from '../bounded-read/bounded-read.ts';
import { openGuestShare } from '../bounded-read/guest-share.ts';
import type { Progress } from '../bounded-read/progress.ts';
import { openRateShare, type RateShare } from '../bounded-read/rate-share.ts';
import { EXIT } from '../exit.ts';
import { Bar } from './bar.ts';
import { type Came, type Progressed, Reading } from './reading.ts';
import type { Order, Sources } from './sources.ts';

/** A daemon that sends beside us comes to write between two pages. */
const REST_MS = 20;
/** What the backfill of this id is called among the readers of Okta. */
export function readerName(id: number): string {
  return `backfill ${id}`;
}

interface Performed {
  readonly came: Came;
  /** It was stopped before its end. */
  readonly isPartial: boolean;
}

/** To its end, or until a signal asks it to stop. @throws OktaError StateError ConfigError */
export async function perform(sources: Sources, order: Order): Promise<Performed> {
  const { settings, notes, reach } = sources;
  const { progress, systemLog, stop, close } = openBoundedRead({
    ...sources,
    notes: [...settings.org.notes, ...notes],
    // What the daemon asks for: an event that it filters out was never wanted.
    filter: filterIn(reach.query),
    // Whatever others take of it, half of a window is never used up by this.
    rate: { rateReserve: 1 - WHOLE_SHARE, onWait: (waitMs) => bar.waits(waitMs) },
    exitCode: EXIT.asAsked,
  });
  const bar = openBar(sources, order, progress);
  let share: RateShare | undefined;
  try {
    share = await shareOf(sources, order, stop);
    const came = await read(sources, order, { bar, systemLog, share, stop });
    return { came, isPartial: stop.aborted };
  } finally {
    await close();
    share?.close();
  }
}

interface Tools {
  readonly bar: Bar;
  readonly systemLog: SystemLog;
  readonly share: RateShare;
  readonly stop: AbortSignal;
}

function read(sources: Sources, order: Order, tools: Tools): Promise<Came> {
  const { clock, folder } = sources;
  const { bar, systemLog, share, stop } = tools;
  const takeShare = () => {
    systemLog.rateShare = share.now();
  };
  const reading = new Reading({
    ...sources,
    systemLog,
    now: () => clock.now(),
    freeBytes: () => freeBytesAt(folder),
    onPage: async (at: Progressed) => {
      bar.show(at);
      takeShare();
      await clock.sleep(REST_MS, stop);
    },
  });
  takeShare();
  bar.show(order.kind === 'rehearsal' ? { events: 0, owed: 0 } : order.backfill);
  return order.kind === 'rehearsal'
    ? reading.rehearse(order.range, stop)
    : reading.run(order.backfill, order.backfills, stop);
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

async function shareOf(sources: Sources, order: Order, stop: AbortSignal): Promise<RateShare> {
  if (order.kind === 'rehearsal')
    return openGuestShare({ ...sources, what: 'backfill --dry-run' }, stop);
  return openRateShare({ ...sources, what: readerName(order.backfill.id) }, stop);
}
