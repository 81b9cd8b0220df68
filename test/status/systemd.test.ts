/** The notifier against systemd's own `systemd-notify` and a real datagram socket, which perl binds: Node cannot. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type TestContext, test } from 'node:test';
import { type Log, openLog } from '../../src/log.ts';
import { type NotifierOptions, openServiceNotifier } from '../../src/status/systemd.ts';
import { FakeClock, settle } from '../support/fake-clock.ts';
import { requireTool } from '../support/tools.ts';

const onLinux = { skip: process.platform === 'linux' ? false : 'systemd is on Linux only' };
const PID = 4321;

/** Prints each datagram as a line, its line breaks as `|`; the barrier of systemd-notify is let through and not printed. */
const LISTEN = `
  use Socket; $| = 1;
  socket(my $in, AF_UNIX, SOCK_DGRAM, 0) or die "socket: $!";
  bind($in, sockaddr_un($ARGV[0])) or die "bind: $!";
  print "listening\\n";
  while (defined(recv($in, my $message, 65536, 0))) {
    next if $message =~ /^BARRIER=1/;
    $message =~ s/\\n/|/g; print "$message\\n";
  }`;

interface Systemd {
  readonly socket: string;
  /** Resolves with the next message that arrives. */
  next(): Promise<string>;
}

async function listen(t: TestContext): Promise<Systemd> {
  requireTool('systemd-notify', 'systemd');
  requireTool('perl', 'perl');
  const folder = mkdtempSync(join(tmpdir(), 'notify-'));
  const socket = join(folder, 'socket');
  const child = spawn('perl', ['-e', LISTEN, socket], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(async () => {
    await end(child);
    rmSync(folder, { recursive: true });
  });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const next = async () => String((await lines.next()).value);
  assert.equal(await next(), 'listening');
  return { socket, next };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}

function logTo(lines: string[]): Log {
  return openLog('info', { write: (line) => lines.push(JSON.parse(line).msg) });
}

/** Lets the event loop turn until `condition` holds; the runner's own time limit ends a test where it never does. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await settle();
}

/** A folder to stand first on the PATH, with this `systemd-notify` in it. */
function withNotifier(t: TestContext, script: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'notify-'));
  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'systemd-notify'), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return folder;
}

function open(environment: NotifierOptions['environment'], more: Partial<NotifierOptions> = {}) {
  const clock = new FakeClock();
  const logged: string[] = [];
  const path = process.env.PATH;
  const notifier = openServiceNotifier({
    environment: { PATH: path, ...environment },
    clock,
    log: logTo(logged),
    pid: PID,
    isAlive: () => true,
    ...more,
  });
  return { clock, logged, notifier };
}

test(
  'says ready with the pid, then the status, then stopping, in that order',
  onLinux,
  async (t) => {
    const systemd = await listen(t);
    const { notifier, logged } = open({ NOTIFY_SOCKET: systemd.socket });

    notifier.ready();
    notifier.status('reading since 08:00');
    notifier.stopping();
    await notifier.close();

    assert.equal(await systemd.next(), `READY=1|MAINPID=${PID}`);
    assert.equal(await systemd.next(), 'STATUS=reading since 08:00');
    assert.equal(await systemd.next(), 'STOPPING=1');
    assert.deepEqual(logged, []);
  },
);

test('a status cannot set another variable, nor write to a terminal', onLinux, async (t) => {
  const systemd = await listen(t);
  const { notifier } = open({ NOTIFY_SOCKET: systemd.socket });

  notifier.status(`a\nMAINPID=1\r\u001b[2J\u202eb\u2028c\ud800 ${'é'.repeat(600)}`);
  await notifier.close();

  const arrived = await systemd.next();
  assert.match(arrived, /^STATUS=a MAINPID=1 \[2J b c {2}é+$/);
  assert.equal([...arrived].length, 'STATUS='.length + 500);
});

test('sends at most one status in three seconds, and the last one wins', onLinux, async (t) => {
  const systemd = await listen(t);
  const { notifier, clock } = open({ NOTIFY_SOCKET: systemd.socket });

  for (const text of ['first', 'second', 'third', 'fourth']) notifier.status(text);
  assert.equal(await systemd.next(), 'STATUS=first');
  assert.equal(clock.nextTimerMs(), 3_000);
  await clock.advance(3_000);

  assert.equal(await systemd.next(), 'STATUS=fourth');
  await notifier.close();
});

test('a status that still waits goes out before stopping', onLinux, async (t) => {
  const systemd = await listen(t);
  const { notifier } = open({ NOTIFY_SOCKET: systemd.socket });

  notifier.status('reading');
  assert.equal(await systemd.next(), 'STATUS=reading');
  notifier.status('finishing 3 deliveries');
  notifier.stopping();
  await notifier.close();

  assert.equal(await systemd.next(), 'STATUS=finishing 3 deliveries');
  assert.equal(await systemd.next(), 'STOPPING=1');
});

test(
  'answers the watchdog at half its time, only while alive, until closed',
  onLinux,
  async (t) => {
    const systemd = await listen(t);
    let alive = true;
    const { notifier, clock, logged } = open(
      { NOTIFY_SOCKET: systemd.socket, WATCHDOG_USEC: '60000000', WATCHDOG_PID: String(PID) },
      { isAlive: () => alive },
    );
    const sent = () => until(() => clock.nextTimerMs() === 30_000); // no systemd-notify is running

    notifier.ready();
    assert.match(await systemd.next(), /^READY=1/);
    assert.equal(await systemd.next(), 'WATCHDOG=1');
    await sent();
    alive = false;
    await clock.advance(60_000);
    notifier.status('stuck');
    assert.equal(await systemd.next(), 'STATUS=stuck', 'not a ping');
    await sent();
    alive = true;
    await clock.advance(30_000);

    assert.equal(await systemd.next(), 'WATCHDOG=1');
    assert.deepEqual(logged, ['watchdog not answered: nothing moves']);
    await notifier.close();
    assert.equal(clock.nextTimerMs(), undefined);
  },
);

const WATCHDOGS: readonly [
  usec: string | undefined,
  pid: string | undefined,
  ms: number | undefined,
][] = [
  ['60000000', undefined, 30_000],
  ['60000000', '1', undefined],
  ['0', undefined, undefined],
  ['soon', undefined, undefined],
  [undefined, undefined, undefined],
  ['18446744073709551615', undefined, 3_600_000],
];

for (const [usec, pid, ms] of WATCHDOGS) {
  test(`with WATCHDOG_USEC=${usec} and WATCHDOG_PID=${pid} the next ping is in ${ms} ms`, async () => {
    const environment = { NOTIFY_SOCKET: '/nowhere', WATCHDOG_USEC: usec, WATCHDOG_PID: pid };
    const { notifier, clock, logged } = open({ ...environment, PATH: '/nowhere' });

    notifier.ready();

    await until(() => logged.length > 0); // that there is no systemd-notify: only the watchdog's timer is left
    assert.equal(clock.nextTimerMs(), ms);
    await notifier.close();
  });
}

test('does nothing without NOTIFY_SOCKET', async () => {
  const { notifier, clock, logged } = open({ WATCHDOG_USEC: '60000000', PATH: '/nowhere' });

  notifier.ready();
  notifier.status('text');
  notifier.stopping();
  await notifier.close();

  assert.equal(clock.nextTimerMs(), undefined);
  assert.deepEqual(logged, []);
});

test('goes on, and says so once, where systemd-notify is missing', async () => {
  const { notifier, logged } = open({ NOTIFY_SOCKET: '/nowhere', PATH: '/nowhere' });

  notifier.ready();
  notifier.status('text');
  notifier.stopping();
  await notifier.close();

  assert.deepEqual(logged, ['systemd cannot be told; going on']);
});

test('says ready again when it got lost', onLinux, async (t) => {
  const folder = withNotifier(t, 'echo "$2" >>"$0.seen"; exec test "$(wc -l <"$0.seen")" -ge 3');
  const { notifier, clock, logged } = open({
    NOTIFY_SOCKET: '/x',
    PATH: `${folder}:/usr/bin:/bin`,
  });
  const failed = () => until(() => clock.nextTimerMs() === 1_000);

  notifier.ready();
  await failed();
  await clock.advance(1_000);
  await failed();
  await clock.advance(1_000);
  await notifier.close();

  const seen = readFileSync(join(folder, 'systemd-notify.seen'), 'utf8');
  assert.equal(seen, 'READY=1\n'.repeat(3));
  assert.deepEqual(logged, ['systemd cannot be told; going on']);
});

test('a systemd-notify that hangs is ended, and the next message goes out', onLinux, async (t) => {
  const folder = withNotifier(
    t,
    'case "$2" in STATUS*) exec sleep 600;; *) echo "$2" >>"$0.seen";; esac',
  );
  const { notifier, clock, logged } = open({
    NOTIFY_SOCKET: '/x',
    PATH: `${folder}:/usr/bin:/bin`,
  });

  notifier.status('hangs');
  notifier.stopping();
  const closed = notifier.close();
  await clock.advance(10_000);
  await closed;

  assert.equal(readFileSync(join(folder, 'systemd-notify.seen'), 'utf8'), 'STOPPING=1\n');
  assert.deepEqual(logged, ['systemd cannot be told; going on']);
});

test(
  'hands systemd-notify nothing of the environment but the socket and the PATH',
  onLinux,
  async (t) => {
    process.env.OKTA_API_KEY = 'marked-secret';
    t.after(() => {
      delete process.env.OKTA_API_KEY;
    });
    const folder = withNotifier(t, 'env >"$0.seen"');
    const { notifier } = open({ NOTIFY_SOCKET: '/x', PATH: `${folder}:/usr/bin:/bin` });

    notifier.stopping();
    await notifier.close();

    const seen = readFileSync(join(folder, 'systemd-notify.seen'), 'utf8');
    assert.match(seen, /^NOTIFY_SOCKET=\/x$/m);
    assert.doesNotMatch(seen, /OKTA|marked-secret/);
  },
);
