import { unwatchFile, watchFile } from 'node:fs';
import { open } from 'node:fs/promises';
import { parse } from 'yaml';
import { ConnectorError } from '../core/errors.ts';
import type { Sandbox } from './sandbox.ts';
import { checkSwitches, type Switches, setSwitches } from './switches.ts';

const MAX_FILE_BYTES = 1024 * 1024;
const LOOK_EVERY_MS = 200;

/** Undefined: there is no such file. */
async function readSwitchFile(path: string): Promise<Switches | undefined> {
  let text: string;
  try {
    await using file = await open(path, 'r');
    const { size } = await file.stat();
    if (size > MAX_FILE_BYTES) throw new RangeError(`larger than ${MAX_FILE_BYTES} bytes`);
    text = await file.readFile('utf8');
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined;
    throw unreadable(path, cause);
  }
  let value: unknown;
  try {
    value = parse(text, { schema: 'core', uniqueKeys: true, maxAliasCount: 100 });
  } catch (cause) {
    throw unreadable(path, cause);
  }
  return checkSwitches(value ?? {}, path);
}

function unreadable(path: string, cause: unknown): ConnectorError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new ConnectorError('RS_CONFIG_INVALID', `The switch file ${path} cannot be read: ${reason}`, {
    cause,
    action: 'Correct the file; what it said before still holds.',
  });
}

/**
 * Sets a world's switches as the file says, now and whenever it changes; when it is gone, as the world says. `onSet` is told
 * each time, `onError` (`RS_CONFIG_INVALID`) when a change cannot be read: the switches then stay. Disposal ends the watch.
 */
export async function followSwitchFile(
  path: string,
  sandbox: Sandbox,
  { onSet, onError }: { readonly onSet: (switches: Switches) => void; readonly onError: (error: unknown) => void },
): Promise<Disposable> {
  const take = async (): Promise<void> => {
    const switches = (await readSwitchFile(path)) ?? {};
    setSwitches(sandbox, switches);
    onSet(switches);
  };
  let last = take();
  const changed = (): void => {
    last = last.then(take, take);
    last.catch(onError);
  };
  await last;
  watchFile(path, { interval: LOOK_EVERY_MS, persistent: false }, changed);
  return { [Symbol.dispose]: () => unwatchFile(path, changed) };
}
