/** `loghook audit`, the real process beside the real daemon: what Okta lists against what became of it. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { PracticeOrg } from '../../src/practice/org.ts';
import type { PracticeReceiver } from '../../src/practice/receiver.ts';
import { type Database, openDatabase } from '../../src/state/database/sqlite.ts';
import {
  addEvents,
  type Ended,
  type Loghook,
  openOrg,
  openReceiver,
  Sandbox,
} from '../support/loghook.ts';
import { until } from '../support/until.ts';

interface World {
  readonly org: PracticeOrg;
  readonly receiver: PracticeReceiver;
  readonly sandbox: Sandbox;
  readonly daemon: Loghook;
  /** A command beside the daemon. */
  readonly beside: (...args: string[]) => Promise<Ended>;
  readonly restart: () => Promise<Loghook>;
  /** Changes the state folder by hand. */
  readonly meddle: (work: (database: Database) => void) => void;
}

const SIEM_AND_SESSIONS = (url: string) => `routes:
  - { name: siem, match: .*, url: "${url}/siem", retry: { schedule: [1s] } }
  - { name: sessions, match: ^user\\.session, url: "${url}/sessions" }
`;

/** A daemon that has read what happened 10 minutes ago: so many events, for two routes. */
async function running(t: TestContext, count = 40, routes = SIEM_AND_SESSIONS): Promise<World> {
  const { org, env } = await openOrg(t);
  const receiver = await openReceiver(t);
  addEvents(org, count, 600_000);
  const sandbox = new Sandbox(t);
  sandbox.write('loghook.yaml', routes(receiver.url));
  const start = (...more: string[]) =>
    sandbox.start(['run', '--interval', '1s', '--state', 'state', ...more], { env });
  const daemon = start('--since', '1h');
  await daemon.logged('ready');
  return {
    org,
    receiver,
    sandbox,
    daemon,
    beside: (...args) => sandbox.run([...args, '--state', 'state'], { env }),
    restart: async () => {
      const again = start();
      await again.logged('ready');
      return again;
    },
    meddle: (work) => {
      const url = new URL(org.url);
      const folder = join(sandbox.cwd, 'state', `${url.hostname}-${url.port}`);
      const database = openDatabase(join(folder, 'state.db'), { timeout: 5_000 });
      try {
        work(database);
      } finally {
        database.close();
      }
    },
  };
}

/** A world whose events are all delivered, and whose daemon is gone. */
async function settled(t: TestContext, count?: number): Promise<World> {
  const world = await running(t, count);
  await delivered(world);
  await world.daemon.stop();
  return world;
}

function delivered(world: World): Promise<Ended> {
  return until(
    () => world.beside('status', '--json'),
    ({ stdout }) => JSON.parse(stdout).routes.every((route: { queued: number }) => !route.queued),
  );
}

function audit(world: World, ...args: string[]): Promise<Ended> {
  return world.beside('audit', '--since', '2h', ...args);
}

test('adds up, route by route, beside a running daemon', async (t) => {
  const world = await running(t);
  await delivered(world);

  const { code, stdout, stderr } = await audit(world);

  assert.equal(code, 0, stderr);
  assert.match(stdout, /^40 events in Okta$/m);
  assert.match(stdout, /^siem\n {2}40 in Okta = 40 delivered \(\+ 0 missing\)$/m);
  assert.match(stdout, /^sessions\n {2}40 in Okta = \d+ delivered \+ \d+ not wanted \(\+ 0 mis/m);
  assert.match(stdout, /^from 2\S+Z on: loghook's first start/m);
  assert.match(stdout, /^it adds up: nothing missing, changed or sent twice$/m);
});

test('says of one route only, as JSON', async (t) => {
  const world = await settled(t);

  const { code, stdout } = await audit(world, '--route', 'sess', '--json');

  const document = JSON.parse(stdout);
  const [route, ...others] = document.routes;
  assert.equal(code, 0);
  assert.deepEqual(others, []);
  assert.deepEqual([document.addsUp, document.events, route.route], [true, 40, 'sessions']);
  assert.equal(route.delivered + route.notWanted, 40);
  assert.deepEqual([route.missing, route.changed, route.duplicates], [0, 0, 0]);
});

test('judges each event by the patterns that were in force when it was read', async (t) => {
  const world = await running(t, 30);
  await delivered(world);
  world.sandbox.write(
    'loghook.yaml',
    `routes:
  - { name: siem, match: ^nothing$, url: "${world.receiver.url}/siem" }
  - { name: all, match: .*, url: "${world.receiver.url}/all" }
`,
  );
  world.daemon.child.kill('SIGHUP');
  await world.daemon.logged('routes reloaded');
  const before = world.receiver.received.length;
  addEvents(world.org, 7, 400_000, 2); // late: published before the reload, read after it
  await world.receiver.waitFor(before + 7);
  await delivered(world);

  const { code, stdout, stderr } = await audit(world);

  assert.equal(code, 0, stderr);
  assert.match(stdout, /^siem\n {2}37 in Okta = 30 delivered \+ 7 not wanted \(/m);
  assert.match(stdout, /^all\n {2}37 in Okta = 7 delivered \+ 30 not wanted \(/m);
  assert.match(stdout, /^sessions {2}\(not in force\)\n {2}37 in Okta = /m);
});

test('says what is still to be sent, what is dead and what a person dropped', async (t) => {
  const world = await running(t, 0);
  const [poison, dropped] = addEvents(world.org, 2, 600_000, 3).map((raw) => idOf(raw));
  world.receiver.answer = ({ id = '' }) =>
    id === poison || id === dropped ? { status: 400 } : { status: 204 };
  addEvents(world.org, 20, 600_000, 4); // others get through: it is the event
  await until(
    () => world.beside('dead', 'list', '--json', '--route', 'siem'),
    ({ stdout }) => stdout.trim().split('\n').length === 2,
  );
  await world.beside('dead', 'drop', String(dropped), '--route', 'siem', '--yes');
  await world.beside('pause', 'siem');
  await world.daemon.logged('route paused');
  addEvents(world.org, 5, 600_000, 5);
  await until(
    () => world.beside('deliveries', '--json', '--status', 'paused'),
    ({ stdout }) => stdout.trim().split('\n').length === 5,
  );

  const { code, stdout } = await audit(world, '--route', 'siem');

  assert.equal(code, 0, stdout);
  assert.match(
    stdout,
    /^ {2}27 in Okta = 20 delivered \+ 1 dead \+ 1 dropped by a person \+ 5 owed \(5 paused\) \(\+ 0 missing\)$/m,
  );
  assert.match(stdout, /^it adds up: .*; 5 still to be sent$/m);
});

function idOf(raw: Buffer | undefined): string {
  return String(JSON.parse(String(raw)).uuid);
}

const IN_LEDGER = `(SELECT ledger.seq FROM ledger JOIN routes ON routes.id = route AND name = 'siem'
  ORDER BY ledger.seq LIMIT 1)`;
const SIEM = "(SELECT id FROM routes WHERE name = 'siem')";

test('finds a ledger line that was deleted, owes it with --repair, and then adds up', async (t) => {
  const world = await settled(t);
  const lost = idOf(Buffer.from(String(world.receiver.received[0]?.body)));
  world.meddle((database) => {
    database.exec(`DELETE FROM ledger WHERE route = ${SIEM}
      AND seq = (SELECT seq FROM events WHERE id = '${lost}')`);
  });

  const found = await audit(world);
  const repaired = await audit(world, '--repair');
  const daemon = await world.restart();
  await delivered(world);
  const after = await audit(world);
  await daemon.stop();

  assert.equal(found.code, 5);
  assert.match(found.stdout, /^siem\n {2}40 in Okta = 39 delivered \+ 1 MISSING$/m);
  assert.match(
    found.stdout,
    new RegExp(`^missing:\n {2}${lost.slice(0, 8)} {2}\\S+ {2}\\S+Z {2}siem$`, 'm'),
  );
  assert.match(
    found.stdout,
    /^IT DOES NOT ADD UP: 1 missing\nowe what is missing: run it again with --repair$/m,
  );
  assert.equal(repaired.code, 5);
  assert.match(repaired.stdout, /^1 owed now: run it again/m);
  assert.equal(after.code, 0, after.stdout);
  assert.match(after.stdout, /^siem\n {2}40 in Okta = 40 delivered \(\+ 0 missing\)$/m);
  assert.equal(
    world.receiver.received.filter(({ id }) => id === lost).at(-1)?.headers['loghook-replay'],
    'true',
  );
});

test('owes what was never taken in, and says what no route in force would send', async (t) => {
  const world = await settled(t, 4);
  world.meddle((database) => database.exec('DELETE FROM ledger; DELETE FROM events'));
  world.sandbox.write(
    'loghook.yaml',
    `routes: [{ name: sessions, match: ^user, url: "${world.receiver.url}/sessions" }]`,
  );
  await (await world.restart()).stop();

  const repaired = await audit(world, '--repair');
  const again = await audit(world, '--repair');

  assert.doesNotMatch(repaired.stdout, /TWICE/);
  assert.match(
    again.stdout,
    /^IT DOES NOT ADD UP: 4 missing\n4 missing on routes that are not in force: nobody would send them$/m,
  );
});

test('finds events that were never taken in, and names the gap that explains them', async (t) => {
  const world = await settled(t);
  const late = addEvents(world.org, 25, 500_000, 6);
  const at = Date.now() - 500_000;
  world.meddle((database) => {
    database.exec(`INSERT INTO gaps (at, kind, from_at, to_at, why)
      VALUES (${at}, 'refused-link', ${at - 60_000}, ${at + 60_000}, 'Okta answered 400')`);
  });

  const { code, stdout } = await audit(world, '--route', 'siem');
  const json = JSON.parse((await audit(world, '--route', 'siem', '--json')).stdout);

  assert.equal(code, 5);
  assert.match(stdout, /^ {2}65 in Okta = 40 delivered \+ 25 MISSING$/m);
  assert.match(
    stdout,
    /^ {4}in a known gap \(refused link; read again with an overlap\): Okta answered 400$/m,
  );
  assert.match(
    stdout,
    /^known gap: refused link; .*\n {2}published \S+Z to \S+Z\n {2}Okta answered 400$/m,
  );
  assert.match(stdout, /^ {2}and 5 more: all with --json$/m);
  assert.deepEqual(
    json.findings.map(({ event }: { event: string }) => event).sort(),
    late.map(idOf).sort(),
  );
});

const CHANGES: readonly (readonly [what: string, sql: string, line: RegExp])[] = [
  [
    'bytes that are kept for a replay',
    `UPDATE bundles SET raw = CAST(replace(CAST(raw AS TEXT),
         (SELECT 'uuid":"' || substr(id, 1, 8) FROM events WHERE seq = ${IN_LEDGER}), 'uuid":"somebody') AS BLOB)`,
    /^ {4}what is kept of it for a replay is not what Okta lists\n {4}from byte \d+ on$/m,
  ],
  [
    'bytes that were sent',
    `UPDATE ledger SET digest = zeroblob(16) WHERE route = ${SIEM} AND seq = ${IN_LEDGER}`,
    /^ {4}the bytes that are kept are the same, but others were sent$/m,
  ],
  [
    'bytes whose like is not kept any more',
    `UPDATE ledger SET digest = zeroblob(16) WHERE route = ${SIEM} AND seq = ${IN_LEDGER};
     DELETE FROM bundles; DELETE FROM bundle_refs`,
    /^ {4}the bytes that were sent are not kept any more$/m,
  ],
];

for (const [what, sql, line] of CHANGES) {
  test(`finds a planted change of ${what}`, async (t) => {
    const world = await settled(t);
    world.meddle((database) => database.exec(sql));

    const { code, stdout } = await audit(world, '--repair');

    assert.equal(code, 5);
    assert.match(stdout, /^ {2}1 CHANGED: their bytes are not Okta's$/m);
    assert.match(stdout, line);
    assert.match(stdout, /^IT DOES NOT ADD UP: 1 changed$/m);
  });
}

test('shows where the bytes of what is owed are not those that Okta lists', async (t) => {
  const world = await running(t, 0);
  await world.beside('pause', 'siem');
  await world.daemon.logged('route paused');
  addEvents(world.org, 3, 600_000, 5);
  await until(
    () => world.beside('deliveries', '--json', '--status', 'paused'),
    ({ stdout }) => stdout.trim().split('\n').length === 3,
  );
  await world.daemon.stop();
  world.meddle((database) => {
    const row = database.prepare('SELECT id, raw FROM bundles ORDER BY id LIMIT 1').get();
    const raw = Buffer.from(row?.raw as Uint8Array); // a blob column
    raw.write('\u001b', raw.indexOf('displayName'));
    database.prepare('UPDATE bundles SET raw = ? WHERE id = ?').run(raw, Number(row?.id));
  });

  const { code, stdout } = await audit(world, '--route', 'siem');

  assert.equal(code, 5);
  assert.match(stdout, /^ {4}from byte \d+ on\n {4}Okta: ….*displayName.*…\n {4}kept: …/m);
  assert.ok(!stdout.includes('\u001b'), 'what attackers write stays off the terminal');
});

const TWICE: readonly (readonly [what: string, sql: string, line: RegExp])[] = [
  [
    'a delivery that nobody asked for',
    `INSERT INTO attempts (seq, route, n, at, result) VALUES (${IN_LEDGER}, ${SIEM}, 9, 0, 'delivered')`,
    /^ {4}delivered once more than anybody asked for$/m,
  ],
  [
    'an event that was delivered under two ids',
    `INSERT INTO events (seq, id, type, published, read_at)
       SELECT 1000, 'twin', type, published, read_at FROM events WHERE seq = ${IN_LEDGER};
     INSERT INTO ledger (seq, route, result, at, attempts, digest)
       SELECT 1000, route, result, at, 1, digest FROM ledger WHERE seq = ${IN_LEDGER} AND route = ${SIEM}`,
    /^ {2}twin .*\n {4}it has the same bytes as an event that Okta lists under another id$/m,
  ],
];

for (const [what, sql, line] of TWICE) {
  test(`finds ${what}`, async (t) => {
    const world = await settled(t);
    world.meddle((database) => database.exec(sql));

    const { code, stdout } = await audit(world);

    assert.equal(code, 5, stdout);
    assert.match(stdout, /^ {2}1 DELIVERED TWICE without a cause$/m);
    assert.match(stdout, line);
  });
}

test('finds what is owed again though nobody asked, before it is sent and after', async (t) => {
  const world = await settled(t);
  world.meddle((database) =>
    database.exec(`
      INSERT INTO owed (route, due_at, seq) VALUES (${SIEM}, 0, ${IN_LEDGER});
      UPDATE bundle_refs SET refs = refs + 1`),
  );

  const before = await audit(world);
  const daemon = await world.restart();
  await delivered(world);
  const after = await audit(world);
  await daemon.stop();

  assert.equal(before.code, 5, before.stdout);
  assert.match(before.stdout, /^ {2}1 DELIVERED TWICE without a cause$/m);
  assert.match(before.stdout, /^ {4}delivered and owed again once more than anybody asked for$/m);
  assert.equal(after.code, 5, after.stdout);
  assert.match(after.stdout, /^siem\n {2}40 in Okta = 40 delivered \(\+ 0 missing\)$/m);
  assert.match(after.stdout, /^ {4}delivered once more than anybody asked for$/m);
  assert.equal(world.receiver.received.filter(({ route }) => route === 'siem').length, 41);
});

test('takes a replay for what it is', async (t) => {
  const world = await running(t);
  await delivered(world);
  const before = world.receiver.received.length;
  await world.beside('replay', '--route', 'siem', '--since', '1h', '--yes');
  await world.receiver.waitFor(before + 40);
  await delivered(world);

  const { code, stdout } = await audit(world);

  assert.equal(code, 0, stdout);
  assert.match(stdout, /^siem\n {2}40 in Okta = 40 delivered \(/m);
});

test('counts once what Okta lists twice, and notes what it does not list', async (t) => {
  const world = await settled(t);
  world.org.add(world.receiver.received[0]?.body ?? Buffer.alloc(0), {
    publishedAt: Date.now() - 600_000,
  });
  world.meddle((database) =>
    database.exec(`
      INSERT INTO events (seq, id, type, published, read_at)
        SELECT 1000, 'stranger', type, published, read_at FROM events WHERE seq = ${IN_LEDGER};
      INSERT INTO ledger (seq, route, result, at, attempts, digest)
        VALUES (1000, ${SIEM}, 'delivered', 0, 1, zeroblob(16))`),
  );

  const { code, stdout } = await audit(world);

  assert.equal(code, 0, stdout);
  assert.match(stdout, /^40 events in Okta$/m);
  assert.match(stdout, /^1 event more than once; each is counted once$/m);
  assert.match(stdout, /^ {2}1 in the ledger, not in Okta's answer: it may leave out late ones$/m);
  assert.match(
    stdout,
    /^it adds up: .*\nbut Okta's answer leaves out 1 event that the ledger has: it may/m,
  );
});

test('proves nothing with an answer of Okta that lacks what the ledger has', async (t) => {
  const world = await settled(t);
  world.org.fail({ kind: 'body', body: Buffer.from('[]') });
  const empty = await audit(world);
  world.org.fail({ kind: 'body', body: Buffer.from('[]') });
  const json = JSON.parse((await audit(world, '--route', 'siem', '--json')).stdout);

  const whole = await audit(world);

  assert.equal(empty.code, 5, empty.stdout);
  assert.match(empty.stdout, /^0 events in Okta$/m);
  assert.match(
    empty.stdout,
    /^IT DOES NOT ADD UP: Okta's answer leaves out 40 of the 40 events that the ledger has\nsuch a list proves nothing: run it again/m,
  );
  assert.equal(json.addsUp, false);
  assert.deepEqual(json.ledger, { events: 40, unlisted: 40, isCovered: false });
  assert.equal(whole.code, 0, whole.stdout);
});

test('finds an event that Okta lists twice with other bytes', async (t) => {
  const world = await settled(t);
  const raw = String(world.receiver.received[0]?.body);
  const twice = Buffer.from(raw.replace('"severity":"', '"severity":"X'));
  world.org.add(twice, { publishedAt: Date.parse(JSON.parse(raw).published) });

  const { code, stdout } = await audit(world, '--route', 'siem');

  assert.equal(code, 5, stdout);
  assert.match(stdout, /^1 event more than once; each is counted once$/m);
  assert.match(stdout, /^siem\n {2}40 in Okta = 40 delivered .*\n {2}1 CHANGED/m);
  assert.match(stdout, /^ {4}Okta lists it twice, and not with the same bytes\n {4}from byte/m);
});

test('says how many cannot be compared because their digests were not kept', async (t) => {
  const world = await settled(t);
  const forgetDigests = `UPDATE ledger SET digest = NULL WHERE route = ${SIEM}`;
  world.meddle((database) => database.exec(forgetDigests));
  const robbed = await audit(world);
  world.meddle((database) => database.exec('UPDATE events SET config = NULL')); // as before an upgrade

  const { code, stdout } = await audit(world);

  assert.equal(robbed.code, 5, robbed.stdout);
  assert.match(robbed.stdout, /^ {2}40 CHANGED/m);
  assert.match(robbed.stdout, /the digest of what was sent is not there any more/);
  assert.equal(code, 0, stdout);
  assert.match(
    stdout,
    /^siem\n.*\n {2}40 cannot be compared: delivered before digests were kept$/m,
  );
});

test('does not take for missing what a tail that is gone has yet to read', async (t) => {
  const world = await settled(t);
  addEvents(world.org, 3, 360_000, 7);
  world.meddle((database) => {
    database.exec(`UPDATE cursor SET head_at = ${Date.now() - 180_000}`); // as with cron
  });

  const { code, stdout } = await audit(world);
  const late = await audit(world, '--until', '4m');

  assert.equal(code, 0, stdout);
  assert.match(stdout, /^siem\n {2}40 in Okta = 40 delivered/m);
  assert.equal(late.code, 5);
  assert.match(late.stdout, /^after \S+Z what came late may count as missing/m);
});

test('proves nothing when it is stopped before its end, and says so', async (t) => {
  const world = await settled(t);
  const args = ['audit', '--since', '2h', '--state', 'state'];
  world.org.fail({ kind: 'hang' });
  const loghook = world.sandbox.start(args, {
    env: { OKTA_ORG_URL: world.org.url, OKTA_API_KEY: world.org.token },
  });
  await until(
    async () => world.org.requests.map(({ fault }) => fault),
    (faults) => faults.includes('hang'),
  );

  const { code, stdout } = await loghook.stop('SIGINT');

  assert.equal(code, 5);
  assert.match(stdout, /^PARTIAL: it was stopped before all events were read$/m);
  assert.match(stdout, /^IT DOES NOT ADD UP: .*not read to its end$/m);
});

test('asks Okta with the filter that was in force', async (t) => {
  const { org, env } = await openOrg(t);
  const receiver = await openReceiver(t);
  addEvents(org, 40, 600_000);
  const sandbox = new Sandbox(t);
  sandbox.write('loghook.csv', `.*,${receiver.url}/siem\n`);
  const filter = 'eventType eq "user.session.start"';
  const args = ['run', '--interval', '1s', '--state', 'state', '--since', '1h', '--filter', filter];
  const daemon = sandbox.start(args, { env });
  await daemon.logged('ready');
  await daemon.stop();

  const { code, stdout } = await sandbox.run(
    ['audit', '--since', '2h', '--state', 'state', '--json'],
    { env },
  );

  const document = JSON.parse(stdout);
  assert.equal(code, 0, stdout);
  assert.ok(document.events > 0 && document.events < 40, stdout);
  assert.equal(document.routes[0].notWanted, 0);
});

test('shows a route in force that wanted nothing of what was before the first start', async (t) => {
  const world = await running(
    t,
    8,
    (url) => `routes:
  - { name: siem, match: .*, url: "${url}/siem" }
  - { name: quiet, match: ^nothing$, url: "${url}/quiet" }
`,
  );
  await delivered(world);

  const { stdout } = await audit(world);

  assert.match(stdout, /^quiet\n {2}8 in Okta = 0 delivered \+ 8 not wanted \(\+ 0 missing\)$/m);
});

test('refuses what cannot be judged, and changes nothing', async (t) => {
  const world = await settled(t);

  const { code, stdout, stderr } = await world.beside('audit', '--since', '9d', '--until', '8d');

  assert.equal(code, 2);
  assert.equal(stdout, '');
  assert.match(stderr, /audit: nothing of that time can be judged\n {2}→ It can be from/);
});

test('exits 4 when Okta refuses the token', async (t) => {
  const world = await settled(t);

  const { code, stderr } = await world.sandbox.run(['audit', '--state', 'state'], {
    env: { OKTA_ORG_URL: world.org.url, OKTA_API_KEY: 'wrong' },
  });

  assert.equal(code, 4);
  assert.match(stderr, /E0000011/);
});

test('refuses to hold one org against the ledger of another', async (t) => {
  const world = await settled(t);
  const { env } = await openOrg(t);
  const url = new URL(world.org.url);

  const { code, stderr } = await world.sandbox.run(
    ['audit', '--repair', '--state', `state/${url.hostname}-${url.port}`],
    { env },
  );

  assert.equal(code, 2);
  assert.match(
    stderr,
    /OKTA_ORG_URL: it is 127\.0\.0\.1:\d+, but the state is of 127\.0\.0\.1:\d+/,
  );
});
