import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { loadRoutes, parseRoutes } from '../../../src/config/csv/read.ts';
import { type Problem, RoutesError } from '../../../src/errors.ts';
import { tempFolder } from '../temp-folder.ts';

const shipped = resolve(dirname(fileURLToPath(import.meta.url)), '../../../../loghook.csv');

function read(text: string | Buffer): [pattern: string, url: string][] {
  return parseRoutes(Buffer.from(text), 'loghook.csv').map(({ pattern, destination }) => [
    pattern,
    destination.url.href,
  ]);
}

function problemsOf(load: () => unknown): readonly Problem[] {
  try {
    load();
  } catch (error) {
    assert.ok(error instanceof RoutesError, String(error));
    for (const { hint } of error.problems) assert.ok(hint, 'each problem says what to do');
    return error.problems;
  }
  return assert.fail('it loads');
}

function complaints(text: string | Buffer): string[] {
  return problemsOf(() => read(text)).map(({ where, message }) => `${where}: ${message}`);
}

test('reads what the original reads, and kinder', () => {
  const one = [['^a', 'http://h.example/']];
  const table: readonly (readonly [text: string | Buffer, expected: string[][], why: string])[] = [
    [
      '^example.example,http://example.com\n',
      [['^example.example', 'http://example.com/']],
      'original',
    ],
    ['^a,http://h.example', one, 'no line end at the end'],
    ['^a,http://h.example\r\n\r\n', one, 'CRLF, blank line'],
    [
      '^a,http://h.example\r^b,http://i.example\r',
      [...one, ['^b', 'http://i.example/']],
      'CR alone',
    ],
    ['\ufeff^a,http://h.example\n', one, 'byte order mark'],
    ['# c, d, "e\n  # f\n\n \t\n^a,http://h.example\n', one, 'comments, blank lines'],
    [' ^a\t,  http://h.example  \n', one, 'white space around'],
    ['"^a","http://h.example"\n', one, 'quotes'],
    [' "^a" , "http://h.example" \n', one, 'quotes with white space around'],
    ['"^(a|b){1,2}",http://h.example\n', [['^(a|b){1,2}', 'http://h.example/']], 'comma in quotes'],
    ['"a""b",http://h.example\n', [['a"b', 'http://h.example/']], 'quote in quotes'],
    ['^a#b,http://h.example/x#y\n', [['^a#b', 'http://h.example/x']], '# inside is no comment'],
    ['"#a",http://h.example\n', [['#a', 'http://h.example/']], '# in quotes is no comment'],
    ['regex,url\n^a,http://h.example\n', one, 'header'],
    ['# c\n"Pattern" , URL\n^a,http://h.example\n', one, 'header after a comment, in any case'],
    ['event_type,destination\n^a,http://h.example\n', one, 'header with other names'],
  ];

  for (const [text, expected, why] of table) assert.deepEqual(read(text), expected, why);
});

test('ships a file that loads, with examples that load too', (t) => {
  const folder = tempFolder(t);
  const text = readFileSync(shipped, 'utf8');
  const examples = text.replace(/^#(?=\S)/gm, '');

  assert.deepEqual(
    loadRoutes(shipped).all.map(({ patterns, url }) => [patterns, url.href]),
    [[['^example.example'], 'http://example.com/']],
  );
  writeFileSync(join(folder, 'examples.csv'), examples);
  const routes = loadRoutes(join(folder, 'examples.csv'));
  assert.equal(routes.all.length, 5);
  assert.equal(routes.wantedBy({ eventType: 'user.account.privilege.grant' }).length, 2);
});

test('says what is wrong with each bad line, by its number, all at once', () => {
  const text = [
    '^good,https://h.example/hidden',
    '# comment',
    '(,https://h.example/hidden',
    '^one-column',
    '^a{1,2},https://h.example/hidden',
    ',https://h.example/hidden',
    '^a,',
    '"^a,https://h.example/hidden',
    '^a"b,https://h.example/hidden',
    '"^a"b,https://h.example/hidden',
    '^a,ftp://hidden:hidden@h.example/hidden',
    '^a,hidden.example/hidden',
    '^a,https://h.example/hid\0den',
    '[,https://hid den',
    'regex,url',
    'https://h.example/hidden(,^a',
    '^a,http://hidden:hidden@2852039166/latest/hidden',
  ].join('\r\n');

  assert.deepEqual(complaints(text), [
    'loghook.csv line 3: "(" is not a regular expression (missing closing ): `(`)',
    'loghook.csv line 4: it holds one column, not a regex and a URL',
    'loghook.csv line 5: it holds 3 columns, not 2',
    'loghook.csv line 6: the pattern is empty',
    'loghook.csv line 7: the URL is empty',
    'loghook.csv line 8: a quote (") is opened and never closed',
    'loghook.csv line 9: a quote (") stands inside a field without quotes',
    'loghook.csv line 10: text follows a closing quote (")',
    "loghook.csv line 11: the URL's scheme is ftp, not http or https",
    'loghook.csv line 12: the URL has no http:// or https://',
    'loghook.csv line 13: it holds a NUL byte',
    'loghook.csv line 14: the pattern is not a regular expression',
    'loghook.csv line 14: the URL holds white space or a control character',
    'loghook.csv line 15: the URL has no http:// or https://',
    'loghook.csv line 16: the pattern is not a regular expression',
    'loghook.csv line 16: the URL has no http:// or https://',
    'loghook.csv line 17: 169.254.169.254 is never connected to (cloud metadata)',
  ]);
});

test('says to quote a pattern that holds a comma, and to swap swapped columns', () => {
  const hintOf = (text: string) => problemsOf(() => read(text)).at(-1)?.hint;

  assert.match(hintOf('^a{1,2},https://h.example/') ?? '', /^quote a pattern that holds a comma/);
  assert.match(hintOf('https://h.example/hidden,^a') ?? '', /swap/);
});

test('names the line whose bytes are not UTF-8', () => {
  const text = Buffer.from(
    '^a,http://h.example\n^\xe9,http://h.example\n(,http://h.example\n',
    'latin1',
  );

  assert.deepEqual(
    complaints(text).map((complaint) => complaint.slice(0, 56)),
    [
      'loghook.csv line 2: it holds bytes that are not UTF-8',
      'loghook.csv line 3: "(" is not a regular expression (mis',
    ],
  );
});

test('keeps control characters of a pattern out of its message', () => {
  const [complaint] = complaints(`(\u001b[2J\u202e${'x'.repeat(500)},https://h.example/`);

  assert.doesNotMatch(complaint ?? '', /[\p{Cc}\p{Cf}]/u);
  assert.match(complaint ?? '', /\\u001b\[2J\\u202ex+…" is not a regular expression/);
});

test('says why there are no routes at all', (t) => {
  const folder = tempFolder(t);
  const file = (name: string, content: string | Buffer) => {
    writeFileSync(join(folder, name), content);
    return join(folder, name);
  };
  mkdirSync(join(folder, 'folder.csv'));
  symlinkSync('loop.csv', join(folder, 'loop.csv'));
  const table: readonly (readonly [path: string, message: RegExp, hint: RegExp | undefined])[] = [
    [file('empty.csv', ''), /^it holds no routes$/, /\^user\\\.session\\\.start\$,https:/],
    [file('comments.csv', '# a\n\nregex,url\n'), /^it holds no routes$/, /,https:/],
    [join(folder, 'none.csv'), /^there is no such file$/, /loghook listen 3000/],
    [join(folder, 'folder.csv'), /^it is a folder, not a file$/, /name the file/],
    [file('utf16.csv', Buffer.from('\ufeff^a,http://h.example', 'utf16le')), /UTF-16/, /UTF-8/],
    [join(folder, 'loop.csv'), /^could not read it: ELOOP$/, undefined],
    [file('large.csv', '#'.repeat(5 * 1024 * 1024)), /larger than 4 MiB/, undefined],
    ['/dev/null', /it is not a file/, undefined],
  ];

  for (const [path, message, hint] of table) {
    assert.throws(
      () => loadRoutes(path, 'loghook.csv'),
      (error) => {
        assert.ok(error instanceof RoutesError);
        const [problem, ...others] = error.problems;
        assert.deepEqual(others, []);
        assert.equal(problem?.where, 'loghook.csv');
        assert.match(problem.message, message);
        if (hint !== undefined) assert.match(problem.hint ?? '', hint);
        return true;
      },
      path,
    );
  }
});

test('never shows any of a URL, however the line is broken', () => {
  const urls = ['https://SECRET:SECRET@h.example/SECRET?SECRET#SECRET', 'SECRET:SECRET@h/SECRET'];
  const forms = [
    (url: string) => url,
    (url: string) => `"${url}`,
    (url: string) => `^a,"${url}`,
    (url: string) => `^a,${url}"`,
    (url: string) => `^a,"${url}"x`,
    (url: string) => `(,${url}`,
    (url: string) => `${url}(,^a`,
    (url: string) => `${url}[,https://h.example/`,
    (url: string) => `^a,b,${url}`,
    (url: string) => `^a ${url}`,
    (url: string) => `^a;${url}`,
    (url: string) => `^a,x${url}`,
    (url: string) => `^a,${url} # SECRET`,
    (url: string) => `^a,${url}\0`,
    (url: string) => `^a,${url.replace('https', 'SSH')}%zz`,
    (url: string) => `^a,${url.replace('//SECRET', '//SECRET%zz')}`,
    (url: string) => `^a,${url.replace('h.example', ':99999')}`,
    (url: string) => `^a,${url.replace('//SECRET:SECRET', '//x:1#SECRET')}`,
  ];

  for (const form of forms) {
    for (const url of urls) {
      const outcome = (() => {
        try {
          return read(`(,https://h.example/\n${form(url)}\n`);
        } catch (error) {
          assert.ok(error instanceof RoutesError, String(error));
          return `${error.stack} ${error.message} ${JSON.stringify(error)} ${String(error.cause)}`;
        }
      })();
      assert.doesNotMatch(String(outcome), /SECRET/i, form('URL'));
    }
  }
});
