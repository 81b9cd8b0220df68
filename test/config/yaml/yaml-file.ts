/** A loghook.yaml of a test's own, as it is read. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Environment } from '../../../src/config/environment.ts';
import type { RouteFile } from '../../../src/config/route-file.ts';
import { readRouteFile } from '../../../src/config/yaml/read.ts';
import { type Problem, RoutesError } from '../../../src/errors.ts';

export interface Written {
  readonly folder: string;
  readonly text: string | Buffer;
  readonly name?: string;
  readonly variables?: Readonly<Record<string, string>>;
  readonly dotEnv?: Readonly<Record<string, string>>;
}

export function readYaml({
  folder,
  text,
  name = 'loghook.yaml',
  variables,
  dotEnv,
}: Written): RouteFile {
  const path = join(folder, name);
  writeFileSync(path, text);
  const environment = new Environment(variables ?? {}, dotEnv);
  return readRouteFile(path, name, { environment });
}

/** `3:5 message` of each problem, without the file's name. */
export function complaintsAbout(written: Written): string[] {
  return problemsAbout(written).map(
    ({ where, message }) => `${where.replace(/^.* line (\d+) column (\d+)$/, '$1:$2')} ${message}`,
  );
}

export function problemsAbout(written: Written): readonly Problem[] {
  try {
    readYaml(written);
  } catch (error) {
    assert.ok(error instanceof RoutesError, error instanceof Error ? error.stack : '');
    assert.equal(error.cause, undefined);
    return error.problems;
  }
  return [];
}
