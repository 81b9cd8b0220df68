/** `loghook audit`, the real process beside the real daemon: what Okta lists against what became of it. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { PracticeOrg } from '../../src/practice/org.ts';
import type { PracticeReceiver } from '../../src/practice/receiver.ts';
import { type Database, openDatabase } from '../../src/state/sqlite.ts';
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

/** The audit once nothing of it is still to be sent. */
function settled(world: World, ...args: string[]): Promise<Ended> {
  return until(
    () => world.beside('audit', '--since', '2h', ...args),
    ({ stdout }) => !/\d owed/.test(stdout),
  );
}

test('adds up, route by route, beside a running daemon', async (t) => {
  const world = await running(t);
  const sessions = world.org.requests.length; // one page
  assert.ok(sessions > 0);

  const { code, stdout, stderr } = await settled(world);

  assert.equal(code, 0, stderr);
  assert.match(stdout, /^40 events in Okta$/m);
  assert.match(stdout, /^siem\n {2}40 in Okta = 40 delivered \(\+ 0 missing\)$/m);
  assert.match(stdout, /^sessions\n {2}40 in Okta = \d+ delivered \+ \d+ not wanted \(\+ 0 mis/m);
  assert.match(stdout, /from 2\S+Z on: loghook's first start/);
  assert.match(stdout, /^it adds up: nothing missing, changed or sent twice$/m);
});
