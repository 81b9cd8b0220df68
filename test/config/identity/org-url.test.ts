import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isLoopback, parseOrgUrl } from '../../../src/config/identity/org-url.ts';

test('takes a right URL without a word', () => {
  const right = [
    'https://acme.okta.com',
    'https://acme.oktapreview.com',
    'https://sso.acme.example:8443',
    'https://my-admin.acme.example',
    'http://localhost:8080',
    'http://127.0.0.1:1',
    'http://127.9.9.9',
    'http://[::1]:8080',
  ];

  for (const text of right) {
    const parsed = parseOrgUrl(text);
    assert.ok('url' in parsed, text);
    assert.equal(parsed.url.origin, text);
    assert.deepEqual(parsed.notes, [], text);
  }
});

test('puts wrong forms right, and says so', () => {
  const acme = 'https://acme.okta.com';
  const table: readonly (readonly [written: string, origin: string, ...notes: RegExp[]])[] = [
    ['https://acme.okta.com/', acme, /ends with a slash/],
    ['https://acme.okta.com/api/v1/logs', acme, /has a path/],
    ['https://acme.okta.com/api/v1/logs?since=x#y', acme, /a path/, /a query/],
    ['https://acme.okta.com?x', acme, /a query/],
    ['acme.okta.com', acme, /no scheme/],
    ['//acme.okta.com', acme, /no scheme/],
    ['acme.okta.com:443/', acme, /no scheme/, /slash/],
    ['https:acme.okta.com', acme, /:\/\//],
    ['https:\\\\acme.okta.com', acme, /:\/\//],
    ['HTTPS://Acme.Okta.COM', acme, /upper case/],
    [' https://acme.okta.com\n', acme, /white space/],
    ['"https://acme.okta.com"', acme, /quotes/],
    ['<https://acme.okta.com>', acme, /quotes/],
    ['https://acme.okta.com.', acme, /a dot/],
    ['https://acme-admin.okta.com', acme, /acme-admin\.okta\.com is the Admin Console/],
    ['https://acme-admin.oktapreview.com', 'https://acme.oktapreview.com', /Admin Console/],
    ['https://acme-admin.okta-emea.com', 'https://acme.okta-emea.com', /Admin Console/],
    ['https://acme-admin.okta-gov.com', 'https://acme.okta-gov.com', /Admin Console/],
    ['https://acme-admin.okta.mil', 'https://acme.okta.mil', /Admin Console/],
    ['Acme-Admin.okta.com/admin/dashboard', acme, /scheme/, /upper/, /path/, /Admin Console/],
    ['localhost:8080', 'http://localhost:8080', /no scheme/],
    ['[::1]:8080', 'http://[::1]:8080', /no scheme/],
    ['http://127.1/', 'http://127.0.0.1', /slash/],
  ];

  for (const [written, origin, ...notes] of table) {
    const parsed = parseOrgUrl(written);
    assert.ok('url' in parsed, written);
    assert.equal(parsed.url.href, `${origin}/`, written);
    assert.equal(parsed.notes.length, notes.length, `${written}: ${parsed.notes.join()}`);
    for (const [index, note] of notes.entries()) {
      assert.match(parsed.notes[index]!, note, written);
      assert.ok(parsed.notes[index]!.endsWith(`; using ${origin}`), written);
    }
  }
});

test('refuses what cannot be meant, says why, and repeats no secret', () => {
  const table: readonly (readonly [written: string, error: RegExp, hint?: RegExp])[] = [
    ['http://acme.okta.com', /http to acme\.okta\.com/, /https:\/\/acme\.okta\.com$/],
    ['http://acme-admin.okta.com:80/x', /in the clear/, /https:\/\/acme\.okta\.com$/],
    ['http://192.168.0.1', /in the clear/],
    ['http://127.0.0.1.example', /in the clear/],
    ['http://localhost.example', /in the clear/],
    ['http://0.0.0.0', /in the clear/],
    ['https://SECRET:SECRET@acme.okta.com', /holds an @/],
    ['https://SECRET@acme.okta.com', /holds an @/],
    ['https://@acme.okta.com', /holds an @/],
    ['SECRET:SECRET@acme.okta.com', /holds an @|not a URL/],
    ['https://acme.okta.com\\@SECRET.example', /holds an @/],
    ['ftp://acme.okta.com/SECRET', /scheme is ftp/],
    ['https://', /not a URL/],
    ['https://SECRET[', /not a URL/],
    ['https://acme.okta.com:99999/SECRET', /not a URL/],
    ['acme okta com', /white space/],
    ['https://{yourOktaDomain}', /not a name/],
    ['https://$OKTA_DOMAIN/SECRET', /not a name/],
    ['00SECRET-SECRET', /no dot/],
    ['https://acme', /no dot/],
    ['https://www.okta.com', /Okta's own site/],
    ['login.okta.com', /Okta's own site/],
    ['okta.com', /Okta's own site/],
  ];

  for (const [written, error, hint] of table) {
    const parsed = parseOrgUrl(written);
    assert.ok('error' in parsed, written);
    assert.match(parsed.error, error, written);
    assert.match(parsed.hint, hint ?? /https:\/\//, written);
    assert.doesNotMatch(`${parsed.error} ${parsed.hint}`, /SECRET/i, written);
  }
});

test('never shows a path in a note', () => {
  const parsed = parseOrgUrl('acme-admin.okta.com/SECRET?SECRET#SECRET');

  assert.ok('url' in parsed);
  assert.doesNotMatch(parsed.notes.join(), /SECRET/);
});

test('knows loopback hosts', () => {
  for (const host of ['localhost', '127.0.0.1', '127.255.0.9', '[::1]'])
    assert.ok(isLoopback(host));
  for (const host of [
    '127.0.0.1.example',
    '128.0.0.1',
    '[::2]',
    'localhost.example',
    '0.0.0.0',
    'x127.0.0.1',
  ]) {
    assert.ok(!isLoopback(host), host);
  }
});
