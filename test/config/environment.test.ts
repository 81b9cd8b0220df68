import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { readEnvironment } from '../../src/config/environment.ts';
import { allTextOf, complaintsOf, hintsOf } from './complaints.ts';
import { file, tempFolder, withoutPermission } from './temp-folder.ts';

test('takes settings from the environment, then from .env, and says which', (t) => {
  const folder = tempFolder(t);
  file(folder, '.env', 'OKTA_ORG_URL="https://inner.example" # c\nexport LOGHOOK_STATE=/inner\n');

  const environment = readEnvironment({ OKTA_ORG_URL: 'https://outer.example' }, folder);

  assert.deepEqual(environment.get('OKTA_ORG_URL'), {
    name: 'OKTA_ORG_URL',
    value: 'https://outer.example',
    from: 'environment',
  });
  assert.deepEqual(environment.get('LOGHOOK_STATE'), {
    name: 'LOGHOOK_STATE',
    value: '/inner',
    from: '.env',
  });
  assert.equal(environment.get('OKTA_API_KEY'), undefined);
});

test('takes no name from .env but OKTA_* and LOGHOOK_*', (t) => {
  const folder = tempFolder(t);
  file(folder, '.env', 'STATE_DIRECTORY=/x\nXDG_STATE_HOME=/x\nMY_OKTA_X=1\nokta_x=1\nOKTAX=1\n');

  const environment = readEnvironment({}, folder);

  for (const name of ['STATE_DIRECTORY', 'XDG_STATE_HOME', 'MY_OKTA_X', 'okta_x', 'OKTAX']) {
    assert.equal(environment.get(name), undefined, name);
  }
});

test('takes a blank setting for none, and lets a blank one in the environment hide .env', (t) => {
  const folder = tempFolder(t);
  file(folder, '.env', 'OKTA_API_KEY=inner\nOKTA_ORG_URL=\n');

  const environment = readEnvironment({ OKTA_API_KEY: ' ' }, folder);

  assert.equal(environment.get('OKTA_API_KEY'), undefined);
  assert.equal(environment.get('OKTA_ORG_URL'), undefined);
});

test('reads a .env with a byte order mark and CRLF', (t) => {
  const folder = tempFolder(t);
  file(folder, '.env', '\ufeffOKTA_ORG_URL=https://a.example\r\nOKTA_API_KEY=b\r\n');

  const environment = readEnvironment({}, folder);

  assert.equal(environment.get('OKTA_ORG_URL')?.value, 'https://a.example');
  assert.equal(environment.get('OKTA_API_KEY')?.value.trim(), 'b');
});

test('goes without a .env that is not there or is a folder', (t) => {
  const folder = tempFolder(t);

  assert.equal(readEnvironment({}, folder).get('OKTA_API_KEY'), undefined);
  mkdirSync(join(folder, '.env'));
  assert.equal(readEnvironment({}, folder).get('OKTA_API_KEY'), undefined);
});

test('refuses a .env that cannot be read, without a word of what is in it', (t) => {
  const folder = tempFolder(t);
  const path = file(folder, '.env', 'OKTA_API_KEY=SECRET\n');
  const read = () => readEnvironment({}, folder);

  assert.deepEqual(
    withoutPermission(path, () => complaintsOf(read)),
    ['.env: could not read it: permission denied (EACCES)'],
  );
  file(folder, '.env', Buffer.from('\ufeffOKTA_API_KEY=SECRET\n', 'utf16le'));
  assert.deepEqual(complaintsOf(read), ['.env: it is not UTF-8 text']);
  assert.deepEqual(hintsOf(read), ['save it as UTF-8']);
  assert.doesNotMatch(allTextOf(read), /SECRET|S\0E/);
});
