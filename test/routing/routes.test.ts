import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { RoutesError } from '../../src/errors.ts';
import { joinLines, nameAll } from '../../src/routing/join.ts';
import { type Destination, parseDestination, type Route } from '../../src/routing/route.ts';
import { Routes } from '../../src/routing/routes.ts';

function destination(url: string): Destination {
  const parsed = parseDestination(url);
  assert.ok(!('error' in parsed), url);
  return parsed;
}

function routesOf(...lines: readonly (readonly [pattern: string, url: string])[]): Route[] {
  return joinLines(lines.map(([pattern, url]) => ({ pattern, destination: destination(url) })));
}

function hostsWanting(routes: Routes, eventType?: string): string[] {
  const event = eventType === undefined ? {} : { eventType };
  return routes.wantedBy(event).map((route) => route.url.host);
}

test('joins lines with one URL into one route, in the order of the file', () => {
  const routes = routesOf(
    ['^b', 'https://one.example/'],
    ['^c', 'https://two.example/'],
    ['^a', 'https://one.example/'],
    ['^b', 'https://one.example/'],
  );

  assert.deepEqual(
    routes.map(({ url, patterns }) => [url.host, patterns]),
    [
      ['one.example', ['^b', '^a']],
      ['two.example', ['^c']],
    ],
  );
});

test('keeps the identity and the name when lines are reordered or patterns edited', () => {
  const [before] = routesOf(['^a', 'https://one.example/x'], ['^b', 'https://two.example/']);
  const [, after] = routesOf(['^b', 'https://two.example/'], ['^other', 'https://one.example/x']);

  assert.equal(after?.key, before?.key);
  assert.equal(after?.name, before?.name);
});

test('names a route by its host and the short hash that redaction shows', () => {
  const url = 'https://user:secret@hooks.example:8443/secret?secret';
  const [route] = routesOf(['.*', url]);

  assert.equal(
    route?.name,
    `hooks.example:8443#${createHash('sha256').update(url).digest('hex').slice(0, 4)}`,
  );
});

test('lengthens the hash of two routes of one host until they differ', () => {
  const url = new URL('https://h.example/');
  const [a, b, c, d] = [
    { key: 'abcd12', url },
    { key: 'abcd19', url },
    { key: 'abce00', url },
    { key: 'abcd12', url: new URL('https://other.example/') },
  ];

  const names = nameAll([a!, b!, c!, d!]);

  assert.deepEqual(
    [a, b, c, d].map((one) => names.get(one!)),
    ['h.example#abcd12', 'h.example#abcd19', 'h.example#abce', 'other.example#abcd'],
  );
});

test('sends an event to every route with a pattern that finds its type, and to each once', () => {
  const routes = new Routes(
    routesOf(
      ['^user\\.', 'https://users.example/'],
      ['session', 'https://users.example/'],
      ['start$', 'https://starts.example/'],
      ['^group\\.', 'https://groups.example/'],
    ),
  );

  assert.deepEqual(hostsWanting(routes, 'user.session.start'), ['users.example', 'starts.example']);
  assert.deepEqual(hostsWanting(routes, 'app.session.end'), ['users.example']);
  assert.deepEqual(hostsWanting(routes, 'policy.rule.add'), []);
});

test('sends an event without a type where a .* route sends it', () => {
  const routes = new Routes(
    routesOf(['.*', 'https://all.example/'], ['^user', 'https://users.example/']),
  );

  assert.deepEqual(hostsWanting(routes), ['all.example']);
});

test('remembers the answer for a type, and stays right past as many types as it remembers', () => {
  const routes = new Routes(routesOf(['7$', 'https://sevens.example/']));
  const first = routes.wantedBy({ eventType: 'type.7' });

  assert.equal(routes.wantedBy({ eventType: 'type.7' }), first);
  for (let n = 0; n < 25_000; n++) {
    assert.equal(routes.wantedBy({ eventType: `type.${n}` }).length, n % 10 === 7 ? 1 : 0);
  }
  assert.notEqual(routes.wantedBy({ eventType: 'type.7' }), first, 'forgotten: memory is bounded');
  assert.deepEqual(hostsWanting(routes, `${'x'.repeat(100_000)}7`), ['sevens.example']);
});

test('says how long each route took over a type, once as long as the type is remembered', () => {
  const routes = new Routes(
    routesOf(['^user', 'https://users.example/'], ['end$', 'https://ends.example/']),
  );
  const judged: [host: string, ms: number][] = [];
  let now = 0;
  const stopwatch = {
    monotonic: () => (now += 2),
    judged: ({ url }: Route, ms: number) => judged.push([url.host, ms]),
  };

  routes.wantedBy({ eventType: 'user.session.end' }, stopwatch);
  routes.wantedBy({ eventType: 'user.session.end' }, stopwatch);

  assert.deepEqual(judged, [
    ['users.example', 2],
    ['ends.example', 2],
  ]);
});

test('a route without patterns is not judged', () => {
  const [route] = routesOf(['^user', 'https://users.example/']);
  assert.ok(route);
  const routes = new Routes([{ ...route, patterns: [] }]);

  const wanted = routes.wantedBy(
    { eventType: 'user.session.end' },
    { monotonic: () => 0, judged: () => assert.fail('judged') },
  );

  assert.deepEqual(wanted, []);
});

test('refuses patterns that are none, all at once, by the name of their route', () => {
  const routes = routesOf(['(', 'https://h.example/secret'], ['[', 'https://h.example/secret']);

  assert.throws(
    () => new Routes(routes),
    (error) => {
      assert.ok(error instanceof RoutesError);
      assert.equal(error.problems.length, 2);
      assert.match(error.message, /^h\.example#[0-9a-f]{4}: not a regular expression \(missing/);
      return true;
    },
  );
});
