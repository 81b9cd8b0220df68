/** What every test of the System Log needs: one on a fake clock, its log lines, and a way to let time pass. */
import { openLog } from '../../src/log.ts';
import { type Page, SystemLog, type SystemLogOptions } from '../../src/okta/system-log.ts';
import { FakeClock, settle } from './fake-clock.ts';

export const TOKEN = '00marked-secret-token';
export const INTERVAL_MS = 15_000;
const LONGEST_MS = 7 * 86_400_000;

export interface LogLine {
  readonly level: number;
  readonly msg: string;
  readonly [field: string]: unknown;
}

export interface Desk {
  readonly clock: FakeClock;
  readonly lines: LogLine[];
  readonly systemLog: SystemLog;
  readonly stop: AbortController;
  /** Lets time pass, from timer to timer, until the next page is there. */
  next(pages: AsyncGenerator<Page>): Promise<Page>;
  /** As `next`, for anything that the fake clock holds up. */
  until<T>(promise: Promise<T>): Promise<T>;
  /** The messages logged so far, debug left out. */
  said(): string[];
  close(): Promise<void>;
}

export interface DeskOptions extends Partial<Omit<SystemLogOptions, 'clock'>> {
  readonly clock?: FakeClock;
  readonly token?: string;
}

export function openDesk(origin: string, options: DeskOptions = {}): Desk {
  const { token = TOKEN, clock = new FakeClock(), ...rest } = options;
  const lines: LogLine[] = [];
  const stop = new AbortController();
  const systemLog = new SystemLog({
    org: new URL(origin),
    identity: { kind: 'token', token },
    clock,
    log: openLog('debug', { write: (line) => lines.push(JSON.parse(line)) }),
    userAgent: 'loghook/test',
    interval: INTERVAL_MS,
    random: () => 0,
    ...rest,
  });
  const until = <T>(promise: Promise<T>) => letTimePass(clock, promise);
  return {
    clock,
    lines,
    systemLog,
    stop,
    until,
    next: async (pages) => {
      const result = await until(pages.next());
      if (result.done) throw new Error('the log ended');
      return result.value;
    },
    said: () => lines.filter(({ level }) => level > 20).map(({ msg }) => msg),
    close: async () => {
      stop.abort();
      await systemLog.close();
    },
  };
}

async function letTimePass<T>(clock: FakeClock, promise: Promise<T>): Promise<T> {
  const latest = clock.monotonic() + LONGEST_MS;
  let over = false;
  const mark = () => {
    over = true;
  };
  promise.then(mark, mark);
  while (!over) {
    await settle();
    const ms = over ? undefined : clock.nextTimerMs();
    if (ms !== undefined) await clock.advance(ms);
    if (clock.monotonic() > latest) throw new Error('nothing came for a week of fake time');
  }
  return promise;
}
