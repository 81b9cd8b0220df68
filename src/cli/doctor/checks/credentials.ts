/** Whether Okta lets these credentials read its System Log, and if not, which of the many reasons it is. */
import type { Identity } from '../../../okta/credentials.ts';
import type { ProbeAnswer } from '../../../okta/probe.ts';
import { Trouble } from '../../../okta/trouble/trouble.ts';
import { when } from '../../words/time.ts';
import { type Finding, type FindingId, finding } from '../finding.ts';
import type { Scene } from '../scene.ts';

type Refused = NonNullable<ProbeAnswer['trouble']>;

const KINDS: Readonly<Record<Identity['kind'], string>> = {
  token: 'an API token',
  app: 'a service app',
};

export async function checkCredentials(scene: Scene): Promise<readonly Finding[]> {
  const { identity } = scene.config;
  if (identity === undefined) return [untested('there are no credentials that could be used')];
  return [await asked(identity, scene), ...(identity.kind === 'token' ? idle(scene) : [])];
}

async function asked({ kind }: Identity, scene: Scene): Promise<Finding> {
  const answer = await scene.oktaAnswer();
  if (answer === undefined) return untested(scene.spentWhy ?? NOT_REACHED);
  if (answer.trouble !== undefined) return refused(answer.trouble, kind);
  const proven = answer.isProven === true ? ', with proofs of possession (DPoP)' : '';
  return finding('credentials-good', `${KINDS[kind]} that may read the System Log${proven}`);
}

const NOT_REACHED = 'Okta was not reached, so it was not asked';

const DAY_MS = 86_400_000;
const IDLE_MS = 20 * DAY_MS;

/** Each use gives a token 30 days more, the question that was just asked too: what is said is that nobody else did. */
function idle({ state, clock }: Scene): Finding[] {
  const polledAt = state.standing?.cursor?.readAt;
  if (polledAt === undefined || clock.now() - polledAt <= IDLE_MS) return [];
  const found = `loghook last polled ${when(polledAt, clock.now())}: a token dies after 30 days without use`;
  return [finding('token-idle', found, 'let loghook run, or make a new token when you need it')];
}

function untested(why: string): Finding {
  return finding('credentials-untested', why, 'mend what is said above, then ask again');
}

const GRANT =
  'grant the app the scope okta.logs.read in Okta: Applications > the app > Okta API Scopes';
const READ_ROLE =
  'give its owner a role that can read the System Log, such as Read-Only Administrator; if it has one, check that its network zone lets this machine in';

function refused(trouble: Refused, identity: Identity['kind']): Finding {
  const { message, hint, status, kind } = trouble;
  if (kind !== 'credentials' && status !== 429) {
    const id = kind === 'request' ? 'okta-refused' : 'okta-odd';
    const found = `Okta ${saidOf(trouble)}: ${message}${whereTo(trouble)}`;
    return finding(id, found, hint ?? ODD[kind] ?? ODD_ANSWER);
  }
  if (status === 429) {
    const found = 'Okta refused the question over its rate limit';
    return finding('credentials-untested', found, 'ask again in a minute');
  }
  const [id, fix] = refusalOf(trouble);
  const better = identity === 'app' ? (hint ?? fix) : (fix ?? hint);
  return finding(id, `Okta refused the credentials: ${message}`, better);
}

/** Where a redirect leads: often the org's own address. */
function whereTo(trouble: Refused): string {
  const to = trouble instanceof Trouble ? trouble.fields.to : undefined;
  return typeof to === 'string' ? ` to ${to}` : '';
}

function saidOf({ kind, status }: Refused): string {
  if (kind === 'not-events') return 'answered with something else than events';
  return kind === 'unreachable' && status === undefined ? 'did not answer' : 'answered';
}

const ODD_ANSWER =
  'see https://status.okta.com, and what stands between: a proxy or a sign-in page';
const ODD: Readonly<Record<string, string>> = {
  redirect: 'check OKTA_ORG_URL: a redirect is never followed',
  'foreign-link': 'set OKTA_ORG_URL to the address that Okta links to, if the org has moved there',
};

/** What OAuth names (RFC 6749 section 5.2, RFC 6750 section 3.1, RFC 9449 section 5). */
const OAUTH: Readonly<Record<string, readonly [FindingId, fix?: string]>> = {
  insufficient_scope: ['credentials-scope', GRANT],
  invalid_scope: ['credentials-scope', GRANT],
  consent_required: ['credentials-scope', GRANT],
  access_denied: ['credentials-scope', GRANT],
  invalid_dpop_proof: [
    'credentials-dpop',
    "check this machine's clock: a proof of possession (DPoP) holds for a moment only",
  ],
};

function refusalOf({ status, oktaCode = '' }: Refused): readonly [FindingId, fix?: string] {
  const named = OAUTH[oktaCode];
  if (named !== undefined) return named;
  if (oktaCode === 'E0000006') return ['credentials-role', READ_ROLE];
  return status === 403 ? ['credentials-zone'] : ['credentials-refused'];
}
