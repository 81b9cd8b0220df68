/** A loghook.yaml with every option, the real process: it runs, says what is set, and shows no secret. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeCertificate } from '../config/certificate.ts';
import { addEvents, openOrg, openReceiver, Sandbox } from '../support/loghook.ts';

const NEW = 'whsec_UzNDUkVULVMzQ1JFVC1TM0NSRVQtUzNDUkVU';
const OLD = 'whsec_b2xkLVMzQ1JFVC1vbGQtUzNDUkVULW9sZA==';
const MARKS = ['S3CRET', NEW.slice(6), OLD.slice(6), Buffer.from('me:S3CRET').toString('base64')];

function every(url: string): string {
  return `
alerts: { url: ${url}/alerts-S3CRET, headers: { X-Key: S3CRET } }
heartbeat: ${url}/beat-S3CRET
routes:
  - name: all
    match: ['.*']
    url: ${url.replace('://', '://me:S3CRET@')}/S3CRET?key=S3CRET
    method: PUT
    headers: { X-Api-Key: 'S3CRET', X-From: '\${WORD}-\${file:word}' }
    enabled: true
    secrets: [${NEW}, { secret: ${OLD}, until: 2099-01-31 }]
    order: key
    concurrency: 8
    rate: 100/s
    retry: { schedule: [5s, 1m, 10m], event: [422], route: [404, 403] }
    maxAge: 90d
    publicOnly: false
    proxy: none
    expect: 1 per 15m
  - name: tls
    match: nothing
    url: https://tls.example.com:9/S3CRET
    proxy: http://me:S3CRET@proxy.example.com:3128
    publicOnly: true
    tls: { ca: cert.pem, cert: cert.pem, key: key.pem, servername: x.example.com, insecure: true }
  - { name: off, match: .*, url: '${url}/off-S3CRET', enabled: false, order: { key: actor.id } }
`;
}

function assertNoMark(text: string): void {
  for (const mark of MARKS) assert.equal(text.indexOf(mark), -1, mark);
}

function assertNoMarkIn(folder: string): void {
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    const path = join(folder, name);
    assertNoMark(statSync(path).isFile() ? readFileSync(path, 'latin1') : name);
  }
}

for (const format of ['json', 'pretty']) {
  test(`runs with every option set, says so and shows no secret, ${format}`, async (t) => {
    const { org, env } = await openOrg(t);
    const receiver = await openReceiver(t);
    addEvents(org, 1);
    const sandbox = new Sandbox(t);
    sandbox.write('loghook.yaml', every(receiver.url));
    sandbox.write('word', 'file\n');
    const { key } = makeCertificate(sandbox.cwd);
    const variables = { ...env, WORD: 'environment' };

    const check = await sandbox.run(['check'], { env: variables });
    const run = await sandbox.run(['--once', '--log-format', format], { env: variables });
    const status = await sandbox.run(['status'], { env });

    assert.deepEqual([check.code, check.stderr, run.code], [0, '', 0], run.stdout + run.stderr);
    const sent = receiver.received.filter(({ path }) => path.startsWith('/S3CRET'));
    assert.deepEqual(
      sent.map(({ path, headers }) => [path, headers['x-api-key'], headers['x-from']]),
      [['/S3CRET?key=S3CRET', 'S3CRET', 'environment-file']],
    );
    assert.match(run.stdout, /INSECURE/);
    for (const { stdout, stderr } of [check, run, status]) {
      assertNoMark(stdout + stderr);
      assert.ok(!(stdout + stderr).includes(key.split('\n')[1] ?? ''));
    }
    assertNoMarkIn(sandbox.home);
  });
}

test('check says in words what each route says', async (t) => {
  const { env } = await openOrg(t);
  const sandbox = new Sandbox(t);
  sandbox.write('loghook.yaml', every('http://127.0.0.1:9'));
  sandbox.write('word', 'file\n');
  makeCertificate(sandbox.cwd);

  const { stdout } = await sandbox.run(['check'], { env: { ...env, WORD: 'x' } });

  const tree = stdout.slice(stdout.indexOf('routes'));
  assert.equal(
    tree,
    `routes    loghook.yaml
 ├─ all         /.*/   (basic auth)
 │              sent with PUT
 │              headers X-Api-Key, X-From
 │              signed with 2 secrets (the old one until 2099-01-31T00:00Z)
 │              in order by user (first target of type User, else the actor)
 │              at most 8 at once
 │              at most 100/s
 │              tries again after 5s, 1m, 10m
 │              422 judges the event
 │              404, 403 hold the route
 │              events older than 90d are not sent
 │              alert when fewer than 1 event in 15m
 │              no proxy
 ├─ tls         /nothing/
 │              INSECURE: the receiver's certificate is not checked
 │              public addresses only
 │              through proxy.example.com:3128
 │              its own certificate authority
 │              with a client certificate
 │              certificate for x.example.com
 ├─ alerts      (loghook's own news)
 │              headers X-Key
 ├─ off         /.*/
 │              DISABLED: it wants and sends nothing, its queue is kept
 │              in order by actor.id
 └─ heartbeat   (pinged while polling works)
`,
  );
});

test('exits 2 with every problem, on check and on run, and shows no secret', async (t) => {
  const { env } = await openOrg(t);
  const sandbox = new Sandbox(t);
  const broken = every('http://127.0.0.1:9')
    .replaceAll('X-Api-Key', '"X Key S3CRET"')
    .replace('secrets:', 'sercets:')
    .replace('until: 2099-01-31', 'until: S3CRET')
    .replace('order: key', 'order: strickt')
    .replace('http://me:S3CRET@proxy', 'ftp://me:S3CRET@proxy')
    .replace('url: https://', 'url: S3CRET@')
    .replace(': cert.pem', ': S3CRETS3CRET/S3CRET');
  sandbox.write('loghook.yaml', broken);

  for (const args of [['check'], ['run']]) {
    const { code, stdout, stderr } = await sandbox.run(args, { env });

    assert.equal(code, 2);
    assert.match(stderr, /^loghook: loghook\.yaml line \d+ column \d+: "sercets" is no key here$/m);
    assert.match(stderr, /^ {2}→ did you mean secrets\?/m);
    assert.match(
      stderr,
      /^loghook: loghook\.yaml line \d+ column \d+: the variable WORD is not set/m,
    );
    assert.ok((stderr.match(/^loghook: /gm) ?? []).length >= 9, stderr);
    assertNoMark(stdout + stderr);
  }
});
