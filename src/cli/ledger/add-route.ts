/** `loghook route …`: its words on the command line. What they do is in route.ts. */
import type { Command } from 'commander';
import type { Io } from '../io.ts';
import { type Ended, orgOption } from '../options.ts';

export interface RouteFlags {
  readonly state?: string;
  readonly org?: string;
  readonly json?: boolean;
  readonly queue?: boolean;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
}

export function addRoute(program: Command, io: Io, ended: Ended): void {
  const route = program
    .command('route')
    .description('routes and what they are owed: list them, drop a queue, hand it to another one')
    .summary('queues: list them, drop one, move it to another route')
    .addHelpText('before', EXAMPLES)
    .addHelpText('after', AFTER);
  const door = () => import('./route.ts');

  state(route.command('list').description('one line each'))
    .option('--json', 'one JSON object a line')
    .action(async (flags: RouteFlags) => ended(await (await door()).listRoutes(flags, io)));
  changes(
    route
      .command('drop')
      .argument('<route>', NAME)
      .description('give up what a route that is not in force is owed, and its dead letters'),
  )
    .option('--queue', 'the queue of a route that is in force; its dead letters stay')
    .action(async (name: string, flags: RouteFlags) =>
      ended(await (await door()).dropRoute(name, flags, io)),
    );
  changes(
    route
      .command('move')
      .argument('<from>', `${NAME}, not in force`)
      .argument('<to>', NAME)
      .description('owe to another route what one that is not in force was owed'),
  ).action(async (from: string, to: string, flags: RouteFlags) =>
    ended(await (await door()).moveRoute(from, to, flags, io)),
  );
}

const NAME = 'its name, or the start of it';

function state(command: Command): Command {
  return orgOption(command.option('-s, --state <dir>', 'the state folder to look in'));
}

function changes(command: Command): Command {
  return state(command)
    .option('--dry-run', 'only say what it would do')
    .option('--yes', 'do not ask');
}

const EXAMPLES = `Examples:
  loghook route list
  loghook route move old.example.com#9be2 new.example.com#77f0
  loghook route drop old.example.com#9be2
  loghook route drop siem --queue --dry-run
`;

const AFTER = `
Works beside a running daemon and without one. Which events go where is not said
here, but in the routes file.`;
