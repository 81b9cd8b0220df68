import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  isWithin,
  knownAddressOf,
  literalOf,
  neverConnected,
  notPublic,
  parseNetwork,
} from '../src/address.ts';

const METADATA = 'cloud metadata';

/** As a person or an attacker may write it in a URL; the URL parser makes one spelling of all. */
const NEVER: readonly (readonly [host: string, what: string])[] = [
  ['169.254.169.254', METADATA],
  ['2852039166', METADATA],
  ['0xa9fea9fe', METADATA],
  ['0xA9.0xFE.0xA9.0xFE', METADATA],
  ['0251.0376.0251.0376', METADATA],
  ['025177524776', METADATA],
  ['169.254.43518', METADATA],
  ['169.16689662', METADATA],
  ['169.254.169.254.', METADATA],
  ['１６９.２５４.１６９.２５４', METADATA],
  ['169。254。169。254', METADATA],
  ['%31%36%39.254.169.254', METADATA],
  ['169.254.170.2', METADATA],
  ['169.254.42.42', METADATA],
  ['169.254.0.0', 'link-local'],
  ['169.254.255.255', 'link-local'],
  ['100.100.100.200', METADATA],
  ['168.63.129.16', METADATA],
  ['192.0.0.192', METADATA],
  ['0.0.0.0', 'unspecified'],
  ['0', 'unspecified'],
  ['0.255.255.255', 'unspecified'],
  ['224.0.0.1', 'multicast'],
  ['239.255.255.255', 'multicast'],
  ['255.255.255.255', 'broadcast'],
  ['[::]', 'unspecified'],
  ['[0:0:0:0:0:0:0:0]', 'unspecified'],
  ['[fe80::1]', 'link-local'],
  ['[FEBF:ffff:ffff:ffff:ffff:ffff:ffff:ffff]', 'link-local'],
  ['[ff02::1]', 'multicast'],
  ['[fd00:ec2::254]', METADATA],
  ['[fd00:0ec2:0:0:0:0:0:0254]', METADATA],
  ['[fd20:ce::254]', METADATA],
  ['[fd00:42::42]', METADATA],
  ['[::ffff:169.254.169.254]', METADATA],
  ['[::ffff:a9fe:a9fe]', METADATA],
  ['[0:0:0:0:0:FFFF:A9FE:A9FE]', METADATA],
  ['[::169.254.169.254]', METADATA],
  ['[::ffff:0:169.254.169.254]', METADATA],
  ['[64:ff9b::169.254.169.254]', METADATA],
  ['[64:ff9b::a9fe:a9fe]', METADATA],
  ['[64:ff9b:1::a9fe:a9fe]', METADATA],
  ['[2002:a9fe:a9fe::1]', METADATA],
  ['[2001:0:4136:e378:8000:63bf:5601:5601]', METADATA],
  ['[::ffff:100.100.100.200]', METADATA],
  ['[::ffff:0.0.0.0]', 'unspecified'],
  ['[::ffff:255.255.255.255]', 'broadcast'],
  ['[64:ff9b::e000:1]', 'multicast'],
];

function addressIn(host: string): string {
  const literal = literalOf(new URL(`http://${host}/x`));
  assert.ok(literal !== undefined, `${host} is a literal`);
  return literal;
}

for (const [host, what] of NEVER) {
  test(`never connects to ${host} (${what})`, () => {
    const address = addressIn(host);

    assert.equal(neverConnected(address), `${address} is never connected to (${what})`);
    assert.equal(notPublic(address), `${address} is never connected to (${what})`);
  });
}

const NOT_PUBLIC: readonly (readonly [host: string, what: string])[] = [
  ['127.0.0.1', 'loopback'],
  ['127.255.255.255', 'loopback'],
  ['0x7f.1', 'loopback'],
  ['10.0.0.0', 'private'],
  ['10.255.255.255', 'private'],
  ['172.16.0.0', 'private'],
  ['172.31.255.255', 'private'],
  ['192.168.0.1', 'private'],
  ['100.64.0.0', 'shared by a provider'],
  ['100.127.255.255', 'shared by a provider'],
  ['192.0.0.1', 'reserved'],
  ['192.0.2.1', 'documentation'],
  ['198.51.100.1', 'documentation'],
  ['203.0.113.1', 'documentation'],
  ['198.18.0.1', 'benchmarking'],
  ['198.19.255.255', 'benchmarking'],
  ['192.88.99.1', 'reserved'],
  ['240.0.0.1', 'reserved'],
  ['255.255.255.254', 'reserved'],
  ['[::1]', 'loopback'],
  ['[fc00::1]', 'private'],
  ['[fdff:ffff::1]', 'private'],
  ['[fec0::1]', 'private'],
  ['[100::1]', 'reserved'],
  ['[2001:2::1]', 'benchmarking'],
  ['[2001:10::1]', 'reserved'],
  ['[2001:2f::1]', 'reserved'],
  ['[2001:db8::1]', 'documentation'],
  ['[3fff::1]', 'documentation'],
  ['[4000::1]', 'reserved'],
  ['[5f00::1]', 'reserved'],
  ['[64:ff9b:1::808:808]', 'private'],
  ['[::ffff:10.0.0.1]', 'private'],
  ['[::ffff:127.0.0.1]', 'loopback'],
  ['[::8.8.8.8]', 'reserved'],
  ['[64:ff9b::10.0.0.1]', 'private'],
  ['[2002:0a00:0001::1]', 'private'],
];

for (const [host, what] of NOT_PUBLIC) {
  test(`${host} is an address like any other, but not public (${what})`, () => {
    const address = addressIn(host);

    assert.equal(neverConnected(address), undefined);
    assert.equal(notPublic(address), `${address} is refused (${what}): the route is publicOnly`);
  });
}

const PUBLIC = [
  ...['1.1.1.1', '8.8.8.8', '9.255.255.255', '11.0.0.0', '126.255.255.255', '128.0.0.0'],
  ...['100.63.255.255', '100.128.0.0', '169.253.255.255', '169.255.0.0', '168.63.129.15'],
  ...['172.15.255.255', '172.32.0.0', '192.0.1.0', '192.167.255.255', '198.17.255.255'],
  ...['198.20.0.0', '223.255.255.255', '[2606:4700:4700::1111]', '[2001:4860:4860::8888]'],
  ...['[::ffff:8.8.8.8]', '[64:ff9b::8.8.8.8]', '[2002:808:808::1]', '[2001:1::1]'],
];

for (const host of PUBLIC) {
  test(`${host} is public`, () => {
    assert.equal(notPublic(addressIn(host)), undefined);
    assert.equal(neverConnected(addressIn(host)), undefined);
  });
}

test('judges an address with a zone by the address', () => {
  assert.match(neverConnected('fe80::1%eth0') ?? '', /link-local/);
});

test('refuses what is no address at all', () => {
  for (const text of ['', 'localhost', '1.2.3', '[::1]', '169.254.169.254 ', '::1::']) {
    assert.ok(neverConnected(text) !== undefined, text);
    assert.ok(notPublic(text) !== undefined, text);
  }
});

test('names are no literals', () => {
  for (const host of ['example.com', 'localhost', '1.2.3.4.nip.io', 'a9fea9fe']) {
    assert.equal(literalOf(new URL(`http://${host}`)), undefined);
  }
});

test('knows the names that always mean one address, and no others', () => {
  for (const [host, address] of [
    ['localhost', '127.0.0.1'],
    ['a.LOCALHOST.', '127.0.0.1'],
    ['metadata.google.internal.', '169.254.169.254'],
    ['Metadata.Google.Internal', '169.254.169.254'],
    ['instance-data', '169.254.169.254'],
    ['10.1.2.3', '10.1.2.3'],
    ['fe80::1', 'fe80::1'],
    ['metadata.example', undefined],
    ['constructor', undefined],
  ] as const) {
    assert.equal(knownAddressOf(host), address, host);
  }
});

const NETWORKS: readonly (readonly [text: string, inside: string[], outside: string[]])[] = [
  ['10.0.0.0/8', ['10.0.0.0', '10.255.255.255'], ['11.0.0.0', '9.255.255.255', '::ffff:a00:1']],
  ['192.168.1.128/25', ['192.168.1.128', '192.168.1.255'], ['192.168.1.127']],
  ['192.168.1.7', ['192.168.1.7'], ['192.168.1.6']],
  ['0.0.0.0/0', ['1.2.3.4'], ['::1']],
  ['fd00::/8', ['fd00::1', 'fdff::'], ['fe00::', 'fc00::']],
  ['2001:db8::/33', ['2001:db8:7fff::'], ['2001:db8:8000::']],
  ['::/0', ['::1', 'ff02::1'], ['1.2.3.4']],
];

for (const [text, inside, outside] of NETWORKS) {
  test(`${text} holds ${inside} and not ${outside}`, () => {
    const network = parseNetwork(text);

    assert.ok(network);
    for (const address of inside) assert.equal(isWithin(network, address), true, address);
    for (const address of outside) assert.equal(isWithin(network, address), false, address);
  });
}

test('takes no network for one that is none', () => {
  for (const text of ['10.0.0.0/33', '10.0.0.0/', '10.0.0.0/-1', '::/129', 'a/8', '10.0.0/8']) {
    assert.equal(parseNetwork(text), undefined, text);
  }
  assert.equal(parseNetwork('10.0.0.0/8/8'), undefined);
});
