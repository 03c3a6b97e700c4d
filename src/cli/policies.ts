import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { styleText } from 'node:util';
import { defined } from '../core/defined.ts';
import { ConnectorError } from '../core/errors.ts';
import { plainText, visibleJson } from '../core/plain-text.ts';
import { loadConnectionFile } from '../manifest/connection-file.ts';
import type { ConnectionInput } from '../manifest/options.gen.ts';
import type { Resolution } from '../operations/resolve/resolve-unknown.ts';
import { type PolicyExtras, type PolicySet, policies } from '../policies/policies.ts';
import { type PolicyFile, type PolicyFormat, renderPolicies } from '../policies/render.ts';
import { PLACES } from '../policies/render-readme.ts';
import { type Output, openOutput } from './output.ts';
import type { CommandContext } from './program.ts';

export interface PoliciesCommand extends Omit<PolicyExtras, 'defaultCopyRoleArn' | 'clusterIdentifier' | 'sources'> {
  readonly connection: string;
  readonly format: PolicyFormat;
  readonly output?: string;
  readonly explain?: boolean;
  readonly strict?: boolean;
  readonly actual?: string;
  readonly resolve?: boolean;
  readonly defaultCopyRole?: string;
  readonly cluster?: string;
  readonly source?: readonly string[];
}

/** `roleshift policies`: what a connection needs, printed or written; `verify` compares it with what exists. */
export async function policiesCommand(
  command: PoliciesCommand,
  context: CommandContext,
  verify: string | undefined,
): Promise<number> {
  const connection = await loadConnectionFile(command.connection);
  using output = openOutput(context);
  const resolution = command.resolve === true ? await resolve(connection, command, context, output) : undefined;
  const set = policies(connection, resolution?.extras ?? extrasOf(command));
  if (command.strict === true) refuseGaps(set);
  if (verify === 'verify') {
    const { verifyCommand } = await import('./policies-verify.ts');
    return verifyCommand(set, command, context, output);
  }
  if (command.actual !== undefined) {
    throw new ConnectorError('RS_CONFIG_INVALID', '--actual is for roleshift policies verify', {
      action: 'Write roleshift policies verify -c FILE --actual PATH.',
    });
  }
  const { format, explain = false } = command;
  const files = renderPolicies(set, format, { explain });
  if (command.output !== undefined) await writeFiles(command.output, files);
  if (context.json) output.result({ ...describe(set, command.output, files), ...looked(resolution) });
  else if (command.output === undefined) print(set, files, { format, explain }, output);
  else output.line(`${files.length} files in ${command.output}; begin with README.md`);
  if (!context.json) printGaps(set, command, output);
  return 0;
}

function extrasOf({ defaultCopyRole, cluster, source, ...rest }: PoliciesCommand): PolicyExtras {
  return defined({ ...rest, defaultCopyRoleArn: defaultCopyRole, clusterIdentifier: cluster, sources: source });
}

/** Nothing but `--resolve` asks AWS. */
async function resolve(
  connection: ConnectionInput,
  command: PoliciesCommand,
  { json, signal }: CommandContext,
  output: Output,
): Promise<Resolution> {
  const { printResolution, resolvePlaceholders } = await import('./policies-resolve.ts');
  const resolution = await resolvePlaceholders(connection, extrasOf(command), signal);
  if (!json) printResolution(resolution, output);
  return resolution;
}

/** Throws where a part is unknown, or where the connection's own session policy takes a needed right away. */
function refuseGaps({ placeholders, sessionGaps }: PolicySet): void {
  const taken = sessionGaps.filter(({ verdict }) => verdict === 'denied');
  const issues = [
    ...placeholders.map(({ text, meaning, remedy }) => ({
      path: text,
      message: `${meaning} is not known`,
      action: `${remedy.slice(0, 1).toUpperCase()}${remedy.slice(1)}.`,
    })),
    ...taken.map(({ hop, sid, roleArn }) => ({
      path: hop,
      message: `the session policy of ${roleArn} takes away what ${sid} allows`,
      action: `Add the statement ${sid} to that session policy.`,
    })),
  ];
  if (issues.length === 0) return;
  const message =
    placeholders.length > 0
      ? `The policies would hold ${placeholders.length} placeholders`
      : 'The policies would not be enough: session policies of the connection take rights away';
  throw new ConnectorError('RS_CONFIG_INVALID', message, {
    issues,
    action: placeholders.length > 0 ? 'Fill them in, or leave --strict out.' : 'Mend the session policies.',
  });
}

async function writeFiles(folder: string, files: readonly PolicyFile[]): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
    for (const { name, content, executable } of files) {
      await writeFile(join(folder, name), content);
      if (executable === true) await chmod(join(folder, name), 0o755);
    }
  } catch (cause) {
    throw new ConnectorError('RS_CONFIG_INVALID', `The folder ${folder} cannot be written`, {
      action: 'Give --output a folder that may be written.',
      cause,
    });
  }
}

function describe(set: PolicySet, folder: string | undefined, files: readonly PolicyFile[]): object {
  const { documents, grants, attach, placeholders, sessionGaps, notes } = set;
  return {
    documents: documents.map(({ kind, holder, title, name, document, statements }) => ({
      kind,
      holder,
      title,
      name,
      document,
      statements: statements.map(({ statement: { Sid }, reason, page }) => ({ sid: Sid, reason, page })),
    })),
    grants,
    ...(attach === undefined ? {} : { attach }),
    placeholders,
    sessionGaps,
    notes,
    ...(folder === undefined ? {} : { folder, files: files.map(({ name }) => name) }),
  };
}

function looked(resolution: Resolution | undefined): Partial<Pick<Resolution, 'resolved' | 'unresolved'>> {
  return resolution === undefined ? {} : { resolved: resolution.resolved, unresolved: resolution.unresolved };
}

function print(
  set: PolicySet,
  files: readonly PolicyFile[],
  { format, explain }: { readonly format: PolicyFormat; readonly explain: boolean },
  output: Output,
): void {
  const heading = (text: string): void => output.text(styleText('bold', `# ${text}`));
  for (const { name, content } of files) {
    if (name === 'README.md') continue;
    const document = set.documents.find((each) => `${each.name}.json` === name);
    heading(plainText(document === undefined ? name : `${name}  ${document.title}`));
    if (document !== undefined) output.text(styleText('dim', `# ${plainText(placeOf(document))}`));
    if (explain && format === 'json') {
      for (const { statement, reason, page } of document?.statements ?? []) {
        output.text(styleText('dim', `#   ${statement.Sid}: ${plainText(reason)}\n#     ${page}`));
      }
    }
    // A terminal gets JSON with escapes; the others are kept as they are for a file or a pipe.
    output.text(format === 'json' || format === 'cloudformation' ? visibleJson(content) : forTerminal(content));
  }
}

/** For whoever pastes it. */
function placeOf({ kind, holder }: PolicySet['documents'][number]): string {
  return `goes into ${PLACES[kind]} ${holder.kind} ${holder.name} in account ${holder.account}`;
}

function printGaps(
  { documents, placeholders, notes, attach }: PolicySet,
  command: PoliciesCommand,
  output: Output,
): void {
  if (documents.length === 0) {
    output.line('This connection asks AWS for nothing: it needs no policy.');
    return;
  }
  for (const { text, meaning, remedy } of placeholders) {
    output.line(`${styleText('yellow', text)}  ${meaning}: ${remedy}`);
  }
  if (attach !== undefined && command.format !== 'cli') {
    output.line(plainText(`Attach ${attach.role.arn} to ${attach.cluster} as well.`));
  }
  for (const note of notes) output.line(`${styleText('dim', 'note')}  ${plainText(note)}`);
  const scripts = command.format === 'json' ? ' (--format cli: as scripts)' : '';
  const files = command.output === undefined ? `As files with a guide: --output FOLDER${scripts}. ` : '';
  output.line(
    `${styleText('dim', 'next')}  ${files}When it is done: roleshift check -c ${plainText(command.connection)}`,
  );
}

/** A script or a template keeps every character, unless a terminal would obey some. */
function forTerminal(text: string): string {
  return process.stdout.isTTY ? plainText(text, { lines: true }) : text;
}
