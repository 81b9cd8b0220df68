/** The tail as a service app against the practice org: tokens through their life, with and without DPoP. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { PracticeOrg, type PracticeOrgOptions } from '../../src/practice/org.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { event } from '../support/scripted-okta.ts';
import { ecKey, type KeyPair, rsaKey, testApp } from '../support/service-app.ts';
import { type Desk, type DeskOptions, openDesk } from '../support/system-log-desk.ts';

interface Scene extends Desk {
  readonly org: PracticeOrg;
  add(...uuids: string[]): void;
  readonly since: number;
}

interface Setting {
  readonly app?: Parameters<typeof testApp>[0];
  readonly key?: KeyPair;
  readonly org?: PracticeOrgOptions;
  readonly desk?: DeskOptions;
  /** How far this machine's clock is ahead of the org's. */
  readonly skewMs?: number;
}

async function openScene(t: TestContext, setting: Setting = {}): Promise<Scene> {
  const clock = new FakeClock();
  const { app, identity } = testApp(setting.app, setting.key);
  const skewMs = setting.skewMs ?? 0;
  const orgClock = Object.assign(Object.create(clock), { now: () => clock.now() - skewMs });
  const org = await PracticeOrg.open({
    clock: skewMs === 0 ? clock : orgClock,
    rateLimit: 1_000,
    apps: [app],
    ...setting.org,
  });
  const desk = openDesk(org.url, { clock, identity, ...setting.desk });
  t.after(() => Promise.all([desk.close(), org.close()]));
  const add = (...uuids: string[]) => {
    for (const uuid of uuids) org.add(event(uuid));
  };
  return { ...desk, org, add, since: clock.now() - skewMs - 120_000 };
}

const uuids = (page: { readonly events: readonly { readonly id: string }[] }) =>
  page.events.map(({ id }) => id);

/** Statuses of the requests for tokens, and of those for the log. */
function statuses(org: PracticeOrg, what: 'token' | 'logs'): (number | undefined)[] {
  return org.requests.filter(({ url }) => url.includes(`/${what}`)).map(({ status }) => status);
}

const KEYS: readonly (readonly [name: string, key: () => KeyPair])[] = [
  ['RSA', rsaKey],
  ['P-256', () => ecKey('P-256')],
  ['P-384', () => ecKey('P-384')],
  ['P-521', () => ecKey('P-521')],
];

for (const [name, key] of KEYS) {
  for (const dpop of [false, true]) {
    test(`reads with a ${name} key, ${dpop ? 'with' : 'without'} DPoP`, async (t) => {
      const { org, systemLog, stop, next, add, since } = await openScene(t, {
        key: key(),
        app: { dpop },
      });
      add('a', 'b');

      const page = await next(systemLog.tail({ since }, stop.signal));

      assert.deepEqual(uuids(page), ['a', 'b']);
      assert.deepEqual(statuses(org, 'token'), dpop ? [400, 400, 200] : [200]);
      assert.deepEqual(statuses(org, 'logs'), [200]);
    });
  }
}
