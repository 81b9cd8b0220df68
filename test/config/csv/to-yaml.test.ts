// biome-ignore-all lint/suspicious/noTemplateCurlyInString: loghook.yaml has them
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadRoutes } from '../../../src/config/csv/read.ts';
import { csvToYaml } from '../../../src/config/csv/to-yaml.ts';
import { RoutesError } from '../../../src/errors.ts';
import { file, tempFolder } from '../temp-folder.ts';
import { readYaml } from '../yaml/yaml-file.ts';

function convert(csv: string) {
  return csvToYaml(Buffer.from(csv), 'loghook.csv', 'schema.json');
}

test('writes what loghook.csv says, with its comments', () => {
  const csv = `# Our routes.

# sign-ins
^user\\.session\\.,https://me:pass@hooks.example.com/x
.*,http://localhost:3000/
# factors
^user\\.mfa\\.,https://me:pass@hooks.example.com/x
^user\\.mfa\\.,https://me:pass@hooks.example.com/x
# old: ^x,http://y
`;

  const { text, routes, looksSecret } = convert(csv);

  assert.equal(
    text,
    `# yaml-language-server: $schema=schema.json
# Our routes.
routes:
  # sign-ins
  - name: ${routes[0]?.name}
    match:
      - '^user\\.session\\.'
      # factors
      - '^user\\.mfa\\.'
    url: 'https://me:pass@hooks.example.com/x'

  - name: ${routes[1]?.name}
    match: '.*'
    url: 'http://localhost:3000/'

# old: ^x,http://y
`,
  );
  assert.match(routes[0]?.name ?? '', /^hooks\.example\.com-[0-9a-f]{4}$/);
  assert.match(routes[1]?.name ?? '', /^localhost-3000-[0-9a-f]{4}$/);
  assert.equal(routes[0]?.before, routes[0]?.name.replace(/-(?=[0-9a-f]{4}$)/, '#'));
  assert.equal(looksSecret, true);
  assert.equal(convert('.*,http://localhost:3000/\n').looksSecret, false);
});

test('what it writes is read as the same routes, each with the queue of its URL', (t) => {
  const folder = tempFolder(t);
  const tricky = [
    "it's,https://h/it's",
    '"^a{1,2},$",https://h/?a=b&c=#d',
    '$${X}${file:/etc/passwd},https://${HOST}@h/$${x}',
    '"- a: b #c",http://[::1]:3000/:#',
    'a\tb,http://h/tab',
    '\\\\d,https://u:p%40@h.example/',
    '"""quoted""",http://h/q',
    '.*,http://h/star',
    `x,https://${'long.'.repeat(20)}example/`,
    `y,https://${'long.'.repeat(20)}example/2`,
    '日本,http://h/ü',
  ];
  const csv = file(folder, 'loghook.csv', `\ufeffregex,url\n${tricky.join('\r\n')}\n`);
  const before = loadRoutes(csv).all;

  const { routes } = readYaml({
    folder,
    text: convert(`\ufeffregex,url\n${tricky.join('\r\n')}\n`).text,
  });

  assert.deepEqual(
    routes.all.map(({ formerly, url, authorization }) => [formerly, url.href, authorization]),
    before.map(({ key, url, authorization }) => [key, url.href, authorization]),
  );
  const patterns = before.map((route) => route.patterns.map((one) => one.replace('\t', '\\x{9}')));
  assert.deepEqual(
    routes.all.map((route) => route.patterns),
    patterns,
  );
  assert.equal(routes.wantedBy({ eventType: 'a\tb' }).length, 2);
});

test('leaves out what the shipped file says of CSV', () => {
  const { text } = convert(
    '# loghook.csv: which events go where.\n#\n#   regex,URL\n\n# mine\na,http://h/\n',
  );

  assert.doesNotMatch(text, /regex,URL/);
  assert.match(text, /^ {2}# mine$/m);
});

test('refuses a file that is not right, as reading it does', () => {
  assert.throws(() => convert('(,http://h/\n'), RoutesError);
  assert.throws(() => convert('# nothing\n'), RoutesError);
});
