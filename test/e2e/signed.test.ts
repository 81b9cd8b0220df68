/** Signed routes and a receiver that is not ours: Debian's `webhook` runs a verifier for each request. */
import assert from 'node:assert/strict';
import { chmodSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { newSecret, parseSecret } from '../../src/delivery/signing/secret.ts';
import { Signer } from '../../src/delivery/signing/signature.ts';
import { addEvents, BIN, openOrg, openReceiver, Sandbox } from '../support/loghook.ts';
import { verifies } from '../support/verifies.ts';
import { openWebhookServer } from '../support/webhook-server.ts';

const LIBRARY = fileURLToPath(new URL('../../../node_modules/standardwebhooks', import.meta.url));

/** As a receiver would write it, once with the npm package and once with `loghook verify`. */
const BY_LIBRARY = (secretFile: string) => `#!${process.execPath}
const { readFileSync } = require('node:fs');
const { Webhook } = require(${JSON.stringify(LIBRARY)});
const { BODY, ID, TIMESTAMP, SIGNATURE } = process.env;
const secret = readFileSync(${JSON.stringify(secretFile)}, 'utf8').trim();
new Webhook(secret).verify(readFileSync(BODY, 'utf8'), {
  'webhook-id': ID, 'webhook-timestamp': TIMESTAMP, 'webhook-signature': SIGNATURE,
});
`;
const BY_LOGHOOK = (secretFile: string) => `#!/bin/sh
exec '${process.execPath}' '${BIN}' verify "$BODY" --secret-file '${secretFile}' \\
  --header "webhook-id: $ID" --header "webhook-timestamp: $TIMESTAMP" \\
  --header "webhook-signature: $SIGNATURE"
`;

test("Debian's webhook server takes signed events and refuses what was tampered with", async (t) => {
  const { org, env } = await openOrg(t);
  const sandbox = new Sandbox(t);
  const secret = newSecret();
  const secretFile = sandbox.write('siem.secret', `${secret}\n`);
  const command = (name: string, text: string) => {
    const path = sandbox.write(name, text);
    chmodSync(path, 0o755);
    return path;
  };
  const url = await openWebhookServer(t, sandbox, [
    { id: 'library', command: command('by-library', BY_LIBRARY(secretFile)) },
    { id: 'loghook', command: command('by-loghook', BY_LOGHOOK(secretFile)) },
  ]);
  const route = (name: string, hook: string, from: string) =>
    `  - { name: ${name}, match: '.*', url: '${url}/${hook}', secrets: '${from}' }\n`;
  const good = `\${file:siem.secret}`;
  sandbox.write(
    'loghook.yaml',
    `routes:\n${route('a', 'library', good)}${route('b', 'loghook', good)}${route('c', 'library', newSecret())}`,
  );
  const [raw] = addEvents(org, 1);

  const { code, stdout } = await sandbox.run(['--once', '--log-format', 'json'], { env });

  const attempts = stdout
    .split('\n')
    .filter((line) => line.includes('delivery attempted'))
    .map((line) => JSON.parse(line));
  const statuses = Object.fromEntries(attempts.map(({ route: name, status }) => [name, status]));
  assert.deepEqual(statuses, { a: 200, b: 200, c: 500 });
  assert.equal(code, 5);
  assert.ok(!stdout.includes(secret.slice(6)));

  const parsed = parseSecret(secret);
  const key = 'key' in parsed ? parsed.key : Buffer.alloc(0);
  const body = raw!;
  const signed = new Signer([{ key }]).headers('msg_1', body, Date.now());
  const headers = new Headers({ 'content-type': 'application/json' });
  for (let n = 0; n < signed.length; n += 2) headers.set(signed[n]!, signed[n + 1]!);
  const tampered = Buffer.from(body.toString('utf8').replace('"severity"', '"Severity"'));
  assert.ok(!tampered.equals(body));
  for (const hook of ['library', 'loghook']) {
    const post = async (sent: Buffer) =>
      (await fetch(`${url}/${hook}`, { method: 'POST', headers, body: new Uint8Array(sent) }))
        .status;
    assert.equal(await post(body), 200, hook);
    assert.equal(await post(tampered), 500, hook);
  }
});

test('every attempt of a daemon verifies, the first one and the next', async (t) => {
  const { org, env } = await openOrg(t);
  const receiver = await openReceiver(t);
  receiver.answer = ({ attempt }) => ({ status: attempt === 1 ? 500 : 204 });
  const sandbox = new Sandbox(t);
  const [current, old] = [newSecret(), newSecret()];
  sandbox.write(
    'loghook.yaml',
    `routes:
  - name: siem
    match: .*
    url: ${receiver.url}/in
    retry: { schedule: [1s] }
    secrets: ['\${SIEM_SECRET}', { secret: '\${OLD_SECRET}', until: 2100-01-01 }]
`,
  );
  const raws = addEvents(org, 3);

  const loghook = sandbox.start(['run', '--log-format', 'json'], {
    env: { ...env, SIEM_SECRET: current, OLD_SECRET: old },
  });
  await receiver.waitFor(3);
  const { stdout, stderr } = await loghook.stop();

  assert.equal(receiver.received.length, 6);
  for (const request of receiver.received) {
    assert.ok(verifies(request, current) && verifies(request, old));
    assert.ok(raws.some((raw) => raw.equals(request.body)));
  }
  for (const secret of [current, old]) {
    assert.ok(!`${stdout}${stderr}`.includes(secret.slice(6, 30)));
  }
});
