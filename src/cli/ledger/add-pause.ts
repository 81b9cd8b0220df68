/** `loghook pause` and `loghook resume`: their words on the command line. What they do is in pause.ts. */
import type { Command } from 'commander';
import type { Io } from '../io.ts';
import { type Ended, whichOrg } from '../options.ts';

export interface PauseFlags {
  readonly state?: string;
  readonly org?: string;
  readonly all?: boolean;
}

export function addPause(program: Command, io: Io, ended: Ended): void {
  const door = () => import('./pause.ts');
  options(program.command('pause').description('send a route nothing until it is resumed'))
    .option('--all', 'every route that is in force')
    .addHelpText('before', PAUSE_EXAMPLES)
    .addHelpText('after', PAUSE)
    .action(async (names: string[], flags: PauseFlags) =>
      ended(await (await door()).pauseRoutes(names, flags, io)),
    );
  options(
    program
      .command('resume')
      .description('let a paused route go on; a held one is tried at once')
      .summary('let a paused route go on; try a held one at once'),
  )
    .option('--all', 'every route that is paused')
    .addHelpText('before', RESUME_EXAMPLES)
    .addHelpText('after', RESUME)
    .action(async (names: string[], flags: PauseFlags) =>
      ended(await (await door()).resumeRoutes(names, flags, io)),
    );
}

function options(command: Command): Command {
  return command
    .argument('[route...]', 'their names, or the start of them')
    .option('-s, --state <dir>', 'the state folder to look in')
    .addOption(whichOrg());
}

const PAUSE_EXAMPLES = `Examples:
  loghook pause siem
  loghook pause --all
`;

const PAUSE = `
Events are still owed to a paused route, and kept. Works beside a running daemon
and without one; a pause outlives a restart.`;

const RESUME_EXAMPLES = `Examples:
  loghook resume siem
  loghook resume --all
`;

const RESUME = `
Works beside a running daemon and without one.`;
