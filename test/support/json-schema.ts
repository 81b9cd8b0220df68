/** loghook.schema.json: what editors are told of loghook.yaml, made from what loghook checks it with. */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { toJsonSchema } from '@valibot/to-json-schema';
import { publishedSchema } from '../../src/config/yaml/schema.ts';

/** From dist/test/support. */
const FILE = fileURLToPath(new URL('../../../loghook.schema.json', import.meta.url));
/** A variable may stand for any value; what it holds is not known to an editor. */
const REFERENCE = { type: 'string', pattern: '\\$\\{' };

/** An org may have routes of its own. */
const ROUTES_OR_ORGS = [{ required: ['routes'] }, { required: ['orgs'] }];

type Json = Readonly<Record<string, unknown>>;

export function schemaText(): string {
  const made = toJsonSchema(publishedSchema(), { typeMode: 'input', errorMode: 'ignore' });
  const titled = { title: 'loghook.yaml', ...withReferences({ ...made }), anyOf: ROUTES_OR_ORGS };
  return `${JSON.stringify(titled)}\n`;
}

export function writtenSchema(): string {
  return readFileSync(FILE, 'utf8');
}

export function writeSchema(): void {
  writeFileSync(FILE, schemaText());
}

function withReferences(schema: Json): Json {
  const inside = Object.fromEntries(
    Object.entries(schema).map(([key, value]) => [key, mapped(value)]),
  );
  const isNarrow =
    ['integer', 'number', 'boolean'].includes(String(schema.type)) || 'enum' in schema;
  if (!isNarrow) return inside;
  const { description, ...rest } = inside;
  return { ...(description !== undefined && { description }), anyOf: [rest, REFERENCE] };
}

function mapped(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(mapped);
  return isMap(value) ? withReferences(value) : value;
}

function isMap(value: unknown): value is Json {
  return typeof value === 'object' && value !== null;
}
