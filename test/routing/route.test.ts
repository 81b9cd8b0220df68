import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { parseDestination } from '../../src/routing/route.ts';

function destination(text: string) {
  const parsed = parseDestination(text);
  assert.ok(!('error' in parsed), text);
  return parsed;
}

function basic(text: string): string {
  return `Basic ${Buffer.from(text).toString('base64')}`;
}

test('reads a URL, and takes userinfo and fragment out of it', () => {
  const table: readonly (readonly [written: string, url: string, authorization?: string])[] = [
    ['http://example.com', 'http://example.com/'],
    [' https://h.example/a?b=c ', 'https://h.example/a?b=c'],
    ['HTTPS://H.example/A', 'https://h.example/A'],
    ['https://h.example/a#part', 'https://h.example/a'],
    ['http://[::1]:3000/', 'http://[::1]:3000/'],
    ['https://h.example/@me?to=a@b.example', 'https://h.example/@me?to=a@b.example'],
    ['https://u:p@h.example/a', 'https://h.example/a', basic('u:p')],
    ['https://u@h.example/', 'https://h.example/', basic('u:')],
    ['https://:p@h.example/', 'https://h.example/', basic(':p')],
    ['https://a%40b:p%23%3A%C3%A9@h.example/', 'https://h.example/', basic('a@b:p#:é')],
  ];

  for (const [written, url, authorization] of table) {
    const parsed = destination(written);
    assert.equal(parsed.url.href, url, written);
    assert.equal(parsed.authorization, authorization, written);
  }
});

test('has the URL as written for its identity, userinfo and fragment included', () => {
  const written = 'https://u:p@H.example/a#b';

  assert.equal(destination(` ${written} `).key, createHash('sha256').update(written).digest('hex'));
  assert.notEqual(destination(written).key, destination('https://H.example/a#b').key);
});

test('says what is wrong with a URL and repeats none of it', () => {
  const table: readonly (readonly [written: string, error: RegExp])[] = [
    ['', /is empty/],
    ['hidden', /no http:\/\/ or https:\/\//],
    ['hidden.example/hidden', /no http:\/\/ or https:\/\//],
    ['hidden:hidden@h.example/', /no http:\/\/ or https:\/\//],
    ['ftp://hidden:hidden@hidden/hidden', /scheme is ftp/],
    ['https:hidden.example', /no host/],
    ['https:///hidden/hidden', /no host/],
    ['https:\\\\hidden', /no host/],
    ['https://hidden:99999/', /cannot be read/],
    ['https://hid[den/', /cannot be read/],
    ['https://h.example/hidden # a comment', /white space/],
    ['https://h.example/hid\tden', /white space/],
    ['https://h.example/hid\u0007den', /control character/],
    ['https://hidden:12#hidden@h.example/', /@ after a #/],
    ['https://hidden:hidden%zz@h.example/', /stray %/],
    ['https://hidden%3Ahidden:hidden@h.example/', /colon/],
    ['http://169.254.169.254/hidden', /^169\.254\.169\.254 is never connected to/],
    ['http://hidden:hidden@0xA9FEA9FE/hidden', /^169\.254\.169\.254 is never .*\(cloud metadata\)/],
    ['https://[fe80::1]/hidden', /^fe80::1 is never connected to \(link-local\)/],
    ['https://[::ffff:169.254.169.254]/', /^::ffff:a9fe:a9fe is never connected to/],
  ];

  for (const [written, error] of table) {
    const parsed = parseDestination(written);
    assert.ok('error' in parsed, written);
    assert.match(parsed.error, error, written);
    assert.notEqual(parsed.hint, '', written);
    assert.doesNotMatch(`${parsed.error} ${parsed.hint}`, /hid/, written);
  }
});
