import { nextFile } from '../../columnar/file-sizes.ts';
import { defined } from '../../core/defined.ts';
import type { TableSize } from '../table-size.ts';
import type { WritePlan } from '../write-plan.ts';
import type { StepEstimate } from './explanation.ts';
import type { InputSize } from './input-size.ts';
import { RATES, secondsOf } from './rates.ts';

const MIB = 1024 * 1024;
const FILE_BYTES = 32 * MIB;

/** What is known of the size of a write. */
export interface WriteSizes {
  readonly input: InputSize;
  readonly plan: WritePlan;
  readonly isInsert: boolean;
  /** Parquet files go as they are. */
  readonly passes: boolean;
  /** Absent where the table is new, empty, or cannot be looked up. */
  readonly target?: TableSize | undefined;
}

/** How much the steps of a write move, and how long that takes: an order of magnitude. Pure. */
export function writeEstimates(sizes: WriteSizes): Readonly<Partial<Record<string, StepEstimate>>> {
  const { input, plan, isInsert, target } = sizes;
  const { rows } = input;
  const from = input.isCounted ? 'the files' : 'the head of the files, and their size';
  const stage = { ...defined({ rows }), ...staged(sizes), from };
  if (rows === undefined) return { stage };
  const enters = isInsert
    ? secondsOf(RATES.statementSeconds, rows / RATES.insertRowsPerSecond)
    : secondsOf(RATES.bulkSeconds, rows / RATES.copyRowsPerSecond);
  if (plan.load.kind === 'direct') return { stage, apply: { rows, seconds: enters, from } };
  // What finds rows by their keys goes through the table.
  const met = plan.keys.length > 0 || plan.before !== 'none' ? (target?.rows ?? 0) : 0;
  const applied = secondsOf(RATES.statementSeconds, rows / RATES.applyRowsPerSecond, met / RATES.scanRowsPerSecond);
  const known = target === undefined ? from : `${from}; SVV_TABLE_INFO`;
  return { stage, load: { rows, seconds: enters, from }, apply: { rows, seconds: applied, from: known } };
}

/** Whether an input that is looked at before the way is chosen will go by INSERT. */
export function goesByInsert({ path }: Pick<WritePlan, 'path'>, input: InputSize | undefined): boolean {
  if (path.kind !== 'look') return path.kind === 'insert';
  const { rows, isCounted = false } = input ?? {};
  return isCounted && rows !== undefined && rows <= path.maxRows && packedBytes(input) <= path.maxBytes;
}

function staged({ input, plan, isInsert, passes }: WriteSizes): Pick<StepEstimate, 'bytes' | 'files' | 'seconds'> {
  const { bytes, form } = input;
  if (passes) return { bytes, files: input.files, seconds: secondsOf(1, bytes / RATES.s3BytesPerSecond) };
  const unpacked = form === 'packed' ? bytes / RATES.packedShare : bytes;
  const seconds = secondsOf(isInsert ? 0 : 1, unpacked / RATES.convertBytesPerSecond);
  const packed = packedBytes(input);
  return isInsert ? { bytes: packed, seconds } : { bytes: packed, files: filesOf(packed, plan.slices), seconds };
}

/** What the rows take as compressed CSV. */
function packedBytes(input: InputSize | undefined): number {
  if (input === undefined) return 0;
  return input.form === 'text' ? Math.ceil(input.bytes * RATES.packedShare) : input.bytes;
}

/** As they are cut when they are made. */
function filesOf(bytes: number, slices: number): number {
  if (bytes === 0) return 0;
  return Math.ceil(bytes / nextFile({ left: bytes, perFile: FILE_BYTES, perSmallFile: MIB, files: 0, slices }));
}
