/** Reads property lists of launchd, as far as doctor needs: launchd.plist(5). */
import { join } from 'node:path';
import { optionIn, type Unit } from './unit.ts';

/** Undefined when it starts something else than loghook. */
export function parseLaunchAgent(path: string, text: string, home: string): Unit | undefined {
  const bare = text.replace(/<!--[\s\S]*?-->/g, '');
  const words = stringsIn(behind(bare, 'ProgramArguments', 'array'));
  if (!words.some((word) => /loghook/.test(word))) return undefined;
  const environment = pairsIn(behind(bare, 'EnvironmentVariables', 'dict'));
  const keepsAlive = /<key>KeepAlive<\/key>\s*<(true\/|dict)>/.test(bare);
  const usual = join(home, 'Library', 'Application Support', 'loghook');
  return {
    path,
    words,
    environment,
    needs: [],
    settingsFiles: [],
    credentialFolders: [],
    restarts: keepsAlive,
    stateFolder: optionIn(words, '--state', '-s') ?? environment.LOGHOOK_STATE ?? usual,
  };
}

/** What is inside the element that follows a key. */
function behind(text: string, key: string, element: 'array' | 'dict'): string {
  const found = new RegExp(`<key>${key}</key>\\s*<${element}>([\\s\\S]*?)</${element}>`).exec(text);
  return found?.[1] ?? '';
}

function stringsIn(text: string): string[] {
  return [...text.matchAll(/<string>([\s\S]*?)<\/string>/g)].map(([, value = '']) => plain(value));
}

function pairsIn(text: string): Record<string, string> {
  const pairs = text.matchAll(/<key>([\s\S]*?)<\/key>\s*<string>([\s\S]*?)<\/string>/g);
  return Object.fromEntries(
    [...pairs].map(([, key = '', value = '']) => [plain(key), plain(value)]),
  );
}

function plain(text: string): string {
  return text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
}
