import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Environment } from '../../src/config/environment.ts';
import {
  filterSetting,
  intervalSetting,
  logFormat,
  logLevel,
  sinceAt,
} from '../../src/config/settings.ts';
import { complaintsOf, hintsOf } from './complaints.ts';

const now = Date.parse('2026-11-21T08:00:00.000Z');
const none = new Environment({});

test('polls every 15 s, or as --interval or LOGHOOK_RETRY_SECONDS say', () => {
  const ofVariable = (value: string) => new Environment({ LOGHOOK_RETRY_SECONDS: value });

  assert.equal(intervalSetting(undefined, none), 15_000);
  assert.equal(intervalSetting(undefined, ofVariable('30')), 30_000);
  assert.equal(intervalSetting(undefined, ofVariable('1m')), 60_000);
  assert.equal(intervalSetting('5s', ofVariable('30')), 5_000);
  assert.equal(intervalSetting('5', none), 5_000);
  assert.equal(intervalSetting('1s', none), 1_000);
  assert.equal(intervalSetting('1h', none), 3_600_000);
  assert.equal(intervalSetting(' Auto', none), 'auto');
  assert.equal(intervalSetting(undefined, ofVariable('auto')), 'auto');
});

test('refuses an interval that is none or out of bounds, and shows what came', () => {
  const table: readonly (readonly [value: string, complaint: string])[] = [
    ['soon', '"soon" is not a duration'],
    ['-5', '"-5" is not a duration'],
    ['0', '"0" is too short'],
    ['999ms', '"999ms" is too short'],
    ['3601', '"3601" is too long'],
    ['5\u001b[2J', '"5\\u001b[2J" is not a duration'],
  ];

  for (const [value, complaint] of table) {
    const environment = new Environment({ LOGHOOK_RETRY_SECONDS: value });
    assert.deepEqual(
      complaintsOf(() => intervalSetting(undefined, environment)),
      [`LOGHOOK_RETRY_SECONDS: ${complaint}`],
    );
    assert.deepEqual(
      complaintsOf(() => intervalSetting(value, none)),
      [`--interval: ${complaint}`],
    );
  }
  assert.match(hintsOf(() => intervalSetting('', none)).join(), /15s.* or auto/);
});

test('takes a log level and format in any case, flag before variable before default', () => {
  const environment = new Environment({ LOGHOOK_LOG_LEVEL: 'WARN', LOGHOOK_LOG_FORMAT: 'json' });

  assert.equal(logLevel(undefined, none), 'info');
  assert.equal(logLevel(undefined, environment), 'warn');
  assert.equal(logLevel('debug', environment), 'debug');
  assert.equal(logFormat(undefined, none, true), 'pretty');
  assert.equal(logFormat(undefined, none, false), 'json');
  assert.equal(logFormat(undefined, environment, true), 'json');
  assert.equal(logFormat('pretty', environment, false), 'pretty');
});

test('says which levels and formats there are', () => {
  assert.deepEqual(
    complaintsOf(() => logLevel('loud', none)),
    ['--log-level: "loud" is none of trace, debug, info, warn, error, fatal, silent'],
  );
  assert.deepEqual(
    complaintsOf(() => logFormat('xml', none, true)),
    ['--log-format: "xml" is none of pretty, json'],
  );
});

test('reads --since as an instant between 180 days ago and now', () => {
  const complaints = (text: string) => complaintsOf(() => sinceAt(text, now));

  assert.equal(sinceAt(undefined, now), undefined);
  assert.equal(sinceAt('2h', now), now - 7_200_000);
  assert.equal(sinceAt('2026-11-21T07:59:59Z', now), now - 1_000);
  assert.deepEqual(complaints('2026-11-22'), ['--since: "2026-11-22" lies in the future']);
  assert.deepEqual(complaints('181d'), ['--since: "181d" is more than 180 days ago']);
  assert.deepEqual(complaints('2026-11-20T10:00'), [
    '--since: "2026-11-20T10:00" is a time without its zone',
  ]);
});

test('hands the filter on as it was written', () => {
  const written = ' eventType eq "user.session.start" ';

  assert.equal(filterSetting(written, none), written);
  assert.equal(filterSetting(undefined, new Environment({ LOGHOOK_FILTER: written })), written);
  assert.equal(filterSetting(undefined, none), undefined);
});
