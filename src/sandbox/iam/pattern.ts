/** Values that a request offers to conditions and policy variables; keys compared without case. */
export type Context = ReadonlyMap<string, ContextValue>;

export interface ContextValue {
  readonly values: readonly string[];
  /** A key that has a list of values, though it may be a list of one: conditions on it need `ForAllValues` or `ForAnyValue`. */
  readonly isList: boolean;
}

/** Builds a context; absent values are left out. */
export function contextOf(
  values: Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>,
): Context {
  const context = new Map<string, ContextValue>();
  for (const [key, value] of Object.entries(values)) {
    if (value === undefined) continue;
    const isList = typeof value === 'object';
    context.set(key.toLowerCase(), { values: isList ? value : [String(value)], isList });
  }
  return context;
}

type Token = { readonly literal: string } | 'anyRun' | 'anyOne';

const VARIABLE = /^\$\{([^}]*)\}/;

/** Policy text to tokens; a variable's value is literal, so a `*` inside it matches only itself. */
function tokenize(pattern: string, context: Context | undefined): readonly Token[] | undefined {
  const tokens: Token[] = [];
  for (let at = 0; at < pattern.length; ) {
    const variable = context && VARIABLE.exec(pattern.slice(at));
    if (variable) {
      const value = resolveVariable(variable[1] ?? '', context);
      if (value === undefined) return undefined;
      for (const unit of value) tokens.push({ literal: unit });
      at += variable[0].length;
      continue;
    }
    const unit = String.fromCodePoint(pattern.codePointAt(at) ?? 0);
    tokens.push(unit === '*' ? 'anyRun' : unit === '?' ? 'anyOne' : { literal: unit });
    at += unit.length;
  }
  return tokens;
}

function resolveVariable(expression: string, context: Context): string | undefined {
  if (expression === '*' || expression === '?' || expression === '$') return expression;
  const [, key = '', fallback] = /^\s*([^,]*?)\s*(?:,\s*'([^']*)')?\s*$/.exec(expression) ?? [];
  const found = context.get(key.toLowerCase());
  return found?.values.length === 1 ? found.values[0] : fallback;
}

/** `*` is any run, `?` any one character; policy variables are filled from `context` first. */
export function matchesPattern(pattern: string, text: string, context?: Context): boolean {
  const tokens = tokenize(pattern, context);
  if (!tokens) return false;
  const units = Array.from(text);
  let token = 0;
  let unit = 0;
  let runToken = -1;
  let runUnit = 0;
  while (unit < units.length) {
    const current = tokens[token];
    if (current === 'anyRun') {
      runToken = token++;
      runUnit = unit;
    } else if (current === 'anyOne' || (current && current.literal === units[unit])) {
      token++;
      unit++;
    } else if (runToken >= 0) {
      token = runToken + 1;
      unit = ++runUnit;
    } else {
      return false;
    }
  }
  while (tokens[token] === 'anyRun') token++;
  return token === tokens.length;
}

/** The text with its variables filled in, for operators that know no wildcards; undefined when one has no value. */
export function fillVariables(text: string, context: Context | undefined): string | undefined {
  const tokens = tokenize(text, context);
  return tokens?.map((token) => (token === 'anyRun' ? '*' : token === 'anyOne' ? '?' : token.literal)).join('');
}
