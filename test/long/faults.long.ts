/** Every fault of the practice org and every status of a receiver against the real process: nothing lost, said once, over. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Fault } from '../../src/practice/faults.ts';
import type { ReceivedRequest } from '../../src/practice/receiver.ts';
import { Daemon } from '../support/daemon.ts';
import { addEvents, openOrg, openReceiver, Sandbox } from '../support/loghook.ts';

const EVERY_SECOND = ['--interval', '1s'];

test('delivers every event whose first answer had a status from 200 to 599', async (t) => {
  const { org } = await openOrg(t);
  const receiver = await openReceiver(t);
  const statuses = Array.from({ length: 400 }, (_, n) => 200 + n);
  // A good event between any two, or else it would be the route's trouble.
  const raws = addEvents(org, statuses.length * 2);
  const ids = raws.map((raw): string => JSON.parse(raw.toString()).uuid);
  const firstAnswers = new Map(statuses.map((status, n) => [ids[n * 2], status]));
  const seen = new Set<string>();
  receiver.answer = ({ id = '' }) => {
    const status = seen.has(id) ? 204 : (firstAnswers.get(id) ?? 204);
    seen.add(id);
    return { status, headers: { location: `${receiver.url}/elsewhere` } };
  };
  const daemon = new Daemon(new Sandbox(t), {
    org,
    routes: [['.', `${receiver.url}/hook`]],
    args: EVERY_SECOND,
  });

  const left = () => ids.length - receiver.accepted;
  await daemon.untilNone(left, `${ids.length} accepted`, 300_000);
  const { code } = await daemon.stop();

  const expected = ids.map((id) => [id, (firstAnswers.get(id) ?? 204) < 300 ? 1 : 2]);
  assert.deepEqual(
    ids.map((id) => [id, receiver.received.filter((request) => request.id === id).length]),
    expected,
  );
  assert.deepEqual(
    receiver.received.filter(({ path }) => path !== '/hook'),
    [],
  );
  assert.deepEqual(changed(receiver.received, raws), []);
  assert.deepEqual(daemon.said('dead letter'), []);
  assert.equal(daemon.said('stopped')[0]?.owed, 0);
  assert.equal(code, 0);
});

interface Case {
  readonly name: string;
  readonly fault: Fault;
  readonly times: number;
  /** What is said when it starts; nothing where nobody has to know. */
  readonly says?: string;
  readonly ends?: string;
}

const UNREACHABLE = { says: 'okta unreachable', ends: 'okta reachable again' };
const BAD_PAGE = {
  says: 'okta sent a page that cannot be read, reading it again',
  ends: 'okta sends whole pages again',
};
const REFUSED = {
  says: 'okta refused the credentials',
  ends: 'okta accepts the credentials again',
};
const REREAD = { says: 'cursor refused; reading again from earlier' };

const status = (code: number, headers?: Record<string, string>): Fault => ({
  kind: 'status',
  status: code,
  ...(headers && { headers }),
});

const CASES: readonly Case[] = [
  ...[408, 500, 501, 502, 503, 504].map((code) => ({
    name: `status ${code}`,
    fault: status(code),
    times: 3,
    ...UNREACHABLE,
  })),
  ...[400, 404, 410].map((code) => ({
    name: `status ${code} to a link`,
    fault: status(code),
    times: 1,
    ...REREAD,
  })),
  ...[301, 302, 307].map((code) => ({
    name: `redirect ${code}`,
    fault: status(code, { location: 'http://127.0.0.1:9/api/v1/logs' }),
    times: 2,
    says: 'okta answered with a redirect, which is never followed',
    ends: 'okta answers without a redirect again',
  })),
  ...[401, 403].map((code) => ({
    name: `status ${code}`,
    fault: status(code),
    times: 1,
    ...REFUSED,
  })),
  { name: 'status 429', fault: status(429), times: 1 },
  {
    name: 'status 429, too many at once',
    fault: status(429, { 'x-rate-limit-limit': '0' }),
    times: 3,
  },
  { name: 'reset', fault: { kind: 'reset' }, times: 3, ...UNREACHABLE },
  {
    name: 'truncate at once',
    fault: { kind: 'truncate', afterBytes: 0 },
    times: 3,
    ...UNREACHABLE,
  },
  { name: 'truncate', fault: { kind: 'truncate', afterBytes: 700 }, times: 3, ...BAD_PAGE },
  { name: 'cut-json', fault: { kind: 'cut-json', afterBytes: 300 }, times: 3, ...BAD_PAGE },
  { name: 'hang', fault: { kind: 'hang' }, times: 1, ...UNREACHABLE },
  { name: 'hang in the body', fault: { kind: 'hang', afterBytes: 500 }, times: 1, ...UNREACHABLE },
  {
    name: 'html',
    fault: { kind: 'html' },
    times: 3,
    says: 'okta answered with something else than events',
    ends: 'okta answers with events again',
  },
  { name: 'slow', fault: { kind: 'slow', ms: 3_000 }, times: 2 },
  { name: 'stale-link', fault: { kind: 'stale-link' }, times: 1, ...REREAD },
  {
    name: 'foreign-link',
    fault: { kind: 'foreign-link', url: 'https://example.com/api/v1/logs?after=1' },
    times: 1,
    says: 'a link that leads away from the org was not followed',
    ends: 'okta links to the org again',
  },
  { name: 'no-link', fault: { kind: 'no-link' }, times: 2, ...BAD_PAGE },
  {
    name: 'body',
    fault: { kind: 'body', body: Buffer.from('{"errorCode":"E0000009"}') },
    times: 2,
    ...BAD_PAGE,
  },
];

describe('faults of the org', { concurrency: 6 }, () => {
  for (const { name, fault, times, says, ends } of CASES) {
    test(`loses nothing to ${name}, says it once, goes on`, async (t) => {
      const { org } = await openOrg(t);
      const receiver = await openReceiver(t);
      const first = addEvents(org, 5, 10_000, 1);
      const daemon = new Daemon(new Sandbox(t), {
        org,
        routes: [['.', receiver.url]],
        args: EVERY_SECOND,
      });
      await daemon.until(() => receiver.accepted === 5, 'the first events');

      org.fail(fault, times);
      const second = addEvents(org, 5, 0, 2);
      await daemon.until(() => receiver.accepted === 10, 'the second events', 200_000);
      if (ends !== undefined) await daemon.untilSaid(ends);
      const third = addEvents(org, 5, 0, 3);
      await daemon.until(() => receiver.accepted >= 15, 'the third events');
      const { code } = await daemon.stop();

      const raws = [...first, ...second, ...third];
      assert.equal(receiver.received.length, raws.length);
      assert.deepEqual(changed(receiver.received, raws), []);
      assert.deepEqual(
        daemon.warnings().map(({ msg }) => msg),
        says === undefined ? [] : [says],
      );
      if (ends !== undefined) assert.equal(daemon.said(ends).length, 1);
      assert.equal(daemon.said('stopped')[0]?.owed, 0);
      assert.equal(code, 0);
    });
  }
});

/** The ids of what came with other bytes than those that the org wrote. */
function changed(received: readonly ReceivedRequest[], raws: readonly Buffer[]): unknown[] {
  const written = new Map(raws.map((raw) => [JSON.parse(raw.toString()).uuid, raw]));
  return received.filter(({ id, body }) => !written.get(id)?.equals(body)).map(({ id }) => id);
}
