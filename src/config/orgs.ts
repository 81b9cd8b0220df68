/** One org of several, as a person names it: by its name in the file, or by its host. */
import { didYouMean } from './did-you-mean.ts';
import { refuse } from './problems.ts';

export interface NamedOrg {
  /** Undefined: it is not in the file. */
  readonly name?: string;
  readonly host: string;
}

/** `written`: what `--org` says; where there is one org it may say nothing. @throws ConfigError */
export function chooseOrg<O extends NamedOrg>(orgs: readonly O[], written: string | undefined): O {
  if (written === undefined) {
    const [only, ...others] = orgs;
    if (only !== undefined && others.length === 0) return only;
    return refuse('--org', 'there are several orgs', `name one of ${shown(orgs)}`);
  }
  const text = written.trim();
  const found =
    orgs.find(({ name }) => name === text) ??
    orgs.find(({ host }) => isHost(text, host)) ??
    orgs.find(({ name }) => name?.toLowerCase() === text.toLowerCase());
  if (found !== undefined) return found;
  const meant = didYouMean(
    text,
    orgs.flatMap(({ name, host }) => (name === undefined ? [host] : [name, host])),
  );
  const hint = meant === undefined ? `there are ${shown(orgs)}` : `did you mean ${meant}?`;
  return refuse('--org', 'no org has this name or host', hint);
}

/** Also as its folder is called, and as a URL. */
function isHost(text: string, host: string): boolean {
  const bare = text
    .toLowerCase()
    .replace(/^https?:\/\//, '')
    .replace(/\/+$/, '');
  return folderNameOf(bare) === folderNameOf(host);
}

/** `127.0.0.1:4700` has its state in `127.0.0.1-4700`; see orgFolder. */
function folderNameOf(host: string): string {
  return host
    .replace(/:(\d+)$/, '-$1')
    .replace(/[[\]]/g, '')
    .replaceAll(':', '_');
}

const MOST_NAMES = 8;

function shown(orgs: readonly NamedOrg[]): string {
  const names = orgs.map(({ name, host }) => name ?? host);
  const more = names.length > MOST_NAMES ? ` and ${names.length - MOST_NAMES} more` : '';
  return `${names.slice(0, MOST_NAMES).join(', ')}${more}`;
}
