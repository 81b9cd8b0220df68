/** What another program does with the package: it tails an org, and goes on from a cursor that it kept. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type Cursor,
  PracticeOrg,
  practiceEvents,
  SystemClock,
  SystemLog,
  silentLog,
} from '../src/index.ts';

/** Reads one page as a program of its own would, and stops. */
async function onePage(org: PracticeOrg, from: { since: number } | { cursor: Cursor }) {
  const systemLog = new SystemLog({
    org: new URL(org.url),
    identity: { kind: 'token', token: org.token },
    interval: 15_000,
    clock: new SystemClock(),
    log: silentLog(),
    userAgent: 'mine/1.0',
  });
  const stop = new AbortController();
  try {
    for await (const page of systemLog.tail(from, stop.signal)) return page;
    throw new Error('it ended before a page came');
  } finally {
    stop.abort();
    await systemLog.close();
  }
}

test('a program reads events as Okta wrote them, and goes on from the cursor that it kept', async (t) => {
  const org = await PracticeOrg.open();
  t.after(() => org.close());
  const events = practiceEvents(1, { from: Date.now() - 60_000 });
  const [first, second, third] = [events.next().value, events.next().value, events.next().value];
  org.add(first);
  org.add(second);

  const before = await onePage(org, { since: Date.now() - 120_000 });
  org.add(third);
  const after = await onePage(org, { cursor: before.cursor });

  assert.deepEqual(
    before.events.map(({ raw }) => raw.toString()),
    [first, second].map(String),
  );
  assert.deepEqual(
    after.events.map(({ raw }) => raw.toString()),
    [third].map(String),
  );
});
