/** Three events of a route, of different types where it has them, each type's newest. */
import type { LogEvent } from '../../event.ts';
import { type EventSummary, summaryOf } from './event-summary.ts';

const MOST = 3;

export class Samples {
  /** Of the first three types, the newest three each; an event's bytes are kept only until its page is let go. */
  readonly #byType = new Map<string, (LogEvent | EventSummary)[]>();

  take(event: LogEvent): void {
    const type = event.eventType ?? '';
    const known = this.#byType.get(type);
    if (known === undefined) {
      if (this.#byType.size < MOST) this.#byType.set(type, [event]);
      return;
    }
    known.push(event);
    if (known.length > MOST) known.shift();
  }

  /** Keeps what is to be shown of them and lets their bytes go, which hold those of a whole page. */
  letGo(): void {
    for (const events of this.#byType.values()) {
      events.forEach((event, index) => {
        events[index] = shown(event);
      });
    }
  }

  /** At most three, oldest first: each type's newest, then what else there is. */
  get all(): readonly EventSummary[] {
    const newestFirst = [...this.#byType.values()].map((events) => events.map(shown).reverse());
    const ranks = Array.from({ length: MOST }, (_, rank) => newestFirst.map((type) => type[rank]));
    return ranks
      .flat()
      .filter((event) => event !== undefined)
      .slice(0, MOST)
      .sort((a, b) => (a.published ?? '').localeCompare(b.published ?? ''));
  }
}

function shown(event: LogEvent | EventSummary): EventSummary {
  return 'raw' in event ? summaryOf(event) : event;
}
