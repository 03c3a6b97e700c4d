import { styleText } from 'node:util';
import { ConnectorError } from '../core/errors.ts';
import { plainText } from '../core/plain-text.ts';
import { loadConnectionFile } from '../manifest/connection-file.ts';
import { MANIFEST } from '../manifest/manifest.gen.ts';
import type { ConnectionInput } from '../manifest/options.gen.ts';
import { type GrantedOperation, type GrantPlan, type GrantSpec, planGrants } from '../operations/grants.ts';
import type { Grantee } from '../operations/grants-rights.ts';
import { resolveObjectReference } from '../operations/write/object-reference.ts';
import { openOutput } from './output.ts';
import type { CommandContext } from './program.ts';

/** What `roleshift grants` is asked. */
export interface GrantsCommand {
  readonly connection: string;
  readonly operations: readonly string[];
  readonly objects: readonly string[];
  readonly to?: Grantee;
  readonly ledger?: GrantSpec['ledger'];
  readonly before?: GrantSpec['before'];
  readonly staged?: boolean;
  readonly createTarget?: boolean;
  readonly changeTarget?: boolean;
}

/** `roleshift grants`: prints the statements, asks nobody. */
export async function grants(command: GrantsCommand, context: CommandContext): Promise<number> {
  const connection = await loadConnectionFile(command.connection);
  using output = openOutput(context);
  const plan = planGrants(specOf(command, connection));
  if (context.json) output.result(plan);
  else for (const line of describeGrants(plan)) output.text(line);
  return 0;
}

function specOf(command: GrantsCommand, connection: ConnectionInput): GrantSpec {
  const { before, ledger, staged, createTarget, changeTarget } = command;
  const schema = connection.defaultSchema ?? defaultOf('defaultSchema');
  const { copyRole, useStaging } = connection;
  return {
    database: connection.database ?? fail('database', 'Set database in the connection file.'),
    to: command.to ?? userOf(connection),
    operations: command.operations.map(operationOf),
    objects: command.objects.map((object) => resolveObjectReference(object, schema)),
    ...(ledger === undefined ? {} : { ledger }),
    ...(before === undefined ? {} : { before }),
    ...(staged === undefined ? {} : { isStaged: staged }),
    ...(createTarget === undefined ? {} : { createsTarget: createTarget }),
    ...(changeTarget === undefined ? {} : { changesTarget: changeTarget }),
    ...(copyRole === undefined || useStaging !== true ? {} : { copyRole }),
  };
}

function defaultOf(key: string): string {
  return String(MANIFEST.connection.properties[key]?.default);
}

function userOf({ username }: ConnectionInput): Grantee {
  if (username !== undefined) return { kind: 'user', name: username };
  return fail('user', 'Say who in --to: the connection names no database user.');
}

function operationOf(text: string): GrantedOperation {
  const kinds = MANIFEST.operations['write']?.attributes['operation']?.enum ?? [];
  const known = ['read', ...kinds.map((kind) => `write:${kind}`)];
  if (text === 'write') return 'write:insert';
  if (known.includes(text)) return text as GrantedOperation;
  return fail(`operation ${JSON.stringify(text)}`, `Choose from ${known.join(', ')}.`);
}

function fail(what: string, action: string): never {
  throw new ConnectorError('RS_CONFIG_INVALID', `The ${what} is not known`, { action });
}

/** Statements that can be piped into a client; what they are for stands before them as comments. */
function describeGrants({ statements, notes }: GrantPlan): readonly string[] {
  const lines: string[] = [];
  let last = '';
  for (const { statement, reason, by } of statements) {
    const title = `-- ${reason} (by the ${by}, or a superuser)`.replace(
      'by the superuser, or a superuser',
      'by a superuser',
    );
    if (title !== last) lines.push(styleText('dim', title));
    last = title;
    lines.push(plainText(statement));
  }
  return [...lines, ...notes.map((note) => styleText('dim', `-- ${note}`))];
}
