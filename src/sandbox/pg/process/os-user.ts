import { chown, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ConnectorError } from '../../../core/errors.ts';

/** The operating-system user the database runs as; absent ids mean: our own. */
export interface OsUser {
  readonly uid?: number;
  readonly gid?: number;
}

/** PostgreSQL refuses to run as root: as root, an unprivileged user that exists on the machine takes its place. */
export async function chooseOsUser(): Promise<OsUser> {
  if (process.getuid?.() !== 0) return {};
  const users = (await readFile('/etc/passwd', 'utf8')).split('\n').map((line) => line.split(':'));
  for (const wanted of ['postgres', 'nobody']) {
    const found = users.find(([name]) => name === wanted);
    if (found) return { uid: Number(found[2]), gid: Number(found[3]) };
  }
  throw new ConnectorError(
    'RS_CONFIG_INVALID',
    'PostgreSQL does not run as root, and no user postgres or nobody exists',
    {
      action: 'Run the sandbox as an ordinary user.',
    },
  );
}

/** Gives a folder and all in it to `user`. */
export async function giveTo({ uid, gid }: OsUser, root: string): Promise<void> {
  if (uid === undefined || gid === undefined) return;
  await chown(root, uid, gid);
  for (const entry of await readdir(root, { recursive: true, withFileTypes: true })) {
    await chown(join(entry.parentPath, entry.name), uid, gid);
  }
}
