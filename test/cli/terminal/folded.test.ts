/** Prose on a terminal: broken between words, and nothing of it lost. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { folded } from '../../../src/cli/terminal/folded.ts';
import { writeProse } from '../../../src/cli/terminal/print.ts';

const TERMINAL = { write: () => true, isTTY: true, columns: 40 };
const HINT = '  → set OKTA_API_KEY or OKTA_API_KEY_FILE in the environment';
const PATH = `/var/lib/${'x'.repeat(40)}`;

const CASES: readonly (readonly [text: string, expected: readonly string[], why: string])[] = [
  ['short', ['short'], 'what fits is left alone'],
  [
    HINT,
    ['  → set OKTA_API_KEY or', '    OKTA_API_KEY_FILE in the environment'],
    'below it goes on under the words',
  ],
  ['a'.repeat(50), ['a'.repeat(50)], 'one word is not cut'],
  [
    `see ${PATH} and then mend it`,
    ['see', `    ${PATH}`, '    and then mend it'],
    'a path keeps to one line, to be copied',
  ],
  [`  ${'y'.repeat(38)}`, [`  ${'y'.repeat(38)}`], 'exactly the width'],
];
for (const [text, expected, why] of CASES) {
  test(`folds for a terminal: ${why}`, () => {
    assert.deepEqual(folded(text, TERMINAL, 4), expected);
  });
}

test('leaves lines whole for a file, a pipe and a terminal that is too narrow', () => {
  const { write } = TERMINAL;

  for (const output of [{ write }, { write, isTTY: true }, { write, isTTY: true, columns: 20 }])
    assert.deepEqual(folded(HINT, output, 4), [HINT]);
});

test('prose goes on below its own indent, and two places further in', () => {
  let text = '';
  const write = (chunk: string | Uint8Array) => (text += chunk);

  writeProse({ ...TERMINAL, write }, ['  4,120 in Okta = 4,119 delivered + 1 dead', 'short']);

  assert.equal(text, '  4,120 in Okta = 4,119 delivered + 1\n    dead\nshort\n');
});
