/** Holds design.md section 3: which room may import which, and which package stands only where. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const src = join(root, 'src');

const LEAVES = [
  'event',
  'errors',
  'clock',
  'duration',
  'alarm',
  'log',
  'printable',
  'address',
  'dial',
  'tunnel',
];
const ROOMS = ['okta', 'routing', 'formats', 'delivery', 'state', 'receiver', 'status', 'practice'];
const MAY_IMPORT: Record<string, readonly string[]> = {
  cli: ['cli', 'config', 'daemon', ...ROOMS, ...LEAVES],
  config: ['config', ...ROOMS, ...LEAVES],
  daemon: ['dispatch', ...ROOMS, ...LEAVES],
  dispatch: [...ROOMS, ...LEAVES],
  index: ['daemon', ...ROOMS, ...LEAVES],
  ...Object.fromEntries(ROOMS.map((room) => [room, [room, ...LEAVES]])),
  ...Object.fromEntries(LEAVES.map((leaf) => [leaf, LEAVES])),
};

/** A package or a name, and the only files or rooms (by their start) that may hold it as a value. */
const STANDS_ONLY_IN: readonly (readonly [what: RegExp, where: readonly string[]])[] = [
  [/process\.(env|argv)/, ['cli/', 'config/']],
  [/from 'commander'/, ['cli/', 'config/']],
  [/from 'csv-parse/, ['config/']],
  [/from 'yaml'/, ['config/']],
  [/from 'p-retry'/, ['okta/request.ts']],
  [/from 'parse-link-header'/, ['okta/link-header.ts']],
  [/'oauth4webapi'/, ['okta/service-app/token-request.ts']],
  [
    /import (?!type)[^;]*'jose'/,
    ['okta/service-app/token-request.ts', 'okta/service-app/proofs.ts', 'practice/oauth/'],
  ],
  // they bring jose along, which only a service app needs: loaded when there is one
  [/import (?!type)[^;]*\/(token-request|authorization-server)\.ts'/, []],
  [/from 'undici'/, ['okta/request.ts', 'delivery/attempt.ts']],
  [/from 'prom-client'/, ['status/metrics/']],
  [/node:sqlite|@photostructure\/sqlite/, ['state/']],
  [/import (?!type)[^;]*from 'pino'/, ['log.ts']],
  [/\bset(Timeout|Interval)\(|Date\.now\(/, ['clock.ts']],
];

function sourceFiles(): string[] {
  return readdirSync(src, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => name.replaceAll('\\', '/'));
}

function roomOf(file: string): string {
  return file.includes('/') ? (file.split('/')[0] ?? '') : file.replace(/\.ts$/, '');
}

function importedRooms(file: string): string[] {
  const text = readFileSync(join(src, file), 'utf8');
  const targets = [...text.matchAll(/(?:from|import\()\s*'(\.[^']+)'/g)].map((match) => match[1]!);
  return targets.map((target) =>
    roomOf(relative(src, resolve(src, dirname(file), target)).replaceAll('\\', '/')),
  );
}

test('imports only go down', () => {
  const upward = sourceFiles().flatMap((file) =>
    importedRooms(file)
      .filter((room) => !MAY_IMPORT[roomOf(file)]?.includes(room))
      .map((room) => `${file} imports ${room}`),
  );

  assert.deepEqual(upward, []);
});

test('each package and each door to the outside stands in its one place', () => {
  const astray = sourceFiles().flatMap((file) => {
    const text = readFileSync(join(src, file), 'utf8');
    return STANDS_ONLY_IN.filter(([what]) => what.test(text))
      .filter(([, where]) => !where.some((start) => file.startsWith(start)))
      .map(([what]) => `${file} holds ${what.source}`);
  });

  assert.deepEqual(astray, []);
});

const EXPORT = /^export (?:abstract |async )*(?:function\*?|class|const|interface|type) (\w+)/gm;

/** The files of loghook that a file imports, and its text. */
function importing(file: string): { readonly text: string; readonly from: ReadonlySet<string> } {
  const text = readFileSync(file, 'utf8');
  const paths = [...text.matchAll(/(?:from |import\()\s*'(\.[^']+)'/g)].map((match) => match[1]!);
  return { text, from: new Set(paths.map((path) => resolve(dirname(file), path))) };
}

test('nothing is exported that no other file imports', () => {
  const files = ['src', 'test', 'bench'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => importing(join(root, folder, name))),
  );
  const needless = sourceFiles()
    .filter((file) => file !== 'index.ts')
    .flatMap((file) => {
      const users = files.filter(({ from }) => from.has(join(src, file)));
      const names = [...readFileSync(join(src, file), 'utf8').matchAll(EXPORT)].map(([, n]) => n!);
      return names
        .filter((name) => !users.some(({ text }) => new RegExp(`\\b${name}\\b`).test(text)))
        .map((name) => `${file} exports ${name}`);
    });

  assert.deepEqual(needless, []);
});
