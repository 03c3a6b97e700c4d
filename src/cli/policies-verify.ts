import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { styleText } from 'node:util';
import { ConnectorError, EXIT_STATUS } from '../core/errors.ts';
import { type ActualFile, readActualPolicies } from '../policies/actual-policies.ts';
import type { PolicySet } from '../policies/policies.ts';
import { type VerifyReport, verifyPolicies } from '../policies/verify.ts';
import type { Output } from './output.ts';
import type { PoliciesCommand } from './policies.ts';
import type { CommandContext } from './program.ts';

const MAX_FILE_BYTES = 64 * 1024 * 1024;

/** `roleshift policies verify`: exits 3 when something needed is refused; with `--strict` also when more is allowed. */
export async function verifyCommand(
  set: PolicySet,
  { actual, strict = false }: Pick<PoliciesCommand, 'actual' | 'strict'>,
  { json }: CommandContext,
  output: Output,
): Promise<number> {
  if (actual === undefined) {
    throw new ConnectorError('RS_CONFIG_INVALID', 'verify needs the policies that exist', {
      action: 'Give --actual a file from aws iam get-account-authorization-details, or a folder of policy documents.',
    });
  }
  const report = verifyPolicies(set, readActualPolicies(await readFiles(actual), set.documents));
  if (set.documents.length > 0 && report.requests === 0) {
    throw new ConnectorError('RS_CONFIG_INVALID', `${actual} says nothing of any user, role or bucket that is needed`, {
      action: 'Look whether the account and --identity-arn are the right ones.',
    });
  }
  if (json) output.result(report);
  else output.text(describeReport(report).join('\n'));
  return report.ok && (!strict || report.excess.length === 0) ? 0 : EXIT_STATUS.auth;
}

/** The file, or every `.json` file of the folder. */
async function readFiles(path: string): Promise<readonly ActualFile[]> {
  try {
    const isFolder = (await stat(path)).isDirectory();
    const names = isFolder ? (await readdir(path)).filter((name) => name.endsWith('.json')).sort() : [basename(path)];
    const files: ActualFile[] = [];
    for (const name of names) {
      const file = isFolder ? join(path, name) : path;
      if ((await stat(file)).size > MAX_FILE_BYTES) throw new RangeError(`larger than ${MAX_FILE_BYTES} bytes`);
      files.push({ name, text: await readFile(file, 'utf8') });
    }
    if (files.length === 0) throw new RangeError('no .json file in it');
    return files;
  } catch (cause) {
    const why = cause instanceof RangeError ? `: ${cause.message}` : '';
    throw new ConnectorError('RS_CONFIG_INVALID', `${path} cannot be read${why}`, {
      action: 'Give --actual a JSON file, or a folder with JSON files.',
      cause,
    });
  }
}

const MARKS = {
  breaks: styleText('red', '✘'),
  undecided: styleText('yellow', '?'),
  redundant: styleText('dim', '-'),
} as const;

const EFFECTS = {
  breaks: 'is missing',
  undecided: 'hangs on conditions',
  redundant: 'is absent, and another policy lets the request pass',
} as const;

function describeReport({ ok, missing, excess, notGiven, unread, requests }: VerifyReport): readonly string[] {
  return [
    ...missing.flatMap(({ sid, holder, kind, effect, requests: refused, dependsOn, statement, reason }) => [
      `${MARKS[effect]} ${sid} ${EFFECTS[effect]}: ${kind} of ${holder}`,
      ...refused.map(({ principal, action, resource }) =>
        styleText('dim', `    ${principal}: ${action} on ${resource}`),
      ),
      `    ${reason}`,
      ...(dependsOn === undefined ? [] : [`    It hangs on ${dependsOn.join(', ')}.`]),
      ...(effect === 'breaks' ? [`    ${styleText('cyan', '+')} ${JSON.stringify(statement)}`] : []),
    ]),
    ...excess.map(({ holder, kind, source, sid, example, note, dependsOn }) => {
      const what =
        kind === 'permissions'
          ? `may ${example.action} on ${example.resource}`
          : `lets ${example.principal} ${example.action}`;
      const extra = [note, dependsOn === undefined ? undefined : `subject to ${dependsOn.join(', ')}`].filter(
        (text) => text !== undefined,
      );
      return `${styleText('yellow', '!')} ${holder} ${what}${extra.length === 0 ? '' : ` (${extra.join('; ')})`}: not needed (${[source, sid].filter((text) => text !== undefined).join(', ')})`;
    }),
    ...notGiven.map(({ holder, kind }) => styleText('dim', `  not given, not compared: ${kind} of ${holder}`)),
    ...unread.map(({ holder, policy }) =>
      styleText('yellow', `? ${policy} of ${holder}: its text is not in the file, so it is not judged`),
    ),
    `${ok ? styleText('green', '✔') : styleText('red', '✘')} ${requests} requests tried, ${missing.filter(({ effect }) => effect !== 'redundant').length} statements missing, ${excess.length} examples of more than needed`,
  ];
}
