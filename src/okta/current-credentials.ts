/**
 * Who loghook is to Okta while the log is read: another at once when a person changes it, and by itself when Okta refuses
 * one and another stands in its place. What was sent of earlier ones stays secret.
 */
import {
  type Credentials,
  type CredentialsSurroundings,
  credentialsOf,
  type Identity,
  isSameIdentity,
  type OktaRequest,
  type Permit,
  type TokenDoor,
} from './credentials.ts';

/** Where it was found, in words; nothing of it. */
interface IdentityFound {
  readonly identity: Identity;
  readonly from: string;
}

/** What stands by now where the identity was read from; undefined if it cannot be used. Never rejects. */
export type IdentityAnew = () => Promise<IdentityFound | undefined>;

interface CurrentCredentialsOptions extends Omit<CredentialsSurroundings, 'isReplaced'> {
  readonly identityAnew?: IdentityAnew;
}

/** Of so many earlier ones something may still be under way. */
const KEPT = 3;

export class CurrentCredentials implements Credentials {
  readonly #options: CurrentCredentialsOptions;
  #identity: Identity;
  #credentials: Credentials;
  #earlier: readonly Credentials[] = [];
  #askedAs: Identity;
  /** It came in the place of a refused one, and Okta has not taken it yet. */
  #isReplacement = false;

  /** Throws an OktaError if `identity` cannot be one. */
  constructor(identity: Identity, options: CurrentCredentialsOptions) {
    this.#options = options;
    this.#identity = identity;
    this.#askedAs = identity;
    this.#credentials = this.#open(identity);
  }

  /** Who the last request was made as. */
  get askedAs(): Identity {
    return this.#askedAs;
  }

  /** From the next request on. False: it is the same. Throws an OktaError if it cannot be one, and the old one stays. */
  take(identity: Identity): boolean {
    if (isSameIdentity(identity, this.#identity)) return false;
    const credentials = this.#open(identity);
    this.#earlier = [this.#credentials, ...this.#earlier].slice(0, KEPT);
    this.#credentials = credentials;
    this.#identity = identity;
    return true;
  }

  /**
   * Okta refused the last request: takes what stands in the place of its credentials by now. False: nothing else does, or
   * Okta refused what did.
   */
  async replaceRefused(): Promise<boolean> {
    this.#isReplacement = !this.#isReplacement && (await this.#replace(this.#askedAs));
    return this.#isReplacement;
  }

  permit(request: OktaRequest, door: TokenDoor): Permit {
    this.#askedAs = this.#identity;
    const permit = this.#credentials.permit(request, door);
    return {
      headers: (signal) => permit.headers(signal),
      again: (answer) => {
        if (answer.status === 200) this.#isReplacement = false;
        return permit.again(answer);
      },
    };
  }

  redact(text: string): string {
    const all = [this.#credentials, ...this.#earlier];
    return all.reduce((rest, credentials) => credentials.redact(rest), text);
  }

  /** True once another identity than `refused` is in use; a person may bring one while the place is looked at, too. */
  async #replace(refused: Identity): Promise<boolean> {
    const isReplaced = () => refused !== this.#identity;
    if (isReplaced()) return true;
    const found = await this.#options.identityAnew?.();
    if (isReplaced()) return true;
    if (found === undefined || !this.take(found.identity)) return false;
    this.#options.log.info(
      { [found.identity.kind === 'token' ? 'tokenFrom' : 'keyFrom']: found.from },
      'okta refused the credentials, going on with those that stand in their place',
    );
    return true;
  }

  #open(identity: Identity): Credentials {
    const { org, clock, log, random } = this.#options;
    const isReplaced = () => this.#replace(identity);
    return credentialsOf(identity, { org, clock, log, random, isReplaced });
  }
}
