/** What `npm install loghook` brings: the right files, few packages, none that needs an install script. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const read = (path: string) => readFileSync(resolve(root, path), 'utf8');

function packed(): { readonly paths: readonly string[]; readonly unpackedSize: number } {
  const printed = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const [{ files, unpackedSize }] = JSON.parse(printed);
  return { paths: files.map((file: { path: string }) => file.path), unpackedSize };
}

/** The types of the public entry, and whatever they import of ours. */
function publicTypes(path = 'dist/src/index.d.ts', known = new Set<string>()): Set<string> {
  if (known.has(path)) return known;
  known.add(path);
  for (const [, target = ''] of read(path).matchAll(/(?:from |import\()["'](\.[^"']+)["']/g))
    publicTypes(join(dirname(path), target).replace(/\.[jt]s$/, '.d.ts'), known);
  return known;
}

test('the tarball holds every type that a program can reach', () => {
  const { paths } = packed();

  const missing = [...publicTypes()].filter((path) => !paths.includes(path));

  assert.deepEqual(missing, []);
});

test('the tarball holds the command, the compiled sources and what a user reads, and nothing else', () => {
  const { paths, unpackedSize } = packed();

  const astray = paths.filter(
    (path) =>
      !/^(bin\/loghook\.js|dist\/src\/.*\.(js|d\.ts)|loghook\.csv|loghook\.schema\.json|package\.json|README\.md|CHANGELOG\.md|LICENSE|docs\/[a-z-]+\.md|recipes\/[a-z-]+\.(json|yml|mjs))$/.test(
        path,
      ),
  );

  assert.deepEqual(astray, []);
  for (const needed of [
    'bin/loghook.js',
    'dist/src/cli/main.js',
    'loghook.csv',
    'loghook.schema.json',
    'LICENSE',
    'recipes/grafana-dashboard.json',
    'recipes/prometheus-alerts.yml',
    'recipes/slack.mjs',
  ]) {
    assert.ok(paths.includes(needed), `${needed} is missing`);
  }
  assert.ok(unpackedSize < 1_700_000, `${unpackedSize} bytes unpacked`);
});

test('a user installs at most 40 packages, and only the optional SQLite has an install script', () => {
  const { packages } = JSON.parse(read('package-lock.json'));
  const runtime = Object.entries<Record<string, unknown>>(packages).filter(
    ([path, entry]) =>
      path !== '' &&
      entry.dev !== true &&
      entry.devOptional !== true &&
      // An optional peer of valibot, which npm installs for nobody but us: its parts are not marked as ours alone.
      !path.startsWith('node_modules/@typescript/'),
  );

  assert.ok(runtime.length <= 40, `${runtime.length} packages`);
  assert.deepEqual(
    runtime.filter(([, { hasInstallScript }]) => hasInstallScript === true).map(([path]) => path),
    // Its script only builds where no binary fits; ours is in its tarball, and loads with scripts switched off.
    ['node_modules/@photostructure/sqlite'],
  );
});

test('the lock file names no download addresses', () => {
  assert.doesNotMatch(read('package-lock.json'), /"resolved": "https?:/);
});

test('the change log has an entry for the version that is packaged', () => {
  const { version } = JSON.parse(read('package.json'));

  assert.match(read('CHANGELOG.md'), new RegExp(`^## (Unreleased|\\[?${version}\\]?)`, 'm'));
});
