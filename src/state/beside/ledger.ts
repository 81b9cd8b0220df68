/**
 * What became of every event on every route: delivered and dropped ones from the ledger, dead letters, and what is
 * still owed, as one list. Newest event first, walked down in stretches that are each of one instant, so that nothing
 * which a running daemon moves from one table to another is missed or comes twice.
 */
import type { Beside } from './beside.ts';
import {
  type LedgerEntry,
  type LedgerQuestion,
  type Source,
  type Stretch,
  sources,
} from './ledger-sources.ts';
import { allRoutes } from './named-routes.ts';

export type { LedgerEntry, LedgerQuestion } from './ledger-sources.ts';

const FIRST_ROWS = 64;
const MOST_ROWS = 4_096;

/** Reads on as the caller takes. @throws StateError */
export function* ledgerEntries(beside: Beside, question: LedgerQuestion): Generator<LedgerEntry> {
  let below = Number.MAX_SAFE_INTEGER;
  let rows = FIRST_ROWS;
  for (;;) {
    const { entries, end } = beside.read(() => readStretch(beside, { ...question, below, rows }));
    yield* entries;
    if (end === undefined) return;
    below = end;
    rows = Math.min(rows * 2, MOST_ROWS);
  }
}

/** The entries from `below` down to `end`, or all that are left. */
function readStretch(
  beside: Beside,
  stretch: Stretch,
): { readonly entries: readonly LedgerEntry[]; readonly end?: number } {
  const routes = allRoutes(beside);
  // More than an event can have: a stretch never ends within its first one.
  const limit = stretch.rows + routes.length;
  const found = new Map<string, LedgerEntry>();
  let end = 0;
  for (const { top, read } of byTop(sources(beside, routes, stretch))) {
    if (top < end) continue;
    const entries = read(limit);
    const last = entries.at(-1);
    if (last !== undefined && entries.length === limit) end = Math.max(end, last.seq + 1);
    for (const entry of entries) add(found, entry);
  }
  const entries = [...found.values()]
    .filter(({ seq }) => seq >= end)
    .sort((one, other) => other.seq - one.seq || one.route.id - other.route.id);
  return end === 0 ? { entries } : { entries, end };
}

/** What is owed stands for the ledger line that it had before it was replayed. */
function add(found: Map<string, LedgerEntry>, entry: LedgerEntry): void {
  const key = `${entry.seq}/${entry.route.id}`;
  const known = found.get(key);
  if (known === undefined || known.dueAt === undefined) found.set(key, entry);
}

/** Those that reach highest first: what ends a stretch is read before what may lie below it altogether. */
function byTop(all: Iterable<Source>): Source[] {
  return [...all].sort((one, other) => other.top - one.top);
}
