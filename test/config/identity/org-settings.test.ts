import assert from 'node:assert/strict';
import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Environment } from '../../../src/config/environment.ts';
import { type OrgSettings, orgSettings } from '../../../src/config/identity/org-settings.ts';
import { allTextOf, complaintsOf, hintsOf } from '../complaints.ts';
import { file, tempFolder, withoutPermission } from '../temp-folder.ts';

const OKTA_ORG_URL = 'https://acme.okta.com';

function settings(variables: Record<string, string>, cwd = '/') {
  return orgSettings(new Environment({ OKTA_ORG_URL, ...variables }), cwd);
}

function tokenOf({ identity }: OrgSettings): string | undefined {
  return identity.kind === 'token' ? identity.token : undefined;
}

test('takes the token from the environment, from a file or from a systemd credential', (t) => {
  const folder = tempFolder(t);
  const path = file(folder, 'token', '00abc_-\r\n');
  file(folder, 'okta-api-key', '00credential\n');

  assert.equal(tokenOf(settings({ OKTA_API_KEY: '00abc_-' })), '00abc_-');
  assert.equal(tokenOf(settings({ OKTA_API_KEY_FILE: path })), '00abc_-');
  assert.equal(tokenOf(settings({ OKTA_API_KEY_FILE: './token' }, folder)), '00abc_-');
  assert.equal(tokenOf(settings({ CREDENTIALS_DIRECTORY: folder })), '00credential');
});

test('prefers what was set for loghook over the systemd credential', (t) => {
  const folder = tempFolder(t);
  const path = file(folder, 'token', 'of-file');
  file(folder, 'okta-api-key', 'of-credential');

  const both = { CREDENTIALS_DIRECTORY: folder };
  assert.equal(tokenOf(settings({ ...both, OKTA_API_KEY: 'of-variable' })), 'of-variable');
  assert.equal(tokenOf(settings({ ...both, OKTA_API_KEY_FILE: path })), 'of-file');
});

test('puts a token right that was copied with too much around it', () => {
  const table: readonly (readonly [written: string, notes: number])[] = [
    [' 00abc\n', 0],
    ['"00abc"', 0],
    ["'00abc'", 0],
    ['SSWS 00abc', 1],
    ['ssws  00abc', 1],
    ['Authorization: SSWS 00abc', 1],
  ];

  for (const [written, notes] of table) {
    const read = settings({ OKTA_API_KEY: written });
    const { org } = read;
    assert.equal(tokenOf(read), '00abc', written);
    assert.equal(org.notes.length, notes, written);
    assert.doesNotMatch(org.notes.join(), /00abc/);
  }
});

test('says what was put right in the URL, by the name of the setting', () => {
  const { org } = settings({ OKTA_API_KEY: 'a', OKTA_ORG_URL: 'https://acme-admin.okta.com/' });

  assert.equal(org.url.href, 'https://acme.okta.com/');
  assert.deepEqual(org.notes, [
    'OKTA_ORG_URL: it ends with a slash; using https://acme.okta.com',
    'OKTA_ORG_URL: acme-admin.okta.com is the Admin Console, not the org; using https://acme.okta.com',
  ]);
});

test('refuses a token that no header can carry, and repeats none of it', () => {
  const table: readonly (readonly [token: string, complaint: RegExp])[] = [
    ['SECRET SECRET', /white space/],
    ['SECRET\nSECRET', /white space/],
    ['Bearer SECRET', /white space/],
    ['SECRET\u00e9', /no header can carry/],
    ['SECRET…', /no header can carry/],
    ['SECRET\u0007', /no header can carry/],
    ['SECRET\u200b', /no header can carry/],
  ];

  for (const [token, complaint] of table) {
    const read = () => settings({ OKTA_API_KEY: token });
    assert.match(complaintsOf(read).join(), complaint);
    assert.doesNotMatch(allTextOf(read), /SECRET/);
  }
});

function badFiles(t: TestContext): [value: string, complaint: RegExp][] {
  const folder = tempFolder(t);
  mkdirSync(join(folder, 'folder'));
  return [
    [join(folder, 'none'), /there is no file .*none$/],
    [join(folder, 'folder'), /folder is a folder, not a file$/],
    [file(folder, 'empty', ''), /empty is empty$/],
    [file(folder, 'blank', ' \n'), /blank is empty$/],
    [file(folder, 'latin1', Buffer.from('SECRET\xe9', 'latin1')), /latin1 is not UTF-8 text$/],
    [file(folder, 'two', 'SECRET\nSECRET\n'), /the token holds white space$/],
  ];
}

test('says what is wrong with a token file, by its path', (t) => {
  for (const [path, complaint] of badFiles(t)) {
    const read = () => settings({ OKTA_API_KEY_FILE: path });
    assert.equal(complaintsOf(read).length, 1);
    assert.match(complaintsOf(read).join(), complaint);
    assert.match(complaintsOf(read).join(), /^OKTA_API_KEY_FILE: /);
    assert.doesNotMatch(allTextOf(read), /SECRET/);
  }
});

test('says when the token file or credential may not be read', (t) => {
  const folder = tempFolder(t);
  const path = file(folder, 'okta-api-key', 'SECRET');

  const complaints = withoutPermission(path, () => [
    ...complaintsOf(() => settings({ OKTA_API_KEY_FILE: path })),
    ...complaintsOf(() => settings({ CREDENTIALS_DIRECTORY: folder })),
  ]);

  assert.deepEqual(complaints, [
    `OKTA_API_KEY_FILE: could not read ${path}: permission denied (EACCES)`,
    `credential okta-api-key: could not read ${path}: permission denied (EACCES)`,
  ]);
});

test('does not show what OKTA_API_KEY_FILE holds where that may be the token itself', () => {
  for (const OKTA_API_KEY_FILE of ['00SECRET_-', 'SSWS 00SECRET']) {
    const read = () => settings({ OKTA_API_KEY_FILE });
    assert.deepEqual(complaintsOf(read), ['OKTA_API_KEY_FILE: there is no such file']);
    assert.match(hintsOf(read).join(), /OKTA_API_KEY/);
    assert.doesNotMatch(allTextOf(read), /SECRET/);
  }
});

test('refuses a token that is set twice', () => {
  const read = () => settings({ OKTA_API_KEY: 'SECRET', OKTA_API_KEY_FILE: '/x' });

  assert.deepEqual(complaintsOf(read), [
    'OKTA_API_KEY: both OKTA_API_KEY (in the environment) and OKTA_API_KEY_FILE (in the environment) are set',
  ]);
  assert.doesNotMatch(allTextOf(read), /SECRET/);
});

test('says that both are missing, and where they may have been meant to stand', () => {
  const environment = new Environment({ OKTA_API_TOKEN: 'SECRET', OKTA_DOMAIN: 'SECRET' });
  const read = () => orgSettings(environment, '/');

  assert.deepEqual(complaintsOf(read), [
    'OKTA_ORG_URL: it is not set',
    'OKTA_API_KEY: it is not set',
  ]);
  assert.match(hintsOf(read)[0] ?? '', /OKTA_DOMAIN is set, but/);
  assert.match(hintsOf(read)[1] ?? '', /OKTA_API_TOKEN is set, but/);
  assert.doesNotMatch(allTextOf(read), /SECRET/);
});

test('the file of the token may begin at the home, and is for nobody else to read', (t) => {
  const folder = tempFolder(t);
  const path = file(folder, 'token', 'SECRET');
  const read = () =>
    settings({ OKTA_ORG_URL: 'https://acme.okta.com', OKTA_API_KEY_FILE: '~/token', HOME: folder });
  chmodSync(path, 0o644);

  assert.equal(tokenOf(read()), 'SECRET');
  assert.deepEqual(read().org.notes, [
    `OKTA_API_KEY_FILE: ${path} can be read by everyone on this machine; chmod 600 it`,
  ]);
  chmodSync(path, 0o600);
  assert.deepEqual(read().org.notes, []);
});

test('says that a token in a file does not stand in .env, though .env names the file', (t) => {
  const folder = tempFolder(t);
  file(folder, 'token', 'SECRET');
  const inner = { OKTA_ORG_URL: 'https://acme.okta.com', OKTA_API_KEY_FILE: 'token' };

  assert.match(
    complaintsOf(() => orgSettings(new Environment({}, inner), folder)).join(),
    /but the token does not, it is in a file \(OKTA_API_KEY_FILE .*token\)/,
  );
});

test("sends no token to the org of a folder's .env but the one that stands in that .env", (t) => {
  const folder = tempFolder(t);
  const path = file(folder, 'okta-api-key', 'SECRET');
  const read = (outer: Record<string, string>, inner: Record<string, string>) => () =>
    orgSettings(new Environment(outer, { OKTA_ORG_URL: 'https://evil.example', ...inner }), folder);

  assert.equal(tokenOf(read({}, { OKTA_API_KEY: 'inner' })()), 'inner');
  assert.equal(read({ OKTA_ORG_URL }, { OKTA_API_KEY: 'inner' })().org.url.host, 'acme.okta.com');
  const refused = [
    read({ OKTA_API_KEY: 'SECRET' }, {}),
    read({ OKTA_API_KEY: 'SECRET' }, { OKTA_API_KEY: 'inner' }),
    read({ OKTA_API_KEY_FILE: path }, {}),
    read({}, { OKTA_API_KEY_FILE: path }),
    read({ CREDENTIALS_DIRECTORY: folder }, {}),
  ];
  for (const one of refused) {
    assert.match(
      complaintsOf(one).join(),
      /^OKTA_ORG_URL: it comes from \.env, but the token does not/,
    );
    assert.match(
      hintsOf(one).join(),
      /^set OKTA_ORG_URL in the environment and not in \.env, or OKTA_API_KEY in \.env/,
    );
    assert.doesNotMatch(allTextOf(one), /SECRET/);
  }
});
