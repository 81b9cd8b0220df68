/** What is counted, for whom, and how it is said. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Metrics, type OrgSample, type RouteSample } from '../../../src/status/metrics/metrics.ts';
import { parseScrape } from '../../support/scrape.ts';

const LIMITS = { pollAgeMs: 300_000, queueAgeMs: 3_600_000 };
const WELL: OrgSample = { isHealthy: true, isWritable: true, limits: LIMITS };

function routed(...routes: RouteSample[]): OrgSample {
  return { ...WELL, routes };
}

const SIEM: RouteSample = { name: 'siem', state: 'flowing', queued: 3, oldestMs: 1_500, dead: 1 };

async function scraped(metrics: Metrics, ...samples: OrgSample[]) {
  return parseScrape(await metrics.text(samples));
}

test('two orgs are told apart by a label, and count each for itself', async () => {
  const metrics = new Metrics('1.2.3');
  const [acme, other] = [metrics.meter('acme.okta.com'), metrics.meter('other.okta.com')];
  acme.read(3, 0, [['siem'], ['siem', 'soar']]);
  other.read(1, 1, []);

  const seen = await scraped(
    metrics,
    { ...routed(SIEM), org: 'acme.okta.com', pollAgeMs: 1_000 },
    { ...routed({ ...SIEM, queued: 9 }), org: 'other.okta.com', isHealthy: false },
  );

  const polled = (org: string) => seen.value('loghook_events_polled_total', { org });
  assert.deepEqual([polled('acme.okta.com'), polled('other.okta.com')], [3, 1]);
  assert.equal(seen.value('loghook_events_matched_total', { route: 'siem' }), 2);
  assert.equal(seen.value('loghook_events_unmatched_total', { org: 'acme.okta.com' }), 1);
  assert.equal(seen.value('loghook_events_repeated_total', { org: 'other.okta.com' }), 1);
  assert.equal(seen.value('loghook_queue_depth', { org: 'other.okta.com', route: 'siem' }), 9);
  assert.equal(seen.value('loghook_healthy', { org: 'other.okta.com' }), 0);
  assert.equal(seen.value('loghook_poll_lag_seconds', { org: 'other.okta.com' }), undefined);
});

test('one org has no label of its own', async () => {
  const metrics = new Metrics('1.2.3');
  metrics.meter().read(1, 0, [['siem']]);

  const { text } = await scraped(metrics, routed(SIEM));

  assert.doesNotMatch(text, /org=/);
  assert.match(text, /^loghook_events_matched_total\{route="siem"\} 1$/m);
});

test('every name that others are told of is there from the start', async () => {
  const metrics = new Metrics('1.2.3');
  metrics.meter();

  const { names } = await scraped(metrics);

  for (const name of [
    'events_polled_total',
    'events_matched_total',
    'events_unmatched_total',
    'delivery_attempts_total',
    'deliveries_total',
    'delivery_seconds',
    'event_lag_seconds',
    'queue_depth',
    'queue_oldest_seconds',
    'route_state',
    'dead_letters',
    'poll_lag_seconds',
    'okta_rate_limit_remaining',
    'disk_used_ratio',
    'regex_seconds',
  ]) {
    assert.ok(names.has(`loghook_${name}`), name);
  }
});

test('a route begins at nothing, with every word there is', async () => {
  const metrics = new Metrics('1.2.3');
  metrics.meter();

  const seen = await scraped(metrics, routed(SIEM));

  for (const outcome of [
    'ok',
    'http_3xx',
    'http_4xx',
    'auth',
    'http_5xx',
    'throttled',
    'timeout',
    'dns',
    'connect',
    'tls',
    'blocked',
  ]) {
    assert.equal(seen.value('loghook_delivery_attempts_total', { outcome }), 0, outcome);
  }
  for (const result of ['delivered', 'dead', 'expired', 'dropped']) {
    assert.equal(seen.value('loghook_deliveries_total', { result }), 0, result);
  }
});

test('what was counted before a route is first asked for stays', async () => {
  const metrics = new Metrics('1.2.3');
  const meter = metrics.meter();
  meter.settled('siem', 'delivered');

  await scraped(metrics, routed(SIEM));
  meter.settled('siem', 'delivered');
  const seen = await scraped(metrics, routed(SIEM));

  assert.equal(seen.value('loghook_deliveries_total', { result: 'delivered' }), 2);
});

test('a route that is gone has no gauges any more, and keeps what it counted', async () => {
  const metrics = new Metrics('1.2.3');
  metrics.meter().attempted('siem', 'ok', 12);
  await scraped(metrics, routed(SIEM));

  const seen = await scraped(metrics, routed());

  assert.equal(seen.value('loghook_queue_depth'), undefined);
  assert.equal(seen.value('loghook_route_state'), undefined);
  assert.equal(seen.value('loghook_delivery_attempts_total', { outcome: 'ok' }), 1);
});

test('a queue that was left behind under a name that another has now is added to it', async () => {
  const metrics = new Metrics('1.2.3');

  const left: RouteSample = { ...SIEM, state: 'removed', queued: 4, oldestMs: 9_000_000 };

  for (const order of [
    [SIEM, left],
    [left, SIEM],
  ]) {
    const seen = await scraped(metrics, routed(...order));

    const value = (name: string, more = {}) => seen.value(name, { route: 'siem', ...more });
    assert.deepEqual([value('loghook_queue_depth'), value('loghook_dead_letters')], [7, 2]);
    assert.equal(value('loghook_queue_oldest_seconds'), 1.5, 'its own, and no sum of ages');
    const states = ['flowing', 'removed'].map((state) => value('loghook_route_state', { state }));
    assert.deepEqual(states, [1, 0], 'it is in one state');
  }
});

test('a part of a delay that is not known is not counted', async () => {
  const metrics = new Metrics('1.2.3');
  metrics.meter().lagged('siem', { queueMs: 2_000, sendMs: 30 });

  const seen = await scraped(metrics, WELL);

  const count = (part: string) => seen.value('loghook_event_lag_seconds_count', { part });
  assert.deepEqual(['okta', 'poll', 'queue', 'send'].map(count), [undefined, undefined, 1, 1]);
  assert.equal(seen.value('loghook_event_lag_seconds_sum', { part: 'queue' }), 2);
  assert.equal(seen.value('loghook_event_lag_seconds_bucket', { part: 'queue', le: '2.5' }), 1);
});

test('buckets hold what is at most their bound, and add up', async () => {
  const metrics = new Metrics('1.2.3');
  for (const ms of [5, 5.1, 15_000, 15_001, 0]) metrics.meter().attempted('siem', 'ok', ms);

  const seen = await scraped(metrics, WELL);

  const bucket = (le: string) => seen.value('loghook_delivery_seconds_bucket', { le });
  assert.deepEqual(['0.005', '0.01', '5', '15', '+Inf'].map(bucket), [2, 3, 3, 4, 5]);
  assert.equal(seen.value('loghook_delivery_seconds_count'), 5);
  const sum = seen.value('loghook_delivery_seconds_sum') ?? 0;
  assert.ok(Math.abs(sum - 30.0111) < 1e-9);
});

test('an org that comes again goes on counting where it was', async () => {
  const metrics = new Metrics('1.2.3');
  metrics.meter('acme').attempted('siem', 'ok', 1);
  metrics.meter('acme').attempted('siem', 'ok', 1);

  const seen = await scraped(metrics);

  assert.equal(seen.value('loghook_delivery_seconds_count', { org: 'acme' }), 2);
  assert.equal(seen.text.match(/^loghook_delivery_seconds_count/gm)?.length, 1);
});

test('a name cannot break out of its label', async () => {
  const metrics = new Metrics('1.2.3');

  const name = 'a"} 1\nb\\';
  metrics.meter().attempted(name, 'ok', 1);

  const { text } = await scraped(metrics, routed({ ...SIEM, name }));

  assert.match(text, /^loghook_queue_depth\{route="a\\"\} 1\\nb\\\\"\} 3$/m);
  assert.match(text, /^loghook_delivery_seconds_count\{route="a\\"\} 1\\nb\\\\"\} 1$/m);
});

test('the process says what it takes', async () => {
  const seen = await scraped(new Metrics('1.2.3'), WELL);

  assert.equal(seen.value('loghook_build_info', { version: '1.2.3' }), 1);
  for (const name of [
    'process_resident_memory_bytes',
    'process_cpu_seconds_total',
    'process_start_time_seconds',
    'process_open_fds',
    'nodejs_heap_size_used_bytes',
    'nodejs_active_resources',
  ]) {
    assert.ok((seen.value(name) ?? 0) > 0, name);
  }
  const startedAt = seen.value('process_start_time_seconds') ?? 0;
  assert.ok(Math.abs(startedAt * 1_000 - performance.timeOrigin) < 1_000);
});
