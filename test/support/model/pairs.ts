/** What the oracle knows: the events that the org wrote, and of each what it is owed to. */

export interface Written {
  readonly raw: Buffer;
  readonly eventType: string;
  readonly publishedAt: number;
  readonly persistedAt: number;
  /** Whom it is about: the first target that is a user, else who acted. */
  readonly whom: string | undefined;
  committed: boolean;
}

/** One event on one route. Instants by a clock that only moves forward. */
export interface Pair {
  readonly id: string;
  readonly path: string;
  readonly event: Written;
  /** Its place in the log. */
  readonly seq: number;
  /** Which row of the state it is owed under. */
  home: string;
  /** Rows that a person moved it away from. */
  left: Set<string>;
  owedAt: number;
  attempts: number;
  failures: number;
  /** The last answer was a plain 2xx, and no crash has come since. */
  accepted: boolean;
  /** Some answer was a 2xx, or may have been taken for one. */
  everAccepted: boolean;
  recorded: 'delivered' | 'dead' | 'dropped' | undefined;
  recordedAt: number;
  /** A person asked for it to be sent again. */
  isReplay: boolean;
  /** Another process owed it again, and the daemon cannot have seen it yet. */
  isNews: boolean;
  /** So many attempts of others of its lane may still come first: what was out when the daemon saw it. */
  passes: number;
  /** It is out until its outcome is recorded; the receiver had not answered it before `answerAt`. */
  flight: { answerAt: number; readonly attempt: number | undefined } | undefined;
}

export function readWritten(raw: Buffer, persistedAt: number): Written & { readonly id: string } {
  const event = JSON.parse(raw.toString());
  const targets: { id?: string; type?: string }[] = event.target ?? [];
  const user = targets.find(({ type }) => type === 'User');
  return {
    id: event.uuid,
    raw,
    eventType: event.eventType,
    publishedAt: Date.parse(event.published),
    persistedAt,
    whom: user?.id ?? event.actor?.id,
    committed: false,
  };
}

export function newPair(
  parts: Pick<Pair, 'id' | 'path' | 'event' | 'seq' | 'home' | 'owedAt'>,
): Pair {
  return {
    ...parts,
    left: new Set(),
    attempts: 0,
    failures: 0,
    accepted: false,
    everAccepted: false,
    recorded: undefined,
    recordedAt: 0,
    isReplay: false,
    isNews: false,
    passes: 0,
    flight: undefined,
  };
}
