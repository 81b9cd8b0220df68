/** By which names the admin server may be asked. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isOurHost } from '../../src/status/admin-host.ts';

const NAMES = new Set(['box', 'loghook.example']);

const TABLE: readonly (readonly [host: string | undefined, isOurs: boolean, why: string])[] = [
  ['127.0.0.1:9464', true, 'the loopback address'],
  ['127.0.0.1', true, 'without a port'],
  ['[::1]:9464', true, 'IPv6'],
  ['10.1.2.3:9464', true, 'a number was looked up by nobody'],
  ['localhost:9464', true, 'the loopback name'],
  ['LOCALHOST:9464', true, 'in capitals'],
  ['localhost.:9464', true, 'with the dot that may end a name'],
  ['metrics.localhost', true, 'all below it is loopback too (RFC 6761)'],
  ['box:9464', true, 'the machine'],
  ['Loghook.Example', true, 'a name that was set'],
  [undefined, true, 'HTTP/1.0 without one'],
  ['evil.example:9464', false, 'DNS rebinding'],
  ['evil.example', false, 'the same, without a port'],
  ['localhost.evil.example', false, 'begins like ours'],
  ['notlocalhost', false, 'ends like ours'],
  ['127.0.0.1.evil.example', false, 'begins like an address'],
  ['127.1', false, 'no address as we write them'],
  ['2130706433', false, 'an address as one number'],
  ['0x7f.1', false, 'an address in hexadecimal'],
  ['[::1', false, 'a bracket too few'],
  ['::1', false, 'no brackets'],
  ['box:port', false, 'no port'],
  ['box:9464:1', false, 'two ports'],
  ['user@box', false, 'a user'],
  ['', false, 'empty'],
  [' box', false, 'white space'],
  ['box, evil.example', false, 'two'],
];

for (const [host, isOurs, why] of TABLE) {
  test(`${host === undefined ? 'no Host' : `"${host}"`} is ${isOurs ? 'ours' : 'not ours'}: ${why}`, () => {
    assert.equal(isOurHost(host, NAMES), isOurs);
  });
}
