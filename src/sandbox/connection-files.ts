import { mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { type ConnectionSource, type ReadyConnection, readyConnections } from './connections.ts';

/** A connection that was written to a file. */
export interface ConnectionFile extends ReadyConnection {
  readonly path: string;
}

function render({ description, values, environment }: ReadyConnection): string {
  const variables = Object.entries(environment).map(([name, value]) => `#   ${name}=${value}`);
  const needs = variables.length === 0 ? [] : ['# It lives where these are set:', ...variables];
  return [`# Sandbox connection: ${description}.`, ...needs, stringify({ ...values }), '']
    .join('\n')
    .replace(/\n+$/, '\n');
}

/** Writes `NAME.yaml` for every identity into `folder`, readable by its owner only; older files give way. */
export async function writeConnectionFiles(
  folder: string,
  source: ConnectionSource,
): Promise<readonly ConnectionFile[]> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const files: ConnectionFile[] = [];
  for (const connection of readyConnections(source)) {
    const path = join(folder, `${connection.name}.yaml`);
    await using file = await open(path, 'w', 0o600);
    await file.chmod(0o600);
    await file.writeFile(render(connection));
    files.push({ ...connection, path });
  }
  return files;
}
