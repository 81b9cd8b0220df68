/** `loghook dead …`: its words on the command line. What they do is in dead.ts. */
import type { Command } from 'commander';
import type { Io } from '../io.ts';
import { whichOrg } from '../options.ts';

export interface DeadFlags {
  readonly state?: string;
  readonly org?: string;
  readonly route?: string;
  readonly json?: boolean;
  readonly all?: boolean;
  readonly yes?: boolean;
}

export function addDead(program: Command, io: Io, ended: (code: number) => void): void {
  const dead = program
    .command('dead')
    .description('events that a route gave up: look at them, send them again, or drop them')
    .summary('events that a route gave up: list, show, replay, drop')
    .addHelpText('before', EXAMPLES)
    .addHelpText('after', AFTER);
  const door = () => import('./dead.ts');

  options(dead.command('list').description('one line each'))
    .option('--json', 'one JSON object a line')
    .action(async (flags: DeadFlags) => ended(await (await door()).listDead(flags, io)));
  options(
    dead
      .command('show')
      .argument('<id>', ID)
      .description('the event as Okta wrote it, on stdout; why it died, on stderr'),
  )
    .option('--json', 'both as one JSON object a line, one a route')
    .action(async (id: string, flags: DeadFlags) =>
      ended(await (await door()).showDead(id, flags, io)),
    );
  options(
    dead
      .command('replay')
      .argument('[id...]', ID)
      .description('owe them again, with all their tries before them'),
  )
    .option('--all', 'all of them (of one route with --route)')
    .action(async (ids: string[], flags: DeadFlags) =>
      ended(await (await door()).replayDead(ids, flags, io)),
    );
  options(dead.command('drop').argument('[id...]', ID).description('give them up for good'))
    .option('--all', 'all of them (of one route with --route)')
    .option('--yes', 'with --all: yes, drop them all')
    .action(async (ids: string[], flags: DeadFlags) =>
      ended(await (await door()).dropDead(ids, flags, io)),
    );
}

const ID = 'the id of the event, or the start of it';

function options(command: Command): Command {
  return command
    .option('-s, --state <dir>', 'the state folder to look in')
    .addOption(whichOrg())
    .option('--route <name>', 'only of this route, as `loghook status` names it');
}

const EXAMPLES = `Examples:
  loghook dead list
  loghook dead show 3f9c2a | jq .
  loghook dead replay 3f9c2a
  loghook dead replay --all --route hooks.example.com#9be2
  loghook dead drop --all --yes
`;

const AFTER = `
Works beside a running daemon and without one. Dead letters stay until a person
replays or drops them.`;
