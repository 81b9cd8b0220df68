/** What the soak found: the receivers' own record, the audit of each org, and what grew; in words for people. */
import { growth, round, type Sample, slopeMb } from './measure.ts';
import type { OrgDesk } from './org-desk.ts';
import type { Cut, Soak } from './soak.ts';

/** An answer is recorded within a few ms of its coming; the rest is for a machine that is busy. */
const WINDOW_MS = 3_000;
/** A request that was sent before a kill may be seen here so much later. */
const LAG_MS = 500;

export interface Verdict {
  readonly faults: readonly string[];
  readonly lines: readonly string[];
}

/** Beside the running daemon, when all is calm. */
export async function judge({ orgs, cuts, samples }: Soak): Promise<Verdict> {
  const all = await Promise.all(orgs.map((desk) => judgeOne(desk, cuts)));
  return {
    faults: [...all.flatMap(({ faults }) => faults), ...growth(samples)],
    lines: [...all.flatMap(({ lines }) => lines), '', ...table(samples)],
  };
}

async function judgeOne(desk: OrgDesk, cuts: readonly Cut[]): Promise<Verdict> {
  const received = await receivedVerdict(desk, cuts);
  const audited = await audit(desk);
  return {
    faults: [...received.faults, ...audited.faults].map((fault) => `${desk.name}: ${fault}`),
    lines: ['', ...received.lines, ...audited.lines],
  };
}

async function receivedVerdict(desk: OrgDesk, cuts: readonly Cut[]): Promise<Verdict> {
  const { scene } = desk;
  const { reception } = scene;
  const repeats = reception.repeats();
  const unexplained = repeats.filter(({ eventId, path, first, second }) => {
    if (path === '/siem' && scene.everAsked.has(eventId) && second.isReplay) return false;
    if (path === '/siem' && scene.mayRepeat(eventId)) return false;
    return !cuts.some(
      ({ from, to }) =>
        from - WINDOW_MS <= first.at && first.at <= to + LAG_MS && from <= second.at,
    );
  });
  const { faults: strange } = reception;
  const shown = await Promise.all(
    unexplained.slice(0, 3).map(({ eventId }) => desk.command(['show', eventId])),
  );
  const storm = [...scene.answers.given.values()].reduce((sum, count) => sum + count, 0);
  return {
    faults: [
      ...[...scene.owed].slice(0, 5).map((one) => `LOST: ${one}`),
      ...strange.slice(0, 5),
      ...unexplained.slice(0, 5).map((one) => `repeat without a cause: ${JSON.stringify(one)}`),
      ...shown.map(({ stdout }) => stdout),
    ],
    lines: [
      `${scene.name} (${scene.org.url}): ${scene.written} events written, ${reception.requests} requests received`,
      `  receivers: ${scene.owed.size} lost, ${strange.length} changed or strange, ${repeats.length} repeats, ${unexplained.length} of them without a cause`,
      `  weather: ${storm} wrong answers of ${scene.answers.given.size} kinds on siem, ${scene.orgFaultCount} faults of the org`,
    ],
  };
}

interface AuditDocument {
  readonly addsUp: boolean;
  readonly events: number;
  readonly routes: readonly {
    readonly route: string;
    readonly missing: number;
    readonly changed: number;
    readonly duplicates: number;
    readonly addsUp: boolean;
  }[];
}

async function audit(desk: OrgDesk): Promise<Verdict> {
  const window = ['--since', '1d', '--until', '2s'];
  const json = await desk.command(['audit', ...window, '--json']);
  const shown = await desk.command(['audit', ...window]);
  if (json.code !== 0)
    return {
      faults: [`the audit ended with ${json.code}\n${shown.stdout}${json.stderr}`],
      lines: [],
    };
  const found: AuditDocument = JSON.parse(json.stdout);
  const sum = (of: (route: AuditDocument['routes'][number]) => number) =>
    found.routes.reduce((total, route) => total + of(route), 0);
  const missing = sum((route) => route.missing);
  const changed = sum((route) => route.changed);
  const isGood = found.addsUp && missing === 0 && changed === 0 && found.events > 0;
  return {
    faults: isGood ? [] : [`the audit does not add up:\n${shown.stdout}`],
    lines: [
      `  audit: ${found.events} events of ${found.routes.length} routes, ${missing} missing, ${changed} changed`,
      ...shown.stdout
        .trimEnd()
        .split('\n')
        .map((line) => `    ${line}`),
    ],
  };
}

function table(samples: readonly Sample[]): string[] {
  const rows = samples.map(({ label, events, rssMb, heldMb, handles, diskMb, walMb }) =>
    [label.padEnd(16), events, round(rssMb), round(heldMb), handles, round(diskMb), round(walMb)]
      .map((cell) => String(cell).padStart(10))
      .join(''),
  );
  const heads = ['CALM'.padEnd(16), 'EVENTS', 'RSS MB', 'HELD MB', 'HANDLES', 'DISK MB', 'WAL MB'];
  return [
    `  ${heads.map((head) => head.padStart(10)).join('')}`,
    ...rows.map((row) => `  ${row}`),
    `  memory held: ${(slopeMb(samples) * 1024).toFixed(0)} KB for each 1,000 events`,
  ];
}
