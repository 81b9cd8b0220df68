/** Whether a cursor that was kept is of use for what is asked now. */
import { OktaError } from '../../errors.ts';
import { logsPath } from '../logs-path.ts';
import { type Cursor, type Query, queryText } from './position.ts';

/** Nobody refused anything: what is asked for is another. */
export const FILTER_CHANGED = 'filter changed';

/** Why a stored cursor cannot be followed, if it cannot. */
export function unfit(org: URL, query: Query, cursor: Cursor): string | undefined {
  if (cursor.query !== queryText(query.filter)) return FILTER_CHANGED;
  try {
    logsPath(org, cursor.nextUrl);
    return undefined;
  } catch (error) {
    if (error instanceof OktaError) return error.message;
    throw error;
  }
}
