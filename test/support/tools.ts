/** Programs of the system that tests stand on. A missing one fails the test and says what to install: it never skips it. */
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Throws when `name` is not on the PATH. `debianPackage` is what brings it. */
export function requireTool(name: string, debianPackage: string): void {
  const found = (process.env.PATH ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
  if (!found) {
    throw new Error(`this test needs ${name}; install it: apt-get install ${debianPackage}`);
  }
}
