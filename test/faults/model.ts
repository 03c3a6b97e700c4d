/** Rows of every table of the matrix: id, note, n. */
export type Row = readonly [id: number, note: string | null, n: number | null];

/** What a target holds before. */
export const INITIAL: readonly Row[] = [1, 2, 3, 4, 5, 6].map((id) => [id, `old ${id}`, id * 10]);

/** What a write brings: some keys that are there, some that are not. */
export const INPUT: readonly Row[] = [4, 5, 6, 7, 8, 9].map((id) => [id, id === 8 ? null : `new ${id}`, id * 100]);

/** Rows that no key of is there. */
export const FRESH: readonly Row[] = INPUT.map(([id, note, n]) => [id + 20, note, n]);

/** What reads read. */
export const SOURCE: readonly Row[] = Array.from({ length: 60 }, (_, at) => [
  at + 1,
  at % 7 === 0 ? null : `row ${at}`,
  at * 3,
]);

const keysOf = (rows: readonly Row[]): ReadonlySet<number> => new Set(rows.map(([id]) => id));

export const sorted = (rows: readonly Row[]): readonly Row[] => [...rows].sort(([a], [b]) => a - b);

/** The table after a write, by what the operation means and nothing else. */
export const MODEL = {
  insert: [...INITIAL, ...FRESH],
  update: INITIAL.map((old) => INPUT.find(([id]) => id === old[0]) ?? old),
  upsert: sorted([...INITIAL.filter(([id]) => !keysOf(INPUT).has(id)), ...INPUT]),
  delete: INITIAL.filter(([id]) => !keysOf(INPUT).has(id)),
  input: INPUT,
} as const satisfies Readonly<Record<string, readonly Row[]>>;

/** A data driven input: every letter, and the table after it. */
export const CHANGES = [
  { op: 'D', id: 1, note: null, n: null },
  { op: 'U', id: 2, note: 'changed', n: 2 },
  { op: 'I', id: 7, note: 'added', n: 7 },
  { op: 'R', id: 8, note: 'refused', n: 8 },
] as const;

export const CHANGED: readonly Row[] = [[2, 'changed', 2], ...INITIAL.slice(2), [7, 'added', 7]];

/** Rows as objects, as a program would give them. */
export const objectsOf = (rows: readonly Row[]): readonly object[] => rows.map(([id, note, n]) => ({ id, note, n }));
