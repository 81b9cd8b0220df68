/** One question to Okta, asked once: whether it answers, whether it lets us read, how its clock stands, how much it grants. */
import type { Clock } from '../clock.ts';
import { OktaError } from '../errors.ts';
import type { Log } from '../log.ts';
import { type Credentials, credentialsOf, type Identity } from './credentials.ts';
import { PageReader } from './page/page-reader.ts';
import { Position } from './place/position.ts';
import { RateBudget, rateOf } from './rate-limit.ts';
import { type Answer, OktaDoor } from './request.ts';
import { readRefusal, troubleOf, whereTo } from './trouble/refusal.ts';
import { Trouble } from './trouble/trouble.ts';

interface ProbeOptions {
  readonly org: URL;
  readonly identity: Identity;
  readonly clock: Clock;
  readonly log: Log;
  readonly userAgent: string;
  readonly filter?: string;
  readonly proxy?: URL;
}

export interface ProbeAnswer {
  /** Absent: Okta gave events, or an empty page. */
  readonly trouble?: Trouble | OktaError;
  /** By how much our clock is ahead of Okta's, ms; negative: behind. Absent where Okta sent no `Date`. */
  readonly aheadMs?: number;
  readonly rate?: Rate;
  /** The request went with a proof that the token is ours (DPoP). */
  readonly isProven?: boolean;
}

/** Of the window that the answer was made in. */
export interface Rate {
  readonly limit: number;
  readonly remaining: number;
  /** Until the window ends. */
  readonly resetMs?: number;
}

/** What was published less than this ago is asked for: one event of it at most. */
const LOOK_BACK_MS = 60_000;

/** Rejects only with what `signal` aborts with. */
export async function askOnce(options: ProbeOptions, signal: AbortSignal): Promise<ProbeAnswer> {
  let door: OktaDoor | undefined;
  try {
    const watched = watch(credentialsOf(options.identity, { ...options, random: Math.random }));
    const { credentials } = watched;
    const budget = new RateBudget(1);
    door = new OktaDoor({ ...options, credentials, budget, onWait: () => undefined });
    const answer = await ask(door, options, signal);
    return { ...answer, isProven: watched.isProven() };
  } catch (error) {
    if (error instanceof Trouble) return { trouble: error, ...clockOf(error, options.clock.now()) };
    if (error instanceof OktaError) return { trouble: error };
    throw error;
  } finally {
    await door?.close();
  }
}

/** The same credentials, and whether they have proven anything. */
function watch(inner: Credentials) {
  let isProven = false;
  const credentials: Credentials = {
    redact: (text) => inner.redact(text),
    permit: (request, door) => {
      const permit = inner.permit(request, door);
      const headers = async (signal: AbortSignal) => {
        const made = await permit.headers(signal);
        isProven ||= made.dpop !== undefined;
        return made;
      };
      return { headers, again: (answer) => permit.again(answer) };
    },
  };
  return { credentials, isProven: () => isProven };
}

async function ask(
  door: OktaDoor,
  { org, identity, clock, filter }: ProbeOptions,
  signal: AbortSignal,
): Promise<ProbeAnswer> {
  const since = clock.now() - LOOK_BACK_MS;
  const position = Position.start({ org, limit: 1, filter }, { since });
  const answer = await door.get(position.url, signal);
  return {
    ...factsOf(answer, clock.now()),
    ...troubleIn(answer, position, { org, door, kind: identity.kind }),
  };
}

/** `Date` has no fraction of a second: the middle of it is meant. */
const HALF_A_SECOND_MS = 500;

function factsOf({ oktaNowMs, headers }: Answer, now: number): Omit<ProbeAnswer, 'trouble'> {
  const rate = rateOf(
    {
      limit: headers['x-rate-limit-limit'],
      remaining: headers['x-rate-limit-remaining'],
      reset: headers['x-rate-limit-reset'],
    },
    oktaNowMs ?? now,
  );
  return {
    ...clockOf({ oktaNowMs }, now),
    ...(rate !== undefined && { rate }),
  };
}

function clockOf(
  { oktaNowMs }: { readonly oktaNowMs: number | undefined },
  now: number,
): Pick<ProbeAnswer, 'aheadMs'> {
  return oktaNowMs === undefined ? {} : { aheadMs: now - oktaNowMs - HALF_A_SECOND_MS };
}

function troubleIn(
  answer: Answer,
  { url, limit }: Position,
  {
    org,
    door,
    kind,
  }: { readonly org: URL; readonly door: OktaDoor; readonly kind: Identity['kind'] },
): Pick<ProbeAnswer, 'trouble'> {
  const redact = (text: string) => door.redact(text);
  if (answer.status !== 200) {
    const refusal = readRefusal(answer, { redact, kind });
    const fields = whereTo(answer, redact);
    return { trouble: troubleOf(refusal, { isLink: false, oktaNowMs: answer.oktaNowMs, fields }) };
  }
  try {
    new PageReader(org, redact).read(answer, { url, limit, bounded: false });
    return {};
  } catch (error) {
    if (error instanceof Trouble) return { trouble: error };
    throw error;
  }
}
