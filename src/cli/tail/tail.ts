/**
 * `loghook tail`: events on stdout, one a line, and nothing else there. Keeps no state and sends nothing; where a daemon runs,
 * it notes in the daemon's that it reads too.
 */
import { SystemClock } from '../../clock.ts';
import { type Flags, loadOrgSettings } from '../../config/config.ts';
import { refuse } from '../../config/problems.ts';
import { quote } from '../../config/quote.ts';
import type { Page, SystemLog } from '../../okta/system-log.ts';
import type { Pattern } from '../../routing/pattern.ts';
import { openGuestShare } from '../bounded-read/guest-share.ts';
import type { RateShare } from '../bounded-read/rate-share.ts';
import { daemonFolder } from '../daemon-folder.ts';
import { EXIT } from '../exit.ts';
import { instantFlag, refuseReversed } from '../instant-flag.ts';
import { type Io, type Output, startedFromTerminal, surroundings } from '../io.ts';
import { sayNotes } from '../notes.ts';
import { listenForSignals } from '../signals.ts';
import { FIRST_START_MS, openSystemLog } from '../system-log.ts';
import { parseMatch } from '../target.ts';
import { openCommandLog } from '../terminal/command-log.ts';
import { written } from '../terminal/written.ts';

interface TailFlags extends Flags {
  readonly match?: string;
  readonly until?: string;
}

export async function tail(flags: TailFlags, io: Io): Promise<number> {
  const clock = new SystemClock();
  const now = clock.now();
  const input = { ...surroundings(io, now, io.stderr), flags };
  const { settings, more } = await loadOrgSettings(input, (environment) => ({
    pattern: () => parseMatch(flags.match),
    until: () => untilAt(flags, now),
    folderOf: () => daemonFolder(input, environment),
  }));
  const { until, pattern } = more;
  const since = settings.since ?? now - FIRST_START_MS;
  if (until !== undefined) refuseReversed(since, until);
  const log = openCommandLog(settings, io.stderr, io.env);
  const systemLog = openSystemLog(settings, { version: io.version, clock, log });
  const stop = listenForSignals({
    fromTerminal: startedFromTerminal(io),
    onReload: () => undefined,
    exit: () => process.exit(EXIT.asAsked),
  });
  let share: RateShare | undefined;
  try {
    sayNotes(log, settings.org.notes);
    log.info({ org: settings.org.url.host, from: new Date(since).toISOString() }, 'tailing');
    const folder = more.folderOf(settings.org.url);
    share = await openGuestShare({ folder, what: 'tail', clock }, stop.soft);
    const pages =
      until === undefined
        ? systemLog.tail({ since }, stop.soft)
        : systemLog.read({ since, until }, stop.soft);
    await print(withinShare(pages, systemLog, share), pattern, io.stdout);
    return EXIT.asAsked;
  } finally {
    stop.release();
    await systemLog.close();
    share?.close();
  }
}

/** Others come to read beside it, and go. */
async function* withinShare(
  pages: AsyncIterable<Page>,
  systemLog: SystemLog,
  share: RateShare,
): AsyncGenerator<Page> {
  systemLog.rateShare = share.now();
  for await (const page of pages) {
    yield page;
    systemLog.rateShare = share.now();
  }
}

/** Ends with the pages, or quietly when nobody reads any more (`| head -1`). @throws StateError */
async function print(pages: AsyncIterable<Page>, pattern: Pattern, output: Output): Promise<void> {
  for await (const { events } of pages) {
    const lines = events
      .filter(({ eventType }) => pattern.test(eventType ?? ''))
      .flatMap(({ raw }) => [oneLine(raw), NEWLINE]);
    if (lines.length > 0 && !(await written(output, Buffer.concat(lines)))) return;
  }
}

const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const NEWLINE = Buffer.from('\n');

/**
 * The event's bytes on one line. Line ends can only stand between JSON tokens (inside a string they are escaped:
 * RFC 8259 section 7), so each is replaced by a space; every other byte stays as Okta wrote it.
 */
function oneLine(raw: Buffer): Buffer {
  if (!raw.includes(LF) && !raw.includes(CR)) return raw;
  return Buffer.from(raw.map((byte) => (byte === LF || byte === CR ? SPACE : byte)));
}

/** `--until` makes it a bounded read, whose beginning a person has to name. */
function untilAt({ until, since }: TailFlags, now: number): number | undefined {
  if (until === undefined) return undefined;
  if (since === undefined) refuse('--until', 'it needs --since too', 'say where the read begins');
  const at = instantFlag('--until', until, now);
  if (at !== undefined && at > now)
    refuse('--until', `${quote(until)} lies in the future`, 'leave it out to follow');
  return at;
}
