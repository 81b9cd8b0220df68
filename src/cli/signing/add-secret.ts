/** The words of `loghook secret …`. */
import type { Command } from 'commander';
import type { Io } from '../io.ts';
import { type Ended, examples } from '../options.ts';

export function addSecret(program: Command, io: Io, ended: Ended): void {
  const secret = program
    .command('secret')
    .description('secrets that sign what is sent (Standard Webhooks): make one, or look at one')
    .summary('make or check a secret that signs what is sent')
    .addHelpText('after', WHERE);
  const door = () => import('./secret.ts');

  examples(
    secret
      .command('new')
      .description('print a new secret on stdout, and nothing else')
      .addHelpText('after', WHERE),
    '  (umask 077; loghook secret new > siem.secret)',
  ).action(async () => ended((await door()).makeSecret(io)));
  examples(
    secret
      .command('check')
      .argument('[file]', 'a file that holds the secret (stdin)')
      .description(
        'whether a secret is well formed, its length, and a fingerprint; never what it is',
      )
      .option('--env <name>', 'the environment variable that holds it')
      .addHelpText('after', '\nThe same fingerprint on both sides means the same secret.'),
    `  loghook secret check siem.secret
  loghook secret check --env SIEM_SECRET`,
  ).action(async (file, flags) => ended(await (await door()).checkSecret(file, flags, io)));
}

const WHERE = `
Give it to the receiver, and put it into the route in loghook.yaml:
  secrets: \${file:siem.secret}      or  \${SIEM_SECRET}
To change it, put the new one first and give the old one its end:
  secrets:
    - \${file:new.secret}
    - { secret: '\${file:siem.secret}', until: 2027-01-31 }
Never write a secret on a command line: others can see it there.`;
