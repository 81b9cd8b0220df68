/** `deliveries`, `show`, `replay`, `pause`, `resume` and `route`, through the front door. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { openDatabase, type SqlValue } from '../../src/state/database/sqlite.ts';
import { loghook } from '../support/front-door.ts';
import {
  A,
  allTo,
  B,
  delivered,
  eventOf,
  never,
  pageOf,
  recordAll,
  takeDue,
} from '../support/outbox-events.ts';
import { twoRoutes } from '../support/two-routes.ts';

async function withState(t: TestContext) {
  const { root, folder, clock, outbox } = await twoRoutes(t);
  const change = (sql: string, ...values: SqlValue[]) => {
    const database = openDatabase(join(folder, 'state.db'));
    database.prepare(sql).run(...values);
    database.close();
  };
  const run = (...args: string[]) => loghook([...args, '--state', root]);
  return { root, outbox, clock, run, change };
}

test('deliveries has a line for each event and route, newest event first', async (t) => {
  const { run } = await withState(t);

  const { code, stdout, stderr } = await run('deliveries');

  const lines = stdout.trimEnd().split('\n');
  assert.equal(code, 0);
  assert.match(stderr, /^12 lines$/m);
  assert.match(lines[0]!, /^TIME +EVENT +TYPE +ROUTE +STATUS +HTTP +TRIES +MS \/ WHY$/);
  assert.match(lines[1]!, /event-000006 +user\.session\.start +a\.example#1111 +due +- +0$/);
  assert.match(stdout, /event-000004 .* a\.example#1111 +waiting +503 +1 +next in 5\d min; 503 /);
  assert.match(stdout, /event-000002 .* dead +400 +1 +400 Bad Request$/m);
  assert.match(stdout, /event-000001 .* a\.example#1111 +delivered +200 +1 +12 ms$/m);
  assert.match(stdout, /event-000001 .* b\.example#2222 +held +- +0$/m);
});

test('deliveries stops at a limit and says how to see more', async (t) => {
  const { run } = await withState(t);

  const { stdout, stderr } = await run('deliveries', '--limit', '3');
  const json = await run('deliveries', '--json', '--route', 'a.', '--status', 'dead');

  assert.equal(stdout.trimEnd().split('\n').length, 4);
  assert.match(stderr, /^the newest 3; more with --limit, --since or --status, all with/m);
  const shown = json.stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.deepEqual(
    shown.map(({ event, route, httpStatus }) => [event, route, httpStatus]),
    [3, 2].map((n) => [eventOf(n).id, A.name, 400]),
  );
});

test('a table on a terminal keeps to its width', async (t) => {
  const { root } = await withState(t);

  for (const columns of [80, 120]) {
    const { stdout } = await loghook(['deliveries', '--state', root], { columns });

    assert.ok(
      stdout.split('\n').every((line) => line.length <= columns),
      stdout,
    );
  }
});

test('show tells what became of an event on each route, and what it waits for', async (t) => {
  const { run, change } = await withState(t);
  change(
    `INSERT OR REPLACE INTO attempts (seq, route, n, at, result, status, why, next_at, dns_ms, connect_ms, first_byte_ms, answer)
     SELECT 4, id, 1, 1000, 'postponed', 503, '503 Service Unavailable', 61000, 2, 1, 9, ? FROM routes WHERE name = ?`,
    Buffer.from('busy \u001b[2J'),
    A.name,
  );

  const { code, stdout } = await run('show', 'event-000004');
  const json = JSON.parse((await run('show', 'event-000004', '--json')).stdout);

  assert.equal(code, 0);
  assert.match(stdout, /^event +event-000004$/m);
  assert.match(stdout, /^bytes +\d+ kept: loghook show event-000004 --raw$/m);
  assert.match(stdout, /^a\.example#1111: waiting, 1 attempt so far$/m);
  assert.match(stdout, /^ +1 +01-01 \S+ +503 Service Unavailable +2 +1 +- +9 +- /m);
  assert.match(stdout, /answer: busy \\u001b\[2J$/m);
  assert.match(stdout, /→ next try 20/);
  assert.match(stdout, /^b\.example#2222: held, 0 attempts so far$/m);
  assert.match(stdout, /→ b\.example#2222 is held since .*: ECONNREFUSED; next probe /);
  assert.equal(json.routes[0].remembered[0].dnsMs, 2);
  assert.equal(json.routes[0].status, 'waiting');
});

test('show --raw writes the bytes as Okta wrote them, and nothing else', async (t) => {
  const { run } = await withState(t);

  const { raw } = await run('show', 'event-000004', '--raw');

  assert.deepEqual(raw, eventOf(4).raw);
});

test('show says so when no route wanted the event', async (t) => {
  const { run, outbox } = await withState(t);
  await outbox.commit(pageOf([eventOf(77)]), allTo(), never);

  const { stdout } = await run('show', 'event-000077');

  assert.match(stdout, /^no route wanted it.*\n {2}→ .*loghook backfill --since T$/m);
});

test('replay of dead letters says its plan, and needs a yes where nobody can be asked', async (t) => {
  const { run } = await withState(t);

  const asked = await run('replay', '--dead');
  const dry = await run('replay', '--dead', '--dry-run');
  const done = await run('replay', '--dead', '--yes');
  const again = await run('replay', '--dead', '--yes');

  assert.equal(asked.code, 2);
  assert.match(asked.stderr, /^a\.example#1111: 2 events to send again$/m);
  assert.match(asked.stderr, /^ {2}published 2026-11-21 /m);
  assert.match(
    asked.stderr,
    /^ {2}about 24 ms if it has no rate .*: one by one, 12 ms each, as 1 took lately$/m,
  );
  assert.match(asked.stderr, /this sends 2 events again\n {2}→ Say yes with --yes/);
  assert.deepEqual([dry.code, dry.stdout], [0, '']);
  assert.deepEqual([done.code, done.stdout], [0, '2 events owed again\n']);
  assert.match(again.stderr, /2 more: to be sent again already, not owed twice/);
  assert.equal(again.stdout, '');
});

test('replay names a bound only where the routes file says that there is no rate', async (t) => {
  const { root, run, change } = await withState(t);
  const file = join(root, 'loghook.yaml');
  writeFileSync(file, 'routes: [{ name: a, match: ., url: http://a.example/ }]');
  change(`UPDATE routes SET key = 'name:a' WHERE key = ?`, A.key);

  const seen = await run('replay', '--dead', '--dry-run', '--config', file);
  const unseen = await run('replay', '--dead', '--dry-run');

  assert.match(seen.stderr, /^ {2}at most about 24 ms: one by one/m);
  assert.match(unseen.stderr, /^ {2}about 24 ms if it has no rate \(see --config\): one by one/m);
});

test('replay of one event needs no question and says where else it went', async (t) => {
  const { run, outbox, clock } = await withState(t);
  const [first] = await takeDue(outbox, B, clock.now(), 2).then((due) => due.slice(1));
  await recordAll(outbox, clock, B, [[first!, delivered(clock)]]);

  const { code, stdout, stderr } = await run('replay', 'event-000002');

  assert.equal(code, 0);
  assert.equal(stdout, '1 event owed again\n');
  assert.match(stderr, /b\.example#2222 took it, and is not sent it again/);
});

test('replay warns of a route that is paused and of the rate that the file names', async (t) => {
  const { run, outbox } = await withState(t);
  await run('pause', A.name);

  const paused = await run('replay', '--dead', '--dry-run');
  await outbox.adopt([B]);
  const gone = await run('replay', '--dead', '--dry-run');

  assert.match(paused.stderr, /^ {2}! a\.example#1111 is paused since .*loghook resume/m);
  assert.match(gone.stderr, /^ {2}! a\.example#1111 is not in force/m);
});

test('pause and resume say what they mean, alone and beside a daemon', async (t) => {
  const { run, outbox } = await withState(t);

  const paused = await run('pause', 'a.ex');
  const twice = await run('pause', A.name);
  const status = await run('deliveries', '--status', 'paused', '--json');
  const resumed = await run('resume', A.name);
  const held = await run('resume', B.name);
  const flowing = await run('resume', A.name);
  await outbox.close();
  const alone = await run('pause', '--all');

  assert.equal(
    paused.stdout,
    `${A.name} is paused: 3 events wait; new ones are still owed, and kept\n`,
  );
  assert.match(twice.stdout, /was paused already, 20/);
  assert.equal(twice.code, 0);
  assert.equal(status.stdout.trimEnd().split('\n').length, 3);
  assert.equal(resumed.stdout, `${A.name} goes on: 3 events wait\n`);
  assert.match(held.stdout, /it was held \(ECONNREFUSED\) and is tried at once/);
  assert.match(flowing.stdout, /neither paused nor held: it flows/);
  assert.match(alone.stdout, /a\.example#1111 is paused.*\nb\.example#2222 is paused/);
  assert.match(alone.stderr, /no daemon is running here: it will keep to it when it starts/);
});

test("nothing of Okta's is moved to the route of loghook's own news", async (t) => {
  const { run, outbox } = await withState(t);
  await outbox.adopt([B, { key: 'alerts', name: 'alerts' }]);

  const moved = await run('route', 'move', A.name, 'alerts', '--yes');

  assert.equal(moved.code, 2);
  assert.match(moved.stderr, /alerts takes loghook's own news and nothing else/);
});

test('a route that is not in force is listed, moved or dropped, and then gone', async (t) => {
  const { run, outbox } = await withState(t);
  const inForce = await run('route', 'drop', 'a.', '--yes');
  await outbox.adopt([B]);

  const listed = await run('route', 'list');
  const dry = await run('route', 'move', A.name, B.name, '--dry-run');
  const moved = await run('route', 'move', A.name, B.name, '--yes');
  const left = await run('route', 'list', '--json');
  const queue = await run('route', 'drop', B.name, '--queue', '--yes');

  assert.equal(inForce.code, 2);
  assert.match(inForce.stderr, /a\.example#1111 is in force\n {2}→ Take it out of the routes file/);
  assert.match(listed.stdout, /^a\.example#1111 +not in force +3 +2 /m);
  assert.match(
    dry.stderr,
    /→ b\.example#2222: 3 events owed and 2 dead letters\n {2}5 events of these b\.example#2222 has had already/,
  );
  assert.equal(dry.stdout, '');
  assert.equal(moved.stdout, '0 events moved, 5 dropped\n');
  assert.deepEqual(JSON.parse(left.stdout), {
    name: B.name,
    inForce: true,
    enabled: true,
    state: 'held',
    pausedAt: null,
    queued: 6,
    dead: 0,
    lastDeliveredAt: null,
  });
  assert.match(queue.stderr, /6 events owed are given up; its dead letters stay/);
  assert.equal(queue.stdout, '6 events dropped\n');
});

test('wrong words are usage errors, and change nothing', async (t) => {
  const { run } = await withState(t);
  const secret = 'https://hooks.example.com/T0/secret';
  const wrong: readonly (readonly [args: readonly string[], said: RegExp])[] = [
    [['deliveries', '--status', 'deliverd'], /"deliverd" is none\n.*Did you mean delivered\?/],
    [['deliveries', '--since', 'soon'], /--since: "soon" is neither a duration/],
    [['deliveries', '--limit', '0'], /--limit: "0" is not a whole number/],
    [['deliveries', '--route', 'a.exmaple#1111'], /did you mean a\.example#1111\?/],
    [['deliveries', '--route', secret], /no route has this name/],
    [['show', 'event-'], /is the start of many ids: event-000001 \(user\.session\.start\)/],
    [['show', 'event-000001', '--raw', '--json'], /--raw: --json stands beside it/],
    [['show', 'nope'], /none has an id that starts with "nope"/],
    [['replay'], /nothing was named\n.*--dead/],
    [['replay', '--route', A.name], /it needs --since/],
    [['replay', 'event-000002', '--dead'], /an id was given/],
    [['replay', '--route', A.name, '--since', '1h', '--until', '2h'], /--until: it is not after/],
    [['pause'], /no route was given/],
    [['pause', A.name, '--all'], /--all was given with names/],
    [['pause', A.name, 'nope'], /no route has this name/],
    [['route', 'move', A.name, B.name], /a\.example#1111 is in force/],
    [['route', 'move', A.name, A.name], /both are the same route/],
    [['route', 'drop', A.name, '--queue'], /this drops them for good/],
  ];

  for (const [args, said] of wrong) {
    const ran = await run(...args);

    assert.equal(ran.code, 2, ran.stderr);
    assert.match(ran.stderr, said);
    assert.equal(ran.stdout, '');
    assert.ok(!ran.stderr.includes('secret'));
  }
  const left = await run('route', 'list', '--json');
  assert.match(left.stdout, /"pausedAt":null,"queued":3,"dead":2/);
});
