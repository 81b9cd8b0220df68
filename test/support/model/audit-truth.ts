/** The sums of an audit as the oracle knows them, and where an audit says otherwise. */
import type { Tally, Term } from '../../../src/cli/audit/tally.ts';
import type { Deed } from './deeds.ts';
import type { Written } from './pairs.ts';
import { homeOf, type Paper, type PaperRoute } from './paper.ts';
import type { World } from './world.ts';

export type Listed = Written & { readonly id: string };

/** What the oracle knows of one route. */
interface Truth {
  readonly terms: Record<Exclude<Term, 'missing'>, number>;
  /** Not read yet: not wanted or, if the routes of that time want them, missing. */
  readonly unread: number;
  /**
   * Of these, those that it wanted by every file that there ever was; and those that any file wanted for its URL: when
   * loghook.csv becomes loghook.yaml, a route is the same one under another name.
   */
  readonly least: number;
  readonly most: number;
  readonly unlisted: number;
}

export function truthOf(
  world: World,
  home: string,
  { listed, lost }: { readonly listed: readonly Listed[]; readonly lost: readonly Listed[] },
): Truth {
  const terms = { delivered: 0, notWanted: 0, dead: 0, dropped: 0, moved: 0, owed: 0 };
  const path = home.slice(home.indexOf(' ') + 1);
  for (const { id } of listed.filter(({ committed }) => committed)) {
    const pair = world.oracle.pair(path, id);
    if (pair?.home === home) terms[pair.recorded ?? 'owed'] += 1;
    else terms[pair?.left.has(home) === true ? 'moved' : 'notWanted'] += 1;
  }
  const unread = listed.filter(({ committed }) => !committed);
  const isHome = ({ kind }: Paper, route: PaperRoute) => homeOf(kind, route.path) === home;
  const isPath = (_: Paper, route: PaperRoute) => route.path === path;
  const unlisted = lost.filter(({ id }) => world.oracle.pair(path, id)?.home === home).length;
  return {
    terms,
    unread: unread.length,
    least: unread.filter(({ eventType }) =>
      world.papers.every((paper) => wants(paper, eventType, isHome)),
    ).length,
    most: unread.filter(({ eventType }) =>
      world.papers.some((paper) => wants(paper, eventType, isPath)),
    ).length,
    unlisted,
  };
}

function wants(
  paper: Paper,
  eventType: string,
  isIt: (paper: Paper, route: PaperRoute) => boolean,
): boolean {
  return paper.routes.some((route) => isIt(paper, route) && route.pattern.test(eventType));
}

/** In words, each but what is right. */
export function differences(tally: Tally, truth: Truth, deed: Deed): string[] {
  const { terms, changed, duplicates, unlisted, uncomparable } = tally;
  const { unread, least, most } = truth;
  const missing = terms.missing - deed.missing;
  const unwanted = terms.notWanted - truth.terms.notWanted;
  const expected = {
    ...truth.terms,
    delivered: truth.terms.delivered - deed.missing - deed.owed,
    owed: truth.terms.owed + deed.owed,
  };
  const checks: readonly (readonly [what: string, isRight: boolean])[] = [
    ...(['delivered', 'dead', 'dropped', 'moved', 'owed'] as const).map(
      (term) => [`${expected[term]} ${term}`, terms[term] === expected[term]] as const,
    ),
    [`${expected.notWanted} not wanted`, unwanted >= 0 && unwanted + missing === unread],
    [`${least} to ${most} unread ones missing`, missing >= least && missing <= most],
    [`${deed.changed} changed`, changed === deed.changed && uncomparable === 0],
    [`${deed.duplicates} twice`, duplicates === deed.duplicates],
    [`${truth.unlisted} not listed`, unlisted === truth.unlisted],
  ];
  return checks.filter(([, isRight]) => !isRight).map(([what]) => `not ${what}`);
}
