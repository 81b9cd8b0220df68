/** Headers that a person adds to a route's requests. Values may be secrets: no message repeats one. */
import * as v from 'valibot';
import { isReservedHeader } from '../../delivery/route-headers.ts';
import { mapOnly } from './fields.ts';

const MOST = 64;
/** RFC 9110, section 5.6.2. */
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}$/;

const REASONS: Readonly<Record<string, string>> = {
  'content-length': 'loghook counts the bytes itself',
  host: "it comes from the route's url",
  'proxy-authorization': 'put the user name and password into the URL of `proxy`',
};

const value = v.pipe(
  v.string(),
  v.rawTransform(({ dataset, addIssue, NEVER }) => {
    const text = dataset.value.trim();
    if (/[^\t\x20-\x7e\x80-\xff]/.test(text)) {
      const hint = 'a header is one line of Latin letters: was more than the value copied?';
      addIssue({ message: `the value holds a character that no header can carry\n${hint}` });
      return NEVER;
    }
    return text;
  }),
);

/** Names and values, in the order written. */
export const headers = v.pipe(
  mapOnly(v.record(v.string(), value)),
  v.rawCheck(({ dataset, addIssue }) => {
    const input = typeof dataset.value === 'object' && dataset.value !== null ? dataset.value : {};
    const seen = new Set<string>();
    for (const key of Object.keys(input)) {
      const message = faultOf(key, seen);
      seen.add(key.toLowerCase());
      const path = [{ type: 'object', origin: 'key', input: {}, key, value: undefined }] as const;
      if (message !== undefined) addIssue({ message, path: [...path] });
    }
    if (seen.size > MOST) addIssue({ message: `there are more than ${MOST}\nleave some out` });
  }),
  v.transform((map): readonly (readonly [name: string, value: string])[] => Object.entries(map)),
);

function faultOf(written: string, seen: ReadonlySet<string>): string | undefined {
  const name = written.toLowerCase();
  if (!TOKEN.test(written)) {
    return 'this is not the name of a header\nnames are letters, digits and -, like X-Api-Key';
  }
  if (seen.has(name)) return `${name} stands here twice\nkeep one`;
  return isReservedHeader(name) ? `${name} cannot be set\n${reasonOf(name)}` : undefined;
}

function reasonOf(name: string): string {
  if (/^(webhook|loghook)-/.test(name)) return 'loghook writes it for each attempt';
  return REASONS[name] ?? 'it belongs to the connection, which loghook looks after';
}
