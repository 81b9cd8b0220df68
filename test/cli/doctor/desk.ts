/** `loghook doctor --json`, the real process, and a list of the findings that tests have seen. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { DoctorFlags } from '../../../src/cli/doctor/add-doctor.ts';
import { examineAll } from '../../../src/cli/doctor/doctor.ts';
import { FINDINGS, type Finding, type FindingId } from '../../../src/cli/doctor/finding.ts';
import { type Machine, thisMachine } from '../../../src/cli/doctor/machine.ts';
import { openScenes, type Scene } from '../../../src/cli/doctor/scene.ts';
import { SystemClock } from '../../../src/clock.ts';
import type { Sandbox, StartOptions } from '../../support/loghook.ts';

/** What some test has shown to be found. */
export const produced = new Set<FindingId>();

export interface Diagnosis {
  readonly code: number | null;
  readonly findings: readonly Finding[];
  readonly stdout: string;
  readonly stderr: string;
}

export async function diagnose(
  sandbox: Sandbox,
  env: StartOptions['env'] = {},
  args: readonly string[] = [],
): Promise<Diagnosis> {
  const ran = await sandbox.run(['doctor', '--json', ...args], { env });
  assert.equal(ran.stderr, '');
  const { findings, problems, warnings } = JSON.parse(ran.stdout);
  const countOf = (wanted: string) =>
    findings.filter(({ level }: Finding) => level === wanted).length;
  assert.deepEqual([problems, warnings], [countOf('problem'), countOf('warning')]);
  assert.equal(ran.code, problems > 0 ? 1 : 0);
  return { ...ran, findings };
}

/** All checks in this process: for what needs no environment and no home of its own, and there are many of them. */
export async function examined(
  sandbox: Sandbox,
  env: Readonly<Record<string, string>> = {},
): Promise<readonly Finding[]> {
  const scene = await sceneIn(sandbox, env, {}, { state: join(sandbox.home, 'state') });
  return (await examineAll([scene], scene.clock)).findings;
}

/** The one with this id whose words match; it says what to do where something has to be done. */
export function found(
  findings: readonly Finding[],
  id: FindingId,
  words: RegExp,
  fix?: RegExp,
): Finding {
  const one = findings.find((each) => each.id === id && words.test(each.found));
  assert.ok(one, `no ${id} ${words} among ${JSON.stringify(findings, null, 1)}`);
  const [check, level] = FINDINGS[id];
  assert.equal(one.level, level);
  if (!id.startsWith('check-')) assert.equal(one.check, check);
  if (level === 'warning' || level === 'problem') assert.ok(one.fix, `${id} says no fix`);
  if (fix !== undefined) assert.match(one.fix ?? '', fix);
  produced.add(id);
  return one;
}

export function notFound(findings: readonly Finding[], id: FindingId): void {
  assert.deepEqual(
    findings.filter((one) => one.id === id),
    [],
  );
}

/** What the checks look at, in this process, on a machine of the test's own. */
export async function sceneIn(
  { cwd }: Sandbox,
  env: Readonly<Record<string, string>>,
  machine: Partial<Machine> = {},
  flags: DoctorFlags = {},
): Promise<Scene> {
  const nowhere = { write: () => {} };
  const streams = { stdout: nowhere, stderr: nowhere, stdin: () => process.stdin };
  const io = { env, cwd, version: '1.2.3', ...streams };
  const here = { io, clock: new SystemClock(), machine: { ...thisMachine(), ...machine } };
  const [scene] = await openScenes(flags, here);
  assert.ok(scene);
  return scene;
}
