/** @okta/okta-sdk-nodejs is a client that no one here wrote: it must be able to read the practice org, and to end. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Client } from '@okta/okta-sdk-nodejs';
import { practiceEvents } from '../../src/practice/events.ts';
import { PracticeOrg } from '../../src/practice/org.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { CLIENT_ID, KEY_ID, rsaKey, testApp } from '../support/service-app.ts';

/** The SDK sends requests through these proxies if they are set; a loopback org cannot be reached so. */
delete process.env.HTTPS_PROXY;
delete process.env.https_proxy;

const EVENTS = 250;

async function openOrg(
  t: { after(hook: () => Promise<void>): void },
  joinLinks = false,
): Promise<{ org: PracticeOrg; client: Client; published: number; uuids: string[] }> {
  const clock = new FakeClock();
  const org = await PracticeOrg.open({ clock, joinLinks });
  t.after(() => org.close());
  const published = clock.now() - 3_600_000;
  const events = practiceEvents(11, { from: published });
  const uuids: string[] = [];
  for (let n = 0; n < EVENTS; n += 1) {
    const raw = events.next().value;
    org.add(raw);
    uuids.push(JSON.parse(raw.toString()).uuid);
  }
  // Its documentation asks for https, but this version of the SDK does not check: http to loopback needs no option.
  const client = new Client({ orgUrl: org.url, token: org.token });
  return { org, client, published, uuids };
}

for (const joinLinks of [false, true]) {
  test(`the SDK pages through a bounded read and ends (joined links: ${joinLinks})`, async (t) => {
    const { org, client, published, uuids } = await openOrg(t, joinLinks);

    const collection = await client.systemLogApi.listLogEvents({
      since: new Date(published).toISOString(),
      until: new Date(published + EVENTS).toISOString(),
      limit: 60,
    });
    const read: unknown[] = [];
    await collection.each((event) => {
      read.push(event.uuid);
    });

    assert.deepEqual(read, uuids);
    assert.equal(org.requestCount, Math.ceil(EVENTS / 60));
    assert.match(org.requests[0]?.userAgent ?? '', /^@?okta/);
    assert.deepEqual(new Set(org.requests.map(({ status }) => status)), new Set([200]));
  });
}

test('the SDK reads downwards', async (t) => {
  const { client, published, uuids } = await openOrg(t);

  const collection = await client.systemLogApi.listLogEvents({
    since: new Date(published).toISOString(),
    until: new Date(published + EVENTS).toISOString(),
    sortOrder: 'DESCENDING',
  });
  const read: unknown[] = [];
  for await (const event of collection) {
    if (event) read.push(event.uuid); // its iterator ends with a null of its own
  }

  assert.deepEqual(read, uuids.toReversed());
});

for (const dpop of [false, true]) {
  test(`the SDK reads as a service app (DPoP: ${dpop})`, async (t) => {
    const key = rsaKey();
    const org = await PracticeOrg.open({ apps: [testApp({ dpop }, key).app] }); // by the system's clock, as the SDK
    t.after(() => org.close());
    org.add(practiceEvents(11, { from: Date.now() }).next().value);
    const client = new Client({
      orgUrl: org.url,
      authorizationMode: 'PrivateKey',
      clientId: CLIENT_ID,
      scopes: ['okta.logs.read'],
      privateKey: key.privateKey.export({ type: 'pkcs1', format: 'pem' }).toString(),
      keyId: KEY_ID,
    });

    const collection = await client.systemLogApi.listLogEvents({ limit: 1 });
    const { value } = await collection.next();

    assert.equal(typeof value?.uuid, 'string');
    assert.deepEqual([org.oauth.tokenCount, org.oauth.requestCount], dpop ? [1, 2] : [1, 1]);
  });
}

test('the SDK makes an error of a refusal', async (t) => {
  const { org } = await openOrg(t);
  const client = new Client({ orgUrl: org.url, token: 'not-the-token' });

  const collection = await client.systemLogApi.listLogEvents({ limit: 1 });

  await assert.rejects(collection.next(), { status: 401, errorCode: 'E0000011' });
});
