/**
 * The single values of loghook.yaml. A message is `what is wrong` and, behind a line break, what to do; `{}` in it stands
 * for what was written, which complaints.ts puts there only where it cannot be a secret.
 */
import * as v from 'valibot';
import { compilePattern } from '../../routing/pattern.ts';
import { type Destination, parseDestination } from '../../routing/route.ts';

export function wrong(message: string, hint: string): { readonly wrong: string } {
  return { wrong: `${message}\n${hint}` };
}

/** Text that `parse` makes something of. */
export function parsed<T>(parse: (text: string) => T | { readonly wrong: string }) {
  return v.pipe(
    v.string(),
    v.rawTransform(({ dataset, addIssue, NEVER }): T => {
      const made = parse(dataset.value);
      if (typeof made !== 'object' || made === null || !('wrong' in made)) return made;
      addIssue({ message: made.wrong });
      return NEVER;
    }),
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
  if ('error' in compiled)
    return wrong(`{} is not a regular expression (${compiled.error})`, REGEX_HINT);
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
