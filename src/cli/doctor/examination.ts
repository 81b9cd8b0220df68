/** Runs all checks side by side, none longer than its time, and gives what they found in the order in which it is shown. */
import type { Clock } from '../../clock.ts';
import { reasonOf } from '../../errors.ts';
import { CHECKS, type CheckName, type Finding, finding } from './finding.ts';

/** One check. What it throws is a bug of it, and becomes a finding. */
type Check<S> = (scene: S) => readonly Finding[] | Promise<readonly Finding[]>;
export type Checks<S> = Readonly<Record<CheckName, Check<S>>>;

const MOST_MS = 18_000;

export interface Examined {
  readonly findings: readonly Finding[];
  /** Something still waits: the process does not end by itself. */
  readonly isLate: boolean;
}

export async function examine<S>(checks: Checks<S>, scene: S, clock: Clock): Promise<Examined> {
  const done = await Promise.all(CHECKS.map((name) => inTime(name, { checks, scene, clock })));
  const findings = done.flat();
  return { findings, isLate: findings.some(({ id }) => id === 'check-late') };
}

interface Examination<S> {
  readonly checks: Checks<S>;
  readonly scene: S;
  readonly clock: Clock;
}

async function inTime<S>(
  name: CheckName,
  { checks, scene, clock }: Examination<S>,
): Promise<readonly Finding[]> {
  let cancel = () => {};
  const late = new Promise<readonly Finding[]>((resolve) => {
    cancel = clock.after(MOST_MS, () => resolve([lateOf(name)]));
  });
  try {
    return await Promise.race([run(name, checks, scene), late]);
  } finally {
    cancel();
  }
}

async function run<S>(name: CheckName, checks: Checks<S>, scene: S): Promise<readonly Finding[]> {
  try {
    return await checks[name](scene);
  } catch (error) {
    const fix = 'this is a bug in loghook: please report it with these words';
    return [
      {
        ...finding('check-broken', `it could not be checked: ${reasonOf(error)}`, fix),
        check: name,
      },
    ];
  }
}

function lateOf(name: CheckName): Finding {
  const fix = 'look at what hangs: the name server, the network, or the disk';
  return { ...finding('check-late', `no answer within ${MOST_MS / 1_000} s`, fix), check: name };
}
