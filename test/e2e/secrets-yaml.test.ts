// biome-ignore-all lint/suspicious/noTemplateCurlyInString: loghook.yaml has them
/**
 * No secret of a loghook.yaml is ever shown or stored, though its receivers repeat what they are sent: every command is
 * driven beside a daemon whose routes go well, go wrong and reach nobody, and with files that are wrong themselves.
 */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { PracticeOrg } from '../../src/practice/org.ts';
import type { PracticeReceiver, ReceivedRequest } from '../../src/practice/receiver.ts';
import { makeCertificate } from '../config/certificate.ts';
import { addEvents, openOrg, openReceiver, Sandbox } from '../support/loghook.ts';
import {
  assertNoMark,
  assertNoMarkIn,
  BEARER,
  OLD_SIGNING,
  PROXY_USERINFO,
  SIGNING,
  secretUrl,
  TOKEN,
  titleOf,
} from '../support/marks.ts';
import { until } from '../support/until.ts';

interface World {
  readonly org: PracticeOrg;
  readonly receiver: PracticeReceiver;
  readonly sandbox: Sandbox;
  readonly env: Readonly<Record<string, string>>;
  /** Marks of this world alone: the lines of a private key. */
  readonly marks: readonly string[];
  readonly run: (...args: string[]) => Promise<string>;
}

/** What a receiver knows without being sent it, and may say. */
const KNOWN: Readonly<Record<string, string>> = {
  flows: `${SIGNING} or ${OLD_SIGNING.slice(6)} for S3CRET-user, S3CRET-pass`,
  fails: OLD_SIGNING,
  forwarded: PROXY_USERINFO,
};

/** Some repeat the head of the request as it came, some as JSON, some in a page; some more than 200 bytes of it. */
const ECHOES: readonly ((request: ReceivedRequest) => string)[] = [
  ({ path, headers }) => `${path}\n${headers.authorization}\n${headers['x-key']}`,
  ({ path, headers }) => JSON.stringify({ path, ...headers }).replaceAll('/', '\\/'),
  ({ path, headers }) => `<p>${path.replaceAll('&', '&amp;')} ${headers['x-key']}</p>`,
  ({ headers }) => `${'.'.repeat(188)}${headers.authorization} ${headers['x-key']}`,
  ({ path }) => `{"query":${JSON.stringify(new URL(path, 'http://h').searchParams.get('key'))}}`,
  ({ headers, route = '' }) => `${KNOWN[route]} ${headers['proxy-authorization']}`,
];

/** `refuses` says no to the first event it sees and takes the others; `fails` never takes any. */
function echo(receiver: PracticeReceiver): PracticeReceiver['answer'] {
  const turns = new Map<string, number>();
  return (request) => {
    const { id, route = '' } = request;
    const turn = turns.get(route) ?? 0;
    turns.set(route, turn + 1);
    const body = ECHOES[turn % ECHOES.length]?.(request) ?? '';
    const first = receiver.received.find((one) => one.route === route)?.id ?? id;
    const refused = route === 'refuses' && first === id;
    return { status: route === 'fails' ? 500 : refused ? 400 : 200, body };
  };
}

/** The receiver of `forwarded` is the proxy itself. */
function routesText(receiver: string): string {
  const url = secretUrl(receiver);
  const plain = `${receiver}/S3CRET-plain?key=S3CRET%2Dquery`;
  const proxied = (address: string) => address.replace('://', `://${PROXY_USERINFO}@`);
  return `
routes:
  - { name: flows, match: .*, url: '${url}', headers: { X-Key: '\${KEY}' }, secrets: ['${SIGNING}', { secret: '\${file:old.secret}', until: 2099-01-01 }] }
  - { name: refuses, match: .*, url: '${plain}', headers: { Authorization: 'Bearer ${BEARER}', X-Key: S3CRET-x }, retry: { schedule: [1s] } }
  - { name: fails, match: .*, url: '\${URL}', method: PUT, secrets: '\${file:old.secret}' }
  - { name: forwarded, match: .*, url: 'http://h.invalid/S3CRET-path', proxy: '${proxied(receiver)}' }
  - { name: nobody, match: .*, url: '${url}', proxy: '${proxied('http://127.0.0.1:9')}' }
  - { name: tls, match: .*, url: '${url.replace('http:', 'https:')}', tls: { cert: cert.pem, key: '\${file:key.pem}' } }
  - { name: off, match: .*, url: '${url}', enabled: false }
alerts: { url: '${receiver}/S3CRET-alerts', headers: { X-Key: S3CRET-alert }, secrets: '${OLD_SIGNING}' }
heartbeat: '${receiver}/S3CRET-beat?S3CRET-key'
`;
}

async function openWorld(t: TestContext): Promise<World> {
  const { org, env } = await openOrg(t, { token: TOKEN });
  const receiver = await openReceiver(t);
  receiver.answer = echo(receiver);
  const sandbox = new Sandbox(t);
  const { key } = makeCertificate(sandbox.cwd);
  sandbox.write('old.secret', `${OLD_SIGNING}\n`);
  sandbox.write('loghook.yaml', routesText(receiver.url));
  const marks = key.split('\n').filter((line) => /^[^-]{32}/.test(line));
  const all = {
    ...{ ...env, KEY: 'S3CRET-variable', URL: secretUrl(receiver.url), SIGNING },
    ...{ HTTP_PROXY: `http://${PROXY_USERINFO}@127.0.0.1:9`, NO_PROXY: '*' },
  };
  const run = async (...args: string[]) => {
    const { stdout, stderr } = await sandbox.run(args, { env: all });
    const shown = stdout + stderr;
    assertNoMark(shown, args.join(' '), marks);
    assert.doesNotMatch(shown, /this is a bug|\n {4}at /, args.join(' '));
    return shown;
  };
  return { org, receiver, sandbox, env: all, marks, run };
}

/** What a command says, and the commands; ID stands for the event that `refuses` refused. */
const COMMANDS: readonly (readonly [command: string, says: RegExp])[] = [
  ['check', /forwarded/],
  ['doctor', /forwarded/],
  ['doctor --send', /nobody: a test event could not be sent/],
  ['doctor --json --send fails heartbeat', /500/],
  ['status', /flows/],
  ['status --json', /"flows"/],
  ['deliveries', /refuses/],
  ['deliveries --json', /"route":"refuses"/],
  ['deliveries --route fails --status held', /./],
  ['show ID', /answer: .*…/],
  ['show ID --json', /"answer": ?".*…/],
  ['show ID --route refuses --json', /"answer": ?".*…/],
  ['show ID --raw', /eventType/],
  ['show https://S3CRET-user:S3CRET-pass@h/S3CRET-path', /./],
  ['replay https://S3CRET-user:S3CRET-pass@h/S3CRET-path', /./],
  ['dead show https://S3CRET-user:S3CRET-pass@h/S3CRET-path', /./],
  ['dead list', /refuses/],
  ['dead list --json', /refuses/],
  ['dead show ID', /refuses/],
  ['replay ID --dry-run', /to send again/],
  ['replay --dead --dry-run', /to send again/],
  ['replay --route flows --since 1h --dry-run', /to send again/],
  ['replay --route S3CRET --since 1h', /no route/],
  ['pause flows', /flows is paused/],
  ['pause S3CRET-user:S3CRET-pass', /no route/],
  ['replay ID --route flows --yes', /owed again/],
  ['resume flows', /flows goes on/],
  ['route list', /forwarded/],
  ['route list --json', /forwarded/],
  ['route drop off --dry-run', /./],
  ['route drop S3CRET --yes', /no route/],
  ['route move S3CRET flows --yes', /no route/],
  ['test flows', /…/],
  ['test flows --json', /…/],
  ['test refuses --set outcome.result=FAILURE', /…/],
  ['test fails --json', /500/],
  ['test forwarded', /200/],
  ['test nobody', /127.0.0.1:9/],
  ['test tls', /not reached/],
  ['test off', /the route is disabled/],
  ['test alerts', /200/],
  ['test heartbeat', /200/],
  ['test S3CRET', /no route/],
  ['try --since 1h', /flows/],
  ['try --since 1h --json', /flows/],
  ['secret check old.secret', /well formed/],
  ['secret check --env SIGNING', /well formed/],
  ['secret check --env KEY', /whsec_/],
  ['sign --route flows key.pem', /webhook-signature/],
  ['sign --route refuses key.pem', /no secrets/],
  ['verify --route flows key.pem', /webhook-id/],
  ['verify --secret-file key.pem old.secret', /./],
  ['convert loghook.yaml --stdout', /loghook.yaml/],
];

test('shows no secret: every command beside a daemon whose receivers repeat them', async (t) => {
  const { org, receiver, sandbox, env, marks, run } = await openWorld(t);
  addEvents(org, 5, 60_000);
  const daemon = sandbox.start(['--interval', '1s', '--log-format', 'pretty'], { env });
  const dead = await until(
    () => run('deliveries', '--json', '--status', 'dead'),
    (shown) => shown.includes('"refuses"'),
  );
  const id = String(JSON.parse(dead.split('\n')[0] ?? '').event);
  const title = titleOf(daemon.child.pid);

  for (const [command, says] of COMMANDS) {
    assert.match(await run(...command.replace('ID', id).split(' ')), says, command);
  }
  const { stdout, stderr } = await daemon.stop();

  assertNoMark(stdout + stderr, 'the log', marks);
  assertNoMark(title, 'the title', marks);
  assertNoMarkIn(sandbox.home, marks);
  assert.ok(receiver.received.some(({ headers }) => headers.authorization === `Bearer ${BEARER}`));
});

const GOOD = "name: a, match: .*, url: 'http://S3CRET-user:S3CRET-pass@h.example/S3CRET-path'";

/** Files that are wrong, each with secrets at the place that is wrong and near it. */
const WRONG: readonly string[] = [
  'routes: [',
  `routes: [{ ${GOOD}`,
  `routes: [{ ${GOOD} }, { ${GOOD} }]`,
  `- ${secretUrl('https://h.example')}`,
  secretUrl('https://h.example'),
  `routes:\n  - { ${GOOD}, secret: ${SIGNING} }`,
  `routes:\n  - { ${GOOD}, secrets: ${SIGNING}x }`,
  `routes:\n  - { ${GOOD}, secrets: [${SIGNING}, ${OLD_SIGNING}] }`,
  `routes:\n  - { ${GOOD}, secrets: { ${SIGNING}: ${OLD_SIGNING} } }`,
  `routes:\n  - { ${GOOD}, ${SIGNING}: x, S3CRET: x, url: S3CRET }`,
  `routes:\n  - { ${GOOD}, headers: { X-Key: "S3CRET\\nS3CRET" } }`,
  `routes:\n  - { ${GOOD}, headers: 'X-Key: S3CRET' }`,
  `routes:\n  - { ${GOOD}, headers: ['X-Key: S3CRET', { Authorization: [S3CRET] }] }`,
  `routes:\n  - { ${GOOD}, headers: { 'Authorization: Bearer S3CRET': } }`,
  `routes:\n  - { ${GOOD}, headers:\n    Authorization: Bearer S3CRET: }`,
  `routes:\n  - { ${GOOD}, proxy: 'http://${PROXY_USERINFO}%@proxy' }`,
  `routes:\n  - { ${GOOD}, proxy: '${PROXY_USERINFO}@proxy:x' }`,
  `routes:\n  - { ${GOOD}, proxy: 'socks5://${PROXY_USERINFO}@proxy' }`,
  `routes:\n  - { ${GOOD}, method: '\${KEY}', order: '\${KEY}', rate: '\${KEY}', match: '(\${KEY}' }`,
  `routes:\n  - { name: '\${KEY} x', match: '\${KEY}[', url: '\${KEY}', maxAge: '\${KEY}' }`,
  `routes:\n  - { ${GOOD}, enabled: '\${KEY}', concurrency: '\${KEY}', expect: '\${KEY}' }`,
  `routes:\n  - { ${GOOD}, order: S3CRETx, rate: 10/s S3CRETx, enabled: S3CRETx }`,
  `routes:\n  - { name: Bearer S3CRETx, match: '(S3CRETx', url: S3CRETx, concurrency: 4 S3CRETx }`,
  `routes:\n  - { ${GOOD}, url: 'ftp://${PROXY_USERINFO}@h/\${KEY}' }`,
  `routes:\n  - { ${GOOD}, secrets: '\${${SIGNING}}' }`,
  `routes:\n  - { ${GOOD}, secrets: '\${file:${SIGNING}}' }`,
  `routes:\n  - { ${GOOD}, tls: { cert: cert.pem, key: cert.pem, ca: key.pem } }`,
  `routes:\n  - { ${GOOD}, tls: { cert: '\${file:key.pem}', key: '\${KEY}', servername: '\${KEY}' } }`,
  `routes:\n  - { ${GOOD} }\nalerts: { url: 'S3CRET', S3CRET: S3CRET }\nheartbeat: [S3CRET]`,
  `routes:\n  - { ${GOOD} }\nalerts: '${secretUrl('ftp://h')}'\nheartbeat: '\${KEY}'`,
  `routes:\n  - { name: a, match: .*, url: '${secretUrl('http://10.0.0.1')}', publicOnly: true }`,
  `a: &a ['${secretUrl('https://h')}']\nroutes: *a`,
];

const ASKED = [
  'check',
  'doctor',
  'run',
  'test a',
  'try',
  'sign --route a key.pem',
  'verify --route a key.pem',
];

test('shows no secret: files that are wrong where a secret stands', async (t) => {
  const { sandbox, run } = await openWorld(t);

  for (const [index, text] of WRONG.entries()) {
    sandbox.write('loghook.yaml', text);
    const command = ASKED[index % ASKED.length] ?? 'check';
    for (const asked of new Set(['check', command])) {
      assert.match(await run(...asked.split(' ')), /loghook.yaml/, `${asked}: ${text}`);
    }
  }
  assertNoMarkIn(sandbox.home);
});

for (const format of ['json', 'pretty']) {
  test(`shows no secret: a daemon with a loghook.yaml, and one that goes wrong, ${format}`, async (t) => {
    const { org, receiver, sandbox, env, marks } = await openWorld(t);
    const args = ['--interval', '1s', '--log-format', format];
    const daemon = sandbox.start([...args, '--log-level', 'debug'], { env });
    await daemon.line('stdout', /ready/);
    addEvents(org, 4, 0);
    await receiver.waitFor(8);
    sandbox.write('loghook.yaml', WRONG.find((text) => text.includes('secret:')) ?? '');
    daemon.child.kill('SIGHUP');
    await daemon.line('stdout', /routes not reloaded/);
    sandbox.write('loghook.yaml', routesText(receiver.url).replaceAll('S3CRET-x', 'S3CRET-y'));
    daemon.child.kill('SIGHUP');
    await daemon.line('stdout', /routes reloaded/);
    const title = titleOf(daemon.child.pid);
    const killed = await daemon.stop('SIGKILL');

    const again = await sandbox.run(['--once', '--log-format', format], { env });

    assertNoMark(title, 'the title', marks);
    for (const { stdout, stderr } of [killed, again]) assertNoMark(stdout + stderr, 'log', marks);
    assertNoMarkIn(sandbox.home, marks);
  });
}
