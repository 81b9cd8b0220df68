/** The admin server over real sockets: what it answers to whom, and that no client can hold it up. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import { connect, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { silentLog } from '../../src/log.ts';
import { type AdminOptions, AdminServer } from '../../src/status/admin-server.ts';
import type { Health } from '../../src/status/health.ts';
import { deferred } from '../support/loghook.ts';
import { until } from '../support/until.ts';

const TOKEN = 'a-token-of-32-characters-0123456';
const OK: Health = { status: 'ok', reasons: [], orgs: [] };

interface Sent {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

interface Got {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

async function opened(t: TestContext, more: Partial<AdminOptions> = {}) {
  const asked: string[] = [];
  const server = await AdminServer.open({
    host: '127.0.0.1',
    port: 0,
    names: new Set(['box']),
    token: TOKEN,
    log: silentLog(),
    health: async () => OK,
    metrics: async () => ({ text: 'one 1\n', type: 'text/plain; version=0.0.4' }),
    reload: async () => {
      asked.push('reload');
      return { kind: 'done', words: 'done' };
    },
    change: async (word, route, org) => {
      asked.push([word, route, org].join(' ').trim());
      return { kind: 'done', words: 'done' };
    },
    ...more,
  });
  t.after(() => server.close());
  const port = Number(server.address.split(':').at(-1));
  const ask = (path: string, { method = 'GET', headers = {}, body }: Sent = {}) =>
    new Promise<Got>((resolve, reject) => {
      const request = httpRequest({ port, path, method, headers, agent: false }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk;
        });
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text }),
        );
      });
      request.once('error', reject);
      request.end(body);
    });
  const change = (path: string, authorization?: string) =>
    ask(path, { method: 'POST', headers: authorization === undefined ? {} : { authorization } });
  return { server, port, ask, change, asked };
}

/** A connection that its test writes to; `ended` resolves to all that came when it is over. */
function rawClient(t: TestContext, port: number): { socket: Socket; ended: Promise<string> } {
  const socket = connect(port, '127.0.0.1');
  t.after(() => socket.destroy());
  let text = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  socket.on('error', () => undefined);
  const ended = once(socket, 'close').then(() => text);
  return { socket, ended };
}

test('health is JSON: 200 when it is well', async (t) => {
  const { ask } = await opened(t);

  const { status, headers, text } = await ask('/healthz');

  assert.equal(status, 200);
  assert.equal(headers['content-type'], 'application/json');
  assert.equal(headers['cache-control'], 'no-store');
  assert.deepEqual(JSON.parse(text), OK);
});

test('health is 200 while it starts and 503 when it fails', async (t) => {
  let status: Health['status'] = 'starting';
  const { ask } = await opened(t, { health: async () => ({ ...OK, status, reasons: ['why'] }) });

  const starting = await ask('/healthz');
  status = 'failing';
  const failing = await ask('/healthz');

  assert.deepEqual([starting.status, failing.status], [200, 503]);
  assert.deepEqual(JSON.parse(failing.text).reasons, ['why']);
});

test('metrics come with their content type', async (t) => {
  const { ask } = await opened(t);

  const { status, headers, text } = await ask('/metrics?any=query');

  assert.deepEqual([status, text], [200, 'one 1\n']);
  assert.equal(headers['content-type'], 'text/plain; version=0.0.4');
});

test('a HEAD has the head alone', async (t) => {
  const { ask } = await opened(t);

  const { status, headers, text } = await ask('/metrics', { method: 'HEAD' });

  assert.deepEqual([status, headers['content-length'], text], [200, '6', '']);
});

const METHODS: readonly (readonly [
  method: string,
  path: string,
  status: number,
  allow?: string,
])[] = [
  ['POST', '/healthz', 405, 'GET, HEAD'],
  ['PUT', '/metrics', 405, 'GET, HEAD'],
  ['DELETE', '/metrics', 405, 'GET, HEAD'],
  ['OPTIONS', '/metrics', 405, 'GET, HEAD'],
  ['GET', '/reload', 405, 'POST'],
  ['OPTIONS', '/reload', 405, 'POST'],
  ['GET', '/routes/siem/pause', 405, 'POST'],
  ['GET', '/', 404],
  ['GET', '/healthz/', 404],
  ['GET', '/Metrics', 404],
  ['GET', '/metrics/..', 404],
  ['POST', '/routes/siem', 404],
  ['POST', '/routes/siem/delete', 404],
  ['POST', '/routes//pause', 404],
  ['POST', '/routes/%zz/pause', 404],
  ['POST', '/routes/a/b/pause', 404],
  ['GET', 'http://evil.example/healthz', 404],
];

for (const [method, path, status, allow] of METHODS) {
  test(`${method} ${path} is ${status}, in words`, async (t) => {
    const { ask, asked } = await opened(t);

    const got = await ask(path, { method, headers: { authorization: `Bearer ${TOKEN}` } });

    assert.equal(got.status, status);
    assert.equal(got.headers.allow, allow);
    assert.match(got.text, /^[a-z].+\n$/i);
    assert.equal(got.headers['access-control-allow-origin'], undefined);
    assert.deepEqual(asked, []);
  });
}

test('whoever asks under a foreign name is sent away, with whatever token', async (t) => {
  const { ask, asked } = await opened(t);
  const headers = { host: 'evil.example:9464', authorization: `Bearer ${TOKEN}` };

  const health = await ask('/healthz', { headers });
  const reload = await ask('/reload', { method: 'POST', headers });

  assert.deepEqual([health.status, reload.status], [421, 421]);
  assert.match(health.text, /LOGHOOK_ADMIN_HOSTS/);
  assert.doesNotMatch(health.text, /evil/);
  assert.deepEqual(asked, []);
});

test('whoever asks under two names is sent away', async (t) => {
  const { port } = await opened(t);
  const { socket, ended } = rawClient(t, port);

  socket.write(
    'GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n',
  );

  assert.match(await ended, /^HTTP\/1\.1 400 /);
});

test('a known name is answered', async (t) => {
  const { ask } = await opened(t);

  assert.equal((await ask('/healthz', { headers: { host: 'BOX:1' } })).status, 200);
});

const TOKENS: readonly (readonly [what: string, header: string | undefined, status: number])[] = [
  ['none', undefined, 401],
  ['another one', `Bearer ${TOKEN}x`, 401],
  ['the start of it', `Bearer ${TOKEN.slice(0, -1)}`, 401],
  ['an empty one', 'Bearer ', 401],
  ['the right one in another scheme', `Basic ${TOKEN}`, 401],
  ['the right one without a scheme', TOKEN, 401],
  ['two', `Bearer ${TOKEN} ${TOKEN}`, 401],
  ['the right one', `Bearer ${TOKEN}`, 200],
  ['the right one, scheme in small letters', `bearer ${TOKEN}`, 200],
];

for (const [what, header, status] of TOKENS) {
  test(`a change with this token: ${what}: ${status}`, async (t) => {
    const { change, asked } = await opened(t);

    const got = await change('/reload', header);

    assert.equal(got.status, status);
    assert.equal(got.headers['www-authenticate'], status === 401 ? 'Bearer' : undefined);
    assert.deepEqual(asked, status === 200 ? ['reload'] : []);
    assert.doesNotMatch(got.text, new RegExp(TOKEN.slice(0, 8)));
  });
}

test('without a configured token nothing can be changed, and everything read', async (t) => {
  const bare = await AdminServer.open({
    host: '127.0.0.1',
    port: 0,
    names: new Set(),
    log: silentLog(),
    health: async () => OK,
    metrics: async () => ({ text: '', type: '' }),
    reload: async () => assert.fail('reloaded'),
    change: async () => assert.fail('changed'),
  });
  t.after(() => bare.close());
  const url = `http://${bare.address}`;

  const refused = await fetch(`${url}/reload`, {
    method: 'POST',
    headers: { authorization: `Bearer ${TOKEN}` },
  });
  const read = await fetch(`${url}/healthz`);

  assert.deepEqual([refused.status, read.status], [403, 200]);
  assert.match(await refused.text(), /LOGHOOK_ADMIN_TOKEN/);
});

test('a change names its route as the path has it, and its org as the query', async (t) => {
  const { change, asked } = await opened(t);

  await change('/routes/hooks.example%231a2b/pause', `Bearer ${TOKEN}`);
  await change('/routes/siem/resume?org=acme.okta.com', `Bearer ${TOKEN}`);

  assert.deepEqual(asked, ['pause hooks.example#1a2b', 'resume siem acme.okta.com']);
});

for (const [kind, status] of [
  ['done', 200],
  ['unknown', 404],
  ['unclear', 409],
  ['failed', 422],
  ['not now', 503],
  ['no room', 507],
] as const) {
  test(`a change that is ${kind} is answered ${status} with its words`, async (t) => {
    const { change } = await opened(t, { reload: async () => ({ kind, words: 'these words' }) });

    const got = await change('/reload', `Bearer ${TOKEN}`);

    assert.deepEqual([got.status, got.text], [status, 'these words\n']);
  });
}

test('a small body is read and ignored', async (t) => {
  const { ask, asked } = await opened(t);
  const headers = { authorization: `Bearer ${TOKEN}` };

  const got = await ask('/reload', { method: 'POST', headers, body: 'x'.repeat(1_024) });

  assert.equal(got.status, 200);
  assert.deepEqual(asked, ['reload']);
});

test('a large body is refused, announced or not, and its connection closed', async (t) => {
  const { ask, asked } = await opened(t);
  const headers = { authorization: `Bearer ${TOKEN}` };
  const body = 'x'.repeat(1_025);

  const announced = await ask('/reload', { method: 'POST', headers, body });
  const chunked = await ask('/reload', {
    method: 'POST',
    headers: { ...headers, 'transfer-encoding': 'chunked' },
    body,
  });

  assert.deepEqual([announced.status, chunked.status], [413, 413]);
  assert.equal(chunked.headers.connection, 'close');
  assert.deepEqual(asked, []);
});

test('what cannot be answered is a 500 that says nothing of why', async (t) => {
  const { ask } = await opened(t, {
    metrics: () => Promise.reject(new Error('SECRET /var/lib/loghook')),
  });

  const { status, text } = await ask('/metrics');

  assert.equal(status, 500);
  assert.doesNotMatch(text, /SECRET/);
});

const QUICK = { headMs: 200, requestMs: 400, quietMs: 10_000 };

test('a client that drips its head is cut off', async (t) => {
  const { port, ask } = await opened(t, { patience: QUICK });
  const { socket, ended } = rawClient(t, port);

  socket.write('GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ');
  const text = await ended;

  assert.match(text, /^HTTP\/1\.1 408 /);
  assert.equal((await ask('/healthz')).status, 200);
});

test('a client that drips its body is cut off', async (t) => {
  const { port, asked } = await opened(t, { patience: QUICK });
  const { socket, ended } = rawClient(t, port);

  socket.write(
    `POST /reload HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${TOKEN}\r\nContent-Length: 10\r\n\r\nx`,
  );
  const text = await ended;

  assert.match(text, /^HTTP\/1\.1 408 /);
  assert.deepEqual(asked, []);
});

test('a client that takes nothing is cut off', async (t) => {
  const large = 'x'.repeat(64 * 1024 * 1024);
  const { port } = await opened(t, {
    patience: { ...QUICK, quietMs: 300 },
    metrics: async () => ({ text: large, type: 'text/plain' }),
  });
  const socket = connect(port, '127.0.0.1').on('error', () => undefined);
  t.after(() => socket.destroy());
  socket.write('GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n');
  await once(socket, 'readable');

  // Both ends are in this process: of the two sockets the server's goes.
  const left = await until(
    async () => process.getActiveResourcesInfo().filter((one) => one === 'TCPSocketWrap').length,
    (open) => open <= 1,
  );

  assert.equal(left, 1);
});

test('a client that asks again and again before it has an answer is cut off', async (t) => {
  let looks = 0;
  const { port, ask } = await opened(t, {
    metrics: async () => {
      looks += 1;
      return { text: 'one 1\n', type: 'text/plain' };
    },
  });
  const { socket, ended } = rawClient(t, port);

  socket.write('GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n'.repeat(400));
  await ended;

  assert.ok(looks <= 1, `${looks} looks`);
  assert.equal((await ask('/metrics')).status, 200);
});

test('a connection is used again after its answer', async (t) => {
  const { port } = await opened(t);
  const { socket } = rawClient(t, port);
  const head = 'GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n';

  socket.write(`${head}\r\n`);
  const [first] = await once(socket, 'data');
  socket.write(`${head}Connection: close\r\n\r\n`);
  const [second] = await once(socket, 'data');

  assert.match(String(first), /^HTTP\/1\.1 200 /);
  assert.match(String(second), /^HTTP\/1\.1 200 /);
});

test('those who ask for metrics at the same time share one look', async (t) => {
  const release = deferred<void>();
  let looks = 0;
  const { port, ask } = await opened(t, {
    metrics: async () => {
      looks += 1;
      await release.promise;
      return { text: 'one 1\n', type: 'text/plain' };
    },
  });
  const scrapers = Array.from({ length: 3 }, () => rawClient(t, port));
  for (const { socket } of scrapers) {
    socket.write(
      'GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n',
    );
  }
  // Each was heard, and then a whole answer was given to somebody else.
  await Promise.all(scrapers.map(({ socket }) => once(socket, 'data')));
  await ask('/healthz');

  release.resolve();
  const answers = await Promise.all(scrapers.map(({ ended }) => ended));

  for (const answer of answers) assert.match(answer, /one 1\n$/);
  assert.equal(looks, 1);
});

test('many clients that say nothing hold nobody up for long', async (t) => {
  const { port, ask } = await opened(t, { patience: QUICK });
  const idle = Array.from({ length: 80 }, () => rawClient(t, port));

  await Promise.all(idle.map(({ ended }) => ended));
  const { status } = await ask('/healthz');

  assert.equal(status, 200);
});

test('clients that say nothing keep nobody out, however many they are', async (t) => {
  const { port, ask } = await opened(t);
  const idle = Array.from({ length: 100 }, () => rawClient(t, port));
  await Promise.race(idle.map(({ ended }) => ended));

  const { status } = await ask('/healthz');

  assert.equal(status, 200);
});

test('a head that is too large is refused', async (t) => {
  const { port } = await opened(t);
  const { socket, ended } = rawClient(t, port);

  socket.write(
    `GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Large: ${'x'.repeat(10_000)}\r\n\r\n`,
  );

  assert.match(await ended, /^HTTP\/1\.1 431 /);
});

test('what is no HTTP is refused', async (t) => {
  const { port } = await opened(t);
  const { socket, ended } = rawClient(t, port);

  socket.write('\x16\x03\x01 this is TLS\r\n\r\n');

  assert.match(await ended, /^HTTP\/1\.1 400 /);
});

test('closing cuts those who are connected, and frees the port', async (t) => {
  const { server, port, ask } = await opened(t);
  const { ended } = rawClient(t, port);
  await ask('/healthz');

  await server.close();
  await ended;

  await assert.rejects(ask('/healthz'), { code: 'ECONNREFUSED' });
});
