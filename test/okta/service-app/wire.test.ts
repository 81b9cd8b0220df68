/** What a service app sends and what is made of odd answers, against a server that answers as the test says. */
import assert from 'node:assert/strict';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type TestContext, test } from 'node:test';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import type { OktaError } from '../../../src/errors.ts';
import {
  type Answerer,
  openScriptedOkta,
  page,
  type ScriptedOkta,
  status,
} from '../../support/scripted-okta.ts';
import { CLIENT_ID, KEY_ID, rsaKey, testApp } from '../../support/service-app.ts';
import { assertNoSecret } from '../../support/service-app-scene.ts';
import { type Desk, openDesk } from '../../support/system-log-desk.ts';

/** A JWT, as Okta's tokens are; nobody reads it. */
const TOKEN = 'eyJraWQiOiJxMSJ9.eyJ2ZXIiOjF9.c2lnbmF0dXJl';

function token(fields: object = {}): Answerer {
  return status(200, { token_type: 'Bearer', expires_in: 3_600, access_token: TOKEN, ...fields });
}

const KEY = rsaKey();

async function openScene(
  t: TestContext,
  ...answers: Answerer[]
): Promise<Desk & { okta: ScriptedOkta }> {
  const okta = await openScriptedOkta(...answers.map(undated));
  const desk = openDesk(okta.origin, { identity: testApp({}, KEY).identity });
  t.after(async () => {
    await Promise.all([desk.close(), okta.close()]);
    assertNoSecret(desk);
  });
  return { ...desk, okta };
}

/** The desk's clock is not the server's. */
function undated(answer: Answerer): Answerer {
  return (response, request) => {
    response.sendDate = false;
    answer(response, request);
  };
}

/** Keeps the form that came, then answers. */
function keeping(forms: URLSearchParams[], answer: Answerer): Answerer {
  return (response, request) => {
    let text = '';
    request.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
    request.once('end', () => {
      forms.push(new URLSearchParams(text));
      answer(response, request);
    });
  };
}

const NONCE = { 'dpop-nonce': 'nonce-1' };

test('sends what Okta documents, and nothing twice', async (t) => {
  const forms: URLSearchParams[] = [];
  const { okta, systemLog, stop, next, clock } = await openScene(
    t,
    keeping(forms, status(400, { error: 'invalid_dpop_proof' })),
    keeping(forms, status(400, { error: 'use_dpop_nonce' }, NONCE)),
    keeping(forms, token({ token_type: 'DPoP' })),
    page([]),
  );
  const iat = Math.floor(clock.now() / 1_000) - 2; // never later than Okta's own time

  await next(systemLog.tail({ since: 0 }, stop.signal));

  const tokenUrl = `${okta.origin}/oauth2/v1/token`;
  assert.deepEqual(okta.asked.slice(0, 3), Array(3).fill('/oauth2/v1/token'));
  for (const form of forms) {
    assert.deepEqual(
      Object.fromEntries([...form].filter(([name]) => name !== 'client_assertion')),
      {
        grant_type: 'client_credentials',
        scope: 'okta.logs.read',
        client_id: CLIENT_ID,
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      },
    );
    const { jti, ...claims } = decodeJwt(form.get('client_assertion')!);
    assert.deepEqual(decodeProtectedHeader(form.get('client_assertion')!), {
      alg: 'RS256',
      kid: KEY_ID,
    });
    assert.deepEqual(claims, {
      iss: CLIENT_ID,
      sub: CLIENT_ID,
      aud: tokenUrl,
      iat,
      exp: iat + 300,
    });
    assert.ok(jti);
  }
  const jtis = forms.map((form) => decodeJwt(form.get('client_assertion')!).jti);
  assert.equal(new Set(jtis).size, 3);
  const [plain, first, second, log] = okta.headers;
  assert.deepEqual(
    [plain, first, second].map((headers) => headers?.authorization),
    [undefined, undefined, undefined],
  );
  assert.deepEqual(
    [plain?.['user-agent'], plain?.['content-type']],
    ['loghook/test', 'application/x-www-form-urlencoded'],
  );
  assert.equal(plain?.dpop, undefined);
  const [one, two, three] = [first, second, log].map((headers) => decodeJwt(`${headers?.dpop}`));
  assert.deepEqual(
    [one?.htm, one?.htu, one?.nonce, one?.ath],
    ['POST', tokenUrl, undefined, undefined],
  );
  assert.deepEqual([two?.htm, two?.htu, two?.nonce], ['POST', tokenUrl, 'nonce-1']);
  assert.deepEqual([three?.htm, three?.htu], ['GET', `${okta.origin}/api/v1/logs`]);
  assert.equal(typeof three?.ath, 'string');
  assert.equal(log?.authorization, `DPoP ${TOKEN}`);
  const { jwk, typ } = decodeProtectedHeader(`${log?.dpop}`);
  assert.deepEqual([typ, Object.keys(jwk ?? {}).sort()], ['dpop+jwt', ['crv', 'kty', 'x', 'y']]);
  assert.equal(new Set([one, two, three].map((proof) => proof?.jti)).size, 3);
});

const SCOPE_CHALLENGE =
  'Bearer authorization_uri="http://x", error="insufficient_scope", ' +
  'error_description="The access token provided does not contain the required scopes.", resource="/api/v1/logs"';

const REFUSALS: readonly (readonly [
  name: string,
  answer: Answerer,
  message: string,
  hint: RegExp,
])[] = [
  [
    'a scope that is missing',
    empty(403, SCOPE_CHALLENGE),
    'HTTP 403 insufficient_scope The access token provided does not contain the required scopes.',
    /grant it the scope okta\.logs\.read .*Read-Only Administrator/,
  ],
  [
    'a role that is missing',
    status(403, { errorCode: 'E0000006', errorSummary: 'You do not have permission' }),
    'HTTP 403 E0000006 You do not have permission',
    /Read-Only Administrator/,
  ],
  [
    'a proof that is refused by a clock that agrees',
    empty(400, 'DPoP error="invalid_dpop_proof", error_description="bad"'),
    'HTTP 400 invalid_dpop_proof bad',
    /check the clock/,
  ],
  [
    'a nonce that is never told',
    empty(401, 'DPoP error="use_dpop_nonce"'),
    'HTTP 401 use_dpop_nonce',
    /nonce again and again/,
  ],
];

function empty(code: number, challenge: string): Answerer {
  return (response) => {
    response.writeHead(code, { 'www-authenticate': challenge }).end();
  };
}

for (const [name, answer, message, hint] of REFUSALS) {
  test(`${name} ends a first start as wrong credentials, in words`, async (t) => {
    const { systemLog, stop, next } = await openScene(t, token(), answer);

    await assert.rejects(next(systemLog.tail({ since: 0 }, stop.signal)), (error: OktaError) => {
      assert.equal(error.kind, 'credentials');
      assert.ok(error.message.endsWith(message), error.message);
      assert.match(error.hint ?? '', hint);
      return true;
    });
  });
}

const NO_TOKEN: readonly (readonly [
  name: string,
  answer: Answerer,
  message: string,
  hint: RegExp,
])[] = [
  [
    'a client id that Okta does not know',
    status(400, {
      errorCode: 'invalid_client',
      errorSummary: "Invalid value for 'client_id' parameter.",
    }),
    "HTTP 400 invalid_client Invalid value for 'client_id' parameter.",
    /check OKTA_CLIENT_ID/,
  ],
  [
    'consent that is missing',
    status(400, { error: 'consent_required', error_description: 'User consent is required.' }),
    'HTTP 400 consent_required User consent is required.',
    /okta\.logs\.read/,
  ],
  [
    'a request for a token that Okta does not take',
    status(400, { errorCode: 'E0000021', errorSummary: 'Bad request.' }),
    'HTTP 400 E0000021 Bad request.',
    /OKTA_CLIENT_ID.*API Services/,
  ],
  [
    'a network zone',
    status(403, { error: 'access_denied', error_description: 'Not from there.' }),
    'HTTP 403 access_denied Not from there.',
    /network zone/,
  ],
];

for (const [name, answer, message, hint] of NO_TOKEN) {
  test(`${name} ends a first start as wrong credentials, and not as a wrong filter`, async (t) => {
    const { systemLog, stop, next } = await openScene(t, answer);

    await assert.rejects(next(systemLog.tail({ since: 0 }, stop.signal)), (error: OktaError) => {
      assert.equal(error.kind, 'credentials');
      assert.ok(error.message.endsWith(message), error.message);
      assert.match(error.hint ?? '', hint);
      assert.doesNotMatch(error.hint ?? '', /filter/);
      return true;
    });
  });
}

test('a nonce that changes with each answer is not chased for ever', async (t) => {
  let asked = 0;
  const chase: Answerer = (response) => {
    asked++;
    response.writeHead(401, {
      'www-authenticate': 'DPoP error="use_dpop_nonce"',
      'dpop-nonce': `nonce-${asked}`,
    });
    response.end();
  };
  const { systemLog, stop, next } = await openScene(t, token(), chase);

  await assert.rejects(next(systemLog.tail({ since: 0 }, stop.signal)), { kind: 'credentials' });
  assert.equal(asked, 3);
});

test('a token endpoint that changes its mind for ever is not chased either', async (t) => {
  let asked = 0;
  const chase: Answerer = (response) => {
    asked++;
    response.writeHead(400, { 'content-type': 'application/json', 'dpop-nonce': `nonce-${asked}` });
    response.end('{"error":"use_dpop_nonce"}');
  };
  const { systemLog, stop, next } = await openScene(t, chase);

  await assert.rejects(next(systemLog.tail({ since: 0 }, stop.signal)), {
    kind: 'credentials',
    oktaCode: 'use_dpop_nonce',
  });
  assert.equal(asked, 5);
});

/** All that was sent, in every field that may be shown. */
function echo(code: number): Answerer {
  return (response: ServerResponse, request: IncomingMessage) => {
    const said = `you sent ${request.headers.authorization} with ${request.headers.dpop}`;
    const body = { error: 'invalid_token', error_description: said, errorId: TOKEN.slice(0, 60) };
    response.writeHead(code, {
      'content-type': 'application/json',
      'www-authenticate': `DPoP error="invalid_token", error_description="${said}"`,
    });
    response.end(JSON.stringify(body));
  };
}

function echoForm(code: number): Answerer {
  return (response, request) => {
    let text = '';
    request.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
    request.once('end', () => {
      response.writeHead(code, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ error: 'invalid_client', error_description: text }));
    });
  };
}

test('nothing that Okta repeats of what was sent is shown', async (t) => {
  const { systemLog, stop, next, lines, said } = await openScene(
    t,
    token(),
    page([]),
    echo(401),
    echoForm(401),
    token({ access_token: 'opaque-access-token', token_type: 'Bearer' }),
    echo(403),
    token({ access_token: 'opaque-second-token' }),
    page([]),
  );
  const pages = systemLog.tail({ since: 0 }, stop.signal);
  await next(pages);

  await next(pages);

  assert.equal(said()[0], 'okta refused the credentials');
  const shown = JSON.stringify(lines);
  assert.doesNotMatch(shown, /opaque-(access|second)-token|c2lnbmF0dXJl/);
  assert.match(shown, /\[redacted\]/);
});

test('what a token endpoint says on a first start shows no assertion', async (t) => {
  const { systemLog, stop, next } = await openScene(t, echoForm(401));

  await assert.rejects(next(systemLog.tail({ since: 0 }, stop.signal)), (error: OktaError) => {
    assert.match(error.message, /HTTP 401 invalid_client /);
    assert.doesNotMatch(`${error.stack}`, /eyJ/);
    return true;
  });
});
