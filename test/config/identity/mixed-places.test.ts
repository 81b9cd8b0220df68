/** Which URL and which secret may go together when they come from different places. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ecKey, marksOf, pemOf } from '../../support/keys.ts';
import { allTextOf, complaintsOf, hintsOf } from '../complaints.ts';
import { client, homeWith, inShort, type Names, read } from './okta-home.ts';

const ACME = 'https://acme.okta.com';
const OTHER = 'https://other.okta.com';
const EVIL = 'https://evil.example';
const KEY = ecKey();
const PEM = pemOf(KEY);
const ESCAPED = PEM.replaceAll('\n', '\\n');

/** Each: what is set outside, what in `.env`, what in ~/.okta/okta.yaml below client, and the host or the complaint. */
const MIXES: readonly (readonly [
  why: string,
  outer: Names,
  inner: Names,
  home: readonly string[],
  expected: string | RegExp,
])[] = [
  [
    'a token of home, the URL outside, no URL at home',
    { OKTA_ORG_URL: ACME },
    {},
    ['token: t'],
    'acme.okta.com',
  ],
  [
    'the same org in both',
    { OKTA_ORG_URL: ACME },
    {},
    [`orgUrl: ${ACME}`, 'token: t'],
    'acme.okta.com',
  ],
  [
    'its Admin Console is the same org',
    { OKTA_ORG_URL: ACME },
    {},
    ['orgUrl: https://acme-admin.okta.com', 'token: t'],
    'acme.okta.com',
  ],
  [
    'a token of home for another org',
    { OKTA_ORG_URL: ACME },
    {},
    [`orgUrl: ${OTHER}`, 'token: SECRET'],
    /^okta\.client\.token in .*: the token is for the org that okta\.client\.orgUrl in ~\/\.okta\/okta\.yaml names, and not for acme\.okta\.com/,
  ],
  [
    'a key of home for another org',
    { OKTA_ORG_URL: ACME },
    {},
    [`orgUrl: ${OTHER}`, 'clientId: a', `privateKey: "${ESCAPED}"`],
    /the private key is for the org/,
  ],
  [
    'a token of home beside a broken URL',
    { OKTA_ORG_URL: ACME },
    {},
    ['orgUrl: https://{yourOktaDomain}', 'token: t'],
    /the token is for the org/,
  ],
  [
    'the URL of home, a token outside',
    { OKTA_API_KEY: 't' },
    {},
    [`orgUrl: ${ACME}`],
    'acme.okta.com',
  ],
  [
    'the URL of home, a token in .env',
    {},
    { OKTA_API_KEY: 't' },
    [`orgUrl: ${ACME}`],
    'acme.okta.com',
  ],
  [
    'the URL in .env, a token of home',
    {},
    { OKTA_ORG_URL: EVIL },
    ['token: SECRET'],
    /^OKTA_ORG_URL: it comes from \.env, but the token does not/,
  ],
  [
    'the URL in .env, a token of home for another org',
    {},
    { OKTA_ORG_URL: EVIL },
    [`orgUrl: ${ACME}`, 'token: SECRET'],
    /^OKTA_ORG_URL: it comes from \.env/,
  ],
  [
    'the URL in .env, which is that of home',
    {},
    { OKTA_ORG_URL: ACME },
    [`orgUrl: ${ACME}`, 'token: t'],
    'acme.okta.com',
  ],
  [
    "an SDK's URL in .env, a token outside",
    { OKTA_CLIENT_TOKEN: 'SECRET' },
    { OKTA_CLIENT_ORGURL: EVIL },
    [],
    /^OKTA_CLIENT_ORGURL: it comes from \.env/,
  ],
  [
    "an SDK's URL in .env, loghook's token outside",
    { OKTA_API_KEY: 'SECRET' },
    { OKTA_CLIENT_ORGURL: EVIL },
    [],
    /^OKTA_CLIENT_ORGURL: it comes from \.env/,
  ],
  [
    "an SDK's URL and token in .env",
    {},
    { OKTA_CLIENT_ORGURL: ACME, OKTA_CLIENT_TOKEN: 't' },
    [],
    'acme.okta.com',
  ],
  [
    "an SDK's token beside another org's URL",
    { OKTA_ORG_URL: ACME, OKTA_CLIENT_ORGURL: OTHER, OKTA_CLIENT_TOKEN: 'SECRET' },
    {},
    [],
    /^OKTA_CLIENT_TOKEN: the token is for the org that OKTA_CLIENT_ORGURL in the environment names, and not for acme\.okta\.com/,
  ],
  [
    "an SDK's key beside another org's URL",
    {
      OKTA_ORG_URL: ACME,
      OKTA_CLIENT_ORGURL: OTHER,
      OKTA_CLIENT_CLIENTID: 'a',
      OKTA_CLIENT_PRIVATEKEY: PEM,
    },
    {},
    [],
    /the private key is for the org/,
  ],
  [
    "an SDK's token outside, its URL in .env, loghook's URL outside",
    { OKTA_ORG_URL: ACME, OKTA_CLIENT_TOKEN: 't' },
    { OKTA_CLIENT_ORGURL: OTHER },
    [],
    'acme.okta.com',
  ],
  [
    "loghook's URL in .env, an SDK's pair outside",
    { OKTA_CLIENT_ORGURL: ACME, OKTA_CLIENT_TOKEN: 'SECRET' },
    { OKTA_ORG_URL: EVIL },
    [],
    /^OKTA_ORG_URL: it comes from \.env/,
  ],
  [
    "loghook's URL in .env, which is that of an SDK's pair outside",
    { OKTA_CLIENT_ORGURL: ACME, OKTA_CLIENT_TOKEN: 't' },
    { OKTA_ORG_URL: ACME },
    [],
    'acme.okta.com',
  ],
  [
    'a home that .env names',
    {},
    { HOME: '/SECRET', OKTA_ORG_URL: ACME },
    [],
    /^OKTA_API_KEY: it is not set/,
  ],
];

for (const [why, outer, inner, home, expected] of MIXES) {
  test(`lets go together what belongs together: ${why}`, (t) => {
    const names = home.length === 0 ? outer : { ...outer, ...homeWith(t, client(...home)) };

    if (typeof expected === 'string') {
      assert.equal(inShort(names, inner).to, expected);
      return;
    }
    const reading = () => read(names, inner);
    assert.match(complaintsOf(reading).join('\n'), expected);
    assert.equal(complaintsOf(reading).length, 1);
    assert.notEqual(hintsOf(reading)[0], undefined);
    assert.doesNotMatch(allTextOf(reading), /SECRET/);
    for (const mark of marksOf(KEY)) assert.ok(!allTextOf(reading).includes(mark));
  });
}
