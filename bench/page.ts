/**
 * Cutting and reading a page of 1,000 events against `JSON.parse(body.toString())` of the same page: alternating in one
 * process, so that whatever else the machine does falls on both. Prints its figures when it is run by itself.
 */
import assert from 'node:assert/strict';
import { pathToFileURL } from 'node:url';
import { cutPage } from '../src/okta/page/event-slices.ts';

const EVENTS = 1_000;
const ROUNDS = 60;
const WARM_UP = 20;

export interface PageSpeed {
  /** Megabytes (10^6) a second, median of the rounds. */
  readonly cutMBs: number;
  readonly parseMBs: number;
  /** How many times faster cutting is. */
  readonly ratio: number;
}

/**
 * The less favourable of two pages: one as Okta writes it, and the same in ASCII. JSON.parse is slower on text with
 * characters past Latin-1, so the first alone would flatter the cutter.
 */
export async function benchPage(): Promise<PageSpeed> {
  const speeds = pages().map(([, page]) => speedOf(page));
  return speeds.reduce((worst, speed) => (speed.ratio < worst.ratio ? speed : worst));
}

function pages(): readonly (readonly [name: string, page: Buffer])[] {
  const page = syntheticPage(EVENTS);
  return [
    ['with names in UTF-8', page],
    ['in ASCII', Buffer.from(page.toString().replace(/[^\0-\x7f]/g, 'e'))],
  ];
}

function speedOf(page: Buffer): PageSpeed {
  assert.equal(cutPage(page).events.length, EVENTS);
  const cutMs: number[] = [];
  const parseMs: number[] = [];
  for (let round = 0; round < WARM_UP + ROUNDS; round++) {
    const cut = timed(() => cutPage(page));
    const parse = timed(() => JSON.parse(page.toString()));
    if (round < WARM_UP) continue;
    cutMs.push(cut);
    parseMs.push(parse);
  }
  const perSecond = (ms: number) => page.length / 1e3 / ms;
  const cutMBs = perSecond(median(cutMs));
  const parseMBs = perSecond(median(parseMs));
  return { cutMBs, parseMBs, ratio: cutMBs / parseMBs };
}

/** A page as Okta writes it, about 2.4 kB an event: no white space, some text that is not ASCII, some escapes. */
export function syntheticPage(count: number): Buffer {
  return Buffer.from(JSON.stringify(Array.from({ length: count }, (_, index) => event(index))));
}

const TYPES = [
  'user.session.start',
  'user.authentication.sso',
  'policy.evaluate_sign_on',
  'user.authentication.auth_via_mfa',
  'application.user_membership.add',
  'user.lifecycle.delete.initiated',
  'system.api_token.create',
  'group.user_membership.add',
];
const PEOPLE = [
  'Captain America',
  'Zoë Müller',
  'Łukasz "Luke" Żak',
  '山田 太郎',
  "Siobhán O'Neill",
];
const CITIES = ['Orlando', 'São Paulo', 'Zürich', '東京', 'Kraków', 'Leeds'];

function event(index: number): object {
  const hex = (value: number, digits: number) => value.toString(16).padStart(digits, '0');
  const type = TYPES[index % TYPES.length] ?? '';
  const person = PEOPLE[index % PEOPLE.length] ?? '';
  const place = {
    city: CITIES[index % CITIES.length],
    state: 'Florida',
    country: 'United States',
    postalCode: '32832',
    geolocation: { lat: 28.3774, lon: -81.1888 - index / 1e4 },
  };
  const ip = `8.10.${index % 200}.${index % 251}`;
  const requestId = `XbHgP-OT7cn8YM13gzo6nA${hex(index * 7919, 6)}`;
  return {
    actor: {
      id: `00unauiasg2CILBB${hex(index, 4)}`,
      type: 'User',
      alternateId: `user${index}@example.com`,
      displayName: person,
      detailEntry: null,
    },
    client: {
      userAgent: {
        rawUserAgent:
          'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_14_6) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/78.0.3904.70 Safari/537.36',
        os: 'Mac OS X',
        browser: 'CHROME',
      },
      zone: 'null',
      device: 'Computer',
      id: null,
      ipAddress: ip,
      geographicalContext: place,
    },
    device: null,
    authenticationContext: {
      authenticationProvider: null,
      credentialProvider: null,
      credentialType: null,
      issuer: null,
      interface: null,
      authenticationStep: 0,
      rootSessionId: `idx${hex(index * 104729, 12)}`,
      externalSessionId: `102cCKxMjTyRdW-Zg_j${hex(index, 6)}`,
    },
    displayMessage: 'Authentication of user via "MFA"',
    eventType: type,
    outcome: { result: index % 9 === 0 ? 'FAILURE' : 'SUCCESS', reason: null },
    published: `2026-10-24T17:${String(index % 60).padStart(2, '0')}:47.628Z`,
    securityContext: {
      asNumber: 7922,
      asOrg: 'comcast cable communications',
      isp: 'comcast cable communications llc',
      domain: 'example.net',
      isProxy: false,
    },
    severity: 'INFO',
    debugContext: {
      debugData: {
        uuid: 'decoy-that-stands-deeper',
        requestId,
        dtHash: `${hex(index * 7919, 8)}9c5ef71bd15a7a4ab1a4b1eab34a8bfe4c4f6a1d2f1c9a4db7a2b6d8`,
        requestUri: `/api/v1/authn/factors/00uo11p6k5JASvMVI0h7/verify?rememberDevice=false`,
        url: `/api/v1/authn/factors/00uo11p6k5JASvMVI0h7/verify?rememberDevice=false`,
        threatSuspected: 'false',
        behaviors:
          '{New Geo-Location=NEGATIVE, New Device=NEGATIVE, New IP=POSITIVE, New State=NEGATIVE, New Country=NEGATIVE, Velocity=NEGATIVE, New City=NEGATIVE}',
        risk: '{"reasons":"Anomalous Device, New IP","level":"MEDIUM"}',
        path: 'C:\\Users\\okta\\agent.log',
      },
    },
    legacyEventType: `core.${type}`,
    transaction: { type: 'WEB', id: requestId, detail: {} },
    uuid: `${hex(index * 2654435, 8)}-f684-11e9-ad48-d37548${hex(index, 6)}`,
    version: '0',
    request: { ipChain: [{ ip, geographicalContext: place, version: 'V4', source: null }] },
    target: [
      {
        id: `00uo11p6k5JASvMV${hex(index, 4)}`,
        type: 'User',
        alternateId: `target${index}@example.com`,
        displayName: PEOPLE[(index + 2) % PEOPLE.length],
        detailEntry: null,
      },
      {
        id: '0oa1gjh63g214q0Hq0g4',
        type: 'AppInstance',
        alternateId: 'Salesforce.com',
        displayName: 'Salesforce.com',
        detailEntry: { signOnModeType: 'SAML_2_0', signOnModeEvaluationResult: 'AUTHENTICATED' },
      },
    ],
  };
}

function timed(work: () => unknown): number {
  const start = performance.now();
  work();
  return performance.now() - start;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  for (const [name, page] of pages()) {
    const { cutMBs, parseMBs, ratio } = speedOf(page);
    console.log(
      `${EVENTS} events ${name}, ${page.length} bytes: cut ${cutMBs.toFixed(0)} MB/s, ` +
        `JSON.parse ${parseMBs.toFixed(0)} MB/s, ratio ${ratio.toFixed(2)}`,
    );
  }
}
