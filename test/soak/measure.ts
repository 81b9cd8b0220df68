/** What a daemon takes while nothing happens: memory, handles, disk; and whether it takes more and more. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

const MB = 1024 * 1024;

/** A reading at a calm moment. */
export interface Sample {
  readonly label: string;
  /** Written by all orgs up to here. */
  readonly events: number;
  readonly rssMb: number;
  /** What it holds on to when its garbage is gone: where a leak would be. */
  readonly heldMb: number;
  readonly handles: number;
  readonly diskMb: number;
  /** The largest of SQLite's write-ahead logs: each org has one. */
  readonly walMb: number;
}

export function takeSample(
  label: string,
  {
    pid,
    heldBytes,
    folder,
    events,
  }: {
    readonly pid: number;
    readonly heldBytes: number;
    readonly folder: string;
    readonly events: number;
  },
): Sample {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const ofStatus = (name: string) =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) / 1024;
  const files = filesIn(folder);
  const sum = (all: readonly (readonly [string, number])[]) =>
    all.reduce((total, [, size]) => total + size, 0) / MB;
  return {
    label,
    events,
    rssMb: ofStatus('VmRSS'),
    heldMb: heldBytes / MB,
    handles: readdirSync(`/proc/${pid}/fd`).length,
    diskMb: sum(files),
    walMb: Math.max(0, ...files.map(([name, size]) => (name.endsWith('-wal') ? size : 0))) / MB,
  };
}

function filesIn(folder: string): (readonly [name: string, size: number])[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).flatMap((name) => {
    const stats = statSync(join(folder, name), { throwIfNoEntry: false });
    return stats?.isFile() === true ? [[name, stats.size] as const] : [];
  });
}

/** Caches, compiled code, connections: a single reading is off by so much. */
const HELD_SLACK_MB = 10;
/** With what V8 has not given back: it grows for some waves before it stays. */
const RSS_SLACK_MB = 100;
/** Of the middle of many readings: 4 MB between the first and the last third. */
const STEADY = { heldMb: 4, rssMb: 30 };
/** From so many on, a third of them has a middle. */
const MANY = 9;
/** Connections that are kept open for the next request come and go. */
const HANDLE_SLACK = 4;
/** An event with its deliveries, attempts and bytes, on disk. */
const MOST_KB_AN_EVENT = 4;
const DISK_SLACK_MB = 12;
const MOST_WAL_MB = 24;

/** What grew from the first wave's calm to the last one's, in words; none when all is flat. Before that it warms up. */
export function growth([, ...samples]: readonly Sample[]): string[] {
  const first = samples[0];
  const last = samples.at(-1);
  if (first === undefined || last === undefined) return ['nothing was measured'];
  const events = last.events - first.events;
  const held = last.heldMb - first.heldMb;
  const rss = last.rssMb - first.rssMb;
  const mostDisk = first.diskMb + (events * MOST_KB_AN_EVENT) / 1024 + DISK_SLACK_MB;
  return [
    ...(held > HELD_SLACK_MB
      ? [`memory held grew by ${round(held)} MB over ${events} events (at most ${HELD_SLACK_MB})`]
      : []),
    ...(rss > RSS_SLACK_MB ? [`RSS grew by ${round(rss)} MB (at most ${RSS_SLACK_MB})`] : []),
    ...creep(samples),
    ...(last.handles > first.handles + HANDLE_SLACK
      ? [
          `file handles grew from ${first.handles} to ${last.handles} (at most ${HANDLE_SLACK} more)`,
        ]
      : []),
    ...(last.diskMb > mostDisk
      ? [
          `disk grew from ${round(first.diskMb)} to ${round(last.diskMb)} MB (at most ${round(mostDisk)})`,
        ]
      : []),
    ...(last.walMb > MOST_WAL_MB ? [`a write-ahead log of ${round(last.walMb)} MB`] : []),
  ];
}

/** What grows slowly, where there are enough readings to tell it from what comes and goes. */
function creep(samples: readonly Sample[]): string[] {
  if (samples.length < MANY) return [];
  const size = Math.floor(samples.length / 3);
  // RSS warms up for longer than the first third.
  const thirds = [samples.slice(0, size), samples.slice(size, 2 * size), samples.slice(-size)];
  const [early = 0, , late = 0] = thirds.map((third) => middle(third.map((one) => one.heldMb)));
  const [, warm = 0, end = 0] = thirds.map((third) => middle(third.map((one) => one.rssMb)));
  return [
    ...(late - early > STEADY.heldMb
      ? [`memory held crept from ${round(early)} to ${round(late)} MB (at most ${STEADY.heldMb})`]
      : []),
    ...(end - warm > STEADY.rssMb
      ? [`RSS crept from ${round(warm)} to ${round(end)} MB (at most ${STEADY.rssMb})`]
      : []),
  ];
}

function middle(values: readonly number[]): number {
  return [...values].sort((one, other) => one - other)[values.length >> 1] ?? 0;
}

/** MB for each 1,000 events, over all samples but the first: least squares. */
export function slopeMb([, ...samples]: readonly Sample[]): number {
  const n = samples.length;
  const mean = (of: (sample: Sample) => number) =>
    samples.reduce((total, sample) => total + of(sample), 0) / n;
  const x = mean(({ events }) => events);
  const y = mean(({ heldMb }) => heldMb);
  const top = samples.reduce((t, s) => t + (s.events - x) * (s.heldMb - y), 0);
  const bottom = samples.reduce((t, s) => t + (s.events - x) ** 2, 0);
  return bottom === 0 ? 0 : (top / bottom) * 1_000;
}

export function round(value: number): string {
  return value.toFixed(value < 10 ? 1 : 0);
}
