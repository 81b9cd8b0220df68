/** Bodies that end too early in every way: what came is kept, with the reason. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { type BodyLimits, readBody } from '../../src/okta/answer-body.ts';
import { PageReader } from '../../src/okta/page/page-reader.ts';
import { Trouble } from '../../src/okta/trouble/trouble.ts';

const LIMITS: BodyLimits = { maxBytes: 100, tooLate: () => false };

async function* chunks(...parts: (string | Buffer | Error)[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) {
    if (part instanceof Error) throw part;
    yield Buffer.from(part);
  }
}

function failure(code: string): Error {
  return Object.assign(new Error('other side closed'), { code });
}

test('a whole body is whole', async () => {
  const { raw, cutShort } = await readBody(chunks('[1', ',2]'), undefined, LIMITS);

  assert.deepEqual([raw.toString(), cutShort], ['[1,2]', undefined]);
});

test('a connection that ends keeps what came before', async () => {
  const { raw, cutShort } = await readBody(chunks('[1', failure('UND_ERR_SOCKET')), '', LIMITS);

  assert.equal(raw.toString(), '[1');
  assert.deepEqual(cutShort, { kind: 'ended', why: 'it was cut short: other side closed' });
});

test('gzip in several members is read whole, whatever size the last of them says', async () => {
  const wire = Buffer.concat([gzipSync('x'.repeat(90)), gzipSync('y')]);

  const { raw, cutShort } = await readBody(chunks(wire), 'gzip', LIMITS);

  assert.deepEqual([raw.toString(), cutShort], [`${'x'.repeat(90)}y`, undefined]);
});

test('gzip that ends in the middle keeps what it held up to there', async () => {
  const wire = gzipSync('abcdefghij'.repeat(9));
  const cut = wire.subarray(0, wire.length - 9);

  const body = await readBody(chunks(cut, failure('UND_ERR_SOCKET')), 'gzip', LIMITS);

  assert.equal(body.cutShort?.kind, 'ended');
  assert.ok(body.raw.length > 0 && 'abcdefghij'.repeat(9).startsWith(body.raw.toString()));
});

test('silence is told from an end', async () => {
  const { cutShort } = await readBody(chunks('[', failure('UND_ERR_BODY_TIMEOUT')), '', LIMITS);

  assert.equal(cutShort?.kind, 'stalled');
});

test('a body that trickles for ever is cut once it has taken too long', async () => {
  async function* trickle() {
    for (;;) yield Buffer.from(' ');
  }
  let asked = 0;
  const limits = { maxBytes: 1_000, tooLate: () => ++asked > 10 };

  assert.equal((await readBody(trickle(), '', limits)).cutShort?.kind, 'stalled');
});

test('the limit holds for what comes over the wire and for what it inflates to', async () => {
  const plain = await readBody(chunks('x'.repeat(99), 'xx'), '', LIMITS);
  const inflated = await readBody(chunks(gzipSync('x'.repeat(101))), 'gzip', LIMITS);
  const exact = await readBody(chunks(gzipSync('x'.repeat(100))), 'gzip', LIMITS);

  assert.deepEqual([plain.raw.length, plain.cutShort?.kind], [100, 'too-large']);
  assert.deepEqual([inflated.raw.length, inflated.cutShort?.kind], [100, 'too-large']);
  assert.deepEqual([exact.raw.length, exact.cutShort], [100, undefined]);
});

test('a page that stalls is never given up on, however often it stalls at the same byte', () => {
  const pages = new PageReader(new URL('https://org.example.com'), (text) => text);
  const url = 'https://org.example.com/api/v1/logs?after=1';
  const answer = {
    status: 200,
    headers: { link: `<${url}2>; rel="next"` },
    oktaNowMs: undefined,
    askedAt: 0,
    oktaAheadMs: 0,
    raw: Buffer.from('[{"uuid":"a"},'),
    cutShort: { kind: 'stalled', why: 'it took too long' },
  } as const;

  for (let n = 0; n < 20; n++) {
    assert.throws(
      () => pages.read(answer, { url, limit: 1_000, bounded: false }),
      (error) => error instanceof Trouble && error.kind === 'unreachable',
    );
  }
});
