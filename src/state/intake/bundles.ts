/**
 * Event bytes on disk: once each, however many routes want them, about 64 KiB of consecutive events to a bundle. A
 * row an event would cost three times as much to write and to free. When the last delivery that needs one of its
 * events is settled, a bundle becomes history: it is kept for replays until it is too old or its room is wanted.
 */
import { asBuffer, asNumber, type Database, type Row, type Statement } from '../database/sqlite.ts';

const BUNDLE_BYTES = 64 * 1024;
/** Deliveries of a bundle are read one after the other: a few kept in memory serve nearly all of them. */
const KEPT = 8;

/** Where an event's bytes lie. */
export interface Place {
  /** The bundle's id: the seq of its first event. */
  readonly bundle: number;
  readonly at: number;
  readonly size: number;
}

/** The place in a row of `events` that has one. */
export function toPlace(row: Row | undefined): Place {
  return { bundle: asNumber(row?.bundle), at: asNumber(row?.at), size: asNumber(row?.size) };
}

/** Gathers the bytes of one intake into bundles. */
export class BundleWriter {
  readonly #bundles: Bundles;
  #pieces: Buffer[] = [];
  #bytes = 0;
  #refs = 0;
  #id = 0;

  constructor(bundles: Bundles) {
    this.#bundles = bundles;
  }

  /** Where the bytes of the event at `seq` would go; takes nothing yet. */
  placeFor(seq: number, size: number): Place {
    if (this.#bytes >= BUNDLE_BYTES) this.finish();
    if (this.#pieces.length === 0) this.#id = seq;
    return { bundle: this.#id, at: this.#bytes, size };
  }

  /** Takes the bytes that `placeFor` was asked for last, needed by `refs` deliveries. */
  add(raw: Buffer, refs: number): void {
    this.#pieces.push(raw);
    this.#bytes += raw.length;
    this.#refs += refs;
  }

  /** Writes what was gathered. To be called once after the last event. */
  finish(): void {
    if (this.#pieces.length === 0) return;
    this.#bundles.store(this.#id, this.#pieces, this.#refs);
    this.#pieces = [];
    this.#bytes = 0;
    this.#refs = 0;
  }
}

export class Bundles {
  readonly #sql: (text: string) => Statement;
  /** The bundles read last, newest at the end. */
  readonly #read = new Map<number, Buffer>();
  /** Where the next bundle is put together: memory of its own for each would be garbage as large as the pages. */
  readonly #workbench = Buffer.allocUnsafeSlow(2 * BUNDLE_BYTES);

  constructor(database: Database) {
    this.#sql = (text) => database.prepare(text);
  }

  store(id: number, pieces: readonly Buffer[], refs: number): void {
    const raw = this.#joined(pieces);
    this.#sql('INSERT INTO bundles (id, raw) VALUES (?, ?)').run(id, raw);
    this.#sql('INSERT INTO bundle_refs (id, refs, bytes) VALUES (?, ?, ?)').run(
      id,
      refs,
      raw.length,
    );
  }

  /** The event's bytes, over memory that it shares with its neighbours. */
  bytesAt({ bundle, at, size }: Place): Buffer {
    return this.#bundle(bundle).subarray(at, at + size);
  }

  /** `count` deliveries need their events of this bundle no more. */
  release(id: number, count = 1): void {
    this.#sql('UPDATE bundle_refs SET refs = refs - ? WHERE id = ?').run(count, id);
  }

  /** `count` more deliveries need an event of this bundle. False when its bytes are gone. */
  retain(id: number, count = 1): boolean {
    return (
      this.#sql('UPDATE bundle_refs SET refs = refs + ? WHERE id = ?').run(count, id).changes > 0
    );
  }

  /** Good until the next call. */
  #joined(pieces: readonly Buffer[]): Buffer {
    const bytes = pieces.reduce((sum, piece) => sum + piece.length, 0);
    if (bytes > this.#workbench.length) return Buffer.concat(pieces, bytes);
    let at = 0;
    for (const piece of pieces) at += piece.copy(this.#workbench, at);
    return this.#workbench.subarray(0, at);
  }

  #bundle(id: number): Buffer {
    const known = this.#read.get(id);
    if (known !== undefined) return known;
    const row = this.#sql('SELECT raw FROM bundles WHERE id = ?').get(id);
    const raw = asBuffer(row?.raw);
    this.#read.set(id, raw);
    const [oldest] = this.#read.keys();
    if (this.#read.size > KEPT && oldest !== undefined) this.#read.delete(oldest);
    return raw;
  }
}
