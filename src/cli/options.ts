/** The options that several commands have, so that one word means one thing everywhere. Checked in config/, not here. */
import { type Command, Option } from 'commander';

/** What a command's action reports its exit code to. */
export type Ended = (code: number) => void;

export function logOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--log-level <level>', 'trace, debug, info, warn, error, fatal or silent (info)'),
    )
    .addOption(new Option('--log-format <format>', 'pretty or json (pretty on a terminal)'));
}

/** For what looks at one org: where there are several, one has to be named. */
export function orgOption(command: Command): Command {
  return command.addOption(whichOrg());
}

export function whichOrg(): Option {
  return new Option('--org <name>', 'which of several orgs: its name in the file, or its host');
}

/** For what keeps a cursor and what it owes. */
export function daemonOptions(command: Command): Command {
  return command
    .option('-s, --state <dir>', 'where what is owed is kept')
    .option(
      '--since <when>',
      'a first start reads from here: 2h, or a time such as 2026-11-20T10:00:00Z',
    )
    .option('--interval <time>', 'how often to poll when nothing is waiting (15s), or auto')
    .option(
      '--filter <expression>',
      "only what this filter of Okta's wants, such as 'severity eq \"WARN\"'",
    );
}

/** For what runs long enough to be asked how it is. */
export function adminOption(command: Command): Command {
  return command.option(
    '--admin <address>',
    'answer /healthz and /metrics there, such as 127.0.0.1:9464 (off)',
  );
}

/** Help shows what to type before it lists what can be typed. */
export function examples(command: Command, text: string): Command {
  return command.addHelpText('before', `Examples:\n${text}\n`);
}
