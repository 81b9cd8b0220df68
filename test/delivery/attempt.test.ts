import assert from 'node:assert/strict';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { type Request, Sender } from '../../src/delivery/attempt.ts';
import { type Answer, type AttemptTrace, outcomeOf } from '../../src/delivery/outcome.ts';
import { PracticeReceiver, type Answer as Reply } from '../../src/practice/receiver.ts';
import { FakeClock } from '../support/fake-clock.ts';

const SECRETS = ['SECRETPATH', 'SECRETQUERY', 'SECRETUSER'];

interface Bench {
  readonly clock: FakeClock;
  readonly sender: Sender;
  readonly receiver: PracticeReceiver;
  request(change?: Partial<Request>): Request;
  send(change?: Partial<Request>): Promise<Answer>;
}

function requestTo(origin: string, change: Partial<Request> = {}): Request {
  return {
    target: { origin },
    method: 'POST',
    path: '/SECRETPATH?SECRETQUERY',
    headers: ['authorization', 'SECRETUSER', 'webhook-id', 'e1'],
    body: Buffer.from('{"n":39.0}'),
    ...change,
  };
}

async function withReceiver(
  answer: Reply | ((attempt: number) => Reply),
  run: (bench: Bench) => Promise<void>,
): Promise<void> {
  const clock = new FakeClock();
  let count = 0;
  const receiver = await PracticeReceiver.open({
    clock,
    answer: () => {
      count += 1;
      return typeof answer === 'function' ? answer(count) : answer;
    },
  });
  const sender = new Sender(clock);
  const request = (change?: Partial<Request>) => requestTo(receiver.url, change);
  try {
    await run({ clock, sender, receiver, request, send: (change) => sender.send(request(change)) });
  } finally {
    await sender.close();
    await receiver.close();
  }
}

/** A TCP server that does with its connections what it is told; its port, and how many are open. */
async function withServer(
  onConnection: (socket: Socket) => void,
  run: (server: { origin: string; port: number; open: Set<Socket> }) => Promise<void>,
): Promise<void> {
  const open = new Set<Socket>();
  const server: Server = createServer((socket) => {
    open.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => open.delete(socket));
    onConnection(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  try {
    await run({ origin: `http://127.0.0.1:${address.port}`, port: address.port, open });
  } finally {
    for (const socket of open) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  }
}

function without(answer: Answer): object {
  if (!('ms' in answer)) return answer;
  const { ms: _, trace: __, ...rest } = answer;
  for (const secret of SECRETS) assert.ok(!JSON.stringify(answer).includes(secret));
  return rest;
}

function traceOf(answer: Answer): AttemptTrace {
  assert.ok('trace' in answer && answer.trace !== undefined);
  return answer.trace;
}

async function nextReceived(receiver: PracticeReceiver): Promise<void> {
  await new Promise<void>((resolve) => {
    const stop = receiver.onReceived(() => {
      stop();
      resolve();
    });
  });
}

test('sends the bytes, the path with its query and the headers as they are given', async () => {
  await withReceiver({ status: 200 }, async ({ receiver, send }) => {
    const body = Buffer.from('{"a":39.0,"b":"\\u0026\u2028","c":12345678901234567890}');
    const headers = [
      ...['content-type', 'application/json', 'user-agent', 'loghook/1 node/20 linux/6'],
      ...['webhook-id', 'e-1', 'loghook-route', 'host#abcd', 'loghook-attempt', '3'],
      ...['authorization', 'Basic dTpw'],
    ];

    await send({ path: '/a%2Fb/../c?q=%20+x&&y=%C3%A9', headers, body });

    const [received] = receiver.received;
    assert.ok(received);
    assert.equal(received.method, 'POST');
    assert.equal(received.path, '/a%2Fb/../c?q=%20+x&&y=%C3%A9');
    assert.deepEqual(received.body, body);
    assert.deepEqual(received.headers, {
      host: new URL(receiver.url).host,
      connection: 'keep-alive',
      'content-type': 'application/json',
      'content-length': String(body.length),
      'user-agent': 'loghook/1 node/20 linux/6',
      'webhook-id': 'e-1',
      'loghook-route': 'host#abcd',
      'loghook-attempt': '3',
      authorization: 'Basic dTpw',
    });
  });
});

test('sends an event of 1 MB whole', async () => {
  await withReceiver({ status: 200 }, async ({ receiver, send }) => {
    const body = Buffer.alloc(1_000_000, 'é');

    await send({ body });

    assert.ok(receiver.received[0]?.body.equals(body));
  });
});

test('reaches a receiver on an IPv6 literal', async (t) => {
  const receiver = await PracticeReceiver.open({ host: '::1' }).catch(() => undefined);
  if (receiver === undefined) return t.skip('no IPv6 here');
  const sender = new Sender(new FakeClock());

  const answer = await sender.send(requestTo(receiver.url));

  assert.equal(answer.kind, 'answered');
  assert.equal(receiver.received[0]?.headers.host, new URL(receiver.url).host);
  await sender.close();
  await receiver.close();
});

test('takes every status from 200 to 599 for what it is', async () => {
  let status = 0;
  await withReceiver(
    () => ({ status, headers: { location: '/SECRETPATH' } }),
    async ({ receiver, send }) => {
      for (status = 200; status <= 599; status += 1) {
        const answer = await send();
        assert.deepEqual(without(answer), { kind: 'answered', status });
        const outcome = outcomeOf(answer);
        assert.equal(outcome.kind === 'delivered', status < 300, String(status));
      }
      assert.equal(receiver.received.length, 400);
    },
  );
});

test('names verdicts, 410, 429 and the rest apart', () => {
  const kinds = new Map<string, number[]>();
  for (let status = 300; status <= 599; status += 1) {
    const outcome = outcomeOf({ kind: 'answered', status, ms: 1 });
    assert.ok(outcome.kind !== 'cut' && outcome.kind !== 'delivered');
    kinds.set(outcome.kind, [...(kinds.get(outcome.kind) ?? []), status]);
    assert.equal(outcome.congested, status === 429 || status === 503);
  }

  assert.deepEqual(
    kinds.get('verdict'),
    [400, 404, 405, 406, 409, 411, 413, 414, 415, 422, 501, 505],
  );
  assert.deepEqual(kinds.get('gone'), [410]);
  assert.deepEqual(kinds.get('throttled'), [429]);
  assert.equal(kinds.get('failed')?.length, 300 - 14);
});

for (const status of [301, 302, 303, 307, 308]) {
  test(`does not follow a ${status}, neither to the same nor to another origin`, async () => {
    await withReceiver({ status: 204 }, async ({ receiver: other }) => {
      const targets = ['/elsewhere', `${other.url}/elsewhere`];
      await withReceiver(
        (attempt) => ({ status, headers: { location: targets[attempt - 1] ?? '' } }),
        async ({ receiver, send }) => {
          for (const _ of targets) {
            const answer = await send();
            assert.deepEqual(without(answer), { kind: 'answered', status });
            const outcome = outcomeOf(answer);
            assert.ok(outcome.kind === 'failed');
            assert.match(outcome.why, /redirects are not followed/);
          }
          assert.equal(receiver.received.length, 2);
          assert.equal(other.received.length, 0);
        },
      );
    });
  });
}

test('passes by informational answers', async () => {
  const hints = 'HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n';
  const bytes = `${hints}HTTP/1.1 202 OK\r\ncontent-length: 0\r\n\r\n`;
  await withReceiver({ kind: 'raw', bytes }, async ({ send }) => {
    assert.deepEqual(without(await send()), { kind: 'answered', status: 202 });
  });
});

const DELIVERED: readonly (readonly [why: string, answer: Reply])[] = [
  ['a body that is reset after the status line', { kind: 'status-then-reset', status: 200 }],
  ['a body that never comes', { kind: 'status-then-hang', status: 200 }],
  ['a body that drips', { kind: 'slow-body', status: 200, stepMs: 60_000 }],
  ['a body of 1 GB', { kind: 'big-body', status: 200, bytes: 2 ** 30 }],
  ['a gzip bomb', { kind: 'gzip-bomb', status: 200, bytes: 2 ** 30 }],
  ['a gzip body that is cut short', { kind: 'cut-gzip', status: 200 }],
  ['an HTTP/1.0 answer', { kind: 'http-1.0', status: 200, body: 'ok' }],
];

for (const [why, answer] of DELIVERED) {
  test(`the status line decides, whatever follows: ${why}`, async () => {
    await withReceiver(answer, async ({ sender, request }) => {
      const answers = await Promise.all([1, 2, 3].map(() => sender.send(request())));

      for (const given of answers) {
        assert.deepEqual(without(given), { kind: 'answered', status: 200 });
      }
    });
  });
}

test('stops reading an endless answer and lets go of its connection', async () => {
  let written = 0;
  await withServer(
    (socket) => {
      socket.once('data', () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        const pour = () => {
          while (!socket.destroyed) {
            written += 65_536;
            if (!socket.write(Buffer.alloc(65_536))) break;
          }
        };
        socket.on('drain', pour);
        pour();
      });
    },
    async ({ origin, open }) => {
      const sender = new Sender(new FakeClock());
      const closed = new Promise<void>((resolve) => {
        const watch = setImmediate(function look() {
          const [socket] = open;
          if (socket === undefined) setImmediate(look);
          else socket.once('close', () => resolve());
        });
        watch.hasRef();
      });

      const answer = await sender.send(requestTo(origin));
      await closed;

      assert.deepEqual(without(answer), { kind: 'answered', status: 200 });
      assert.ok(written < 2 ** 25, `${written} bytes were taken`);
      assert.equal(open.size, 0);
      await sender.close();
    },
  );
});

test('keeps at most 64 answers open whose bodies do not end', async () => {
  await withServer(
    (socket) => {
      socket.on('data', () => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n'));
    },
    async ({ origin, open }) => {
      const sender = new Sender(new FakeClock());
      for (let count = 0; count < 100; count += 1) await sender.send(requestTo(origin));
      await new Promise((resolve) => setImmediate(resolve));

      assert.ok(open.size <= 66, `${open.size} connections`);
      await sender.close();
    },
  );
});

test('gives up a body after 15 s in all', async () => {
  await withServer(
    (socket) => {
      socket.on('data', () => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n'));
    },
    async ({ origin, open }) => {
      const clock = new FakeClock();
      const sender = new Sender(clock);
      await sender.send(requestTo(origin));
      const [socket] = open;
      assert.ok(socket);
      const closed = new Promise((resolve) => socket.once('close', resolve));

      await clock.advance(15_000);

      await closed;
      await sender.close();
    },
  );
});

for (const [why, answer] of [
  ['never answers', { kind: 'hang' }],
  ['drips its head', { kind: 'slow-headers', status: 200, stepMs: 1_000 }],
] as const) {
  test(`a receiver that ${why} has 15 s in all`, async () => {
    await withReceiver(answer, async ({ clock, receiver, send }) => {
      const answered = send();
      await nextReceived(receiver);
      let isOver = false;
      void answered.then(() => {
        isOver = true;
      });
      await clock.advance(14_999);
      assert.equal(isOver, false);

      await clock.advance(1);

      assert.deepEqual(without(await answered), {
        kind: 'unanswered',
        why: 'no answer within 15 s',
        timedOut: true,
        fault: 'timeout',
      });
    });
  });
}

test('an answer that came while the process stood still counts, however late it is read', async () => {
  const clock = new FakeClock();
  await withServer(
    (socket) => {
      socket.once('data', () => {
        socket.write('HTTP/1.1 204 No Content\r\n\r\n');
        void clock.advance(20_000); // the timer fires here, before the other end is read
      });
    },
    async ({ origin }) => {
      const sender = new Sender(clock);

      const answer = await sender.send(requestTo(origin));

      assert.deepEqual(without(answer), { kind: 'answered', status: 204 });
      await sender.close();
    },
  );
});

test('each request has 15 s of its own', async () => {
  await withReceiver({ kind: 'hang' }, async ({ clock, receiver, send }) => {
    const first = send();
    await nextReceived(receiver);
    await clock.advance(10_000);
    const second = send();
    await nextReceived(receiver);
    await clock.advance(5_000);
    await first;
    let isOver = false;
    void second.then(() => {
      isOver = true;
    });

    await clock.advance(9_999);
    assert.equal(isOver, false);
    await clock.advance(1);

    assert.equal((await second).kind, 'unanswered');
  });
});

test('waits 5 s for a connection', async () => {
  // A TLS handshake that is never answered, as in a network that swallows packets.
  await withServer(
    () => {},
    async ({ port, open }) => {
      const clock = new FakeClock();
      const sender = new Sender(clock);
      const answered = sender.send(requestTo(`https://127.0.0.1:${port}`));
      await clock.advance(5_000);

      assert.deepEqual(without(await answered), {
        kind: 'unreachable',
        why: 'no connection within 5 s',
        fault: 'timeout',
      });
      for (const socket of open) {
        await new Promise((resolve) => {
          socket.resume().once('close', resolve);
        });
      }
      await sender.close();
    },
  );
});

test('a refused connection is unreachable', async () => {
  let free = '';
  await withServer(
    () => {},
    async ({ origin }) => {
      free = origin;
    },
  );
  const sender = new Sender(new FakeClock());

  const answer = await sender.send(requestTo(free));

  assert.deepEqual(without(answer), {
    kind: 'unreachable',
    why: 'connection refused (ECONNREFUSED)',
    fault: 'connect',
  });
  await sender.close();
});

test('a host name that does not exist is unreachable', async () => {
  const sender = new Sender(new FakeClock());

  const answer = await sender.send(requestTo('http://loghook-test.invalid'));

  assert.ok(answer.kind === 'unreachable');
  assert.match(answer.why, /^host name .*\((ENOTFOUND|EAI_AGAIN)\)$/);
  without(answer);
  await sender.close();
});

test('plain HTTP where TLS is expected is unreachable', async () => {
  await withServer(
    (socket) => socket.once('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')),
    async ({ port }) => {
      const sender = new Sender(new FakeClock());

      const answer = await sender.send(requestTo(`https://127.0.0.1:${port}`));

      assert.ok(answer.kind === 'unreachable');
      assert.match(answer.why, /^no TLS there, perhaps plain http/);
      without(answer);
      await sender.close();
    },
  );
});

const BROKEN: readonly (readonly [why: string, answer: Reply, words: RegExp])[] = [
  ['a reset', { kind: 'reset' }, /^connection reset \(ECONNRESET\)$/],
  ['a close', { kind: 'close' }, /^connection closed \(UND_ERR_SOCKET\)$/],
  ['garbage', { kind: 'raw', bytes: 'hello SECRETPATH\r\n\r\n' }, /^the answer is not HTTP/],
  ['half a status line', { kind: 'raw', bytes: 'HTTP/1.1 20' }, /\(.+\)$/],
  ['a head that does not end', { kind: 'raw', bytes: 'HTTP/1.1 200 OK\r\na: b' }, /\(.+\)$/],
  ['an upgrade', { kind: 'raw', bytes: 'HTTP/1.1 101 X\r\nupgrade: x\r\n\r\n' }, /\(.+\)$/],
  [
    'headers of 1 MB',
    { kind: 'raw', bytes: `HTTP/1.1 200 OK\r\na: ${'b'.repeat(1_000_000)}\r\n\r\n` },
    /^headers of the answer are too large/,
  ],
];

for (const [why, answer, words] of BROKEN) {
  test(`${why} on a fresh connection is sent once and left unanswered`, async () => {
    await withReceiver(answer, async ({ receiver, send }) => {
      const given = await send();

      assert.ok(given.kind === 'unanswered', given.kind);
      assert.match(given.why, words);
      assert.equal(given.timedOut, false);
      without(given);
      assert.equal(receiver.received.length, 1);
    });
  });
}

test('a connection that died while it lay idle costs nothing: sent once more, on a fresh one', async () => {
  const reply: Reply = { kind: 'reset-if-reused', status: 204 };
  await withReceiver(reply, async ({ receiver, send }) => {
    await send({ headers: ['webhook-id', 'first'] });

    const answer = await send({ headers: ['webhook-id', 'second'] });

    assert.deepEqual(without(answer), { kind: 'answered', status: 204 });
    assert.deepEqual(
      receiver.received.map(({ id, connection }) => [id, connection]),
      [
        ['first', 1],
        ['second', 1],
        ['second', 2],
      ],
    );
  });
});

test('a receiver that always resets gets a request twice at most', async () => {
  const answer = (attempt: number): Reply => (attempt === 1 ? { status: 204 } : { kind: 'reset' });
  await withReceiver(answer, async ({ receiver, send }) => {
    await send();

    assert.equal((await send()).kind, 'unanswered');

    assert.equal(receiver.received.length, 3);
  });
});

test('an answer that breaks off on a used connection is not sent again', async () => {
  const answer = (attempt: number): Reply =>
    attempt === 1 ? { status: 204 } : { kind: 'raw', bytes: 'HTTP/1.1 2' };
  await withReceiver(answer, async ({ receiver, send }) => {
    await send();

    assert.equal((await send()).kind, 'unanswered');

    assert.equal(receiver.received.length, 2);
  });
});

test('keeps a connection for the next request', async () => {
  await withReceiver({ status: 200, body: 'ok' }, async ({ receiver, send }) => {
    for (let count = 0; count < 5; count += 1) await send();

    assert.deepEqual([...new Set(receiver.received.map(({ connection }) => connection))], [1]);
  });
});

test('shares no connection between targets that get there in different ways', async () => {
  await withReceiver({ status: 200 }, async ({ receiver, send }) => {
    const origin = receiver.url;
    const ways = [
      {},
      { proxy: 'none' },
      { tls: { insecure: true } },
      { tls: { ca: 'x' } },
    ] as const;

    for (const way of [...ways, ...ways]) await send({ target: { origin, ...way } });

    assert.deepEqual(
      receiver.received.map(({ connection }) => connection),
      [1, 2, 3, 4, 1, 2, 3, 4],
    );
  });
});

test('70 requests that hang do not keep another one waiting', async () => {
  await withReceiver({ status: 204 }, async ({ receiver, sender, request }) => {
    receiver.answer = ({ path }) => (path === '/hang' ? { kind: 'hang' } : { status: 204 });
    const hanging = Array.from({ length: 70 }, () => sender.send(request({ path: '/hang' })));

    const answer = await sender.send(request({ path: '/fast' }));

    assert.equal(answer.kind, 'answered');
    sender.cut();
    await Promise.all(hanging);
  });
});

test('tells how long the steps of a first attempt took, and of a later one its answer alone', async () => {
  await withReceiver({ status: 200, body: 'ok' }, async ({ receiver, send }) => {
    const target = { origin: `http://localhost:${new URL(receiver.url).port}` };

    const first = traceOf(await send({ target }));
    const second = traceOf(await send({ target }));

    for (const ms of [first.dnsMs, first.connectMs, first.firstByteMs]) assert.ok(ms !== undefined);
    assert.equal(first.tlsMs, undefined);
    assert.deepEqual(Object.keys(second).sort(), ['answer', 'firstByteMs']);
  });
});

test('tells how far a connection came that failed', async () => {
  const sender = new Sender(new FakeClock());

  const answer = await sender.send(requestTo('http://localhost:1'));

  assert.equal(answer.kind, 'unreachable');
  assert.deepEqual(Object.keys(traceOf(answer)), ['dnsMs']);
  await sender.close();
});

const LONG = Buffer.from(`${'a'.repeat(199)}éé`);
const GZIPPED = gzipSync('SECRETPATH');

const HEADS: readonly (readonly [why: string, answer: Reply, head: Buffer])[] = [
  ['none', { status: 204 }, Buffer.alloc(0)],
  ['a short one whole', { status: 500, body: 'oh {"n":39.0}' }, Buffer.from('oh {"n":39.0}')],
  ['200 bytes of a long one', { status: 200, body: LONG }, LONG.subarray(0, 200)],
  [
    'the size of a gzip one',
    { status: 200, body: GZIPPED, headers: { 'content-encoding': 'gzip' } },
    Buffer.from(`(gzip, ${GZIPPED.length} bytes)`),
  ],
  [
    'no encoding that is not a word',
    { status: 200, body: 'x', headers: { 'content-encoding': '"><b>' } },
    Buffer.from('(encoded, 1 bytes)'),
  ],
];

for (const [why, reply, head] of HEADS) {
  test(`keeps the head of an answer's body: ${why}`, async () => {
    await withReceiver(reply, async ({ send }) => {
      const { answer } = traceOf(await send());
      await send(); // the connection is free again, so the first body has come

      assert.deepEqual(answer?.head, head);
    });
  });
}

test('holds no more of an answer than its head', async () => {
  const reply: Reply = { kind: 'big-body', status: 200, bytes: 2 ** 30 };
  await withReceiver(reply, async ({ send, sender }) => {
    const { answer } = traceOf(await send());
    await sender.close();

    assert.ok(answer !== undefined && answer.head.length <= 200);
    assert.ok(answer.head.buffer.byteLength <= Buffer.poolSize);
  });
});

test('reads Retry-After by its own clock', async () => {
  const headers = { 'retry-after': 'Sat, 21 Nov 2026 08:00:10 GMT' };
  await withReceiver({ status: 503, headers }, async ({ send }) => {
    assert.deepEqual(without(await send()), {
      kind: 'answered',
      status: 503,
      retryAfterMs: 10_000,
    });
  });
});

test('what is cut says so, on the wire and before', async () => {
  await withReceiver({ kind: 'hang' }, async ({ receiver, sender, send }) => {
    const onTheWire = send();
    await nextReceived(receiver);
    const connecting = send();

    sender.cut();

    assert.deepEqual(await onTheWire, { kind: 'cut' });
    assert.deepEqual(await connecting, { kind: 'cut' });
  });
});

test('close cuts what is in flight and leaves no connection and no timer', async () => {
  await withServer(
    () => {},
    async ({ origin, open }) => {
      const clock = new FakeClock();
      const sender = new Sender(clock);
      const answers = [sender.send(requestTo(origin)), sender.send(requestTo(origin))];
      while (open.size < 2) await new Promise((resolve) => setImmediate(resolve));
      const closed = [...open].map(
        (socket) => new Promise((resolve) => socket.resume().once('close', resolve)),
      );

      await sender.close();

      assert.deepEqual(await Promise.all(answers), [{ kind: 'cut' }, { kind: 'cut' }]);
      await Promise.all(closed);
      assert.equal(clock.nextTimerMs(), undefined);
      assert.deepEqual(await sender.send(requestTo(origin)), { kind: 'cut' });
    },
  );
});

test('a request that cannot be written as HTTP is an answer, not an exception', async () => {
  await withReceiver({ status: 200 }, async ({ send }) => {
    const answer = await send({ headers: ['x', 'SECRETUSER\r\nevil: yes'] });

    assert.ok(answer.kind === 'unreachable');
    assert.match(answer.why, /UND_ERR_INVALID_ARG/);
    without(answer);
  });
});

test('a port that takes connections and lets them go is not taken for a stale one', async () => {
  await withServer(
    (socket) => socket.once('data', () => socket.resetAndDestroy()),
    async ({ origin, port }) => {
      const probe = connect(port, '127.0.0.1');
      await new Promise((resolve) => probe.once('connect', resolve));
      probe.destroy();
      const sender = new Sender(new FakeClock());

      assert.equal((await sender.send(requestTo(origin))).kind, 'unanswered');

      await sender.close();
    },
  );
});
