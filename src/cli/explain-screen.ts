import { styleText } from 'node:util';
import { plainText } from '../core/plain-text.ts';
import type {
  Amount,
  ExplainedFiles,
  ExplainedLock,
  ExplainedStep,
  Explanation,
} from '../operations/explain/explanation.ts';
import { formatBytes, formatCount, formatDuration, formatNoun, wrap } from './format.ts';

const LABEL = 12;
const MARGIN = 5;

/** The lines of a plan: what, how and why, then the steps by number, then what belongs to all of them. */
export function describeExplanation(plan: Explanation): readonly string[] {
  const { object, operation, path, reasons, steps, columns, retries, rights, warnings } = plan;
  const width = terminalWidth();
  const of = (label: string, texts: readonly string[]): readonly string[] =>
    texts.flatMap((text, index) => entry(index === 0 ? label : '', text, 0, width));
  const verdicts = columns.filter(({ verdict }) => verdict !== 'exact');
  return [
    `${styleText('bold', `${operation === 'readToFiles' ? 'read into files' : operation}  ${plainText(object)}`)}`,
    ...of('path', [path]),
    ...of('because', reasons),
    ...(plan.estimate === undefined ? [] : of('estimate', [`${amountText(plan.estimate)}  (${plan.estimate.from})`])),
    ...of(plan.atomic ? 'atomic' : 'not atomic', plan.atomic ? ['all of it or nothing'] : plan.notAtomic),
    ...(plan.atomic ? of('besides', plan.notAtomic) : []),
    '',
    ...steps.flatMap((step, index) => [...describeStep(step, index + 1, width), '']),
    ...of('columns', [
      `${formatCount(columns.length - verdicts.length)} of ${formatCount(columns.length)} exact`,
      ...verdicts.map(
        (column) =>
          `${JSON.stringify(column.column)} ${column.type}: ${column.verdict}: ${'note' in column ? column.note : ''}${
            column.verdict === 'lossy' ? `; ${column.instead}, or name it in acceptLoss` : ''
          }`,
      ),
    ]),
    ...of('retries', retries),
    ...of('rights', [...rights.needs, ...(rights.command === '' ? [] : [`printed by: ${rights.command}`])]),
    ...warnings.flatMap(({ code, message }) =>
      entry(styleText('yellow', 'warning'), `${message}  [${code}]`, 0, width, 'warning'.length),
    ),
    styleText('dim', 'Nothing was done. Times are rough: docs/explain.md states what they assume.'),
  ];
}

/** One step: its number and title, then what it sends, writes and holds. */
function describeStep(step: ExplainedStep, number: number, width: number): readonly string[] {
  const { id, title, statements, files, locks = [], transaction, notes, estimate } = step;
  const lines = (label: string, texts: readonly string[]): readonly string[] =>
    texts.flatMap((text, index) => entry(index === 0 ? label : '', text, MARGIN, width));
  const head = `${String(number).padStart(2)}.  ${styleText('bold', plainText(title))}  ${styleText('dim', `[${id}]`)}`;
  const isBroken = transaction.startsWith('NOT ');
  return [
    head,
    ...(estimate === undefined ? [] : lines('estimate', [`${amountText(estimate)}  (${estimate.from})`])),
    ...statements.flatMap(({ sql, note }, index) => [
      ...entry(
        index === 0 ? 'sql' : '',
        styleText('cyan', `${plainText(sql.trim(), { lines: true })};`),
        MARGIN,
        width,
      ),
      ...(note === undefined ? [] : entry('', styleText('dim', `-- ${note}`), MARGIN, width)),
    ]),
    ...(files === undefined ? [] : lines('files', filesText(files))),
    ...lines('locks', locks.map(lockText)),
    ...lines('transaction', [isBroken ? styleText('yellow', transaction) : transaction]),
    ...lines('', notes).map((line) => styleText('dim', line)),
  ];
}

function filesText({ format, compression, pattern, sizes }: ExplainedFiles): readonly string[] {
  return [plainText(pattern), `${format}, ${compression === 'none' ? 'not compressed' : compression}; ${sizes}`];
}

function lockText({ table, keepsOut, until, waitSeconds }: ExplainedLock): string {
  const wait = waitSeconds === undefined ? '' : `; waited for ${formatDuration(waitSeconds * 1000)} at most`;
  return plainText(`${table}: keeps out ${keepsOut}, until ${until}${wait}`);
}

/** `1,234 rows, 5.6 MiB, 2 files, 3.4 s`. */
function amountText({ rows, bytes, files, seconds }: Amount): string {
  return [
    ...(rows === undefined ? [] : [formatNoun(rows, 'row')]),
    ...(bytes === undefined ? [] : [formatBytes(Math.round(bytes))]),
    ...(files === undefined ? [] : [formatNoun(files, 'file')]),
    ...(seconds === undefined ? [] : [formatDuration(seconds * 1000)]),
  ].join(', ');
}

/** A label, and behind it a text, whose later lines stand below its first. */
function entry(
  label: string,
  text: string,
  margin: number,
  width: number,
  labelWidth = label.length,
): readonly string[] {
  const indent = margin + LABEL;
  const lead = `${' '.repeat(margin)}${label}${' '.repeat(Math.max(1, LABEL - labelWidth))}`;
  const hanging = text.replaceAll('\n', `\n${' '.repeat(indent)}`);
  return [wrap(`${lead}${hanging}`, indent, width)];
}

function terminalWidth(): number {
  return process.stdout.isTTY ? process.stdout.columns - 4 : 0;
}
