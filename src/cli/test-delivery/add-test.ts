/** The words of `loghook test`. */
import type { Command } from 'commander';
import type { Io } from '../io.ts';
import { type Ended, examples, orgOption } from '../options.ts';

export function addTest(program: Command, io: Io, ended: Ended): void {
  const command = program
    .command('test')
    .argument('<route>', 'its name, or the start of it; alerts and heartbeat too')
    .description('send one marked event to a route, and say what loghook would make of the answer')
    .summary('send one marked event to a route; what its answer means')
    .option('-c, --config <file>', 'the routes (./loghook.yaml, .yml or .json, else ./loghook.csv)')
    .option('--type <type>', 'of the event (the first known one that the route wants)')
    .option('--event <file>', 'send the bytes of this file: one event as Okta wrote it')
    .option('--set <path=value>', 'change the event, again and again', collect)
    .option('--json', 'one JSON document')
    .addHelpText('after', AFTER);
  examples(
    orgOption(command),
    `  loghook test siem
  loghook test siem --type user.account.lock --set outcome.result=FAILURE
  loghook test siem --event event.json --json | jq .verdict`,
  ).action(async (route, flags) =>
    ended(await (await import('./test-route.ts')).testRoute(route, flags, io)),
  );
}

const AFTER = `
The event is marked: header loghook-test, webhook-id and uuid begin with test-,
and debugContext.debugData.loghookTest is "true" (a file without --set goes as
it is). No state is read or changed, and Okta is not asked. Exit code: 0 the
receiver said 2xx, 5 it did not.`;

function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}
