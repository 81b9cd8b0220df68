/** The token endpoint: forged, stale and repeated assertions and proofs, each made with jose and refused in Okta's words. */
import assert from 'node:assert/strict';
import { createHash, randomUUID } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { exportJWK, generateKeyPair, importPKCS8, type JWK, SignJWT } from 'jose';
import { PracticeOrg } from '../../src/practice/org.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { CLIENT_ID, ecKey, KEY_ID, type KeyPair, testApp } from '../support/service-app.ts';

type Claims = Record<string, unknown>;

interface Scene {
  readonly org: PracticeOrg;
  readonly clock: FakeClock;
  readonly tokenUrl: string;
  readonly logsUrl: string;
  assertion(claims?: Claims, header?: Claims, key?: KeyPair): Promise<string>;
  proof(claims?: Claims, header?: Claims): Promise<string>;
  /** Asks for a token with what is right, but for what is said. */
  ask(form?: Record<string, string>, headers?: Record<string, string>): Promise<Response>;
  /** Does what a client has to do: learns the nonce first. */
  token(): Promise<string>;
  read(authorization: string, dpop?: string): Promise<Response>;
}

async function openScene(t: TestContext, app: Parameters<typeof testApp>[0] = {}): Promise<Scene> {
  const clock = new FakeClock();
  const key = ecKey();
  const org = await PracticeOrg.open({ clock, apps: [testApp(app, key).app] });
  t.after(() => org.close());
  const tokenUrl = `${org.url}/oauth2/v1/token`;
  const logsUrl = `${org.url}/api/v1/logs`;
  const pair = await generateKeyPair('ES256', { extractable: true });
  const jwk = await exportJWK(pair.publicKey);
  const now = () => Math.floor(clock.now() / 1_000);
  const assertion: Scene['assertion'] = async (claims = {}, header = {}, signer = key) => {
    const pem = signer.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    const jwt = { iss: CLIENT_ID, sub: CLIENT_ID, aud: tokenUrl, jti: randomUUID() };
    return new SignJWT({ ...jwt, iat: now(), exp: now() + 300, ...claims })
      .setProtectedHeader({ alg: 'ES256', kid: KEY_ID, ...header })
      .sign(await importPKCS8(pem, 'ES256'));
  };
  const proof: Scene['proof'] = (claims = {}, header = {}) =>
    new SignJWT({ htm: 'POST', htu: tokenUrl, iat: now(), jti: randomUUID(), ...claims })
      .setProtectedHeader({ typ: 'dpop+jwt', alg: 'ES256', jwk, ...header })
      .sign(pair.privateKey);
  const ask: Scene['ask'] = async (form = {}, headers = {}) =>
    fetch(tokenUrl, {
      method: 'POST',
      headers,
      body: new URLSearchParams({
        grant_type: 'client_credentials',
        scope: 'okta.logs.read',
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
        client_assertion: form.client_assertion ?? (await assertion()),
        ...form,
      }),
    });
  const token = async () => {
    const refused = await ask({}, { dpop: await proof() });
    const nonce = refused.headers.get('dpop-nonce') ?? '';
    const answer = await ask({}, { dpop: await proof(nonce === '' ? {} : { nonce }) });
    return String(fields(await answer.json()).access_token);
  };
  const read: Scene['read'] = (authorization, dpop) =>
    fetch(`${logsUrl}?limit=1`, { headers: { authorization, ...(dpop && { dpop }) } });
  return { org, clock, tokenUrl, logsUrl, assertion, proof, ask, token, read };
}

function fields(body: unknown): Record<string, unknown> {
  return body as Record<string, unknown>; // what a test looks at is checked by its assertions
}

const HOUR_S = 3_600;

const FORMS: readonly (readonly [
  why: string,
  error: string,
  form: (scene: Scene) => Promise<Record<string, string>>,
])[] = [
  ['another grant', 'unsupported_grant_type', async () => ({ grant_type: 'password' })],
  ['a scope that was not granted', 'invalid_scope', async () => ({ scope: 'okta.users.read' })],
  ['one scope too many', 'invalid_scope', async () => ({ scope: 'okta.logs.read okta.apps.read' })],
  ['no scope', 'invalid_scope', async () => ({ scope: '' })],
  ['another way to prove itself', 'invalid_client', async () => ({ client_assertion_type: 'x' })],
  ['another client_id', 'invalid_client', async () => ({ client_id: '0oaother' })],
  ['no JWT', 'invalid_client', async () => ({ client_assertion: 'abc' })],
];

const ASSERTIONS: readonly (readonly [
  why: string,
  assertion: (scene: Scene, nowS: number) => Promise<string>,
])[] = [
  ['the key of somebody else', ({ assertion }) => assertion({}, {}, ecKey())],
  ['a kid that is not known', ({ assertion }) => assertion({}, { kid: 'k2' })],
  ['an app that is not known', ({ assertion }) => assertion({ sub: '0oax', iss: '0oax' })],
  ['another iss', ({ assertion }) => assertion({ iss: '0oaother' })],
  ['the issuer as aud', ({ assertion, org }) => assertion({ aud: org.url })],
  ['a list as aud', ({ assertion, tokenUrl }) => assertion({ aud: [tokenUrl] })],
  ['another server as aud', ({ assertion, tokenUrl }) => assertion({ aud: `${tokenUrl}/` })],
  ['an exp that is past', ({ assertion }, now) => assertion({ exp: now })],
  ['an exp too far ahead', ({ assertion }, now) => assertion({ exp: now + HOUR_S + 1 })],
  ['no exp', ({ assertion }) => assertion({ exp: undefined })],
  ['an iat that is to come', ({ assertion }, now) => assertion({ iat: now + 2 })],
  ['an nbf that is to come', ({ assertion }, now) => assertion({ nbf: now + 2 })],
];

for (const [why, error, form] of FORMS) {
  test(`gives no token for ${why}`, async (t) => {
    const scene = await openScene(t, { dpop: false });

    const answer = await scene.ask(await form(scene));

    await assertRefused(answer, error);
  });
}

for (const [why, assertion] of ASSERTIONS) {
  test(`takes no assertion with ${why}`, async (t) => {
    const scene = await openScene(t, { dpop: false });
    const now = Math.floor(scene.clock.now() / 1_000);

    const answer = await scene.ask({ client_assertion: await assertion(scene, now) });

    await assertRefused(answer, 'invalid_client');
  });
}

async function assertRefused(answer: Response, error: string): Promise<void> {
  const body = fields(await answer.json());
  assert.deepEqual([answer.status, body.error], [error === 'invalid_client' ? 401 : 400, error]);
  assert.equal(typeof body.error_description, 'string');
  assert.deepEqual(Object.keys(body), ['error', 'error_description']);
}

test('takes an assertion once', async (t) => {
  const { ask, assertion } = await openScene(t, { dpop: false });
  const client_assertion = await assertion();

  const first = await ask({ client_assertion });
  const second = await ask({ client_assertion });

  assert.equal(first.status, 200);
  await assertRefused(second, 'invalid_client');
});

test('a form of another type is no form', async (t) => {
  const { ask } = await openScene(t, { dpop: false });

  await assertRefused(await ask({}, { 'content-type': 'application/json' }), 'invalid_request');
});

test('a bearer token lets in until it expires by the clock of the org', async (t) => {
  const { ask, read, clock } = await openScene(t, { dpop: false, tokenLifeS: 60 });
  const body = fields(await (await ask()).json());

  const early = await read(`Bearer ${body.access_token}`);
  const asDpop = await read(`DPoP ${body.access_token}`);
  await clock.advance(60_000);
  const late = await read(`Bearer ${body.access_token}`);

  assert.deepEqual(
    [body.token_type, body.expires_in, body.scope],
    ['Bearer', 60, 'okta.logs.read'],
  );
  assert.deepEqual([early.status, asDpop.status, late.status], [200, 401, 401]);
  assert.equal(await late.text(), '');
  assert.match(late.headers.get('www-authenticate') ?? '', /^Bearer .*error="invalid_token"/);
});

const PROOFS: readonly (readonly [
  why: string,
  claims: (now: number) => Claims,
  header?: () => Promise<Claims>,
])[] = [
  ['another htm', () => ({ htm: 'GET' })],
  ['another htu', () => ({ htu: 'https://evil.example/oauth2/v1/token' })],
  ['no iat', () => ({ iat: undefined })],
  ['an iat of two minutes ago', (now) => ({ iat: now - 120 })],
  ['an iat in two minutes', (now) => ({ iat: now + 120 })],
  ['no jti', () => ({ jti: undefined })],
  ['another typ', () => ({}), async () => ({ typ: 'jwt' })],
  ['no key', () => ({}), async () => ({ jwk: undefined })],
  ['another key than the one that signed', () => ({}), async () => ({ jwk: await otherJwk() })],
];

async function otherJwk(): Promise<JWK> {
  return exportJWK((await generateKeyPair('ES256')).publicKey);
}

for (const [why, claims, header] of PROOFS) {
  test(`takes no proof with ${why}`, async (t) => {
    const { ask, proof, clock } = await openScene(t);
    const now = Math.floor(clock.now() / 1_000);

    const answer = await ask({}, { dpop: await proof(claims(now), await header?.()) });

    await assertRefused(answer, 'invalid_dpop_proof');
  });
}

test('asks for a proof, then for a nonce, and gives a token for both', async (t) => {
  const { ask, proof } = await openScene(t);

  const without = await ask();
  const withProof = await ask({}, { dpop: await proof() });
  const nonce = withProof.headers.get('dpop-nonce');
  const withNonce = await ask({}, { dpop: await proof({ nonce }) });

  await assertRefused(without, 'invalid_dpop_proof');
  await assertRefused(withProof, 'use_dpop_nonce');
  assert.deepEqual([withNonce.status, fields(await withNonce.json()).token_type], [200, 'DPoP']);
});

test('takes a proof once', async (t) => {
  const { ask, proof } = await openScene(t);
  const nonce = (await ask({}, { dpop: await proof() })).headers.get('dpop-nonce');
  const dpop = await proof({ nonce });

  const first = await ask({}, { dpop });
  const second = await ask({}, { dpop });

  assert.equal(first.status, 200);
  await assertRefused(second, 'invalid_dpop_proof');
});

const RESOURCE_PROOFS: readonly (readonly [why: string, claims: Claims, error: string])[] = [
  ['no ath', { ath: undefined }, 'invalid_dpop_proof'],
  ['the ath of another token', { ath: 'x' }, 'invalid_dpop_proof'],
  ['the method of another request', { htm: 'POST' }, 'invalid_dpop_proof'],
  ['the query in its htu', { htu: 'with-query' }, 'invalid_dpop_proof'],
];

for (const [why, claims, error] of RESOURCE_PROOFS) {
  test(`lets nobody in with a proof with ${why}`, async (t) => {
    const { token, read, proof, logsUrl } = await openScene(t);
    const value = await token();
    const htu = claims.htu === undefined ? logsUrl : `${logsUrl}?limit=1`;
    const right = { htm: 'GET', ath: hash(value), ...claims, htu };

    const answer = await read(`DPoP ${value}`, await proof(right));

    assert.equal(answer.status, 401);
    assert.equal(await answer.text(), '');
    const challenge = answer.headers.get('www-authenticate') ?? '';
    assert.match(challenge, new RegExp(`^DPoP .*error="${error}"`));
  });
}

test('a bound token lets in whoever has its key, each proof once', async (t) => {
  const { token, read, proof, logsUrl, org } = await openScene(t);
  const value = await token();
  const right = { htm: 'GET', htu: logsUrl, ath: hash(value) };
  const dpop = await proof(right);
  const other = await openScene(t);

  const good = await read(`DPoP ${value}`, dpop);
  const repeated = await read(`DPoP ${value}`, dpop);
  const byOther = await read(`DPoP ${value}`, await other.proof(right));
  const withoutProof = await read(`DPoP ${value}`);
  const asBearer = await read(`Bearer ${value}`);
  org.oauth.revokeTokens();
  const revoked = await read(`DPoP ${value}`, await proof(right));

  const answers = [good, repeated, byOther, withoutProof, asBearer, revoked];
  assert.deepEqual(
    answers.map(({ status }) => status),
    [200, 401, 401, 401, 401, 401],
  );
});

test('without service apps there is no token endpoint, and SSWS works beside them', async (t) => {
  const { org, read } = await openScene(t);
  const plain = await PracticeOrg.open();
  t.after(() => plain.close());

  const nowhere = await fetch(`${plain.url}/oauth2/v1/token`, { method: 'POST' });

  assert.equal(nowhere.status, 404);
  assert.equal((await read(`SSWS ${org.token}`)).status, 200);
  assert.throws(() => plain.oauth, /no service apps/);
});

test('counts what it was asked, apart from its limit for the log', async (t) => {
  const { org, ask } = await openScene(t, { dpop: false });

  const answer = await ask();
  await ask({ scope: 'x' });

  assert.deepEqual([org.oauth.requestCount, org.oauth.tokenCount], [2, 1]);
  assert.equal(answer.headers.get('x-rate-limit-limit'), '600');
  assert.equal(org.requests[0]?.method, 'POST');
});

function hash(token: string): string {
  return createHash('sha256').update(token).digest('base64url');
}
