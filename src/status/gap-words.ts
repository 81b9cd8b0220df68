/** What each kind of gap means, in words, and what to do. */

/** What may be missing was published between `fromMs` and `toMs`, ms since 1970. */
export interface ToldGap {
  readonly kind: 'refused-link' | 'beyond-retention' | 'unreadable-page';
  readonly fromMs?: number;
  readonly toMs?: number;
  readonly why: string;
}

interface Words {
  readonly short: string;
  /** `{from}` and `{to}` stand for the range. */
  readonly long: string;
  readonly next: string;
}

const WORDS: Readonly<Record<ToldGap['kind'], Words>> = {
  'refused-link': {
    short: 'refused link; read again with an overlap',
    long: 'The place in the log where loghook had come to was refused, so the log was read again from {from} on, ten minutes before the last event.',
    next: 'Only what reached the log later than that can be missing.',
  },
  'beyond-retention': {
    short: 'older than okta keeps; not read',
    long: 'Events published from {from} to {to} cannot be read any more: they are older than Okta keeps them.',
    next: 'If you need them, look where the log is archived.',
  },
  'unreadable-page': {
    short: 'unreadable page; see loghook dead list',
    long: 'Okta sent a page that cannot be read. Its whole events were taken, and the bytes that are none are kept: see `loghook dead list`.',
    next: "Compare with the org's own log from {from} to {to}.",
  },
};

/** A few words for a list. */
export function gapInShort({ kind }: ToldGap): string {
  return WORDS[kind].short;
}

/** What happened and what to do, without why. */
export function gapInWords({ kind, fromMs, toMs }: ToldGap): string {
  const { long, next } = WORDS[kind];
  return `${long} ${next}`.replace('{from}', iso(fromMs)).replace('{to}', iso(toMs));
}

function iso(at: number | undefined): string {
  return at === undefined ? 'an unknown time' : new Date(at).toISOString();
}
