import type { Result } from './figures.ts';

const HEADINGS = ['What', 'Data', 'Result', 'Aim', 'Rounds', 'Ours', 'Floor'] as const;

/** Cells of one result, as they go into a table. */
function cells({ what, data, rows, figure, aim, isMet, spread, oursSeconds, floorSeconds }: Result): readonly string[] {
  const seconds = (value: number | undefined): string => (value === undefined ? '' : `${value.toFixed(2)} s`);
  return [
    what,
    `${data}, ${rows.toLocaleString('en-US')}`,
    figure,
    isMet === undefined ? aim : `${aim}${isMet ? '' : ' (missed)'}`,
    spread === undefined ? '' : `${spread[0].toFixed(2)} to ${spread[1].toFixed(2)}`,
    seconds(oursSeconds),
    seconds(floorSeconds),
  ];
}

/** For a terminal. */
export function screenTable(results: readonly Result[]): string {
  const lines = [HEADINGS, ...results.map(cells)];
  const widths = HEADINGS.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  return lines
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** For the guide. */
export function markdownTable(results: readonly Result[]): string {
  const line = (parts: readonly string[]): string => `| ${parts.join(' | ')} |`;
  return [line(HEADINGS), line(HEADINGS.map(() => '---')), ...results.map((result) => line(cells(result)))].join('\n');
}
