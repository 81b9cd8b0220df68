import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compilePattern } from '../../src/routing/pattern.ts';

function found(pattern: string, text: string): boolean {
  const compiled = compilePattern(pattern);
  assert.ok('test' in compiled, `${pattern} compiles`);
  return compiled.test(text);
}

test("finds what Go's regexp finds", () => {
  const table: readonly (readonly [
    pattern: string,
    text: string,
    expected: boolean,
    why: string,
  ])[] = [
    ['session', 'user.session.start', true, 'not anchored'],
    ['^session', 'user.session.start', false, 'anchored'],
    ['^example.example', 'example.example', true, 'the line that the original ships'],
    ['(?i)^USER', 'user.session.start', true, 'flags, which RegExp refuses'],
    ['\\Auser', 'user.session.start', true, '\\A, which RegExp takes for an A'],
    ['[[:alpha:]]+\\.start$', 'user.session.start', true, 'POSIX classes'],
    ['.*', '', true, 'everything, even nothing'],
    ['.', '', false, 'at least one character'],
  ];

  for (const [pattern, text, expected, why] of table)
    assert.equal(found(pattern, text), expected, why);
});

test("says in Go's words why a pattern is none", () => {
  const table: readonly (readonly [pattern: string, error: string])[] = [
    ['(', 'missing closing ): `(`'],
    ['a**', 'invalid nested repetition operator: `**`'],
    ['\\Z', 'invalid escape sequence: `\\Z`'],
    ['(?=a)', 'invalid or unsupported Perl syntax: `(?=`'],
    ['a{1001}', 'invalid repeat count: `{1001}`'],
    [`${'('.repeat(5000)}${')'.repeat(5000)}`, 'expression nests too deeply'],
  ];

  for (const [pattern, error] of table) {
    const compiled = compilePattern(pattern);
    assert.ok('error' in compiled, pattern);
    assert.ok(compiled.error.startsWith(error), compiled.error);
  }
});

test('takes time in step with the text, whatever the pattern', () => {
  assert.equal(found('(x+x+)+y', 'x'.repeat(20_000)), false); // RegExp would not come back
});
