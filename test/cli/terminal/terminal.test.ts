/** The log as it is drawn for people. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { wantsColours } from '../../../src/cli/io.ts';
import { Terminal } from '../../../src/cli/terminal/terminal.ts';
import { openLog } from '../../../src/log.ts';
import { TROUBLE_RULES } from '../../../src/okta/trouble/trouble.ts';

const UUID = 'f790999f-0000-11ee-8000-000000000000';

function drawn(fields: object, message: string, { level = 'info', colours = false } = {}): string {
  let text = '';
  const terminal = new Terminal({ write: (chunk) => (text += chunk) }, colours);
  const log = openLog('trace', terminal);
  if (level === 'warn') log.warn(fields, message);
  else log.info(fields, message);
  return text.replace(/^\d\d:\d\d:\d\d /gm, 'TIME ').replace(/\d\d:\d\d:\d\d/g, 'hh:mm:ss');
}

const ATTEMPT = { route: 'siem', event: UUID, attempt: 1, ms: 41 };
const LINES: readonly (readonly [message: string, fields: object, expected: string])[] = [
  [
    'event owed',
    { event: UUID, type: 'user.session.start', routes: ['siem', 'alerts'] },
    'TIME → user.session.start                   f790999f  siem alerts\n',
  ],
  [
    'event owed',
    { event: 'sha256-Zm9vYmFyYmF6', routes: ['a', 'b', 'c', 'd', 'e'] },
    'TIME → (no type)                            Zm9vYmFy  a b c d +1\n',
  ],
  [
    'delivery attempted',
    { ...ATTEMPT, outcome: 'delivered', status: 200 },
    'TIME ← 200  siem                      41 ms f790999f\n',
  ],
  [
    'delivery attempted',
    { ...ATTEMPT, attempt: 2, outcome: 'delivered', status: 204 },
    'TIME ← 204  siem                      41 ms f790999f  try 2\n',
  ],
  [
    'delivery attempted',
    { ...ATTEMPT, outcome: 'postponed', status: 500, why: '500 internal server error', nextAt: 0 },
    'TIME ! 500  siem                      41 ms f790999f  next try hh:mm:ss\n',
  ],
  [
    'delivery attempted',
    { ...ATTEMPT, outcome: 'postponed', why: 'connection refused (ECONNREFUSED)', nextAt: 0 },
    'TIME ! ---  siem                      41 ms f790999f  next try hh:mm:ss\n           connection refused (ECONNREFUSED): is your server running?\n',
  ],
  [
    'route paused',
    { route: 'siem' },
    'TIME ! siem is paused: it sends nothing, and its events are kept\n           go on with: loghook resume siem\n',
  ],
  ['route resumed', { route: 'siem' }, 'TIME ← siem goes on: somebody resumed it\n'],
  [
    'dead letter',
    { route: 'siem', event: UUID, why: '400 bad request' },
    'TIME ! siem gave up on f790999f: 400 bad request\n           it is kept: loghook dead list\n',
  ],
  [
    'route held',
    { route: 'siem', why: '401 unauthorized', until: 0 },
    'TIME ! siem is held: 401 unauthorized\n           check the key or password in its URL; its events are kept; next try hh:mm:ss\n',
  ],
  [
    'route held',
    { route: 'siem', why: '400 bad request', until: 0 },
    'TIME ! siem is held: 400 bad request\n           see its answer: loghook test siem; its events are kept; next try hh:mm:ss\n',
  ],
  [
    'route held',
    { route: 'siem', why: '410 gone' },
    'TIME ! siem is held: 410 gone\n           its events are kept; it waits for you: put its URL right and reload, or loghook resume siem\n',
  ],
  ['route flowing', { route: 'siem', forMs: 6_100 }, 'TIME ← siem flows again after 6 s\n'],
  [
    'stopped',
    { read: 30, events: 9, delivered: 7, postponed: 1, dead: 1, owed: 1 },
    'stopped: 30 events read, 9 wanted, 7 delivered, 1 queued (kept), 1 dead: loghook dead list\n',
  ],
  ['disk has room again', { forMs: 90_000 }, 'TIME   disk has room again after 90 s\n'],
  ['something new', { a: 1, b: 'x' }, 'TIME   something new  a=1  b=x\n'],
];
for (const [message, fields, expected] of LINES) {
  test(`draws ${message}: ${expected.split('\n')[0]}`, () => {
    const withTimes = Object.fromEntries(
      Object.entries(fields).map(([name, value]) => [
        name,
        name === 'nextAt' || name === 'until' ? new Date(0).toISOString() : value,
      ]),
    );

    assert.equal(drawn(withTimes, message), expected);
  });
}

test('draws where it starts, with the routes as a tree', () => {
  const fields = {
    version: '1.2.3',
    org: 'acme.okta.com',
    state: '~/x',
    from: new Date(Date.now() - 120_000).toISOString(),
    firstStart: true,
    routes: [
      { name: 'h.example#9be2', patterns: ['^a', '^b'], auth: 'basic' },
      { name: 'localhost:3000#1111', patterns: ['.*'] },
      { name: 'alerts', patterns: [], takes: "(loghook's own news)" },
    ],
  };

  const lines = drawn(fields, 'starting').split('\n');

  assert.deepEqual(lines.slice(0, 6), [
    'loghook 1.2.3  org acme.okta.com  state ~/x',
    'routes',
    ' ├─ h.example#9be2        /^a/   (basic auth)',
    ' │                        /^b/',
    ' ├─ localhost:3000#1111   /.*/',
    " └─ alerts                (loghook's own news)",
  ]);
  assert.match(lines[6] ?? '', /^reading from (\S+ )?hh:mm:ss, 2 min ago \(a first start\)$/);
});

test('cuts a type that is too long, and lets no control character through', () => {
  const type = `\u001b]0;owned\u0007\u202e${'x'.repeat(500)}`;

  const text = drawn({ event: UUID, type, routes: [] }, 'event owed');

  assert.match(text, /^TIME → \\u001b\]0;owned\\u0007\\u202ex*… f790999f {2}\n$/);
  assert.equal(text.indexOf('f790999f'), 'TIME → '.length + 37);
});

test('lets no control character of any field through', () => {
  const evil = 'a\u001b[2J\nb\r\u009bc';

  const text = drawn({ reason: evil, hint: evil, other: [evil] }, 'okta unreachable', {
    level: 'warn',
  });

  assert.equal(text.split('\n').length, 3);
  assert.doesNotMatch(text.replaceAll('\n', ''), /\p{Cc}/u);
});

test('says below every trouble with Okta what it means or what to do', () => {
  for (const { starts } of Object.values(TROUBLE_RULES)) {
    if (starts === undefined) continue;
    const text = drawn({ reason: 'r' }, starts.message, { level: 'warn' });

    assert.match(text, /^TIME ! .*: r\n {11}\S.*\n$/, starts.message);
  }
});

test('draws what is told: an alert, silence and its end, a heartbeat that fails', () => {
  const alert = drawn({ event: UUID, type: 'loghook.route.held' }, 'alert owed');
  const silence = { route: 'siem', expect: '1 per 15m', got: 0, since: 'x' };

  assert.equal(alert, `TIME → ${'loghook.route.held'.padEnd(36)} f790999f  alerts\n`);
  assert.match(
    drawn(silence, 'route silent', { level: 'warn' }),
    /^TIME ! siem is silent: 0 events, expected 1 per 15m\n {11}polling works: check /,
  );
  assert.equal(
    drawn({ route: 'siem', forMs: 1_200_000 }, 'route heard again'),
    'TIME ← siem is heard again after 20 min\n',
  );
  assert.match(
    drawn({ reason: '503' }, 'heartbeat fails', { level: 'warn' }),
    /^TIME ! heartbeat fails: 503\n {11}nothing else waits for it/,
  );
});

test('colours only for a terminal, and not with NO_COLOR or a dumb one', () => {
  const write = () => undefined;

  assert.equal(wantsColours({ write, isTTY: true }, {}), true);
  assert.equal(wantsColours({ write, isTTY: true }, { NO_COLOR: '1' }), false);
  assert.equal(wantsColours({ write, isTTY: true }, { NO_COLOR: '' }), true);
  assert.equal(wantsColours({ write, isTTY: true }, { TERM: 'dumb' }), false);
  assert.equal(wantsColours({ write }, {}), false);
});

test('colours marks and statuses without changing a word', () => {
  const fields = { ...ATTEMPT, outcome: 'delivered', status: 200 };

  const plain = drawn(fields, 'delivery attempted');
  const coloured = drawn(fields, 'delivery attempted', { colours: true });

  assert.notEqual(coloured, plain);
  const bare = stripVTControlCharacters(coloured).replace(/^hh:mm:ss /, 'TIME ');
  assert.equal(bare, plain);
});
