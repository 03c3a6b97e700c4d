import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { styleText } from 'node:util';
import { ConnectorError, EXIT_STATUS } from '../core/errors.ts';
import { plainText, visibleJson } from '../core/plain-text.ts';
import { type ActualFile, readActualPolicies } from '../policies/actual-policies.ts';
import type { Excess } from '../policies/excess.ts';
import type { PolicySet } from '../policies/policies.ts';
import type { SessionPolicyGap } from '../policies/session-policies.ts';
import { type Missing, type VerifyReport, verifyPolicies } from '../policies/verify.ts';
import { formatNoun } from './format.ts';
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

/** The report for a terminal. Names and texts of the files are somebody else's: nothing in them steers it. */
export function describeReport(report: VerifyReport): readonly string[] {
  const { ok, missing, excess, notGiven, unread, sessionGaps, requests } = report;
  const broken = missing.filter(({ effect }) => effect !== 'redundant').length;
  return [
    ...missing.flatMap(describeMissing),
    ...sessionGaps.flatMap(describeGap),
    ...excess.map(describeExcess),
    ...notGiven.map(({ holder, kind }) => dim(`  not given, not compared: ${kind} of ${plainText(holder)}`)),
    ...unread.map(({ holder, policy }) =>
      styleText(
        'yellow',
        `? ${plainText(policy)} of ${plainText(holder)}: its text is not in the file, so it is not judged`,
      ),
    ),
    `${ok ? styleText('green', '✔') : styleText('red', '✘')} ${formatNoun(requests, 'request')} tried, ${formatNoun(broken, 'statement')} missing, ${formatNoun(excess.length, 'example')} of more than needed`,
  ];
}

function describeMissing({ sid, holder, kind, effect, dependsOn, statement, reason, ...rest }: Missing): string[] {
  return [
    `${MARKS[effect]} ${sid} ${EFFECTS[effect]}: ${kind} of ${plainText(holder)}`,
    ...rest.requests.map(({ principal, action, resource }) =>
      dim(`    ${plainText(principal)}: ${action} on ${plainText(resource)}`),
    ),
    `    ${plainText(reason)}`,
    ...(dependsOn === undefined ? [] : [`    It hangs on ${dependsOn.map((key) => plainText(key)).join(', ')}.`]),
    ...(effect === 'breaks' ? [`    ${styleText('cyan', '+')} ${visibleJson(JSON.stringify(statement))}`] : []),
  ];
}

function describeGap({ hop, roleArn, sid, verdict, statement }: SessionPolicyGap): string[] {
  const isDenied = verdict === 'denied';
  const what = isDenied ? 'is taken away by the session policy of' : 'hangs on the session policy of';
  return [
    `${MARKS[isDenied ? 'breaks' : 'undecided']} ${sid} ${what} ${plainText(roleArn)} (${hop}), an option of the connection`,
    ...(isDenied ? [`    ${styleText('cyan', '+')} ${visibleJson(JSON.stringify(statement))}`] : []),
  ];
}

function describeExcess({ holder, kind, source, sid, example, note, dependsOn }: Excess): string {
  const { principal, action, resource } = example;
  const what = kind === 'permissions' ? `may ${action} on ${resource}` : `lets ${principal} ${action}`;
  const extra = [note, dependsOn && `subject to ${dependsOn.join(', ')}`].filter((text) => text !== undefined);
  const found = [source, sid].filter((text) => text !== undefined).join(', ');
  const more = extra.length === 0 ? '' : ` (${extra.join('; ')})`;
  return `${styleText('yellow', '!')} ${plainText(`${holder} ${what}${more}: not needed (${found})`)}`;
}

function dim(text: string): string {
  return styleText('dim', text);
}
