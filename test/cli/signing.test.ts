/** `loghook secret`, `sign` and `verify`: what they print, what they refuse, and that no secret comes out. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { loghook as runLoghook } from '../support/front-door.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { verifies } from '../support/verifies.ts';

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const OLD = 'whsec_bG9naG9vay10ZXN0LXNlY3JldC0zMi1ieXRlcy1vayE=';
const ENV = { SIEM_SECRET: SECRET, OLD_SECRET: OLD };

async function loghook(args: readonly string[], input = '') {
  const ran = await runLoghook(args, { env: ENV, input });
  for (const secret of [SECRET, OLD]) {
    assert.ok(!`${ran.stdout}${ran.stderr}`.includes(secret.slice(6, 20)), 'a secret came out');
  }
  return ran;
}

function fileOf(t: TestContext, name: string, text: string | Buffer): string {
  const path = join(tempFolder(t), name);
  writeFileSync(path, text);
  return path;
}

test('secret new prints one on stdout, and nothing else; secret check takes it', async () => {
  const made = await loghook(['secret', 'new']);
  const checked = await loghook(['secret', 'check'], made.stdout);

  assert.match(made.stdout, /^whsec_[A-Za-z0-9+/]{43}=\n$/);
  assert.equal(made.stderr, '');
  assert.equal(checked.code, 0);
  assert.match(checked.stdout, /^well formed: 32 bytes, fingerprint [0-9a-f]{12}\n$/);
});

test('secret check reads a file, a variable or stdin, and gives one fingerprint', async (t) => {
  const file = fileOf(t, 's', `${SECRET}\r\n`);

  const answers = [
    await loghook(['secret', 'check', file]),
    await loghook(['secret', 'check', '--env', 'SIEM_SECRET']),
    await loghook(['secret', 'check'], SECRET),
    await loghook(['secret', 'check', '-'], SECRET),
  ];

  for (const { code, stdout } of answers) {
    assert.equal(code, 0);
    assert.equal(stdout, 'well formed: 24 bytes, fingerprint f74e1720b761\n');
  }
});

const REFUSED: readonly (readonly [args: string, input: string, stderr: RegExp])[] = [
  ['secret check', SECRET.slice(0, 20), /secret: behind whsec_ the base64 is not whole/],
  ['secret check', 'x', /secret: it does not begin with whsec_/],
  [`secret check ${SECRET}`, '', /this is a secret, where a file is wanted\n.*others can see it/],
  [`secret check --env ${SECRET}`, '', /this is not the name of a variable/],
  ['secret check --env NONE', '', /the variable NONE is not set/],
  ['secret check s --env NONE', '', /two places to read from/],
  ['sign', 'x', /secret: nothing says where it is\n.*--secret-env NAME/],
  [`sign --secret-file ${SECRET}`, 'x', /this is a secret, where a file is wanted/],
  ['sign --secret-env SIEM_SECRET --secret-file s', 'x', /several places/],
  ['sign --secret-env SIEM_SECRET --timestamp soon', 'x', /--timestamp: neither a duration/],
  ['sign --secret-env SIEM_SECRET nofile', '', /body: there is no file nofile/],
  ['verify --secret-env SIEM_SECRET --header x', 'x', /--header: it is no header/],
  ['verify --secret-env SIEM_SECRET --tolerance x', 'x', /--tolerance: it is no duration/],
  ['verify --secret-env SIEM_SECRET --request -', 'webhook-id: x', /no empty line/],
  ['verify --secret-env SIEM_SECRET --request - body', '', /holds headers and body/],
  [
    'verify --secret-env SIEM_SECRET',
    'x',
    /webhook-id: the header is missing\n.*webhook-timestamp/,
  ],
  [
    'verify --secret-env SIEM_SECRET --request -',
    'content-length: 9\n\nabc',
    /body: it was cut short: 3 bytes of 9/,
  ],
  [
    'verify --secret-env SIEM_SECRET --request -',
    'transfer-encoding: chunked\n\n1\na\n0\n',
    /sent in chunks/,
  ],
];
for (const [args, input, expected] of REFUSED) {
  test(`loghook ${args.replace(SECRET, 'whsec_…')}: ${expected.source}`, async () => {
    const { code, stdout, stderr } = await loghook(args.split(' '), input);

    assert.equal(code, 2);
    assert.equal(stdout, '');
    assert.match(stderr, expected);
  });
}

const BODY = '{"name":"Zoë 🙂","n":12345678901234567890}';

async function signedHeaders(args: readonly string[] = []): Promise<string> {
  const { code, stdout, stderr } = await loghook(
    ['sign', '--secret-env', 'SIEM_SECRET', ...args],
    BODY,
  );
  assert.equal(code, 0, stderr);
  return stdout;
}

test('sign prints three headers that another library takes', async () => {
  const text = await signedHeaders(['--id', 'msg_1', '--timestamp', '1700000000']);

  const headers = Object.fromEntries(
    text
      .trimEnd()
      .split('\n')
      .map((line) => line.split(': ')),
  );
  assert.deepEqual(Object.keys(headers), ['webhook-id', 'webhook-timestamp', 'webhook-signature']);
  assert.equal(headers['webhook-id'], 'msg_1');
  assert.ok(verifies({ headers, body: Buffer.from(BODY) }, SECRET, 1_700_000_000_000));
});

test('verify takes what sign made: by headers, and as a whole request', async (t) => {
  const text = await signedHeaders();
  const lines = text.trimEnd().split('\n');
  const whole = `POST /hook HTTP/1.1\r\nHost: x\r\n${lines.join('\r\n')}\r\n\r\n${BODY}`;
  const kept = fileOf(t, 'kept.http', whole);
  const body = fileOf(t, 'body.json', BODY);
  const secret = ['--secret-env', 'SIEM_SECRET'];

  const answers = [
    await loghook(['verify', ...secret, ...lines.flatMap((line) => ['--header', line])], BODY),
    await loghook(['verify', body, ...secret, ...lines.flatMap((line) => ['--header', line])]),
    await loghook(['verify', '--request', kept, ...secret]),
    await loghook(['verify', '--request', '-', ...secret], `${text}\n${BODY}`),
    await loghook(
      ['verify', '--request', '-', ...secret],
      `${text}content-length: ${Buffer.byteLength(BODY)}\n\n${BODY}\n`,
    ),
  ];

  for (const { code, stdout, stderr } of answers) {
    assert.equal(stderr, '');
    assert.equal(code, 0);
    assert.match(stdout, /^valid: [0-9a-f-]{36}, signed \d s ago\n$/);
  }
});

test('verify says what is wrong: too old, another secret, another body', async () => {
  const old = await signedHeaders(['--timestamp', '1h']);
  const now = await signedHeaders();

  const late = await loghook(
    ['verify', '--request', '-', '--secret-env', 'SIEM_SECRET'],
    `${old}\n${BODY}`,
  );
  const other = await loghook(
    ['verify', '--request', '-', '--secret-env', 'OLD_SECRET'],
    `${now}\n${BODY}`,
  );
  const line = await loghook(
    ['verify', '--request', '-', '--secret-env', 'SIEM_SECRET'],
    `${now}\n${BODY}\n`,
  );
  const far = await loghook(
    ['verify', '--request', '-', '--secret-env', 'SIEM_SECRET', '--tolerance', '2h'],
    `${old}\n${BODY}`,
  );

  assert.deepEqual([late.code, other.code, line.code, far.code], [2, 2, 2, 0]);
  assert.match(late.stderr, /webhook-timestamp: it was signed 1h(\d+s)? ago; 5m is allowed/);
  assert.match(other.stderr, /webhook-signature: it does not match/);
  assert.match(line.stderr, /→ the body: it matches without the line end behind it/);
});

test('the secrets of a route sign and verify, as long as they are in force', async (t) => {
  const config = fileOf(
    t,
    'loghook.yaml',
    `routes:
  - name: siem
    match: .*
    url: https://siem.example/in
    secrets: ['\${SIEM_SECRET}', { secret: '\${OLD_SECRET}', until: 2026-01-01 }]
  - name: plain
    match: .*
    url: https://plain.example/in
`,
  );
  const route = ['--config', config, '--route', 'siem'];

  const before = await loghook(['sign', ...route, '--timestamp', '2025-12-31'], BODY);
  const after = await loghook(['sign', ...route, '--timestamp', '2026-01-02'], BODY);
  const plain = await loghook(['sign', '--config', config, '--route', 'plain'], BODY);
  const seen = await loghook(
    ['verify', '--request', '-', ...route, '--now', '2025-12-31'],
    `${before.stdout}\n${BODY}`,
  );

  assert.equal(before.stdout.match(/v1,/g)?.length, 2, before.stderr);
  assert.equal(after.stdout.match(/v1,/g)?.length, 1, after.stderr);
  assert.match(plain.stderr, /--route: plain has no secrets/);
  assert.equal(seen.code, 0, seen.stderr);
});
