/** Opens the admin server around a run, if there is to be one; nothing of it is loaded without. */
import type { AdminSettings } from '../../config/admin.ts';
import type { Admin, AdminParts } from './admin.ts';

/** @throws ConfigError when it cannot listen, and what `run` throws */
export async function withAdmin<T>(
  settings: AdminSettings | undefined,
  parts: AdminParts,
  run: (admin: { readonly adminDoor?: Admin }) => Promise<T>,
): Promise<T> {
  if (settings === undefined) return run({});
  const { Admin } = await import('./admin.ts');
  const adminDoor = await Admin.open(settings, parts);
  try {
    return await run({ adminDoor });
  } finally {
    await adminDoor.close();
  }
}
