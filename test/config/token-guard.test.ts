import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Environment } from '../../src/config/environment.ts';
import { readAll } from '../../src/config/problems.ts';
import { findRouteFile, routeFileReader } from '../../src/config/route-file.ts';
import { allTextOf, complaintsOf } from './complaints.ts';
import { file, tempFolder } from './temp-folder.ts';

const TOKEN = '00practiceTOKENofAboutTheUsualLength42chars';

async function reading(
  t: TestContext,
  name: string,
  text: string,
  variables: Record<string, string>,
) {
  const cwd = tempFolder(t);
  file(cwd, name, text);
  const read = await routeFileReader(findRouteFile(undefined, cwd));
  return () => readAll({ routes: () => read(new Environment(variables)) });
}

const BASIC = Buffer.from(`:${TOKEN}`).toString('base64');
const LEAKS: readonly (readonly [line: string, why: string])[] = [
  [`url: 'https://h.example/?token=${TOKEN}'`, 'in the URL'],
  [`url: 'https://me:${TOKEN}@h.example/'`, 'as the password of Basic auth'],
  [`url: https://h.example/\n    headers: { Authorization: SSWS ${TOKEN} }`, 'in a header'],
  [`url: https://h.example/\n    headers: { X: Basic ${BASIC} }`, 'in base64'],
  [`url: https://h.example/\n    headers: { X: '\${COPY}' }`, 'from another variable'],
  [`url: https://h.example/\n    proxy: 'http://me:${TOKEN}@p.example/'`, 'to the proxy'],
  [`url: https://h.example/\n    enabled: false\n    headers: { X: ${TOKEN} }`, 'while disabled'],
];

for (const [line, why] of LEAKS) {
  test(`refuses a route that carries the Okta token: ${why}`, async (t) => {
    const text = `routes:\n  - name: siem\n    match: .*\n    ${line}\n`;
    const read = await reading(t, 'loghook.yaml', text, { OKTA_API_KEY: TOKEN, COPY: TOKEN });

    assert.deepEqual(complaintsOf(read), ['loghook.yaml: the route siem holds the Okta token']);
    assert.doesNotMatch(allTextOf(read), /TOKENof/);
  });
}

test('refuses it in loghook.csv, for alerts and for the heartbeat too', async (t) => {
  const csv = await reading(t, 'loghook.csv', `.*,https://h.example/${TOKEN}\n`, {
    OKTA_API_KEY: `SSWS ${TOKEN}`,
  });
  const routes = 'routes:\n  - { name: a, match: .*, url: https://h.example/ }\n';
  const news = `alerts: https://h.example/${TOKEN}\nheartbeat: https://h.example/${TOKEN}\n`;
  const yaml = await reading(t, 'loghook.yaml', `${routes}${news}`, { OKTA_API_KEY: TOKEN });

  assert.match(
    complaintsOf(csv).join(),
    /^loghook\.csv: the route h\.example#.* holds the Okta token$/,
  );
  assert.deepEqual(complaintsOf(yaml), [
    'loghook.yaml: the route alerts holds the Okta token',
    'loghook.yaml: the route heartbeat holds the Okta token',
  ]);
});

test('says nothing where there is no token, a broken one, or one that is a word', async (t) => {
  for (const OKTA_API_KEY of ['', `${TOKEN} ${TOKEN}`, 'h.example']) {
    const read = await reading(t, 'loghook.csv', `.*,https://h.example/${TOKEN}\n`, {
      OKTA_API_KEY,
    });

    assert.deepEqual(complaintsOf(read), []);
  }
});
