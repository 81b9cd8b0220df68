import assert from 'node:assert/strict';
import { test } from 'node:test';
import { schemaText, writtenSchema } from '../../support/json-schema.ts';

test('the published JSON Schema says what loghook checks: else run `npm run schema`', () => {
  assert.deepEqual(JSON.parse(writtenSchema()), JSON.parse(schemaText()));
});

test('describes every key, and allows no others', () => {
  const { properties, additionalProperties } = JSON.parse(writtenSchema());
  const [list] = properties.routes.anyOf;

  assert.equal(additionalProperties, false);
  assert.equal(list.items.additionalProperties, false);
  assert.deepEqual(list.items.required, ['name', 'match', 'url']);
  const [orgs] = properties.orgs.anyOf;
  assert.deepEqual(orgs.items.required, ['name', 'url']);
  for (const [name, { description }] of Object.entries<{ description?: string }>({
    ...properties,
    ...list.items.properties,
    ...orgs.items.properties,
  })) {
    assert.ok(description, name);
  }
});
