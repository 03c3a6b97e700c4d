import type { CellResult } from './run-cell.ts';

const WIDTH = 40;

function lines(results: readonly CellResult[], nameOf: (result: CellResult) => string): readonly string[] {
  const groups = new Map<string, CellResult[]>();
  for (const result of results) groups.set(nameOf(result), [...(groups.get(nameOf(result)) ?? []), result]);
  return [...groups].map(([name, group]) => {
    const endings = new Map<string, number>();
    for (const { ending } of group) endings.set(ending, (endings.get(ending) ?? 0) + 1);
    const told = [...endings].sort(([, a], [, b]) => b - a).map(([ending, count]) => `${ending} ${count}`);
    const wrong = group.filter((result) => result.wrong.length > 0).length;
    return `  ${name.padEnd(WIDTH)} ${String(group.length).padStart(5)} ${String(wrong).padStart(5)}   ${told.join(', ')}`;
  });
}

/** What a run of the matrix found: by fault, by operation, and every cell that went wrong. */
export function renderReport(
  results: readonly CellResult[],
  all: number,
  titleOf: (result: CellResult) => string,
): string {
  const wrong = results.filter((result) => result.wrong.length > 0);
  const head = (title: string): string => `\n  ${title.padEnd(WIDTH)} cells wrong   how they ended`;
  return [
    `\n  Matrix of faults: ${results.length} of ${all} cells, ${wrong.length} wrong`,
    head('fault'),
    ...lines(results, ({ cell }) => cell.fault.name).toSorted(),
    head('operation'),
    ...lines(results, ({ cell }) => cell.operation.name),
    ...wrong.map((result) => `\n  ${titleOf(result)}\n    ${result.wrong.join('\n    ')}`),
    '',
  ].join('\n');
}
