/** The daemon's admin server, asked as Prometheus and a load balancer ask it: whatever happens, it answers. */
import { parseScrape } from '../support/scrape.ts';

/** For a machine that is busy; what does not answer at all is found all the same. */
const PATIENCE_MS = 60_000;

/** Why it is not well, in its words; none when it is. Rejects when it does not answer, or leaves one of `orgs` out. */
export async function askAdmin(
  address: string,
  orgs: readonly string[],
): Promise<readonly string[]> {
  const metrics = await ask(`http://${address}/metrics`, [200]);
  const scrape = parseScrape(metrics);
  const health: { reasons: readonly string[]; orgs: readonly { org: string }[] } = JSON.parse(
    await ask(`http://${address}/healthz`, [200, 503]),
  );
  for (const org of orgs) {
    const isMeasured = scrape.value('loghook_healthy', { org }) !== undefined;
    const isJudged = health.orgs.some((one) => one.org === org);
    if (!isMeasured) throw new Error(`/metrics does not speak of ${org}:\n${metrics}`);
    if (!isJudged) throw new Error(`/healthz does not speak of ${org}: ${JSON.stringify(health)}`);
  }
  return health.reasons;
}

async function ask(url: string, statuses: readonly number[]): Promise<string> {
  const response = await fetch(url, { signal: AbortSignal.timeout(PATIENCE_MS) });
  const text = await response.text();
  if (statuses.includes(response.status)) return text;
  throw new Error(`${url} answered ${response.status}: ${text}`);
}
