/**
 * A relay between loghook and Slack, which takes no event but a message. It turns each event into a few lines of text,
 * and answers as Slack answered: so loghook tries again, waits and gives up as for any receiver. No packages needed.
 *
 *     SLACK_URL=https://hooks.slack.com/services/... node slack.mjs 3900
 *
 * and in loghook.csv:
 *
 *     ^user\.lifecycle\.(deactivate|suspend)$,http://127.0.0.1:3900/
 *
 * Mattermost, Rocket.Chat and Google Chat take the same message. SLACK_URL_FILE names a file that holds the URL.
 */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';

const { SLACK_URL, SLACK_URL_FILE } = process.env;
const chat = SLACK_URL ?? (SLACK_URL_FILE && readFileSync(SLACK_URL_FILE, 'utf8').trim());
if (!chat) {
  process.stderr.write('slack.mjs: set SLACK_URL or SLACK_URL_FILE to the incoming webhook\n');
  process.exit(2);
}

const MOST_BYTES = 1_000_000;
/** Less than the 15 s that loghook waits for an answer. */
const ANSWER_MS = 10_000;

const server = createServer(async (request, response) => {
  const { status, headers, text } = await relayed(request);
  response.writeHead(status, headers).end(text);
});
server.listen(Number(process.argv[2] ?? 3900), '127.0.0.1', () => {
  process.stdout.write(`relay on http://127.0.0.1:${server.address().port}/\n`);
});

async function relayed(request) {
  let event;
  try {
    event = JSON.parse(await bodyOf(request));
  } catch {
    return { status: 400, text: 'not an event' };
  }
  try {
    const answer = await fetch(chat, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ text: messageOf(event) }),
      redirect: 'manual',
      signal: AbortSignal.timeout(ANSWER_MS),
    });
    const wait = answer.headers.get('retry-after');
    const headers = wait === null ? {} : { 'retry-after': wait };
    return { status: answer.status, headers, text: (await answer.text()).slice(0, 200) };
  } catch (error) {
    // The URL is the password: it stays out of what loghook keeps of an answer.
    return { status: 502, text: `no answer from the chat (${error.cause?.code ?? error.name})` };
  }
}

async function bodyOf(request) {
  const chunks = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += chunk.length;
    if (bytes > MOST_BYTES) throw new Error('too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

/** Your own words go here. */
function messageOf({ displayMessage, eventType, actor, target, outcome, client, published }) {
  const targets = (target ?? []).slice(0, 3).map(who).filter(Boolean);
  const from = client?.ipAddress ? ` from ${plain(client.ipAddress)}` : '';
  const result = [outcome?.result, outcome?.reason].filter(Boolean).map(plain).join(': ');
  return [
    `*${plain(displayMessage ?? eventType)}*  \`${plain(eventType)}\``,
    `${who(actor) || 'somebody'}${targets.length > 0 ? ` → ${targets.join(', ')}` : ''}${from}`,
    [result, plain(published)].filter(Boolean).join('  '),
  ].join('\n');
}

function who(one) {
  return plain(
    [one?.displayName, one?.alternateId && `(${one.alternateId})`].filter(Boolean).join(' '),
  );
}

/** Whoever fails to sign in writes part of an event: none of it may become a link, or a call to a whole channel. */
function plain(text) {
  const start = String(text ?? '')
    .replace(/\p{Cc}/gu, ' ')
    .slice(0, 300);
  return start
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/[*_~`]/g, "'");
}
