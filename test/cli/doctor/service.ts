/** What doctor finds in the files of services: units as `loghook service print` writes them, in a root of the test's own. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { checkDaemons } from '../../../src/cli/doctor/checks/daemons.ts';
import { checkService } from '../../../src/cli/doctor/checks/service.ts';
import { type ServiceFacts, type ServiceKind, serviceUnit } from '../../../src/cli/service/unit.ts';
import { Sandbox } from '../../support/loghook.ts';
import { found, notFound, sceneIn } from './desk.ts';

interface Root {
  readonly sandbox: Sandbox;
  readonly root: string;
  readonly home: string;
  write(path: string, text: string): void;
}

/** A machine with Node and this loghook in their places, and nothing else. */
function openRoot(t: TestContext, version = '1.2.3'): Root {
  const sandbox = new Sandbox(t);
  const root = join(sandbox.cwd, 'root');
  const home = join(sandbox.home, 'ann');
  const write = (path: string, text: string) => {
    const place = path.startsWith(home) ? path : join(root, path);
    mkdirSync(dirname(place), { recursive: true });
    writeFileSync(place, text);
  };
  write('/usr/bin/node', '');
  write('/usr/lib/node_modules/loghook/bin/loghook.js', '');
  write('/usr/lib/node_modules/loghook/package.json', JSON.stringify({ name: 'loghook', version }));
  write('/etc/systemd/system.conf', '');
  return { sandbox, root, home, write };
}

const SYSTEM_UNIT = '/etc/systemd/system/loghook.service';

function unitText(kind: ServiceKind, { home }: Root, facts: Partial<ServiceFacts> = {}): string {
  return serviceUnit(kind, {
    execPath: '/usr/bin/node',
    entry: '/usr/lib/node_modules/loghook/bin/loghook.js',
    home,
    user: 'ann',
    env: {},
    platform: 'linux',
    ...facts,
  });
}

async function lookedAt(
  { sandbox, root, home }: Root,
  state = '/var/lib/loghook',
  platform: NodeJS.Platform = 'linux',
) {
  const env = { OKTA_ORG_URL: 'https://acme.okta.test', OKTA_API_KEY: 'x' };
  return checkService(await sceneIn(sandbox, env, { root, home, platform }, { state }));
}

function withFiles({ write }: Root): void {
  write('/etc/loghook/okta-api-key', 'S3CRET');
  write('/etc/loghook/loghook.csv', '');
}

test('no unit at all', async (t) => {
  found(await lookedAt(openRoot(t)), 'unit-none', /no service/, /loghook service print/);
});

test('a machine without systemd or launchd has nothing to look at', async (t) => {
  const { sandbox } = openRoot(t);

  const findings = await lookedAt({
    sandbox,
    root: join(sandbox.cwd, 'none'),
    home: '/nowhere',
    write: () => {},
  });

  notFound(findings, 'unit-none');
});

test('the system unit as it is printed, with all that it needs', async (t) => {
  const root = openRoot(t);
  withFiles(root);
  root.write(SYSTEM_UNIT, unitText('systemd', root));
  root.write('/etc/systemd/system/other.service', '[Service]\nExecStart=/bin/true\n');

  const findings = await lookedAt(root);

  found(findings, 'unit-fine', /loghook\.service starts a loghook of this version$/);
});

test('settings that only the service has, and how to look with them', async (t) => {
  const root = openRoot(t);
  withFiles(root);
  root.write(SYSTEM_UNIT, unitText('systemd', root));
  const { sandbox, home } = root;
  const machine = { root: root.root, home, platform: 'linux' } as const;

  const findings = checkService(await sceneIn(sandbox, {}, machine, { state: '/var/lib/loghook' }));

  const { fix } = found(findings, 'unit-settings', /loghook\.service has settings .* of its own/);
  assert.equal(
    fix,
    "to look with them: sudo sh -c 'set -a; . /etc/loghook/env; CREDENTIALS_DIRECTORY=/etc/loghook exec loghook doctor --config /etc/loghook/loghook.csv --state /var/lib/loghook'",
  );
  notFound(await lookedAt(root), 'unit-settings');
});

test('files that the unit needs are missing', async (t) => {
  const root = openRoot(t);
  root.write(SYSTEM_UNIT, unitText('systemd', root));

  const findings = await lookedAt(root);

  found(findings, 'unit-file-missing', /needs \/etc\/loghook\/okta-api-key/, /head of the unit/);
  found(findings, 'unit-file-missing', /needs \/etc\/loghook\/loghook\.csv/);
  root.write(`${SYSTEM_UNIT}.d/none.conf`, '[Service]\nLoadCredential=\n');
  assert.ok(
    !JSON.stringify(await lookedAt(root)).includes('okta-api-key'),
    'taken back by a drop-in',
  );
});

test("a user's unit, in a home with spaces, with state elsewhere", async (t) => {
  const root = openRoot(t);
  const config = join(root.home, '.config');
  root.write(join(config, 'loghook/okta-api-key'), 'S3CRET');
  root.write(join(config, 'loghook/loghook.csv'), '');
  const path = join(config, 'systemd/user/loghook.service');
  root.write(path, unitText('systemd-user', root));

  const usual = await lookedAt(root, join(root.home, '.local/state/loghook'));
  const other = await lookedAt(root, '/var/lib/loghook');
  root.write(`${path}.d/state.conf`, '[Service]\nEnvironment="LOGHOOK_STATE=/var/lib/loghook"\n');
  const droppedIn = await lookedAt(root, '/var/lib/loghook');

  found(usual, 'unit-fine', /./);
  found(
    other,
    'unit-state',
    /keeps its state in .*\.local\/state\/loghook, and this looked at \/var\/lib\/loghook/,
    /loghook doctor --state/,
  );
  found(droppedIn, 'unit-fine', /./);
});

test('Node or loghook has moved', async (t) => {
  const root = openRoot(t);
  withFiles(root);
  root.write(SYSTEM_UNIT, unitText('systemd', root, { execPath: '/opt/node 18/bin/node' }));

  found(
    await lookedAt(root),
    'unit-program',
    /starts \/opt\/node 18\/bin\/node, which is not there/,
    /service print/,
  );

  root.write(SYSTEM_UNIT, unitText('systemd', root, { entry: '/opt/loghook/bin/loghook.js' }));

  found(await lookedAt(root), 'unit-program', /starts \/opt\/loghook\/bin\/loghook\.js/);
});

test('the unit starts another version', async (t) => {
  const root = openRoot(t, '0.9.0');
  withFiles(root);
  root.write(SYSTEM_UNIT, unitText('systemd', root));

  found(
    await lookedAt(root),
    'unit-version',
    /starts loghook 0\.9\.0, and this is 1\.2\.3/,
    /upgrade/,
  );
});

test('a unit that is not started again, taken back by a drop-in', async (t) => {
  const root = openRoot(t);
  withFiles(root);
  root.write(SYSTEM_UNIT, unitText('systemd', root));
  root.write(`${SYSTEM_UNIT}.d/no.conf`, '[Service]\nRestart=no\n');

  found(await lookedAt(root), 'unit-restart', /not started again/, /on-failure/);
});

test('a unit that cannot be read', async (t) => {
  const root = openRoot(t);
  mkdirSync(join(root.root, SYSTEM_UNIT), { recursive: true });

  found(await lookedAt(root), 'unit-unreadable', /loghook\.service cannot be read \(EISDIR/);
});

test('a unit of our name that starts something else, or nothing', async (t) => {
  const root = openRoot(t);
  root.write(SYSTEM_UNIT, '');
  root.write('/etc/systemd/system/loghook-backup.service', '[Service]\nExecStart=/bin/tar c\n');

  const findings = await lookedAt(root);

  found(findings, 'unit-unreadable', /\/loghook\.service starts no loghook$/);
  assert.equal(findings.length, 1);
});

test('of a loghook that is started by way of something else, no state folder is claimed', async (t) => {
  const root = openRoot(t);
  root.write('/bin/sh', '');
  root.write(
    join(root.home, '.config/systemd/user/loghook.service'),
    '[Service]\nExecStart=/bin/sh -c "exec loghook run --state /data"\nRestart=always\n',
  );

  const findings = await lookedAt(root, '/elsewhere');

  notFound(findings, 'unit-state');
});

test('a launch agent', async (t) => {
  const root = openRoot(t);
  const folder = join(root.home, '.config/loghook');
  root.write(join(folder, 'loghook.csv'), '');
  const state = join(root.home, 'Library/Application Support/loghook');
  const text = unitText('launchd', root, { platform: 'darwin' });
  const path = join(root.home, 'Library/LaunchAgents/com.loghook.plist');
  root.write(path, text);

  const missing = await lookedAt(root, state, 'darwin');
  root.write(join(folder, 'okta-api-key'), 'S3CRET');
  const fine = await lookedAt(root, state, 'darwin');
  root.write(path, text.replace('<key>KeepAlive</key>', '<key>Other</key>'));
  const once = await lookedAt(root, '/elsewhere', 'darwin');

  found(missing, 'unit-file-missing', /okta-api-key/);
  found(fine, 'unit-fine', /com\.loghook\.plist/);
  found(once, 'unit-restart', /com\.loghook\.plist/);
  found(once, 'unit-state', /Application Support/);
});

test('another loghook among the processes of the machine', async (t) => {
  const root = openRoot(t);
  root.write('/proc/4242/comm', 'loghook\n');
  root.write('/proc/4243/comm', 'bash\n');
  const env = { OKTA_ORG_URL: 'https://acme.okta.test', OKTA_API_KEY: 'x' };
  const scene = await sceneIn(root.sandbox, env, { root: root.root, home: root.home });

  const findings = checkDaemons(scene);

  found(findings, 'daemon-elsewhere', /^another loghook runs \(pid 4242\), with state elsewhere/);
  for (let pid = 5001; pid <= 5009; pid++) root.write(`/proc/${pid}/comm`, 'loghook\n');
  found(
    checkDaemons(scene),
    'daemon-elsewhere',
    /^10 other loghooks run \(pids 4242, 5001, .* …\)/,
  );
});
