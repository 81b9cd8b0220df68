/** The events that every row sends: the same bytes for loghook and for what it is compared with. */
import { practiceEvents } from '../src/practice/events.ts';

/** Bodies are made once and repeated with another uuid, so that a million of them can be made in seconds. */
const DISTINCT = 1_000;

/** All of one instant. */
export function* benchEvents(count: number, from = Date.now() - 60_000): Generator<Buffer> {
  const source = practiceEvents(1, { from, everyMs: 0 });
  const bodies = Array.from({ length: Math.min(count, DISTINCT) }, () => source.next().value);
  for (let index = 0; index < count; index += 1) {
    const body = bodies[index % DISTINCT]!;
    yield index < DISTINCT ? body : withUuid(body, index);
  }
}

function withUuid(body: Buffer, index: number): Buffer {
  const copy = Buffer.from(body);
  const at = copy.indexOf('"uuid":"') + '"uuid":"'.length;
  copy.write(index.toString(16).padStart(8, '0'), at, 'latin1');
  return copy;
}
