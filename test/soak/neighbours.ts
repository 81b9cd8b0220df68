/** One org's trouble stays its own: while it cannot be read, or is not in the file, the events of the others arrive. */
import { SystemClock } from '../../src/clock.ts';
import type { Fault } from '../../src/practice/org.ts';
import { type Life, until } from './life.ts';
import type { OrgDesk } from './org-desk.ts';

const clock = new SystemClock();
const HANG: Fault = { kind: 'hang' };
const RESET: Fault = { kind: 'reset' };
/** What the others write meanwhile. */
const FEW = 100;

export interface Affected {
  readonly out: OrgDesk;
  readonly others: readonly OrgDesk[];
}

/** `during` is called while it lasts. It ends only when the others' events have come: were they held up, it would never. */
export async function outage(
  life: Life,
  { out, others }: Affected,
  { hangs, during }: { readonly hangs: boolean; readonly during: () => Promise<void> },
): Promise<void> {
  const { scene } = out;
  const how = hangs ? HANG : RESET;
  scene.goOut(how);
  const from = clock.now();
  // It asks one page after the other: what it asked before has been answered then.
  const isOut = () =>
    scene.org.requests.slice(-20).some(({ at, fault }) => at >= from && fault === how.kind);
  await until(isOut, `${out.name} to be out`, life);
  const unseen = scene.write(FEW);
  await othersDeliver(life, others, during);
  const seen = unseen.filter((id) => scene.isTaken(id));
  scene.comeBack();
  if (seen.length > 0) throw new Error(`${out.name} was to be out, and ${seen.length} events came`);
}

/** `take` and `bring` take it out of the file and bring it back. */
export async function absence(
  life: Life,
  { out, others }: Affected,
  { take, bring }: { readonly take: () => Promise<void>; readonly bring: () => Promise<void> },
): Promise<void> {
  const { name, scene } = out;
  const [stopped, ready] = [life.count('stopped', name), life.count('ready', name)];
  await take();
  scene.write(FEW);
  await othersDeliver(life, others, () => life.said('stopped', name, stopped));
  await bring();
  await life.said('ready', name, ready);
}

async function othersDeliver(
  life: Life,
  others: readonly OrgDesk[],
  during: () => Promise<void>,
): Promise<void> {
  const written = others.map(({ name, scene }) => ({ name, scene, ids: scene.write(FEW) }));
  await during();
  await Promise.all(
    written.map(({ name, scene, ids }) =>
      until(() => ids.every((id) => scene.isTaken(id)), `events of ${name}`, life),
    ),
  );
}
