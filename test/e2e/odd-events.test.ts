/** Events with bytes that break careless programs, on signed routes and through every command that shows them. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Trial } from '../support/trial.ts';

const ID = '6d1c9b1e-6a52-4e3c-9f0a-0123456789ab';
const AT = new Date(Date.now() - 2_000).toISOString();

/** An event whose display message (and more, with `rest`) is written as given, between the quotes or after them. */
function eventWith(message: string, rest = ''): Buffer {
  return Buffer.from(
    `{"uuid":"${ID}","published":"${AT}","eventType":"user.session.start","displayMessage":"${message}"${rest}}`,
  );
}

const EVENTS: readonly (readonly [name: string, raw: Buffer])[] = [
  ['an event of 1 MB', eventWith('x'.repeat(2 ** 20))],
  ['U+2028 and U+2029', eventWith('a\u2028b\u2029c')],
  ['lone surrogates', eventWith('\\ud800 and \\udc00')],
  ['NUL, escaped', eventWith('a\\u0000b')],
  ['ANSI escapes', eventWith('\\u001b[2J\\u001b]0;owned\\u0007')],
  [
    'CR and LF in the user agent',
    eventWith('x', ',"client":{"userAgent":{"rawUserAgent":"a\\r\\nX-Evil: 1"}}'),
  ],
  ['integers of 20 digits', eventWith('x', ',"n":12345678901234567890,"f":39.0,"e":1E400')],
  ['duplicate keys', eventWith('x', ',"displayMessage":"y","displayMessage":"z"')],
  ['text that hangs a backtracking regex', eventWith(`${'a'.repeat(50_000)}!`)],
  ['other letters and emoji', eventWith('Zoë Ångström 🙂 ‮')],
];

describe('odd events', { concurrency: 4 }, () => {
  for (const [name, raw] of EVENTS) {
    test(`${name}: delivered byte for byte, verified, and shown without harm`, async (t) => {
      const trial = await Trial.open(t, { route: { match: '(a+)+$|.', order: 'key' } });
      trial.writeRaw(raw, ID);

      await trial.untilAccepted(1);
      const { troubled, output } = await trial.end();
      const shown = await trial.run(['show', ID.slice(0, 6)]);

      assert.deepEqual([...troubled], [[ID, 'delivered']]);
      assert.equal(shown.code, 0, shown.stderr);
      assert.doesNotMatch(output + shown.stdout + shown.stderr, /[^\P{Cc}\n]/u);
    });
  }
});
