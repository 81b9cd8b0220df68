/** How long after an event can be had from Okta its receiver has it, with `--interval auto` in an ordinary rate bucket. */
import { setTimeout as sleep } from 'node:timers/promises';
import { practiceEvents } from '../src/practice/events.ts';
import { PracticeOrg } from '../src/practice/org.ts';
import { PracticeReceiver } from '../src/practice/receiver.ts';
import { startLoghook } from './children.ts';

const RATE_LIMIT = 120;
const MINUTE_MS = 60_000;
const WARM_UP_MS = 5_000;
const MEASURED_MS = 45_000;
/** The longest that the last event may take. */
const LAST_MS = 10_000;

export interface Live {
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly events: number;
  /** At the pace of the measured time. */
  readonly requestsPerMinute: number;
  /** Requests that took the last of a window, or were refused. */
  readonly violations: number;
}

/** Events come every 300 to 700 ms, and are persisted as they are published. */
export async function live(): Promise<Live> {
  const org = await PracticeOrg.open({ rateLimit: RATE_LIMIT });
  const receiver = await PracticeReceiver.open();
  const loghook = await startLoghook(org, `.*,${receiver.url}/\n`, {
    LOGHOOK_RETRY_SECONDS: 'auto',
  });
  const persistedAt = new Map<string, number>();
  try {
    await feed(org, WARM_UP_MS);
    const [from, before] = [Date.now(), org.requestCount];
    await feed(org, MEASURED_MS, persistedAt);
    const [until, after] = [Date.now(), org.requestCount];
    const delays = await delaysOf(receiver, persistedAt);
    return {
      p50Ms: quantile(delays, 0.5),
      p95Ms: quantile(delays, 0.95),
      events: delays.length,
      requestsPerMinute: ((after - before) / (until - from)) * MINUTE_MS,
      violations: org.violations,
    };
  } finally {
    await loghook.stop();
    await Promise.all([receiver.close(), org.close()]);
  }
}

/** Notes by uuid when each one can be had. */
async function feed(org: PracticeOrg, ms: number, persistedAt?: Map<string, number>) {
  for (const end = Date.now() + ms; Date.now() < end; ) {
    await sleep(300 + Math.random() * 400);
    const now = Date.now();
    const raw = practiceEvents(now, { from: now, everyMs: 0 }).next().value;
    persistedAt?.set(uuidOf(raw), now);
    org.add(raw, { publishedAt: now, persistedAt: now });
  }
}

/** Of those in `persistedAt`, once all of them have come. Throws when one has not. */
async function delaysOf(receiver: PracticeReceiver, persistedAt: ReadonlyMap<string, number>) {
  for (const end = Date.now() + LAST_MS; ; await sleep(100)) {
    const receivedAt = new Map(receiver.received.map(({ body, at }) => [uuidOf(body), at]));
    const delays = [...persistedAt].map(([id, at]) => (receivedAt.get(id) ?? Number.NaN) - at);
    if (delays.every((ms) => ms >= 0)) return delays.sort((a, b) => a - b);
    if (Date.now() > end) throw new Error('an event was never received');
  }
}

function uuidOf(raw: Buffer): string {
  return JSON.parse(raw.toString()).uuid;
}

function quantile(sorted: readonly number[], part: number): number {
  return sorted[Math.ceil(part * sorted.length) - 1] ?? Number.NaN;
}
