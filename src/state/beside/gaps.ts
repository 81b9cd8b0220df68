/** Gaps, as the table of them holds them. */
import { numbers } from '../database/optional.ts';
import { asNumber, asText, type Row } from '../database/sqlite.ts';
import type { Gap } from '../outbox.ts';

export function gapOf(row: Row): Gap {
  return {
    at: asNumber(row.at),
    kind: gapKind(asText(row.kind)),
    ...numbers({ fromMs: row.from_at, toMs: row.to_at }),
    why: asText(row.why),
  };
}

function gapKind(text: string): Gap['kind'] {
  return text === 'refused-link' || text === 'beyond-retention' ? text : 'unreadable-page';
}
