/** A service app's System Log and its practice org on one fake clock; at its end no log line may hold a secret. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { PracticeOrg, type PracticeOrgOptions } from '../../src/practice/org.ts';
import { FakeClock, settle } from './fake-clock.ts';
import { event } from './scripted-okta.ts';
import { type KeyPair, type TestApp, testApp } from './service-app.ts';
import { type Desk, type DeskOptions, openDesk } from './system-log-desk.ts';

export interface AppScene extends Desk, TestApp {
  readonly org: PracticeOrg;
  /** How far this machine's clock is ahead of the org's; may be changed. */
  readonly skew: { ms: number };
  /** A start before everything that the test adds. */
  readonly since: number;
  add(...uuids: string[]): void;
  /** Statuses of the requests for tokens, or of those for the log. */
  statuses(what: 'token' | 'logs'): (number | undefined)[];
}

export interface AppSetting {
  readonly app?: Parameters<typeof testApp>[0];
  readonly key?: KeyPair;
  readonly org?: PracticeOrgOptions;
  readonly desk?: DeskOptions;
  readonly skewMs?: number;
}

export async function openAppScene(t: TestContext, setting: AppSetting = {}): Promise<AppScene> {
  const clock = new FakeClock();
  const skew = { ms: setting.skewMs ?? 0 };
  const known = testApp(setting.app, setting.key);
  const org = await PracticeOrg.open({
    clock: Object.assign(Object.create(clock), {
      now: () => clock.now() - skew.ms,
      monotonic: () => clock.monotonic(),
      after: (ms: number, callback: () => void) => clock.after(ms, callback),
    }),
    rateLimit: 1_000,
    apps: [known.app],
    ...setting.org,
  });
  const desk = openDesk(org.url, { clock, identity: known.identity, ...setting.desk });
  t.after(async () => {
    await Promise.all([desk.close(), org.close()]);
    assertNoSecret(desk);
  });
  return {
    ...desk,
    ...known,
    org,
    skew,
    since: clock.now() - skew.ms - 120_000,
    add: (...uuids) => {
      for (const uuid of uuids) org.add(event(uuid));
    },
    statuses: (what) =>
      org.requests.filter(({ url }) => url.includes(`/${what}`)).map(({ status }) => status),
  };
}

/** Time must not go on while a renewal in the background is under way: to be waited for between pages. */
export async function calm({ lines }: Pick<Desk, 'lines'>): Promise<void> {
  const count = (words: string) => lines.filter(({ msg }) => msg === words).length;
  while (count('asking for an access token') > count('asked for an access token')) await settle();
}

/** Assertions, proofs, tokens of either kind, and keys. */
export const SECRET = /eyJ|practice-access-|PRIVATE KEY/;

export function assertNoSecret({ lines }: Pick<Desk, 'lines'>): void {
  for (const line of lines) assert.doesNotMatch(JSON.stringify(line), SECRET);
}

export function uuids(page: { readonly events: readonly { readonly id: string }[] }): string[] {
  return page.events.map(({ id }) => id);
}
