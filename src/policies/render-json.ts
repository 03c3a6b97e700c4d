import type { PlannedDocument } from './document.ts';
import type { PolicySet } from './plan-policies.ts';
import type { PolicyFile } from './render.ts';

/** One document a file, as the console and the CLI take it. */
export function renderJson({ documents }: PolicySet): readonly PolicyFile[] {
  return documents.map(({ name, document }) => ({ name: `${name}.json`, content: `${jsonText(document)}\n` }));
}

/** A document as people read it. */
export function jsonText(document: PlannedDocument['document'] | object): string {
  return JSON.stringify(document, null, 2);
}
