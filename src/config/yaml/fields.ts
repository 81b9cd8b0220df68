/**
 * The single values of loghook.yaml. A message is what is wrong and, behind a line break, what to do; `{}` in it stands
 * for what was written, which complaints.ts puts there only where it cannot be a secret.
 */
import * as v from 'valibot';
import { parseSecret } from '../../delivery/signing/secret.ts';
import { parseDuration } from '../../duration.ts';
import { compilePattern } from '../../routing/pattern.ts';
import { type Destination, parseDestination, type Rate } from '../../routing/route.ts';
import { parseInstant } from '../instant.ts';
import { parseProxy } from '../proxy.ts';

interface Wrong {
  readonly wrong: string;
}

export function wrong(message: string, hint: string): Wrong {
  return { wrong: `${message}\n${hint}` };
}

export function isWrong(made: unknown): made is Wrong {
  return typeof made === 'object' && made !== null && 'wrong' in made;
}

/** Text that `parse` makes something of. */
export function parsed<T>(parse: (text: string) => T | Wrong, notText = 'put quotes around it') {
  return v.pipe(
    v.string(`it is not text\n${notText}`),
    v.rawTransform(({ dataset, addIssue, NEVER }): T => {
      const made = parse(dataset.value);
      if (!isWrong(made)) return made;
      addIssue({ message: made.wrong });
      return NEVER;
    }),
  );
}

/** An object that takes only `entries`. Its message is the list of its keys: complaints.ts makes words of it. */
export function section<const E extends v.ObjectEntries>(entries: E) {
  return mapOnly(v.strictObject(entries, Object.keys(entries).join(' ')));
}

/** To valibot a list is an object too. */
export function mapOnly<const S extends v.GenericSchema>(schema: S): S {
  return {
    ...schema,
    '~run'(dataset, config) {
      if (!Array.isArray(dataset.value)) return schema['~run'](dataset, config);
      v._addIssue(this, 'type', dataset, config);
      // What `_addIssue` wrote an issue to is no longer untested.
      return dataset as unknown as v.OutputDataset<v.InferOutput<S>, v.InferIssue<S>>;
    },
  };
}

export function maybe<const S extends v.GenericSchema>(schema: S, description: string) {
  return v.exactOptional(described(schema, description));
}

/** For editors. It stands before any transformation, since what comes after one is not part of the JSON Schema. */
export function described<const S extends v.GenericSchema>(schema: S, description: string): S {
  const [first, ...others] =
    'pipe' in schema && Array.isArray(schema.pipe) ? schema.pipe : [schema];
  return { ...schema, pipe: [first, v.description(description), ...others] };
}

export function numberBetween(least: number, most: number) {
  const message = `{} is not a whole number from ${least} to ${most}`;
  return v.pipe(
    v.number(),
    v.integer(message),
    v.minValue(least, message),
    v.maxValue(most, message),
  );
}

const REGEX_HINT =
  "regexes are Go's (RE2), best in single quotes: https://pkg.go.dev/regexp/syntax";

export const pattern = parsed<string>((text) => {
  if (text === '') return wrong('the regex is empty', "write '.*' for every event");
  if (/\p{Cc}/u.test(text)) {
    return wrong(
      'the regex holds a control character',
      "in double quotes YAML takes \\b for a backspace: use single quotes, '\\bword\\b'",
    );
  }
  const compiled = compilePattern(text);
  if ('error' in compiled) {
    return wrong(`{} is not a regular expression (${compiled.error})`, REGEX_HINT);
  }
  return text;
});

export const routeName = parsed<string>((text) =>
  /^[A-Za-z0-9._-]{1,64}$/.test(text)
    ? text
    : wrong('{} is not a name', 'names are 1 to 64 letters, digits, dots, - and _'),
);

export const routeUrl = parsed<Destination>((text) => {
  const destination = parseDestination(text);
  return 'error' in destination ? wrong(destination.error, destination.hint) : destination;
});

export function durationBetween(least: string, most: string) {
  const hint = `write it like 30s, 15m, 2h or 1d, from ${least} to ${most}`;
  const [leastMs = 0, mostMs = 0] = [parseDuration(least), parseDuration(most)];
  return parsed<number>((text) => {
    const ms = parseDuration(text);
    if (ms === undefined) return wrong('{} is not a duration', hint);
    if (ms < leastMs) return wrong('{} is too short', hint);
    return ms > mostMs ? wrong('{} is too long', hint) : ms;
  }, hint);
}

const MOST_COUNTED = 1_000_000;

const RATE_HINT = 'write how many a second, minute or hour, like 10/s, 100/m or 1000/h';
const EXPECT_HINT =
  'write how many events at least, and in how long, like 1 per 15m (from 1m to 30d)';

export const rate = parsed<Rate>((text) => {
  const [, count = '', unit = ''] = /^(\d{1,9})\s*\/\s*(s|m|h)$/.exec(text.trim()) ?? [];
  const perMs = parseDuration(`1${unit}`);
  if (perMs === undefined) return wrong('{} is not a rate', RATE_HINT);
  return countIn(count, perMs, RATE_HINT);
}, RATE_HINT);

export const expectation = parsed<Rate>((text) => {
  const [, count = '', time = ''] = /^(\d{1,9})\s+per\s+(\S+)$/.exec(text.trim()) ?? [];
  const perMs = parseDuration(time);
  if (perMs === undefined) return wrong('{} is not a number of events in a time', EXPECT_HINT);
  const fits = perMs >= 60_000 && perMs <= 30 * 86_400_000;
  return fits ? countIn(count, perMs, EXPECT_HINT) : wrong('the time does not fit', EXPECT_HINT);
}, EXPECT_HINT);

function countIn(count: string, perMs: number, hint: string): Rate | Wrong {
  if (Number(count) < 1) return wrong('{} is never', hint);
  return Number(count) > MOST_COUNTED
    ? wrong('{} is more than any receiver takes', hint)
    : { count: Number(count), perMs };
}

export const secret = parsed<{ readonly key: Buffer }>((text) => {
  const made = parseSecret(text);
  return 'error' in made ? wrong(made.error, made.hint) : made;
});

/** Ms since 1970. */
export const date = parsed<number>((text) => {
  const hint = 'write a day like 2027-01-31 (its start, UTC) or a time like 2027-01-31T12:00:00Z';
  if (parseDuration(text) !== undefined) return wrong('{} is not a date', hint);
  const at = parseInstant(text, 0);
  return typeof at === 'object' ? wrong('{} is not a date', hint) : at;
});

/** What `order: { key: … }` may name. */
export const dottedPath = parsed<string>((text) =>
  text.length <= 200 && /^[\w$-]+(?:\.[\w$-]+)*$/.test(text)
    ? text
    : wrong('{} is not a path', 'write keys and list indexes with dots, like target.0.id'),
);

export const proxy = parsed<URL | 'none'>((text) => {
  if (text.trim() === 'none') return 'none';
  const made = parseProxy(text);
  return made instanceof URL ? made : wrong(made.error, `${made.hint}, or none to go without`);
});

export const serverName = parsed<string>((text) =>
  /^(?=.{1,253}$)[A-Za-z0-9_](?:[A-Za-z0-9_-]*)(?:\.[A-Za-z0-9_-]+)*\.?$/.test(text)
    ? text
    : wrong(
        'it is not the name of a host',
        "write the name in the receiver's certificate, like hooks.example.com",
      ),
);
