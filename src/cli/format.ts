import { stripVTControlCharacters } from 'node:util';
import stringWidth from 'string-width';
import { visibleJson, visibleText } from '../core/plain-text.ts';

/** `1234567` -> `1,234,567`. */
export function formatCount(count: number | bigint): string {
  return count.toLocaleString('en-US');
}

/** `1 file`, `2 files`. */
export function formatNoun(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? '' : 's'}`;
}

/** Bytes in binary units: `41.2 MiB`. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  const exponent = bytes < 1 ? 0 : Math.min(Math.floor(Math.log2(bytes) / 10), units.length - 1);
  const value = bytes / 2 ** (10 * exponent);
  return `${exponent === 0 ? value : value.toFixed(1)} ${units[exponent]}`;
}

/** `850 ms`, `12.3 s`, `4 min 05 s`, `6 h 00 min`. */
export function formatDuration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  const minutes = Math.floor(seconds / 60);
  if (minutes >= 60) return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} min`;
  return `${minutes} min ${String(seconds % 60).padStart(2, '0')} s`;
}

const MAX_CELL_WIDTH = 48;

/** A table for a terminal: columns as wide as their content, control characters shown, long cells cut with `…`. */
export function formatTable(headers: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = [headers, ...rows].map((row) => row.map(visible));
  const widths = headers.map((_, index) => Math.max(...cells.map((row) => stringWidth(row[index] ?? ''))));
  const lines = cells.map((row) =>
    row
      .map((cell, index) => cell + ' '.repeat(Math.max(0, (widths[index] ?? 0) - stringWidth(cell))))
      .join('  ')
      .trimEnd(),
  );
  const rule = widths.map((width) => '-'.repeat(width)).join('  ');
  return [lines[0], rule, ...lines.slice(1)].join('\n');
}

function visible(text: string): string {
  const shown = visibleText(text);
  if (stringWidth(shown) <= MAX_CELL_WIDTH) return shown;
  let cut = '';
  for (const character of shown) {
    if (stringWidth(cut + character) >= MAX_CELL_WIDTH) break;
    cut += character;
  }
  return `${cut}…`;
}

/** For `JSON.stringify`: a bigint as its digits in a string, which loses nothing in any reader. */
export function jsonValue(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value;
}

/** A document as JSON text for standard output, which may be a terminal. */
export function formatJson(document: unknown): string {
  return visibleJson(JSON.stringify(document, jsonValue, 2));
}

/** The text, its end cut with `…` beyond `limit` characters. */
export function shorten(text: string, limit: number): string {
  return text.length <= limit ? text : `${text.slice(0, limit)}…`;
}

/** On a terminal: lines that leave it a small margin, later ones indented. Elsewhere, and where a word is wider, the text as it is. */
export function wrap(
  text: string,
  indent: number,
  width = process.stderr.isTTY ? process.stderr.columns - 4 : 0,
): string {
  if (width < 40) return text;
  const margin = ' '.repeat(indent);
  return text
    .split('\n')
    .map((line) => wrapLine(line, margin, width))
    .join('\n');
}

function wrapLine(text: string, margin: string, width: number): string {
  if (stringWidth(text) <= width) return text;
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/(?<=\S)(?= )/)) {
    const start = stringWidth(line) + word.length - word.trimStart().length;
    // A word that stands where the next line would begin gains nothing by a break.
    if (line !== '' && start > margin.length && stringWidth(line + word) > width) {
      lines.push(line);
      line = margin + word.trimStart();
    } else line += word;
  }
  return [...lines, line].join('\n');
}

/** `styleText` looks at standard output: colours meant for it do not belong in a file of errors. */
export function forStandardError(text: string): string {
  return process.stderr.isTTY ? text : stripVTControlCharacters(text);
}
