/** What a replay would do to one route, in words. */
import type { Route } from '../../routing/route.ts';
import type { ReplayPlan } from '../../state/beside/replay-desk.ts';
import { count, number } from '../words/counts.ts';
import { duration, when } from '../words/time.ts';
import { routeTrouble } from './route-words.ts';

/** How many are to be owed again. */
export function sendable({ wanted, bytesGone }: ReplayPlan): number {
  return wanted - bytesGone;
}

/** A line for the route, and below it what a person should know before. */
export function planLines(
  plan: ReplayPlan,
  known: ReadonlyMap<string, Route>,
  now: number,
): string[] {
  const route = known.get(plan.route.key);
  const trouble = routeTrouble(plan.route, now);
  const n = sendable(plan);
  return [
    `${plan.route.name}: ${count(n, 'event')} to send again`,
    ...(n === 0 ? [] : [ages(plan, now), pace(plan, n, route)]),
    ...(plan.alreadyOwed > 0
      ? [`${number(plan.alreadyOwed)} more: to be sent again already, not owed twice`]
      : []),
    ...(plan.bytesGone > 0
      ? [`${number(plan.bytesGone)} more: their bytes are not kept any more`]
      : []),
    ...tooOld(plan, route?.maxAgeMs),
    ...(trouble === undefined ? [] : [`! ${trouble}`]),
  ].map((line, index) => (index === 0 ? line : `  ${line}`));
}

function ages({ oldest, newest }: ReplayPlan, now: number): string {
  const from = published(oldest, now);
  return oldest === newest
    ? `published ${from}`
    : `published from ${from} to ${published(newest, now)}`;
}

function published(text: string | undefined, now: number): string {
  const at = Date.parse(text ?? '');
  return Number.isNaN(at) ? 'an unknown time' : when(at, now);
}

/** By what the routes file says, else by what was measured: no bound where a rate may stand in a file not seen. */
function pace({ lately }: ReplayPlan, n: number, route: Route | undefined): string {
  const { rate } = route ?? {};
  if (rate !== undefined) {
    const ms = (n / rate.count) * rate.perMs;
    return `about ${duration(ms)} at its rate of ${rate.count} per ${duration(rate.perMs)} (routes file)`;
  }
  if (lately === undefined) return 'how long it takes is unknown: it has delivered nothing lately';
  const each = `${Math.round(lately.ms)} ms each, as ${lately.deliveries} took lately`;
  const about = `about ${duration(n * lately.ms)}`;
  return route === undefined
    ? `${about} if it has no rate (see --config): one by one, ${each}`
    : `at most ${about}: one by one, ${each}`;
}

function tooOld({ tooOld: n }: ReplayPlan, maxAgeMs: number | undefined): string[] {
  if (n === 0 || maxAgeMs === undefined) return [];
  return [
    `${number(n)} of these are older than its maxAge of ${duration(maxAgeMs)}: sent all the same, as you ask for it`,
  ];
}
