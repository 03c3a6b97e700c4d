import { MANIFEST } from '../manifest/manifest.gen.ts';
import { attributeForm } from './attribute-forms.ts';

/** Flags of all commands by the names that a program has for them; what is in the connection file as well keeps its name there. */
const FLAGS: ReadonlyMap<string, string> = new Map(
  Object.entries(MANIFEST.operations).flatMap(([operation, { attributes }]) =>
    Object.keys(attributes).flatMap((key): readonly (readonly [string, string])[] => {
      const form = attributeForm(operation, key);
      return form.kind === 'flag' && !(key in MANIFEST.connection.properties) ? [[key, form.flag]] : [];
    }),
  ),
);

/** The flag behind the path of an issue, or the path: `keys` is `--keys`. */
export function flagOf(path: string): string {
  return FLAGS.get(path) ?? path;
}

/** A text that names attributes as a program does, with flags in their place. Words that are English as well stay. */
export function withFlags(text: string): string {
  return text.replaceAll(/(?<![\w.$-])[a-z]+[A-Z]\w*/g, (word) => FLAGS.get(word) ?? word);
}
