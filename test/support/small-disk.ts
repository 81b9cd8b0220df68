/** Runs a test file, or one test of it, on a real tmpfs of 8 MB, in a mount namespace of its own: nothing is left behind. */
import { execFile } from 'node:child_process';
import { requireTool } from './tools.ts';

/** Resolves to what it printed. Rejects with what it printed when a test in it fails, or when nothing may be mounted. */
export function onSmallDisk(file: string, folder: string, only = '.'): Promise<string> {
  requireTool('unshare', 'util-linux');
  requireTool('mount', 'mount');
  const namespaces = process.getuid?.() === 0 ? ['--mount'] : ['--mount', '--map-root-user'];
  const script =
    'mount -t tmpfs -o size="$1" tmpfs "$2" || { echo "this test must be allowed to mount a tmpfs: run it as root, or allow user namespaces" >&2; exit 99; }; exec "$3" --enable-source-maps --test-reporter tap --test-name-pattern "$4" "$5" "$2"';
  const args = [
    ...namespaces,
    'sh',
    '-c',
    script,
    'sh',
    '8m',
    folder,
    process.execPath,
    only,
    file,
  ];
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  return new Promise((resolve, reject) => {
    execFile('unshare', args, { env }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(new Error(`unshare exited with ${error.code}\n${stdout}\n${stderr}`));
    });
  });
}
