/** TLS as a route says it, against real servers with certificates made for the test. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import type { ServerOptions } from 'node:https';
import type { LookupFunction } from 'node:net';
import { join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import { Sender } from '../../src/delivery/attempt.ts';
import { type Answer, outcomeOf } from '../../src/delivery/outcome.ts';
import type { TargetTls } from '../../src/delivery/target.ts';
import { Authority, selfSigned } from '../support/certificates.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { openTlsReceiver, type TlsReceiver } from '../support/tls-receiver.ts';

const authority = new Authority();
const stranger = new Authority('Another CA');
after(() => {
  authority.close();
  stranger.close();
});
const good = authority.issue(['DNS:receiver.test', 'IP:127.0.0.1']);
const client = authority.issue(['DNS:loghook']);
const ca = authority.cert;

const everyName: LookupFunction = (_name, _options, answer) => {
  process.nextTick(() => answer(null, [{ address: '127.0.0.1', family: 4 }]));
};

interface Bench extends TlsReceiver {
  send(tls?: TargetTls, host?: string, port?: number): Promise<Answer>;
}

async function open(t: TestContext, options: ServerOptions): Promise<Bench> {
  const receiver = await openTlsReceiver(t, options);
  const sender = new Sender(new FakeClock(), { lookup: everyName });
  t.after(() => sender.close());
  const send = (tls?: TargetTls, host = 'receiver.test', port = receiver.port) =>
    sender.send({
      target: { origin: `https://${host}:${port}`, ...(tls && { tls }) },
      ...{ method: 'POST', path: '/hook', headers: ['authorization', 'SECRET'] },
      body: Buffer.from('{}'),
    });
  return { ...receiver, send };
}

function assertDelivered(answer: Answer): void {
  assert.equal(outcomeOf(answer).kind, 'delivered', JSON.stringify(answer));
}

/** The receiver saw nothing, and no event is charged for it. */
function assertRefused(answer: Answer, why: RegExp): void {
  const outcome = outcomeOf(answer);
  assert.ok(outcome.kind === 'unreachable', JSON.stringify(outcome));
  assert.match(outcome.why, why);
}

test('believes who the `ca` of the route vouches for', async (t) => {
  const { send, received } = await open(t, good);

  assertDelivered(await send({ ca }));

  assert.equal(received[0]?.servername, 'receiver.test');
  assert.ok(['TLSv1.2', 'TLSv1.3'].includes(received[0]?.protocol ?? ''));
});

test('takes several authorities in one `ca`', async (t) => {
  const { send } = await open(t, good);

  assertDelivered(await send({ ca: `${stranger.cert}\n${ca}` }));
});

test('believes an address that the certificate names', async (t) => {
  const { send, received } = await open(t, good);

  assertDelivered(await send({ ca }, '127.0.0.1'));

  assert.equal(received[0]?.servername, undefined);
});

test('asks for, and believes, another name where the route says so', async (t) => {
  const { send, received } = await open(t, good);

  assertDelivered(await send({ ca, servername: 'receiver.test' }, 'another.test'));

  assert.equal(received[0]?.servername, 'receiver.test');
  assert.match(received[0]?.headers.host ?? '', /^another\.test:/);
});

test('resumes the session of an earlier connection to the same target', async (t) => {
  const { send, received } = await open(t, { ...good, keepAlive: false, maxVersion: 'TLSv1.2' });

  const [first] = await Promise.all([send({ ca }), send({ ca })]);
  await Promise.all([send({ ca }), send({ ca }), send({ ca })]);
  await send({ ca, servername: 'receiver.test' });

  assertDelivered(first);
  assert.deepEqual(
    received.map(({ isResumed }) => isResumed),
    [false, false, false, false, true, false],
  );
});

test('tells how long TLS took', async (t) => {
  const { send } = await open(t, good);

  const answer = await send({ ca });

  assert.ok(answer.kind === 'answered' && answer.trace?.tlsMs !== undefined);
  assert.ok(answer.trace.connectMs !== undefined && answer.trace.dnsMs !== undefined);
});

const BAD: readonly (readonly [
  name: string,
  server: ServerOptions,
  tls: TargetTls | undefined,
  why: RegExp,
])[] = [
  [
    'a certificate of an authority that nobody here knows',
    good,
    undefined,
    /^certificate issuer unknown: a private one has to be named with `ca`.* \(UNABLE_TO/,
  ],
  [
    'a certificate of another authority than the `ca` of the route',
    good,
    { ca: stranger.cert },
    /^certificate issuer unknown/,
  ],
  [
    'an expired certificate',
    authority.issue(['DNS:receiver.test'], -1),
    { ca },
    /^certificate has expired \(CERT_HAS_EXPIRED\)$/,
  ],
  [
    'a certificate for another name',
    authority.issue(['DNS:other.test']),
    { ca },
    /^certificate is for another host name \(ERR_TLS_CERT_ALTNAME_INVALID\)$/,
  ],
  [
    'a certificate for another name than the `servername`',
    good,
    { ca, servername: 'other.test' },
    /^certificate is for another host name/,
  ],
  [
    'a self-signed certificate',
    selfSigned(['DNS:receiver.test']),
    undefined,
    /^certificate is self-signed: to believe it, name it with `ca` \(DEPTH_ZERO/,
  ],
  [
    'a protocol older than TLS 1.2',
    { ...good, minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'ALL:@SECLEVEL=0' },
    { ca },
    /\(ERR_SSL_\w+\)$/,
  ],
];

for (const [name, server, tls, why] of BAD) {
  test(`refuses ${name}, and nothing has left`, async (t) => {
    const { send, received } = await open(t, server);

    assertRefused(await send(tls), why);

    assert.equal(received.length, 0);
  });
}

test('believes a self-signed certificate that is its own `ca`', async (t) => {
  const own = selfSigned(['DNS:receiver.test']);
  const { send } = await open(t, own);

  assertDelivered(await send({ ca: own.cert }));
});

for (const server of [authority.issue(['DNS:other.test'], -1), selfSigned(['DNS:receiver.test'])]) {
  test('takes any certificate where the route is `insecure`, and nowhere else', async (t) => {
    const { send, received } = await open(t, server);

    assertDelivered(await send({ insecure: true }));
    assert.equal(outcomeOf(await send()).kind, 'unreachable');

    assert.equal(received.length, 1);
  });
}

for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
  test(`shows its certificate to a receiver that asks for it (${version})`, async (t) => {
    const mutual = { ca, requestCert: true, rejectUnauthorized: true };
    const { send, received } = await open(t, { ...good, ...mutual, maxVersion: version });

    assertDelivered(await send({ ca, ...client }));
    assert.notEqual(outcomeOf(await send({ ca })).kind, 'delivered');

    assert.equal(received.length, 1);
  });
}

/** OpenSSL's own server, which says why it refuses; its port. */
async function openStrictServer(t: TestContext, version: string): Promise<number> {
  const folder = tempFolder(t);
  const file = (name: string, text: string) => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const own = ['-cert', file('crt', good.cert), '-key', file('key', good.key)];
  const clients = ['-Verify', '2', '-verify_return_error', '-CAfile', file('ca', ca)];
  const server = spawn(
    'openssl',
    ['s_server', '-accept', '127.0.0.1:0', version, ...own, ...clients],
    { stdio: ['pipe', 'pipe', 'ignore'] },
  );
  const closed = once(server, 'close');
  t.after(async () => {
    server.kill('SIGKILL');
    await closed;
  });
  let text = '';
  return new Promise((resolve) => {
    server.stdout.on('data', (chunk) => {
      text += chunk;
      const port = /^ACCEPT 127\.0\.0\.1:(\d+)/m.exec(text)?.[1];
      if (port !== undefined) resolve(Number(port));
    });
  });
}

const REFUSALS: readonly (readonly [version: string, tls: TargetTls, why: RegExp])[] = [
  ['-tls1_2', { ca }, /^the receiver refused TLS, perhaps for want of our certificate \(ERR_SSL_/],
  [
    '-tls1_3',
    { ca },
    /^the receiver wants a certificate of ours: name it with `cert` and `key` \(ERR_SSL_/,
  ],
  ...['-tls1_2', '-tls1_3'].flatMap((version) => [
    [
      version,
      { ca, ...stranger.issue(['DNS:loghook']) },
      /^the receiver does not (know who issued|accept) our certificate \(ERR_SSL_/,
    ] as const,
    [
      version,
      { ca, ...authority.issue(['DNS:loghook'], -1) },
      /^our certificate has expired \(ERR_SSL_/,
    ] as const,
  ]),
];

for (const [version, tls, why] of REFUSALS) {
  test(`says why a receiver refuses our certificate: ${why} ${version}`, async (t) => {
    const { send } = await open(t, good);
    const port = await openStrictServer(t, version);

    assertRefused(await send(tls, 'receiver.test', port), why);
  });
}

test('certificates and keys that cannot be read are the route’s trouble, and are not shown', async (t) => {
  const { send } = await open(t, good);

  for (const tls of [
    { ca, cert: 'SECRET', key: 'SECRET' },
    { ca, cert: client.cert, key: good.key },
    { ca: 'SECRET' },
  ]) {
    const answer = await send(tls);

    assertRefused(answer, /\([A-Z_0-9]+\)$/);
    assert.doesNotMatch(JSON.stringify(answer), /SECRET/);
  }
});
