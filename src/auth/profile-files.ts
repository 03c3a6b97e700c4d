import { readFile, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Environment } from './identity-sources.ts';

/** The settings of one profile, by key in lower case. */
export type Profile = ReadonlyMap<string, string>;

const MAX_FILE_BYTES = 1_048_576;

/**
 * The profiles of the shared AWS files by name; for a key in both files that of the credentials file counts. A file that
 * is not there has none. https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html
 */
export async function readProfiles(environment: Environment): Promise<ReadonlyMap<string, Profile>> {
  const folder = join(environment['HOME'] ?? environment['USERPROFILE'] ?? homedir(), '.aws');
  const config = await readSections(environment['AWS_CONFIG_FILE'] ?? join(folder, 'config'));
  const credentials = await readSections(environment['AWS_SHARED_CREDENTIALS_FILE'] ?? join(folder, 'credentials'));
  const profiles = new Map<string, Map<string, string>>();
  const add = (name: string, settings: Profile): void => {
    const known = profiles.get(name) ?? new Map<string, string>();
    for (const [key, value] of settings) known.set(key, value);
    profiles.set(name, known);
  };
  for (const [title, settings] of config) {
    const name = title === 'default' ? title : /^profile\s+(.+)$/.exec(title)?.[1];
    if (name !== undefined) add(unquoted(name), settings);
  }
  for (const [title, settings] of credentials) add(unquoted(title), settings);
  return profiles;
}

/** The sections of one file, in order. */
async function readSections(path: string): Promise<readonly (readonly [title: string, settings: Profile])[]> {
  const sections: [string, Map<string, string>][] = [];
  for (const line of (await readBounded(path)).split(/\r?\n/)) {
    // An indented line belongs to the setting above (`s3 =`): no credentials are told in such.
    const text = /^\s/.test(line) ? '' : line.replace(/(?:^|\s)[#;].*$/, '').trim();
    const title = /^\[([^[\]]*)\]$/.exec(text)?.[1]?.trim();
    if (title !== undefined) sections.push([title, new Map()]);
    const [, key, value] = /^([^=\s]+)\s*=\s*(.*)$/.exec(text) ?? [];
    if (title === undefined && key !== undefined) sections.at(-1)?.[1].set(key.toLowerCase(), value ?? '');
  }
  return sections;
}

async function readBounded(path: string): Promise<string> {
  try {
    const { size } = await stat(path);
    if (size > MAX_FILE_BYTES) throw new Error(`${path} is larger than an AWS configuration file is`);
    return await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return '';
    throw error;
  }
}

function unquoted(name: string): string {
  return name.trim().replace(/^(["'])(.*)\1$/, '$2');
}
