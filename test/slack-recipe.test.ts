/** The relay that users put before Slack: the real file, a real process, and a practice receiver in Slack's place. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { dirname, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Answer } from '../src/practice/receiver.ts';
import { PracticeReceiver } from '../src/practice/receiver.ts';

const RELAY = resolve(dirname(fileURLToPath(import.meta.url)), '../../recipes/slack.mjs');
const EVENT = {
  eventType: 'user.lifecycle.deactivate',
  displayMessage: 'Deactivate Okta user',
  published: '2026-11-21T18:00:00.000Z',
  actor: { displayName: 'Ada Morgan', alternateId: 'ada@example.com' },
  target: [{ displayName: '<!channel> *Kenji*', alternateId: 'kenji@example.com' }],
  outcome: { result: 'SUCCESS' },
};

async function relay(t: TestContext, url: string): Promise<(body: string) => Promise<Response>> {
  const child = spawn(process.execPath, [RELAY, '0'], {
    env: { SLACK_URL: url },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(async () => {
    child.kill();
    await once(child, 'exit');
  });
  const [line] = await once(createInterface(child.stdout), 'line');
  const address = String(line).replace('relay on ', '');
  return (body) => fetch(address, { method: 'POST', body });
}

async function slack(t: TestContext, answer: Answer): Promise<PracticeReceiver> {
  const receiver = await PracticeReceiver.open({ answer: () => answer });
  t.after(() => receiver.close());
  return receiver;
}

test('says an event in words, none of which calls a channel or becomes a link', async (t) => {
  const receiver = await slack(t, { status: 200 });
  const post = await relay(t, `${receiver.url}/services/T0/B0/SECRET`);

  const { status } = await post(JSON.stringify(EVENT));

  assert.equal(status, 200);
  const [{ body, path } = assert.fail('nothing came')] = receiver.received;
  assert.equal(path, '/services/T0/B0/SECRET');
  assert.deepEqual(JSON.parse(body.toString()), {
    text: [
      '*Deactivate Okta user*  `user.lifecycle.deactivate`',
      "Ada Morgan (ada@example.com) → &lt;!channel&gt; 'Kenji' (kenji@example.com)",
      'SUCCESS  2026-11-21T18:00:00.000Z',
    ].join('\n'),
  });
});

test('answers as the chat answers, with how long to wait', async (t) => {
  const receiver = await slack(t, { status: 429, headers: { 'retry-after': '30' } });
  const post = await relay(t, receiver.url);

  const { status, headers } = await post(JSON.stringify(EVENT));

  assert.deepEqual([status, headers.get('retry-after')], [429, '30']);
});

test('says nothing of the URL when the chat cannot be reached', async (t) => {
  const post = await relay(t, 'http://127.0.0.1:9/services/SECRET');

  const answer = await post(JSON.stringify(EVENT));
  const text = await answer.text();

  assert.equal(answer.status, 502);
  assert.match(text, /no answer from the chat/);
  assert.doesNotMatch(text, /SECRET/);
});

test('refuses what is no event', async (t) => {
  const receiver = await slack(t, { status: 200 });
  const post = await relay(t, receiver.url);

  const { status } = await post('not JSON');

  assert.equal(status, 400);
  assert.equal(receiver.received.length, 0);
});
