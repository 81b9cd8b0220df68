// biome-ignore-all lint/suspicious/noTemplateCurlyInString: loghook.yaml has them
/** Several orgs in one process, the real one, with real practice orgs. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { SystemClock } from '../../src/clock.ts';
import { silentLog } from '../../src/log.ts';
import type { PracticeOrg } from '../../src/practice/org.ts';
import type { PracticeReceiver } from '../../src/practice/receiver.ts';
import { SqliteOutbox } from '../../src/state/sqlite-outbox.ts';
import { addEvents, openOrg, openReceiver, Sandbox } from '../support/loghook.ts';

/** pino's levels: the same error again is said once. */
const [DEBUG, ERROR] = [20, 50];
const FAST = ['--interval', '1s'];
const ADMIN_RUN = [...FAST, '--state', 'state', '--admin', '127.0.0.1:0'];
const TOKENS = {
  emea: '00emeaS3CRETtoken-of-the-usual-length-42',
  us: '00usS3CRETtoken-of-the-usual-length-0042',
};
const ENV = { EMEA_TOKEN: TOKENS.emea, US_TOKEN: TOKENS.us };

interface World {
  readonly emea: PracticeOrg;
  readonly us: PracticeOrg;
  readonly receiver: PracticeReceiver;
  readonly sandbox: Sandbox;
}

async function openWorld(t: TestContext): Promise<World> {
  const { org: emea } = await openOrg(t, { token: TOKENS.emea });
  const { org: us } = await openOrg(t, { token: TOKENS.us });
  const receiver = await openReceiver(t);
  return { emea, us, receiver, sandbox: new Sandbox(t) };
}

interface OrgText {
  readonly url: string;
  readonly more?: string;
}

function yamlOf(receiver: PracticeReceiver, orgs: Readonly<Record<string, OrgText>>): string {
  const all = Object.entries(orgs).map(
    ([name, { url, more = '' }]) =>
      `  ${name}:\n    url: ${url}\n    token: \${${name.toUpperCase()}_TOKEN}\n${more}`,
  );
  return `routes:\n  - { name: siem, match: .*, url: '${receiver.url}/siem' }\norgs:\n${all.join('')}`;
}

function hostOf({ url }: PracticeOrg): string {
  return new URL(url).host;
}

function folderOf(sandbox: Sandbox, { url }: PracticeOrg): string {
  return join(sandbox.cwd, 'state', `127.0.0.1-${new URL(url).port}`);
}

/** Bodies that came for each org, sorted. */
function cameFor({ receiver }: World, org: PracticeOrg): string[] {
  return receiver.received
    .filter(({ headers }) => headers['loghook-org'] === hostOf(org))
    .map(({ body }) => `${body}`)
    .sort();
}

function texts(bodies: readonly Buffer[]): string[] {
  return bodies.map(String).sort();
}

test('two orgs deliver in one process, each with its own token, state and name', async (t) => {
  const world = await openWorld(t);
  const { emea, us, receiver, sandbox } = world;
  const ofEmea = addEvents(emea, 4, 10_000, 1);
  const ofUs = addEvents(us, 3, 10_000, 2);
  sandbox.write('loghook.yaml', yamlOf(receiver, { emea, us }));

  const loghook = sandbox.start([...FAST, '--state', 'state'], { env: ENV });
  await receiver.waitFor(7);
  await loghook.logged('ready', { org: 'emea', host: hostOf(emea) });
  await loghook.logged('ready', { org: 'us' });
  const { code, stdout, stderr } = await loghook.stop();

  assert.equal(code, 0);
  assert.equal(stderr, '');
  assert.deepEqual(cameFor(world, emea), texts(ofEmea));
  assert.deepEqual(cameFor(world, us), texts(ofUs));
  assert.deepEqual(
    readdirSync(join(sandbox.cwd, 'state')).sort(),
    [emea, us].map(({ url }) => `127.0.0.1-${new URL(url).port}`).sort(),
  );
  const lines = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const nameless = lines.filter(({ org }) => org === undefined).map(({ msg }) => msg);
  assert.deepEqual(nameless, ['stopping']);
  assert.equal(lines.filter(({ msg }) => msg === 'stopped').length, 2);
  assert.doesNotMatch(stdout + stderr, /S3CRET/);
});

test('a dozen orgs deliver in one process, which has nothing to complain of', async (t) => {
  const receiver = await openReceiver(t);
  const opened = await Promise.all(Array.from({ length: 12 }, () => openOrg(t)));
  const entries = opened.map(({ org }, n) => {
    addEvents(org, 1, 10_000, n + 1);
    return `  o${n}: { url: '${org.url}', token: '\${TOKEN}' }\n`;
  });
  const sandbox = new Sandbox(t);
  const routes = `routes:\n  - { name: siem, match: .*, url: '${receiver.url}/siem' }\n`;
  sandbox.write('loghook.yaml', `${routes}orgs:\n${entries.join('')}`);
  const env = { TOKEN: opened[0]?.org.token ?? '' };

  const loghook = sandbox.start([...FAST, '--state', 'state'], { env });
  await receiver.waitFor(12);
  const { code, stderr } = await loghook.stop();

  assert.equal(stderr, '');
  assert.equal(code, 0);
});

test('after a kill each org goes on from its own cursor, and misses nothing', async (t) => {
  const world = await openWorld(t);
  const { emea, us, receiver, sandbox } = world;
  const ofEmea = addEvents(emea, 3, 10_000, 1);
  const ofUs = addEvents(us, 3, 10_000, 2);
  sandbox.write('loghook.yaml', yamlOf(receiver, { emea, us }));
  const args = [...FAST, '--state', 'state'];
  const first = sandbox.start(args, { env: ENV });
  await receiver.waitFor(6);
  await first.logged('ready', { org: 'emea' });
  await first.logged('ready', { org: 'us' });
  await first.stop('SIGKILL');
  ofEmea.push(...addEvents(emea, 2, 0, 3));
  ofUs.push(...addEvents(us, 2, 0, 4));

  const { code } = await sandbox.run([...args, '--once'], { env: ENV });

  assert.equal(code, 0);
  assert.deepEqual([...new Set(cameFor(world, emea))], texts(ofEmea));
  assert.deepEqual([...new Set(cameFor(world, us))], texts(ofUs));
});

/** Accepts and never answers. */
async function openSilentOrg(t: TestContext): Promise<string> {
  const server = createServer(() => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  // A server that listens has an address.
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function delivers(world: World, orgs: Readonly<Record<string, OrgText>>, env = ENV) {
  const { us, receiver, sandbox } = world;
  const ofUs = addEvents(us, 3, 10_000, 2);
  sandbox.write('loghook.yaml', yamlOf(receiver, orgs));
  const loghook = sandbox.start([...FAST, '--state', 'state'], { env });
  await receiver.waitFor(3);
  await loghook.logged('delivery attempted', { org: 'us' });
  assert.deepEqual(cameFor(world, us), texts(ofUs));
  return loghook;
}

test('an org that never answers delays no other', async (t) => {
  const world = await openWorld(t);
  const url = await openSilentOrg(t);

  const loghook = await delivers(world, { emea: { url }, us: world.us });
  const { code } = await loghook.stop();

  assert.equal(code, 0);
});

test('an org that cannot be reached delays no other', async (t) => {
  const world = await openWorld(t);

  const loghook = await delivers(world, { emea: { url: 'http://127.0.0.1:9' }, us: world.us });
  await loghook.logged('okta unreachable', { org: 'emea' });
  const { code } = await loghook.stop();

  assert.equal(code, 0);
});

test('an org that refuses its credentials is said and tried again, the other delivers', async (t) => {
  const world = await openWorld(t);
  const { emea, us, sandbox } = world;

  const env = { ...ENV, EMEA_TOKEN: 'wrong', LOGHOOK_LOG_LEVEL: 'debug' };
  const loghook = await delivers(world, { emea, us }, env);
  const said = await loghook.logged('org stopped by an error', { org: 'emea', level: ERROR });
  const status = await sandbox.run(['status', '--state', 'state', '--org', 'emea', '--json']);
  const all = await sandbox.run(['status', '--state', 'state']);
  loghook.child.kill('SIGHUP');
  await loghook.logged('org stopped by an error', { org: 'emea', level: DEBUG });
  const { code, stdout } = await loghook.stop();

  assert.match(JSON.parse(status.stdout).trouble.what, /could not read the System Log/);
  const { pid } = loghook.child;
  assert.ok(all.stdout.includes(`not running, but for other orgs (pid ${pid}): see its log\n`));
  assert.match(String(said.reason), /could not read the System Log of 127\.0\.0\.1.*: .*token/i);
  assert.equal(said.again, 'in 30 s');
  assert.equal(code, 0);
  assert.doesNotMatch(stdout, /org stopped by an error.*"org":"us"/);
});

test('a damaged state stops its org alone', async (t) => {
  const world = await openWorld(t);
  const { emea, us, sandbox } = world;
  mkdirSync(folderOf(sandbox, emea), { recursive: true });
  writeFileSync(join(folderOf(sandbox, emea), 'state.db'), 'this is no database at all, but text');

  const loghook = await delivers(world, { emea, us });
  const said = await loghook.logged('org stopped by an error', { org: 'emea' });
  await loghook.stop();

  assert.match(String(said.reason), /could not open .*state\.db/);
});

test('an org whose folder is locked goes on once it is free', async (t) => {
  const world = await openWorld(t);
  const { emea, us, receiver, sandbox } = world;
  const clock = new SystemClock();
  const holder = { folder: folderOf(sandbox, emea), clock, log: silentLog(), pid: process.pid };
  const held = SqliteOutbox.open(holder);
  t.after(() => held.close());

  const loghook = await delivers(world, { emea, us });
  const said = await loghook.logged('org stopped by an error', { org: 'emea' });
  await held.close();
  addEvents(emea, 1, 0, 5);
  loghook.child.kill('SIGHUP');
  await loghook.logged('org goes on', { org: 'emea' });
  await receiver.waitFor(4);
  await loghook.stop();

  assert.match(String(said.reason), /already|another|holds/i);
  assert.equal(cameFor(world, emea).length, 1);
});

test('ends with the code of the worst when no org could be started', async (t) => {
  const { emea, us, receiver, sandbox } = await openWorld(t);
  sandbox.write('loghook.yaml', yamlOf(receiver, { emea, us }));
  const env = { EMEA_TOKEN: 'wrong', US_TOKEN: 'wrong-too' };

  const { code, stderr } = await sandbox.run([...FAST, '--state', 'state'], { env });

  assert.equal(code, 4);
  for (const org of [emea, us]) assert.ok(stderr.includes(`System Log of ${hostOf(org)}`), stderr);
});

test('--once runs all orgs, and exits with what matters most', async (t) => {
  const world = await openWorld(t);
  const { emea, us, receiver, sandbox } = world;
  const ofUs = addEvents(us, 3, 10_000, 2);
  sandbox.write('loghook.yaml', yamlOf(receiver, { emea, us }));
  const args = ['--once', '--state', 'state'];

  const refused = await sandbox.run(args, { env: { ...ENV, EMEA_TOKEN: 'wrong' } });
  const fine = await sandbox.run(args, { env: ENV });
  const came = cameFor(world, us);
  receiver.answer = () => ({ status: 500 });
  addEvents(us, 1, 0, 3);
  const owed = await sandbox.run(args, { env: ENV });

  assert.deepEqual([refused.code, fine.code, owed.code], [4, 0, 5]);
  assert.deepEqual(came, texts(ofUs));
});

test('a reload opens an org that came, stops one that went, and leaves the others alone', async (t) => {
  const world = await openWorld(t);
  const { emea, us, receiver, sandbox } = world;
  sandbox.write('loghook.yaml', yamlOf(receiver, { emea }));
  const loghook = sandbox.start([...FAST, '--state', 'state'], { env: ENV });
  await loghook.logged('ready', { org: 'emea' });

  sandbox.write('loghook.yaml', yamlOf(receiver, { emea, us }));
  loghook.child.kill('SIGHUP');
  await loghook.logged('ready', { org: 'us' });
  const ofUs = addEvents(us, 2, 0, 1);
  await receiver.waitFor(2);
  sandbox.write('loghook.yaml', yamlOf(receiver, { us }));
  loghook.child.kill('SIGHUP');
  await loghook.logged('stopped', { org: 'emea' });
  ofUs.push(...addEvents(us, 2, 0, 2));
  await receiver.waitFor(4);
  const { code, stdout } = await loghook.stop();

  assert.equal(code, 0);
  assert.deepEqual(cameFor(world, us), texts(ofUs));
  const starts = stdout.split('\n').filter((line) => line.includes('"msg":"starting"'));
  assert.equal(starts.length, 2);
  assert.ok(readdirSync(folderOf(sandbox, emea)).includes('state.db'));
});

test('a reload with another token tries an org that was refused at once', async (t) => {
  const world = await openWorld(t);
  const { emea, us, sandbox, receiver } = world;
  const loghook = await delivers(world, { emea, us }, { ...ENV, EMEA_TOKEN: 'wrong' });
  await loghook.logged('org stopped by an error', { org: 'emea' });
  const file = sandbox.write('emea.token', TOKENS.emea);
  const text = yamlOf(receiver, { emea, us }).replace('${EMEA_TOKEN}', `\${file:${file}}`);
  sandbox.write('loghook.yaml', text);

  loghook.child.kill('SIGHUP');
  await loghook.logged('ready', { org: 'emea' });
  const { stdout } = await loghook.stop();

  const starts = stdout.split('\n').filter((line) => line.includes('"msg":"starting"'));
  assert.equal(starts.filter((line) => line.includes('"org":"us"')).length, 1);
});

test('a reload with a file that cannot be used changes no org', async (t) => {
  const world = await openWorld(t);
  const { emea, us, receiver, sandbox } = world;
  const loghook = await delivers(world, { emea, us });
  sandbox.write('loghook.yaml', yamlOf(receiver, { emea, us: { url: emea.url } }));

  loghook.child.kill('SIGHUP');
  const said = await loghook.logged('routes not reloaded, the old ones stay in force');
  addEvents(us, 1, 0, 9);
  await receiver.waitFor(4);
  await loghook.stop();

  assert.match(
    String(said.problems),
    /line \d+ column 10: url: "127\.0\.0\.1:\d+" is that of the org in line \d+ too/,
  );
});

test('the admin server speaks of all orgs, also of one that could not be started', async (t) => {
  const world = await openWorld(t);
  const { emea, us, receiver, sandbox } = world;
  sandbox.write('loghook.yaml', yamlOf(receiver, { emea, us }));
  const env = { ...ENV, EMEA_TOKEN: 'wrong' };
  const loghook = sandbox.start(ADMIN_RUN, { env });
  await loghook.logged('org stopped by an error', { org: 'emea' });
  await loghook.logged('ready', { org: 'us' });
  const { admin } = await loghook.logged('starting', { org: 'us' });

  const health = await fetch(`http://${admin}/healthz`);
  const metrics = await (await fetch(`http://${admin}/metrics`)).text();
  await loghook.stop();

  assert.equal(health.status, 503);
  assert.match(
    await health.text(),
    /"emea: an error ended its session \(okta refuses the credentials\), which is tried again/,
  );
  assert.match(metrics, /^loghook_healthy\{org="us"\} 1$/m);
  assert.match(metrics, /^loghook_healthy\{org="emea"\} 0$/m);
  assert.ok(!metrics.includes(hostOf(us)), metrics);
});

test('the admin server pauses the route of one org, called by its name or its host', async (t) => {
  const world = await openWorld(t);
  const { emea, us, receiver, sandbox } = world;
  sandbox.write('loghook.yaml', yamlOf(receiver, { emea, us }));
  const token = 'a-token-of-32-characters-0123456';
  const env = { ...ENV, LOGHOOK_ADMIN_TOKEN: token };
  const loghook = sandbox.start(ADMIN_RUN, { env });
  await loghook.logged('ready', { org: 'emea' });
  await loghook.logged('ready', { org: 'us' });
  const { admin } = await loghook.logged('starting', { org: 'us' });
  const change = async (path: string) => {
    const headers = { authorization: `Bearer ${token}` };
    const response = await fetch(`http://${admin}/routes/siem/${path}`, {
      method: 'POST',
      headers,
    });
    return `${response.status} ${await response.text()}`;
  };

  const unclear = await change('pause');
  const wrong = await change('pause?org=apac');
  const paused = await change('pause?org=us');
  const resumed = await change(`resume?org=${hostOf(us)}`);
  await loghook.stop();

  assert.match(unclear, /^409 several orgs have this route: add \?org= with one of emea, us$/m);
  assert.match(wrong, /^404 no org has this name or host: there are emea, us$/m);
  assert.match(paused, /^200 siem is paused/);
  assert.match(resumed, /^200 siem goes on/);
});

/** Both orgs have run once, and the file is still there. */
async function afterOneRun(t: TestContext) {
  const world = await openWorld(t);
  const { emea, us, receiver, sandbox } = world;
  const ofEmea = texts(addEvents(emea, 2, 10_000, 1));
  addEvents(us, 1, 10_000, 2);
  sandbox.write('loghook.yaml', yamlOf(receiver, { emea, us }));
  const { code } = await sandbox.run(['--once', '--state', 'state'], { env: ENV });
  assert.equal(code, 0);
  return { ...world, ofEmea };
}

test('commands on state name the org by its name in the file, or its host, and need no secrets', async (t) => {
  const { us, sandbox, ofEmea } = await afterOneRun(t);
  const ask = (...args: string[]) => sandbox.run([...args, '--state', 'state']);

  const unnamed = await ask('deliveries');
  const byName = await ask('deliveries', '--json', '--org', 'emea');
  const byHost = await ask('deliveries', '--json', '--org', hostOf(us));
  const paused = await ask('pause', 'siem', '--org', 'us');
  const routes = await ask('route', 'list', '--json', '--org', 'us');
  const id = JSON.parse(byName.stdout.split('\n')[0] ?? '').event;
  const shown = await ask('show', id, '--org', 'emea', '--raw');
  const dead = await ask('dead', 'list', '--org', 'emea');

  assert.equal(unnamed.code, 2);
  assert.match(unnamed.stderr, /--org: there are several orgs\n {2}→ name one of emea, us/);
  const count = ({ stdout }: { stdout: string }) => stdout.trim().split('\n').length;
  assert.deepEqual([count(byName), count(byHost)], [2, 1]);
  assert.match(paused.stdout, /^siem is paused/);
  assert.notEqual(JSON.parse(routes.stdout).pausedAt, null);
  assert.ok(ofEmea.includes(shown.stdout));
  assert.match(dead.stderr, /no dead letters/);
});

test('status shows all orgs of the file, and those that were taken out of it', async (t) => {
  const { emea, us, receiver, sandbox } = await afterOneRun(t);
  sandbox.write('loghook.yaml', yamlOf(receiver, { emea, new: { url: 'https://new.okta.com' } }));

  const { code, stdout } = await sandbox.run(['status', '--state', 'state']);
  const json = await sandbox.run(['status', '--state', 'state', '--json']);
  const gone = await sandbox.run(['status', '--state', 'state', '--json', '--org', hostOf(us)]);

  assert.equal(code, 0);
  assert.match(
    stdout,
    /^org {8}emea {3}127[\s\S]*\norg {8}new {3}new\.okta\.com .*\nnothing has run here yet\n/,
  );
  const names = JSON.parse(json.stdout).map(({ org }: { org: string | null }) => org);
  assert.deepEqual(names, ['emea', 'new', null]);
  assert.equal(JSON.parse(gone.stdout).routes[0].name, 'siem');
});

test('tail, try, test and sign look at the org that --org names', async (t) => {
  const { us, receiver, sandbox } = await afterOneRun(t);
  const ask = (...args: string[]) => sandbox.run(args, { env: ENV });

  const tail = await ask('tail', '--since', '1h', '--until', '0s', '--org', 'us');
  const tried = await ask('try', '--since', '1h', '--json', '--org', 'us');
  const tested = await ask('test', 'siem', '--org', 'us');
  const unnamed = await ask('test', 'siem');
  const env = { ...ENV, OKTA_ORG_URL: 'https://acme.okta.com', OKTA_API_KEY: 'x' };
  const listen = await sandbox.run(['listen', '1', '--org', 'no'], { env });

  assert.equal(tail.stdout.trim().split('\n').length, 1, tail.stderr);
  assert.equal(JSON.parse(tried.stdout).org, hostOf(us));
  assert.equal(tested.code, 0);
  assert.equal(receiver.received.at(-1)?.headers['loghook-org'], hostOf(us));
  assert.equal(unnamed.code, 2);
  assert.match(listen.stderr, /--org: no org has this name or host/);
});

test('a terminal is told of which org each line is', async (t) => {
  const { emea, us, receiver, sandbox } = await openWorld(t);
  addEvents(emea, 1, 10_000, 1);
  sandbox.write('loghook.yaml', yamlOf(receiver, { emea, us }));

  const args = ['--once', '--state', 'state', '--log-format', 'pretty'];
  const { stdout } = await sandbox.run(args, { env: ENV });

  assert.match(stdout, /^loghook \S+ {2}org emea \(127\.0\.0\.1:\d+\) {2}state /m);
  assert.match(stdout, /^ready: following us \(127\.0\.0\.1:\d+\)/m);
  assert.match(stdout, /^emea {2}\d\d:\d\d:\d\d ← 204 {2}siem/m);
});

test('check shows every org, reaches none, and shows no secret', async (t) => {
  const { emea, us, receiver, sandbox } = await openWorld(t);
  sandbox.write('loghook.yaml', yamlOf(receiver, { emea, us }));

  const { code, stdout, stderr } = await sandbox.run(['check'], { env: ENV });

  assert.equal(code, 0, stderr);
  const lines = stdout.split('\n').filter((line) => line.startsWith('org '));
  assert.deepEqual(lines, [
    `org       emea   ${emea.url}, from loghook.yaml`,
    `org       us   ${us.url}, from loghook.yaml`,
  ]);
  assert.doesNotMatch(stdout + stderr, /S3CRET/);
  assert.deepEqual([emea.requestCount, us.requestCount], [0, 0]);
});
