/** The words of `loghook service`. */
import type { Command } from 'commander';
import type { Io } from '../io.ts';
import { type Ended, examples } from '../options.ts';

export function addService(program: Command, io: Io, ended: Ended): void {
  const service = program.command('service').description('run loghook in the background, for good');
  const print = service
    .command('print')
    .description('print the unit for this machine; changes nothing')
    .argument('<kind>', 'systemd (a server), systemd-user (your account) or launchd (macOS)');
  examples(
    print,
    `  loghook service print systemd | sudo tee /etc/systemd/system/loghook.service
  loghook service print systemd-user > ~/.config/systemd/user/loghook.service
  loghook service print launchd > ~/Library/LaunchAgents/com.loghook.plist`,
  ).action(async (kind) => {
    const { servicePrint } = await import('./print.ts');
    ended(await servicePrint(kind, io));
  });
}
