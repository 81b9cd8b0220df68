/** Nothing of a service app's private key is ever shown, wherever it was pasted; see secrets.test.ts. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ecKey, marksOf, pemOf } from '../support/keys.ts';
import { openOrg, Sandbox } from '../support/loghook.ts';
import { assertNoMark, assertNoMarkIn, secretUrl, TOKEN } from '../support/marks.ts';

const KEY = ecKey();
const PEM = pemOf(KEY);
const APP = { OKTA_API_KEY: '', OKTA_CLIENT_ID: '0oa1practice2CLIENT3' };
const GOOD_ROUTES = `.*,${secretUrl('https://h.example')}\n`;

const SITUATIONS: readonly {
  readonly name: string;
  readonly args: readonly string[];
  readonly code: number;
  readonly routes?: string;
  readonly env: Readonly<Record<string, string>>;
}[] = [
  {
    name: 'check, service app',
    args: ['check'],
    code: 0,
    env: { ...APP, OKTA_PRIVATE_KEY: PEM, OKTA_KEY_ID: 'S3CRET-kid' },
  },
  {
    name: 'check, key on one line in the place of its file and of the client id',
    args: ['check'],
    code: 2,
    env: { ...APP, OKTA_PRIVATE_KEY_FILE: PEM.replaceAll('\n', ''), OKTA_CLIENT_ID: PEM },
  },
  {
    name: 'run, key that is cut short',
    args: ['run'],
    code: 2,
    env: { ...APP, OKTA_PRIVATE_KEY: PEM.slice(0, -40) },
  },
  {
    name: 'run, key in a route',
    args: ['run'],
    code: 2,
    routes: `.*,https://h.example/?k=${encodeURIComponent(PEM)}\n`,
    env: { ...APP, OKTA_PRIVATE_KEY: PEM },
  },
  {
    name: 'run, token and app',
    args: ['run'],
    code: 2,
    env: { OKTA_CLIENT_ID: 'S3CRET', OKTA_PRIVATE_KEY: PEM },
  },
  {
    name: 'run, the names of other tools, all wrong',
    args: ['run'],
    code: 2,
    env: {
      OKTA_ORG_URL: '',
      OKTA_API_KEY: '',
      OKTA_CLIENT_ORGURL: secretUrl('https://acme.okta.com'),
      OKTA_CLIENT_TOKEN: 'S3CRET S3CRET',
    },
  },
  {
    name: 'service print, service app',
    args: ['service', 'print', 'systemd'],
    code: -1,
    env: { ...APP, OKTA_CLIENT_ID: 'S3CRET', OKTA_KEY_ID: 'S3CRET', OKTA_PRIVATE_KEY: PEM },
  },
];

for (const { name, args, code, routes = GOOD_ROUTES, env: own } of SITUATIONS) {
  test(`shows nothing of a private key: ${name}`, async (t) => {
    const { env } = await openOrg(t, { token: TOKEN });
    const sandbox = new Sandbox(t);
    sandbox.write('loghook.csv', routes);

    const ended = await sandbox.run(args, { env: { ...env, ...own } });

    if (code >= 0) assert.equal(ended.code, code, ended.stderr);
    assertNoMark(ended.stdout, 'stdout', marksOf(KEY));
    assertNoMark(ended.stderr, 'stderr', marksOf(KEY));
    assertNoMarkIn(sandbox.home, marksOf(KEY));
  });
}
