import { styleText } from 'node:util';
import stringWidth from 'string-width';
import type { ProgressEvent } from '../core/events.ts';
import { plainText } from '../core/plain-text.ts';
import { formatBytes, formatCount, formatDuration, formatNoun } from './format.ts';

/** How long a phase has been going on, and how long it had when its rows were last counted. */
export interface PhaseTimes {
  readonly elapsedMs: number;
  readonly countedMs: number;
}

/** A part of the line; those of the highest rank leave first where there is no room. */
interface Part {
  readonly text: string;
  readonly rank: number;
}

const BAR_WIDTH = 20;
/** Before that a rate or the time left is a guess. */
const TELLING_MS = 500;

/** For a file or a pipe: `stage    1,200,000 of 3,000,000 rows  41.2 MiB  4 files  310,000 rows/s  3.9 s`. */
export function describeProgress(event: ProgressEvent, times: PhaseTimes): string {
  return lineOf(partsOf(event, times));
}

/**
 * For a terminal of so many columns, in one line: with a bar and the time left where it is known how much there is to do.
 * `stage    ████████░░░░░░░░░░░░  40%  1,200,000 of 3,000,000 rows  310,000 rows/s  3.9 s  6 s left`.
 */
export function drawProgress(event: ProgressEvent, times: PhaseTimes, columns: number): string {
  const share = shareOf(event);
  const [phase, ...facts] = partsOf(event, times);
  const bar = share === undefined ? [] : [{ text: barOf(share), rank: 1 }];
  let parts = [...(phase ? [phase] : []), ...bar, ...facts, { text: timeLeft(share, times), rank: 2 }];
  while (stringWidth(lineOf(parts)) > columns && parts.length > 1) {
    const last = Math.max(...parts.map(({ rank }) => rank));
    parts = parts.filter(({ rank }) => rank !== last);
  }
  return lineOf(parts);
}

/** From 0 to 1, by rows or else by bytes; undefined where the whole is not known, or nothing is counted. */
function shareOf({ rows, bytes, totalRows, totalBytes }: ProgressEvent): number | undefined {
  if (rows !== undefined && totalRows) return Math.min(1, rows / totalRows);
  if (bytes !== undefined && totalBytes) return Math.min(1, bytes / totalBytes);
  return undefined;
}

function barOf(share: number): string {
  const full = Math.floor(share * BAR_WIDTH);
  return `${'█'.repeat(full)}${'░'.repeat(BAR_WIDTH - full)} ${String(Math.floor(share * 100)).padStart(3)}%`;
}

function timeLeft(share: number | undefined, { elapsedMs, countedMs }: PhaseTimes): string {
  if (share === undefined || share === 0 || share === 1 || countedMs < TELLING_MS) return '';
  const seconds = Math.ceil(Math.max(0, countedMs / share - elapsedMs) / 1000);
  return `${seconds < 60 ? `${seconds} s` : formatDuration(seconds * 1000)} left`;
}

/** A whole that nothing is counted of yet is what is being worked on. */
function partsOf(event: ProgressEvent, { elapsedMs, countedMs }: PhaseTimes): readonly Part[] {
  const { phase, rows, totalRows, bytes = event.totalBytes, files, totalFiles } = event;
  const rate =
    rows !== undefined && countedMs >= TELLING_MS ? `${formatCount(Math.round((rows / countedMs) * 1000))} rows/s` : '';
  const [blocker] = event.waitingFor ?? [];
  const waiting = blocker === undefined ? '' : `waits for session ${blocker.pid} of ${plainText(blocker.user)}`;
  return [
    { text: styleText('cyan', phase.padEnd(7)), rank: 0 },
    { text: waiting, rank: 1 },
    { text: countOf(rows, totalRows, 'row'), rank: 3 },
    { text: bytes === undefined ? '' : formatBytes(bytes), rank: 5 },
    { text: countOf(files, totalFiles, 'file'), rank: 6 },
    { text: rate, rank: 4 },
    { text: elapsedMs === 0 ? '' : formatDuration(elapsedMs), rank: 2 },
  ];
}

function lineOf(parts: readonly Part[]): string {
  return parts
    .map(({ text }) => text)
    .filter((text) => text !== '')
    .join('  ')
    .trimEnd();
}

function countOf(count: number | undefined, total: number | undefined, noun: string): string {
  if (count !== undefined && total !== undefined) return `${formatCount(count)} of ${formatNoun(total, noun)}`;
  const known = count ?? total;
  return known === undefined ? '' : formatNoun(known, noun);
}
