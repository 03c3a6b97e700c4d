import { nearNames } from '../core/near-names.ts';
import type { OptionDescriptor } from './descriptor.ts';

/** The option that was probably meant by an unknown key: by its own key, its title or its label elsewhere. */
export function nearestOption(key: string, properties: Readonly<Record<string, OptionDescriptor>>): string | undefined {
  const wanted = bare(key);
  if (wanted === '') return undefined;
  const names = new Map<string, string>();
  for (const [option, { title, legacyLabel }] of Object.entries(properties)) {
    for (const name of [option, title, legacyLabel]) if (name !== undefined) names.set(bare(name), option);
  }
  const [nearest] = nearNames(wanted, [...names.keys()]);
  return nearest === undefined ? undefined : names.get(nearest);
}

function bare(name: string): string {
  return name
    .slice(0, 64)
    .toLowerCase()
    .replace(/[^a-z0-9]/g, '');
}
