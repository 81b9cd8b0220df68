/**
 * Makes a page out of an answer, or a Trouble. A page that cannot be trusted is read again; only one that came five
 * times with the very same bytes is taken as far as it goes, and then everything of it that came is handed on.
 */
import { createHash } from 'node:crypto';
import { OktaError } from '../../errors.ts';
import type { LogEvent } from '../../event.ts';
import { single } from '../headers.ts';
import { type Links, readLinks } from '../link-header.ts';
import { logsPath, withoutQuery } from '../logs-path.ts';
import type { Answer } from '../request.ts';
import { brief, Trouble, type TroubleKind } from '../trouble/trouble.ts';
import { type CutPage, cutPage } from './event-slices.ts';

const READS_BEFORE_GIVING_UP = 5;

export interface Leftover {
  readonly raw: Buffer;
  readonly why: string;
}

export interface ReadPage {
  readonly events: readonly LogEvent[];
  /** Absent at the end of a bounded read, on an empty page, and where Okta never gave one that can be used. */
  readonly next: string | undefined;
  readonly leftovers: readonly Leftover[];
  readonly gaveUp?: GaveUp;
}

/** The page came bad too often. */
export interface GaveUp {
  readonly why: string;
  /** There was more of it, which never came. */
  readonly eventsMissing: boolean;
}

export interface Asked {
  readonly url: string;
  readonly limit: number;
  /** A bounded read: its last page has no next link. */
  readonly bounded: boolean;
}

interface Looked {
  readonly events: readonly LogEvent[];
  readonly rest: Buffer;
  readonly next: string | undefined;
  readonly fault: string | undefined;
}

export class PageReader {
  readonly #org: URL;
  readonly #redact: (text: string) => string;
  #badRead = '';
  #times = 0;

  constructor(org: URL, redact: (text: string) => string) {
    this.#org = org;
    this.#redact = redact;
  }

  /** `answer` has status 200. Throws a Trouble when it should be read again. */
  read(answer: Answer, asked: Asked): ReadPage {
    const { cutShort } = answer;
    if (cutShort?.kind === 'stalled' || (cutShort !== undefined && answer.raw.length === 0)) {
      throw new Trouble(this.#shown(cutShort.why), { kind: 'unreachable' });
    }
    const looked = this.#look(answer, asked);
    if (looked.fault !== undefined) return this.#faulty(answer, asked, looked, looked.fault);
    this.#times = 0;
    return { events: looked.events, next: looked.next, leftovers: [] };
  }

  #look(answer: Answer, asked: Asked): Looked {
    const page = cutPage(answer.raw);
    const links = readLinks(answer.headers.link);
    const next = this.#usable(links.byRel.get('next'), asked, page.events.length);
    const lost = next === undefined && page.events.length > 0 && linkIsMissing(asked, page, links);
    const fault =
      answer.cutShort?.why ??
      page.fault?.why ??
      links.fault ??
      (lost ? 'it has no next link that leads on' : undefined);
    return { events: page.events, rest: page.fault?.rest ?? Buffer.alloc(0), next, fault };
  }

  #faulty(answer: Answer, asked: Asked, looked: Looked, fault: string): ReadPage {
    const why = this.#shown(fault);
    const { events, rest, next } = looked;
    const nothingOfIt = events.length === 0 && next === undefined;
    if (nothingOfIt || this.#timesRead(asked.url, answer.raw) < READS_BEFORE_GIVING_UP) {
      const isNoPage = events.length === 0 && answer.headers.link === undefined;
      throw this.#trouble(answer, why, isNoPage ? 'not-events' : 'bad-page');
    }
    // A bounded read has nowhere to go on from; polling reads on from a little earlier, and recognises what it knows.
    if (next === undefined && asked.bounded) throw this.#trouble(answer, why, 'bad-page');
    this.#times = 0;
    return {
      events,
      next,
      leftovers: rest.length > 0 ? [{ raw: rest, why }] : [],
      gaveUp: { why, eventsMissing: answer.cutShort !== undefined },
    };
  }

  /** A link that leads away is refused here, before anything is taken from the page: the position stays. */
  #usable(next: string | undefined, asked: Asked, events: number): string | undefined {
    if (next === undefined) return undefined;
    const absolute =
      next.startsWith('/') && !next.startsWith('//') ? this.#org.origin + next : next;
    try {
      logsPath(this.#org, absolute);
    } catch (error) {
      if (!(error instanceof OktaError)) throw error;
      const why = `its next link leads to ${this.#shown(withoutQuery(absolute))}`;
      throw new Trouble(why, { kind: 'foreign-link', hint: error.hint, cause: error });
    }
    // A page of events that leads back to itself would be read for ever.
    return absolute === asked.url && events > 0 ? undefined : absolute;
  }

  /** How many times in a row exactly these bytes have come for this URL. */
  #timesRead(url: string, raw: Buffer): number {
    const read = createHash('sha256').update(url).update('\n').update(raw).digest('base64');
    this.#times = read === this.#badRead ? this.#times + 1 : 1;
    this.#badRead = read;
    return this.#times;
  }

  #trouble(answer: Answer, why: string, kind: TroubleKind): Trouble {
    const contentType = single(answer.headers['content-type']);
    const fields = {
      bytes: answer.raw.length,
      ...(contentType !== undefined && { contentType: this.#shown(contentType) }),
    };
    return new Trouble(why, { kind, fields });
  }

  #shown(text: string): string {
    return brief(this.#redact(text));
  }
}

/** Polling always has a next link; a bounded read has none on its last page, but there is always one to itself. */
function linkIsMissing(asked: Asked, page: CutPage, links: Links): boolean {
  if (!asked.bounded) return true;
  return page.events.length >= asked.limit && links.byRel.size === 0;
}
