/**
 * Statements whose values are numbered (?1, ?2): all of them, or none. Node before 22.19 and 24.7 takes `?1` for a name
 * and finds no value for it, so each becomes a plain `?` with its value. https://github.com/nodejs/node/issues/59340
 */
import type { SqlValue, Statement } from './sqlite.ts';

export function prepareNumbered(sql: string, prepare: (sql: string) => Statement): Statement {
  const places: number[] = [];
  const plain = sql.replace(/\?(\d+)/g, (_, number) => {
    places.push(Number(number) - 1);
    return '?';
  });
  const statement = prepare(plain);
  if (places.length === 0) return statement;
  const placed = (values: readonly SqlValue[]) => places.map((place) => values[place] ?? null);
  return {
    run: (...values) => statement.run(...placed(values)),
    get: (...values) => statement.get(...placed(values)),
    all: (...values) => statement.all(...placed(values)),
  };
}
