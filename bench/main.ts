/**
 * `npm run bench`: every figure beside its limit, all of one run; with names of `ROWS`, those alone. Ratios hold on any
 * machine, absolute figures do not.
 */
import { benchAudit } from './audit.ts';
import { live } from './live.ts';
import { backlog, idle, installed, versionMs } from './memory.ts';
import { benchPage } from './page.ts';
import {
  bareSpeed,
  type DaemonSpeed,
  loghookSpeed,
  manySpeed,
  type Speed,
  scrapedSpeed,
  signed,
} from './throughput.ts';

const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 3);
const BACKLOG = Number(process.env.BENCH_BACKLOG ?? 1_000_000);
/** Enough for a dozen scrapes: the first one costs as much as many others. */
const SCRAPED = Number(process.env.BENCH_SCRAPED ?? 180_000);
/** After so long no more pairs of runs are begun. */
const SCRAPED_MS = 120_000;
const LEDGER = Number(process.env.BENCH_LEDGER ?? 1_000_000);

type Row = readonly [what: string, figure: string, limit: string, holds: boolean];

const rows: Row[] = [];

function row(what: string, figure: string, limit: string, holds: boolean): void {
  rows.push([what, figure, limit, holds]);
  console.log(`${holds ? 'ok  ' : 'MISS'}  ${what}: ${figure} (${limit})`);
}

async function best(measure: () => Promise<Speed>): Promise<number> {
  let perSecond = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    perSecond = Math.max(perSecond, (await measure()).perSecond);
  }
  return perSecond;
}

async function throughput(): Promise<void> {
  const slow = await best(() => loghookSpeed(5_000, 20));
  const sequential = (await bareSpeed(200, 20, 1)).perSecond;
  row(
    'receiver answers in 20 ms, 5,000 events',
    `${Math.round(slow)} events/s (a sequential sender: ${Math.round(sequential)})`,
    '≥ 1,500',
    slow >= 1_500,
  );
  const bare = await best(() => bareSpeed(20_000, 0, 64));
  const fast = await best(() => loghookSpeed(20_000, 0));
  row(
    'receiver answers at once, 20,000 events',
    `${Math.round(fast)} events/s, ${Math.round((fast / bare) * 100)} % of a bare loop's ${Math.round(bare)}`,
    '≥ 60 %',
    fast / bare >= 0.6,
  );
  const signing = await best(() => loghookSpeed(20_000, 0, signed));
  row(
    'the same, signed, from loghook.yaml',
    `${Math.round(signing)} events/s, ${Math.round((signing / fast) * 100)} % of unsigned`,
    '≥ 85 %',
    signing / fast >= 0.85,
  );
}

/**
 * Both at once, again and again: what else the machine does, and how fast it is just then, falls on both alike. What is
 * held is the processor time of the daemons, of which a busy one has no more to give.
 */
async function scraped(): Promise<void> {
  const pairs: { readonly without: DaemonSpeed; readonly withIt: DaemonSpeed }[] = [];
  const enoughAt = performance.now() + SCRAPED_MS;
  while (pairs.length < 2 || performance.now() < enoughAt) {
    const running = [loghookSpeed(SCRAPED, 0), scrapedSpeed(SCRAPED, 0)] as const;
    const [without, withIt] = await Promise.all(running);
    pairs.push({ without, withIt });
  }
  const sum = (all: readonly number[]) => all.reduce((one, other) => one + other, 0);
  const withMs = sum(pairs.map(({ withIt }) => withIt.cpuMs));
  const ratio = withMs / sum(pairs.map(({ without }) => without.cpuMs));
  const each = pairs.map(({ without, withIt }) => (withIt.cpuMs / without.cpuMs) * 100);
  const percent = (value: number) => value.toFixed(1);
  row(
    `${SCRAPED.toLocaleString('en-US')} events with --admin, scraped for each second of its work`,
    `${percent(ratio * 100)} % of the processor time without it (both at once, ${pairs.length} times: ${percent(Math.min(...each))} to ${percent(Math.max(...each))} %)`,
    '≤ 102 %',
    ratio <= 1.02,
  );
}

async function neighbours(): Promise<void> {
  const well = await best(() => manySpeed(400, 50, 'well'));
  const oneDead = await best(() => manySpeed(400, 50, 'dead'));
  row(
    '50 receivers, one of them dead',
    `the other 49 at ${Math.round(oneDead)} events/s, ${Math.round((oneDead / well) * 100)} % of their pace when all are well`,
    '≥ 95 %',
    oneDead / well >= 0.95,
  );
}

async function latency(): Promise<void> {
  const { p50Ms, p95Ms, events, requestsPerMinute, violations } = await live();
  row(
    `${events} live events, --interval auto, rate limit of 120 a minute`,
    `half of them from persisted to received in ${(p50Ms / 1000).toFixed(2)} s, 95 % in ${(p95Ms / 1000).toFixed(2)} s, with ${requestsPerMinute.toFixed(1)} requests a minute`,
    '≤ 1.5 s, ≤ 60, the last request never taken',
    p50Ms <= 1_500 && requestsPerMinute <= 60 && violations === 0,
  );
}

async function page(): Promise<void> {
  const { ratio } = await benchPage();
  row(
    'cutting a page of 1,000 events',
    `${ratio.toFixed(2)} × JSON.parse`,
    '≥ 1.2 ×',
    ratio >= 1.2,
  );
}

async function small(): Promise<void> {
  const { loghookMb, nodeMb } = await idle();
  row(
    'idle memory',
    `${loghookMb.toFixed(0)} MB, ${(loghookMb / nodeMb).toFixed(2)} × node`,
    '≤ 2.2 ×',
    loghookMb / nodeMb <= 2.2,
  );
  const startMs = versionMs();
  row('loghook --version', `${startMs.toFixed(0)} ms`, '≤ 150 ms', startMs <= 150);
  const { packages, scripts } = installed();
  row(
    'runtime install',
    `${packages} packages, ${scripts} need their install script`,
    '≤ 40, none',
    packages <= 40 && scripts === 0,
  );
}

async function owed(): Promise<void> {
  const { peakMb, statusMs } = await backlog(BACKLOG);
  row(
    `${BACKLOG.toLocaleString('en')} events owed, receiver down`,
    `peak RSS ${peakMb.toFixed(0)} MB`,
    '< 200 MB',
    peakMb < 200,
  );
  row('status with that queue', `${statusMs.toFixed(0)} ms`, '< 1,000 ms', statusMs < 1_000);
}

async function audit(): Promise<void> {
  const { seconds, peakMb, code } = await benchAudit(LEDGER);
  row(
    `audit of ${LEDGER.toLocaleString('en')} ledger lines`,
    `${seconds.toFixed(1)} s, peak RSS ${peakMb.toFixed(0)} MB${code === 0 ? '' : ', IT DOES NOT ADD UP'}`,
    '< 30 s, < 200 MB',
    code === 0 && seconds < 30 && peakMb < 200,
  );
}

function print(): void {
  console.log('\n| what | measured | limit | |\n| --- | --- | --- | --- |');
  for (const [what, figure, limit, holds] of rows) {
    console.log(`| ${what} | ${figure} | ${limit} | ${holds ? 'ok' : 'missed'} |`);
  }
}

/** By the name that asks for it alone: `npm run bench -- admin owed`. */
const ROWS: Readonly<Record<string, () => Promise<void>>> = {
  throughput,
  admin: scraped,
  neighbours,
  latency,
  page,
  small,
  owed,
  audit,
};

const asked = process.argv.slice(2);
for (const [name, measure] of Object.entries(ROWS)) {
  if (asked.length === 0 || asked.includes(name)) await measure();
}
print();
