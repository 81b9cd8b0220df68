/** A service app as it is registered in a practice org. */
import type { JWK } from 'jose';

export interface PracticeApp {
  readonly clientId: string;
  /** Public keys; each needs a `kid` where there are several. */
  readonly keys: readonly JWK[];
  /** Whether tokens are given and taken with DPoP proofs only, as Okta's newer apps have it. Default: true. */
  readonly dpop?: boolean;
  /** Whether proofs for the log need a nonce too. Default: false, as at Okta. */
  readonly logNonce?: boolean;
  /** What it was granted. Default: okta.logs.read. */
  readonly scopes?: readonly string[];
  /** Default: 3600, as at Okta. */
  readonly tokenLifeS?: number;
}
