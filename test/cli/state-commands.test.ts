/** `status` and `dead`, through the front door. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { SqliteOutbox } from '../../src/state/sqlite-outbox.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { loghook } from '../support/front-door.ts';
import { openOutbox } from '../support/open-outbox.ts';
import {
  A,
  allTo,
  B,
  eventOf,
  never,
  pageOf,
  recordAll,
  takeDue,
} from '../support/outbox-events.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { twoRoutes } from '../support/two-routes.ts';

test('status shows the tail and each route, beside the daemon that holds the folder', async (t) => {
  const { root, folder } = await twoRoutes(t);

  const { code, stdout, stderr } = await loghook(['status', '--state', root], {
    env: { OKTA_ORG_URL: 'https://acme.okta.com' },
  });

  assert.equal(code, 0);
  assert.match(stderr, new RegExp(`^state folder ${folder}\n$`));
  assert.match(stdout, new RegExp(`^daemon +running \\(pid ${process.pid}\\)$`, 'm'));
  assert.match(stdout, /^last poll +\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \(\d+ s ago\)$/m);
  assert.match(stdout, /^newest +event published .* ago\)$/m);
  assert.match(stdout, /^a\.example#1111 +flowing +3 +2 .* ago +\d+ s ago$/m);
  assert.match(stdout, /last error .*: (400 Bad Request|503 Service Unavailable)$/m);
  assert.match(stdout, /^b\.example#2222 +held +6 +0 .* never$/m);
  assert.match(stdout, /^ +held for 2 min|^ +held for 1\d\d s: ECONNREFUSED; next try /m);
  assert.match(stdout, /loghook dead list/);
});

test('status --json is one object on stdout that names the folder', async (t) => {
  const { root, folder } = await twoRoutes(t);

  const { code, stdout } = await loghook(['status', '--json', '--state', root]);

  const shown = JSON.parse(stdout);
  assert.equal(code, 0);
  assert.equal(shown.folder, folder);
  assert.equal(shown.pid, process.pid);
  assert.ok(shown.lastPollMsAgo >= 60_000);
  assert.deepEqual(
    shown.routes.map((route: Record<string, unknown>) => [route.name, route.queued, route.dead]),
    [
      [A.name, 3, 2],
      [B.name, 6, 0],
    ],
  );
  assert.equal(shown.routes[1].state.kind, 'held');
  assert.ok(!stdout.includes('after=1'), 'the next link is not shown');
});

test('without OKTA_ORG_URL the only org is taken and that is said; of several one has to be named', async (t) => {
  const { root } = await twoRoutes(t);
  const one = await loghook(['dead', 'list', '--state', root]);
  await (await openAt(t, join(root, 'other.okta.com'))).close();

  const two = await loghook(['dead', 'list', '--state', root]);
  const named = await loghook(['dead', 'list', '--state', root, '--org', 'acme.okta.com']);

  assert.match(one.stderr, /OKTA_ORG_URL is not set; it is the only org there/);
  assert.equal(two.code, 2);
  assert.equal(two.stdout, '');
  assert.match(
    two.stderr,
    /--org: there are several orgs\n {2}→ name one of acme\.okta\.com, other/,
  );
  assert.deepEqual([named.code, named.stdout], [0, one.stdout]);
});

test('status shows all orgs, one after the other, and --json lists them', async (t) => {
  const { root } = await twoRoutes(t);
  await (await openAt(t, join(root, 'other.okta.com'))).close();
  mkdirSync(join(root, 'torn.okta.com'));
  writeFileSync(join(root, 'torn.okta.com', 'state.db'), 'this is no database, but text');

  const { code, stdout, stderr } = await loghook(['status', '--state', root]);
  const json = await loghook(['status', '--state', root, '--json']);

  assert.equal(code, 3);
  assert.match(
    stdout,
    /^org {8}acme\.okta\.com .*\ndaemon[\s\S]*\n\norg {8}other\.okta\.com .*\ndaemon/,
  );
  assert.match(stderr, /torn\.okta\.com/);
  const [acme, other, torn] = JSON.parse(json.stdout);
  assert.deepEqual([acme.host, acme.org, acme.routes.length], ['acme.okta.com', null, 2]);
  assert.deepEqual([other.host, other.hasState], ['other.okta.com', true]);
  assert.equal(typeof torn.error, 'string');
});

test('--org does not go with the folder of one org, nor with a name that none has', async (t) => {
  const { root, folder } = await twoRoutes(t);

  const inside = await loghook(['status', '--state', folder, '--org', 'acme.okta.com']);
  const wrong = await loghook(['status', '--state', root, '--org', 'acme.okta.co']);

  assert.deepEqual([inside.code, wrong.code], [2, 2]);
  assert.match(inside.stderr, /is the state of one org already\n {2}→ Leave --org out/);
  assert.match(
    wrong.stderr,
    /--org: no org has this name or host\n {2}→ did you mean acme\.okta\.com\?/,
  );
});

test('state of listen is mentioned, and shown when its folder is named', async (t) => {
  const { root, folder } = await twoRoutes(t);
  const listening = join(folder, 'listen-9be2');
  await (await openAt(t, listening)).close();

  const status = await loghook(['status', '--state', root]);
  const ofListen = await loghook(['status', '--state', listening]);

  assert.match(status.stderr, /loghook listen.*:\n +loghook status --state .*listen-9be2$/m);
  assert.match(ofListen.stdout, /^last poll +never$/m);
});

test('a folder where nothing has run is named, with what to do', async (t) => {
  const root = join(tempFolder(t), 'nothing');

  for (const args of [['status'], ['dead', 'list'], ['dead', 'replay', '--all']]) {
    for (const env of [{}, { OKTA_ORG_URL: 'https://acme.okta.com' }]) {
      const { code, stdout, stderr } = await loghook([...args, '--state', root], { env });

      assert.equal(code, 3);
      assert.equal(stdout, '');
      assert.ok(stderr.includes(`could not find any state in ${root}`), stderr);
      assert.match(stderr, /→ .*--state/);
    }
  }
});

test('dead list shows a line for each, of all routes or one, as a table or as JSON lines', async (t) => {
  const { root } = await twoRoutes(t);

  const all = await loghook(['dead', 'list', '--state', root]);
  const json = await loghook(['dead', 'list', '--json', '--route', A.name, '--state', root]);
  const none = await loghook(['dead', 'list', '--route', B.name, '--state', root]);

  assert.match(all.stdout, /^DIED .*\n.* user\.session\.start +1 +400 Bad Request +event-000002\n/);
  assert.equal(all.stdout.trimEnd().split('\n').length, 3);
  assert.match(all.stderr, /^2 dead letters$/m);
  assert.deepEqual(
    json.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line).event),
    [eventOf(2).id, eventOf(3).id],
  );
  assert.equal(none.stdout, '');
});

test('dead show writes the bytes as Okta wrote them on stdout, and nothing else there', async (t) => {
  const { root } = await twoRoutes(t);

  const { code, raw, stderr } = await loghook(['dead', 'show', 'event-000003', '--state', root]);

  assert.equal(code, 0);
  assert.deepEqual(raw, eventOf(3).raw);
  assert.match(stderr, /^died .*: 400 Bad Request$/m);
});

test('event text cannot move a terminal’s cursor', async (t) => {
  const { root, outbox, clock } = await twoRoutes(t);
  const evil = 'user.\u009b31m.\u202eevil';
  const raw = Buffer.from(`{"eventType":"${evil}"}`);
  const event = { id: 'evil', eventType: evil, raw };
  await outbox.commit(pageOf([event]), allTo(B), never);
  const due = (await takeDue(outbox, B, clock.now())).find((one) => one.event.id === 'evil');
  await recordAll(outbox, clock, B, [[due!, { kind: 'dead', at: 1, why: 'no\u001b[2J' }]]);

  for (const args of [['list'], ['list', '--json'], ['show', 'evil'], ['show', 'evil', '--json']]) {
    const ran = await loghook(['dead', ...args, '--state', root], { columns: 100 });

    assert.equal(ran.code, 0);
    assert.match(ran.stdout + ran.stderr, /\\u009b31m/);
    assert.doesNotMatch(ran.stdout + ran.stderr, /(?!\n)[\p{Cc}\p{Cf}]/u);
  }
  const status = await loghook(['status', '--state', root]);
  assert.doesNotMatch(status.stdout, /(?!\n)[\p{Cc}\p{Cf}]/u);
});

test('dead replay owes them again, and says when no daemon will send them', async (t) => {
  const { root, outbox } = await twoRoutes(t);
  const beside = await loghook(['dead', 'replay', 'event-000002', '--state', root]);
  await outbox.close();

  const alone = await loghook(['dead', 'replay', '--all', '--state', root]);

  assert.equal(beside.stdout, '1 dead letter owed again\n');
  assert.doesNotMatch(beside.stderr, /no daemon/);
  assert.equal(alone.stdout, '1 dead letter owed again\n');
  assert.match(alone.stderr, /no daemon is running here/);
});

test('dead drop --all asks for --yes first', async (t) => {
  const { root } = await twoRoutes(t);

  const asked = await loghook(['dead', 'drop', '--all', '--state', root]);
  const left = await loghook(['dead', 'list', '--state', root]);
  const done = await loghook(['dead', 'drop', '--all', '--yes', '--state', root]);

  assert.equal(asked.code, 2);
  assert.match(asked.stderr, /this drops 2 dead letters for good\n {2}→ Say yes with --yes/);
  assert.match(left.stderr, /^2 dead letters$/m);
  assert.equal(done.stdout, '2 dead letters dropped\n');
});

test('wrong words are usage errors, and change nothing', async (t) => {
  const { root } = await twoRoutes(t);
  const wrong: readonly (readonly [args: readonly string[], said: RegExp])[] = [
    [['dead', 'replay'], /no id was given/],
    [['dead', 'drop', '--yes'], /no id was given/],
    [['dead', 'replay', 'event-000002', '--all'], /--all: it was given with ids/],
    [['dead', 'replay', 'event-000002', 'nope'], /starts with "nope"/],
    [['dead', 'show', 'event-'], /is the start of 2 ids: event-000002, event-000003/],
    [['dead', 'list', '--route', 'nope'], /no route has this name/],
    [['dead', 'shwo', 'x'], /unknown command.*\n.*show/],
    [['status', '--jsno'], /--json/],
  ];

  for (const [args, said] of wrong) {
    const ran = await loghook([...args, ...(args.includes('shwo') ? [] : ['--state', root])]);

    assert.equal(ran.code, 2, ran.stderr);
    assert.match(ran.stderr, said);
    assert.equal(ran.stdout, '');
  }
  const left = await loghook(['dead', 'list', '--state', root]);
  assert.match(left.stderr, /^2 dead letters$/m);
});

async function openAt(t: TestContext, folder: string): Promise<SqliteOutbox> {
  mkdirSync(folder, { recursive: true });
  const clock = new FakeClock();
  const { outbox } = openOutbox(t, { folder, clock });
  return outbox;
}
