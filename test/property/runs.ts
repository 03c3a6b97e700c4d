import fc, { type IAsyncProperty, type IProperty, type Parameters, type RunDetails } from 'fast-check';

/** How often and from where properties are tried. */
export interface Runs {
  /** Words for the title: enough to try the very same again. */
  readonly title: string;
  /** Tries one property, which the quick suite tries `quick` times. */
  hold<T>(property: IProperty<T> | IAsyncProperty<T>, quick: number): Promise<void>;
}

/** Of the quick suite: the same few cases each time. */
export const QUICK: Runs = {
  title: 'a few of them',
  hold: (property, quick) => holds(property, { numRuns: quick, seed: 20_261_124, endOnFailure: true }),
};

/**
 * Of the full suite: other cases each time. `PROPERTY_RUNS` says how many times as many as the quick suite tries. A failure
 * tells a seed and a path: `PROPERTY_SEED` and `PROPERTY_PATH` try that case again, alone with
 * mocha's `--grep`; `PROPERTY_SHRINK=1` makes it smaller, which takes minutes.
 */
export function manyRuns(usual: number): Runs {
  const { PROPERTY_RUNS, PROPERTY_SEED, PROPERTY_PATH, PROPERTY_SHRINK } = process.env;
  const times = Number(PROPERTY_RUNS ?? usual);
  const seed = Number(PROPERTY_SEED ?? Date.now() % 2 ** 31);
  return {
    title: `PROPERTY_SEED=${seed} PROPERTY_RUNS=${times}`,
    hold: (property, quick) =>
      holds(property, {
        numRuns: quick * times,
        seed,
        endOnFailure: PROPERTY_SHRINK === undefined,
        ...(PROPERTY_PATH === undefined ? {} : { path: PROPERTY_PATH }),
      }),
  };
}

async function holds<T>(property: IProperty<T> | IAsyncProperty<T>, parameters: Parameters<T>): Promise<void> {
  report(await fc.check(property as IAsyncProperty<T>, parameters));
}

/** Throws what failed, with the way back to it and the smallest case found, cut short. */
function report<T>({
  failed,
  seed,
  counterexamplePath,
  numRuns,
  numShrinks,
  counterexample,
  errorInstance,
}: RunDetails<T>): void {
  if (!failed) return;
  const way = `PROPERTY_SEED=${seed} PROPERTY_PATH=${counterexamplePath ?? ''}`;
  const message = errorInstance instanceof Error ? errorInstance.message : String(errorInstance);
  throw new Error(
    `${message}\n${way} (after ${numRuns} runs, made smaller ${numShrinks} times)\n${shown(counterexample)}`,
    { cause: errorInstance },
  );
}

const LONGEST_TEXT = 200;
const LONGEST_CASE = 8_000;
const LEFT_OUT = ['missing', 'order', 'hasBad'];

/** The case as JSON: values as a program gives them, tables as their DDL. */
function shown(value: unknown): string {
  const text = JSON.stringify(value, (key, each: unknown) => {
    if (LEFT_OUT.includes(key)) return undefined;
    if (typeof each !== 'object' || each === null) return short(each);
    if (each instanceof Map) return Object.fromEntries(each) as unknown;
    if ('input' in each && 'same' in each) return short(each.input);
    if ('ddl' in each && 'primaryKey' in each) return each.ddl;
    return 'given' in each ? each.given : each;
  });
  return (text ?? 'nothing').slice(0, LONGEST_CASE);
}

function short(value: unknown): unknown {
  if (value instanceof Uint8Array) return short(Buffer.from(value).toString('hex'));
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'number' && (Object.is(value, -0) || !Number.isFinite(value)))
    return `number ${Object.is(value, -0) ? '-0' : value}`;
  if (typeof value !== 'string' || value.length <= LONGEST_TEXT) return value;
  return `${value.slice(0, LONGEST_TEXT)}... (${value.length})`;
}
