/** What loghook.yaml may hold: checked with it, and described by it to editors (loghook.schema.json). */
import * as v from 'valibot';
import { pattern, routeName, routeUrl } from './fields.ts';

/** An object that takes only `entries`. Its message is the list of its keys: complaints.ts makes words of it. */
function section<const E extends v.ObjectEntries>(entries: E) {
  return v.strictObject(entries, Object.keys(entries).join(' '));
}

const route = section({
  name: v.pipe(routeName, v.description('What people see and type; its queue goes by it.')),
  match: v.pipe(
    v.union([
      pattern,
      v.pipe(v.array(pattern), v.minLength(1, 'it is empty\nwrite .* for every event')),
    ]),
    v.description(
      'One regex (Go/RE2) or several, found anywhere in the event type. Anchor it: ^user\\.session\\.start$',
    ),
  ),
  url: v.pipe(routeUrl, v.description('Where events are sent. Two routes may have the same URL.')),
});

export type RouteInput = v.InferOutput<typeof route>;

export const fileSchema = section({
  $schema: v.exactOptional(
    v.pipe(v.string(), v.description('For editors; loghook does not read it.')),
  ),
  routes: v.pipe(
    v.array(route),
    v.minLength(1, 'it holds no routes\nwrite - name: …, match: … and url: … below it'),
  ),
});

export type FileInput = v.InferOutput<typeof fileSchema>;
