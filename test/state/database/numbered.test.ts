/** Numbered values in statements: SQLite of older Nodes must not see them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { prepareNumbered } from '../../../src/state/database/numbered.ts';
import { openDatabase, type SqlValue } from '../../../src/state/database/sqlite.ts';

test('each number becomes a plain mark, with its value as often as it is named', () => {
  const database = openDatabase(':memory:');
  const prepared: string[] = [];
  const bound: SqlValue[][] = [];

  const statement = prepareNumbered('SELECT ?2 || ?1 || ?2 || ?10 AS text', (plain) => {
    prepared.push(plain);
    const real = database.prepare(plain);
    const get = (...values: SqlValue[]) => {
      bound.push(values);
      return real.get(...values);
    };
    return { get, all: real.all, run: real.run };
  });
  const row = statement.get('a', 'b', ...Array.from({ length: 7 }, () => '-'), 'c');

  assert.deepEqual(prepared, ['SELECT ? || ? || ? || ? AS text']);
  assert.deepEqual(bound, [['b', 'a', 'b', 'c']]);
  assert.equal(row?.text, 'babc');
  database.close();
});

test('a statement without numbers stays as it is', () => {
  const database = openDatabase(':memory:');
  const real = database.prepare('SELECT ? AS one, ? AS two');

  const statement = prepareNumbered('SELECT ? AS one, ? AS two', () => real);

  assert.equal(statement, real);
  assert.deepEqual({ ...statement.get(1, 'x') }, { one: 1, two: 'x' });
  database.close();
});
