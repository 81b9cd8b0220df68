/** A service that starts loghook, as its file describes it to systemd or launchd. */

export interface Unit {
  /** Its file. */
  readonly path: string;
  /** What is started: the program and its arguments. */
  readonly words: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** Files that it cannot start without, or without what is in them. */
  readonly needs: readonly string[];
  /** Which of those hold its settings. */
  readonly settingsFiles: readonly string[];
  /** The folders that its credentials come from. */
  readonly credentialFolders: readonly string[];
  /** Whether it is started again when it ends badly. */
  readonly restarts: boolean;
  /** Where it keeps state, as far as its file says. */
  readonly stateFolder?: string;
}

/** The one of the words that is loghook itself: its own bin, or the script that Node is given. */
export function entryOf(words: readonly string[]): string | undefined {
  return words.slice(0, 2).find((word) => /(^|\/)loghook(\.js)?$/.test(word));
}

/** What stands behind `name` among the words: `--state DIR` or `--state=DIR`. */
export function optionIn(
  words: readonly string[],
  ...names: readonly string[]
): string | undefined {
  const at = words.findIndex((word) => names.includes(word));
  if (at >= 0) return words[at + 1];
  const joined = words.find((word) => names.some((name) => word.startsWith(`${name}=`)));
  return joined?.slice(joined.indexOf('=') + 1);
}
