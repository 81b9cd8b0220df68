/** What a backfill came to: per route for people, or as one JSON document. */
import { count, number } from '../words/counts.ts';
import { table } from '../words/table.ts';
import { iso } from '../words/time.ts';
import type { Came } from './reading.ts';

interface Story {
  readonly org: string;
  /** Instants in ms since 1970. */
  readonly since: number;
  readonly until: number;
  readonly came: Came;
  /** Their rows in `routes`, and their names. */
  readonly routes: readonly { readonly id: number; readonly name: string }[];
  readonly isDry: boolean;
  /** It went on where another one was cut off. */
  readonly wasResumed: boolean;
  /** It was stopped before the end. */
  readonly isPartial: boolean;
}

interface Line {
  readonly name: string;
  readonly wanted: number;
  readonly there: number;
  readonly forgotten: number;
  readonly owed: number;
}

export function reportLines(story: Story): string[] {
  const { came, isDry, org, since, until } = story;
  const lines = linesOf(story);
  const hasForgotten = lines.some(({ forgotten }) => forgotten > 0);
  const heading = [
    'ROUTE',
    'WANTED',
    'ALREADY THERE',
    ...(hasForgotten ? ['FORGOTTEN'] : []),
    isDry ? 'WOULD OWE' : 'OWED NOW',
  ];
  const rows = lines.map(({ name, wanted, there, forgotten, owed }) => [
    name,
    number(wanted),
    number(there),
    ...(hasForgotten ? [number(forgotten)] : []),
    number(owed),
  ]);
  return [
    `${org}, ${iso(since)} to ${iso(until)}: ${count(came.events, 'event')} read`,
    ...(came.unreadable === 0
      ? []
      : [`${count(came.unreadable, 'piece')} of Okta's pages could not be read as events`]),
    ...table([heading, ...rows]),
    ...(hasForgotten
      ? ['forgotten: the ledger no longer knows whether these were delivered; not owed']
      : []),
  ];
}

export function reportDocument(story: Story): unknown {
  const { org, since, until, came, isDry, isPartial, wasResumed } = story;
  const lines = linesOf(story);
  return {
    org,
    since: iso(since),
    until: iso(until),
    dryRun: isDry,
    resumed: wasResumed,
    partial: isPartial,
    events: came.events,
    unreadable: came.unreadable,
    owed: lines.reduce((sum, { owed }) => sum + owed, 0),
    routes: lines.map(({ name, wanted, there, forgotten, owed }) => ({
      route: name,
      wanted,
      alreadyThere: there,
      forgotten,
      owed,
    })),
  };
}

function linesOf({ came, routes }: Story): Line[] {
  return routes.map(({ id, name }) => {
    const { wanted, owed } = came.routes[id] ?? { wanted: 0, owed: 0 };
    const forgotten = came.forgotten.get(id) ?? 0;
    return { name, wanted: wanted + forgotten, there: wanted - owed, forgotten, owed };
  });
}
