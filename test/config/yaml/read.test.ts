/** loghook.yaml: what each option becomes, and that it says the same as a loghook.csv. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadRoutes } from '../../../src/config/csv/read.ts';
import { makeCertificate } from '../certificate.ts';
import { file, tempFolder } from '../temp-folder.ts';
import { readYaml } from './yaml-file.ts';

const NEW = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const OLD = 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD';

test('makes a route of each entry, with every option', (t) => {
  const folder = tempFolder(t);
  const { cert, key } = makeCertificate(folder);
  const text = `
routes:
  - name: siem
    match: ['^user\\.', '^app\\.']
    url: https://me:pass@hooks.example.com/x
    method: PUT
    headers: { X-Api-Key: abc, X-Env: 'prod' }
    enabled: true
    secrets: [${NEW}, { secret: ${OLD}, until: 2027-01-31 }]
    order: key
    concurrency: 8
    rate: 10/s
    retry: { schedule: [5s, 1m, 10m], event: [422], route: [404, 403] }
    maxAge: 1h30m
    publicOnly: true
    proxy: http://u:p@proxy.example.com:3128
    tls: { cert: cert.pem, key: key.pem, ca: cert.pem, servername: x.example.com, insecure: true }
    expect: 1 per 15m
`;

  const { routes } = readYaml({ folder, text });

  const [{ formerly, order, ...route } = assert.fail()] = routes.all;
  assert.deepEqual(route, {
    key: 'name:siem',
    name: 'siem',
    patterns: ['^user\\.', '^app\\.'],
    url: new URL('https://hooks.example.com/x'),
    authorization: `Basic ${Buffer.from('me:pass').toString('base64')}`,
    method: 'PUT',
    headers: [
      ['X-Api-Key', 'abc'],
      ['X-Env', 'prod'],
    ],
    enabled: true,
    secrets: [
      { key: Buffer.from(NEW.slice(6), 'base64') },
      { key: Buffer.from(OLD.slice(6), 'base64'), until: Date.parse('2027-01-31T00:00:00Z') },
    ],
    concurrency: 8,
    rate: { count: 10, perMs: 1_000 },
    retry: { delaysMs: [5_000, 60_000, 600_000], event: [422], route: [404, 403] },
    maxAgeMs: 5_400_000,
    publicOnly: true,
    proxy: new URL('http://u:p@proxy.example.com:3128'),
    tls: { cert, key, ca: cert, servername: 'x.example.com', insecure: true },
    expect: { count: 1, perMs: 900_000 },
  });
  assert.equal(order?.by, 'key');
  assert.match(formerly ?? '', /^[0-9a-f]{64}$/);
});

test('says of plain routes what a loghook.csv says, and knows the queue of each URL', (t) => {
  const folder = tempFolder(t);
  const csv = file(folder, 'loghook.csv', 'a,https://u:p@h/1\nb,https://u:p@h/1\nc,http://h/2\n');
  const text = `
routes:
  one: { match: [a, b], url: 'https://u:p@h/1' }
  two: { match: c, url: http://h/2 }
  three: { match: d, url: http://h/2 }
`;

  const { routes } = readYaml({ folder, text });

  const expected = loadRoutes(csv).all.map(({ key, patterns, url }) => [key, patterns, url.href]);
  const shown = routes.all.map(({ formerly, patterns, url }) => [formerly, patterns, url.href]);
  assert.deepEqual(shown.slice(0, 2), expected);
  assert.deepEqual(shown[2], [undefined, ['d'], 'http://h/2']);
});

test('has the alerts among the routes, the heartbeat and what is disabled beside them', (t) => {
  const text = `
alerts: https://u:p@h/alerts
heartbeat: { url: http://h/beat, publicOnly: true, secrets: ${NEW} }
routes:
  - { name: on, match: .*, url: http://h/on }
  - { name: off, match: .*, url: http://h/off, enabled: false }
`;

  const { routes, alerts, heartbeat } = readYaml({ folder: tempFolder(t), text });

  assert.deepEqual(
    routes.all.map(({ key }) => key),
    ['name:on', 'alerts'],
  );
  assert.deepEqual(
    routes.disabled.map(({ key }) => key),
    ['name:off'],
  );
  assert.deepEqual(
    routes.wantedBy({ eventType: 'x' }).map(({ key }) => key),
    ['name:on'],
  );
  assert.equal(routes.all[1], alerts);
  assert.equal(alerts?.authorization, `Basic ${Buffer.from('u:p').toString('base64')}`);
  assert.deepEqual(alerts?.patterns, []);
  assert.equal(heartbeat?.name, 'heartbeat');
  assert.equal(heartbeat?.publicOnly, true);
  assert.equal(heartbeat?.secrets?.length, 1);
});

test('reads each way to say an order', (t) => {
  const folder = tempFolder(t);
  for (const [order, by] of [
    ['none', undefined],
    ['key', 'key'],
    ['strict', 'strict'],
    ['{ key: target.0.id }', 'key:target.0.id'],
  ]) {
    const text = `routes: [{ name: a, match: b, url: "http://h/", order: ${order} }]`;
    assert.equal(readYaml({ folder, text }).routes.all[0]?.order?.by, by);
  }
});

test('reads JSON, anchors, merge keys and a byte order mark', (t) => {
  const folder = tempFolder(t);
  const json = '{\n\t"routes": [{"name": "a", "match": "b", "url": "http://h/"}]\n}\n';
  const yaml =
    '\ufeffroutes:\n  a: &a { match: b, url: http://h/ }\n  c: { <<: *a, rate: 1/s }\r\n';

  const fromJson = readYaml({ folder, name: 'loghook.json', text: json }).routes.all;
  const [, second] = readYaml({ folder, text: yaml }).routes.all;

  assert.equal(fromJson[0]?.name, 'a');
  assert.deepEqual([second?.name, second?.patterns, second?.rate?.count], ['c', ['b'], 1]);
});

test('puts variables and files into values, after the YAML is read', (t) => {
  const folder = tempFolder(t);
  file(folder, 'token', 'a: b # c\n');
  file(folder, 'path', 'x\r\n');
  const text = `
routes:
  - name: a
    match: '^\${KIND}\\.'
    url: https://\${HOST}/\${file:path}
    headers: { A: 'Bearer \${file:token}', B: '$\${HOST}', C: '\${credential:token}', D: '\${file:$DIR/token}' }
    concurrency: \${N}
    publicOnly: \${YES}
`;
  const variables = {
    HOST: 'h.example',
    N: ' 7 ',
    YES: 'TRUE',
    DIR: folder,
    CREDENTIALS_DIRECTORY: folder,
  };

  const [route] = readYaml({
    folder,
    text,
    variables: { ...variables, KIND: 'user' },
    dotEnv: { KIND: 'group' },
  }).routes.all;

  assert.deepEqual(route?.patterns, ['^user\\.']);
  assert.deepEqual(route?.headers, [
    ['A', 'Bearer a: b # c'],
    ['B', `\${HOST}`],
    ['C', 'a: b # c'],
    ['D', 'a: b # c'],
  ]);
  assert.equal(route?.url.href, 'https://h.example/x');
  assert.equal(route?.concurrency, 7);
  assert.equal(route?.publicOnly, true);
});

test('takes any variable of .env that the file names', (t) => {
  const text = `routes: [{ name: a, match: b, url: "\${SLACK_URL}" }]`;
  const dotEnv = { SLACK_URL: 'https://hooks.slack.com/x' };

  const [route] = readYaml({ folder: tempFolder(t), text, dotEnv }).routes.all;

  assert.equal(route?.url.host, 'hooks.slack.com');
});

test('says that nobody is told when expect stands without alerts', (t) => {
  const text = 'routes: [{ name: a, match: b, url: "http://h/", expect: 1 per 1h }]';

  assert.deepEqual(readYaml({ folder: tempFolder(t), text }).notes, [
    'a has `expect`, but there is no `alerts` to tell',
  ]);
});
