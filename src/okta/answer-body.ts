/**
 * Reads the body of an answer within limits. A body that ends too early is not an error here: what came is kept, with
 * the reason, because a page that is always cut at the same byte still holds whole events.
 */
import { Readable } from 'node:stream';
import { constants, createGunzip } from 'node:zlib';
import { codeOf, reasonOf } from '../errors.ts';

export interface AnswerBody {
  readonly raw: Buffer;
  /** Why `raw` is not the whole body, if it is not. */
  readonly cutShort?: { readonly kind: CutKind; readonly why: string };
}

/** `stalled`: it never came to an end; `ended`: the other side ended it too early; `too-large`; `encoding`. */
type CutKind = 'stalled' | 'ended' | 'too-large' | 'encoding';

export interface BodyLimits {
  /** Both of what comes over the wire and of what it inflates to. */
  readonly maxBytes: number;
  /** True once the whole answer has taken too long; asked at each chunk. */
  readonly tooLate: () => boolean;
}

/** A full page is about 2.5 MB; at zlib's default of 16 KiB most of the time goes into handing chunks over. */
const CHUNK_BYTES = 256 * 1024;
const MOST_CHUNK_BYTES = 8 * 1024 * 1024;
/** The least that zlib takes. */
const LEAST_CHUNK_BYTES = 64;

const STALLED = new Set(['UND_ERR_BODY_TIMEOUT', 'UND_ERR_ABORTED', 'ABORT_ERR']);

/** Never rejects. `encoding` is the answer's Content-Encoding; only gzip was asked for. */
export async function readBody(
  source: AsyncIterable<Uint8Array>,
  encoding: string | undefined,
  limits: BodyLimits,
): Promise<AnswerBody> {
  const wire = await collect(source, limits);
  const name = encoding?.trim().toLowerCase() ?? '';
  if (name === '' || name === 'identity') return wire;
  if (name !== 'gzip' && name !== 'x-gzip') {
    const why = 'it came in an encoding that was not asked for';
    return { raw: wire.raw, cutShort: wire.cutShort ?? { kind: 'encoding', why } };
  }
  if (wire.raw.length === 0) return wire;
  const inflated = await inflate(wire.raw, limits);
  return wire.cutShort === undefined ? inflated : { ...inflated, cutShort: wire.cutShort };
}

/** Inflates what is there: with a sync flush at the end, a stream that was cut gives what it held up to the cut. */
async function inflate(wire: Buffer, limits: BodyLimits): Promise<AnswerBody> {
  const gunzip = createGunzip({ finishFlush: constants.Z_SYNC_FLUSH, chunkSize: chunkFor(wire) });
  const body = await collect(Readable.from([wire]).pipe(gunzip), limits);
  if (body.cutShort?.kind !== 'ended') return body;
  return { raw: body.raw, cutShort: { kind: 'encoding', why: 'its gzip data is damaged' } };
}

/**
 * Room for all of it in one chunk, which then need not be copied: a gzip ends with the size of what it holds (RFC 1952).
 * One that was cut ends with anything; nothing relies on it.
 */
function chunkFor(wire: Buffer): number {
  const bytes = wire.length < 4 ? 0 : wire.readUInt32LE(wire.length - 4) + 1;
  return bytes > MOST_CHUNK_BYTES ? CHUNK_BYTES : Math.max(bytes, LEAST_CHUNK_BYTES);
}

async function collect(
  source: AsyncIterable<Uint8Array>,
  { maxBytes, tooLate }: BodyLimits,
): Promise<AnswerBody> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  const cut = (kind: CutKind, why: string) => ({
    raw: joined(chunks),
    cutShort: { kind, why },
  });
  try {
    for await (const chunk of source) {
      size += chunk.length;
      if (size > maxBytes) {
        chunks.push(chunk.subarray(0, chunk.length - (size - maxBytes)));
        return cut('too-large', `it is larger than ${maxBytes} bytes`);
      }
      chunks.push(chunk);
      if (tooLate()) return cut('stalled', 'it took too long');
    }
  } catch (error) {
    const kind = STALLED.has(codeOf(error) ?? '') ? 'stalled' : 'ended';
    return cut(kind, `it was cut short: ${reasonOf(error)}`);
  }
  return { raw: joined(chunks) };
}

/** A chunk that fills its memory is taken as it is. */
function joined(chunks: readonly Uint8Array[]): Buffer {
  const [first] = chunks;
  if (first === undefined || chunks.length > 1 || first.length < first.buffer.byteLength / 2) {
    return Buffer.concat(chunks);
  }
  return Buffer.from(first.buffer, first.byteOffset, first.length);
}
