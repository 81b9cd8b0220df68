/** What doctor finds about the state folder as a place on a disk. */
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { checkDisk } from '../../../src/cli/doctor/checks/disk.ts';
import type { Machine } from '../../../src/cli/doctor/machine.ts';
import { Sandbox } from '../../support/loghook.ts';
import { diagnose, found, notFound, sceneIn } from './desk.ts';

const EXT4 = 0xef53;
const NFS = 0x6969;

/** The state folder of an org, there with this mode or not. */
async function onDisk(t: TestContext, machine: Partial<Machine> = {}, mode?: number) {
  const sandbox = new Sandbox(t);
  const state = join(sandbox.home, 'state');
  const folder = join(state, 'acme.okta.test');
  if (mode !== undefined) mkdirSync(folder, { recursive: true, mode });
  if (mode !== undefined) chmodSync(folder, mode);
  const env = { OKTA_ORG_URL: 'https://acme.okta.test', OKTA_API_KEY: 'x' };
  return checkDisk(await sceneIn(sandbox, env, machine, { state }));
}

test('a folder that is private, with room', async (t) => {
  const fileSystem = () => ({ type: EXT4, freeBytes: 20e9 });

  const findings = await onDisk(t, { fileSystem }, 0o700);

  found(findings, 'folder-fine', /acme\.okta\.test can be written/);
  found(findings, 'disk-free', /^20 GB free/);
});

test('no folder yet: the first run makes it, and nothing is made', async (t) => {
  const findings = await onDisk(t);

  found(findings, 'folder-missing', /the first run makes it/);
});

test('a folder that others can read', async (t) => {
  found(
    await onDisk(t, {}, 0o755),
    'folder-open',
    /read by others/,
    /^chmod 700 '.*acme\.okta\.test'$/,
  );
});

test('a folder that cannot be written', async (t) => {
  const mayWrite = () => {
    throw Object.assign(new Error('EACCES: permission denied'), { code: 'EACCES' });
  };

  found(await onDisk(t, { mayWrite }, 0o700), 'folder-unwritable', /permission denied/, /--state/);
  found(await onDisk(t, { mayWrite }), 'folder-unwritable', /permission denied/);
});

test('a disk that is mounted read-only', async (t) => {
  const mayWrite = () => {
    throw Object.assign(new Error('EROFS: read-only file system'), { code: 'EROFS' });
  };

  found(await onDisk(t, { mayWrite }, 0o700), 'folder-unwritable', /EROFS/, /^its disk is mounted/);
});

test('a file where the folder should be', async (t) => {
  const sandbox = new Sandbox(t);
  writeFileSync(join(sandbox.home, 'state'), '');
  const env = { OKTA_ORG_URL: 'http://127.0.0.1:9', OKTA_API_KEY: 'x' };

  const { findings } = await diagnose(sandbox, env, ['--state', join(sandbox.home, 'state')]);

  found(findings, 'folder-unwritable', /is a file, not a folder/);
});

test('a folder of another user', async (t) => {
  found(await onDisk(t, { uid: 12_345 }, 0o700), 'folder-owner', /this runs as 12345/);
});

test('a network file system', async (t) => {
  const fileSystem = () => ({ type: NFS, freeBytes: 20e9 });

  found(
    await onDisk(t, { fileSystem }, 0o700),
    'folder-network',
    /\(NFS\)/,
    /disk of this machine/,
  );
  found(await onDisk(t, { fileSystem }), 'folder-network', /\(NFS\)/);
  notFound(await onDisk(t, { fileSystem, platform: 'darwin' }, 0o700), 'folder-network');
});

test('a disk with little room, and with next to none', async (t) => {
  const withFree = (freeBytes: number) =>
    onDisk(t, { fileSystem: () => ({ type: EXT4, freeBytes }) }, 0o700);

  found(await withFree(300e6), 'disk-low', /^300 MB free/, /replayed/);
  found(await withFree(50e6), 'disk-full', /^50 MB free/, /nothing is lost/);
});

test('no folder can be named', async (t) => {
  const { findings } = await diagnose(new Sandbox(t));

  found(findings, 'folder-unknown', /not known/, /--state/);
});
