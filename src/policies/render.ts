import { commented } from './grants.ts';
import type { PolicySet } from './plan-policies.ts';
import { renderCloudFormation } from './render-cloudformation.ts';
import { renderJson } from './render-json.ts';
import { renderReadme } from './render-readme.ts';
import { renderScript } from './render-script.ts';
import { renderTerraform } from './render-terraform.ts';

/** The forms in which policies are handed over. */
export const POLICY_FORMATS = ['json', 'terraform', 'cloudformation', 'cli'] as const;
export type PolicyFormat = (typeof POLICY_FORMATS)[number];

/** A file to write: its name has no folder. */
export interface PolicyFile {
  readonly name: string;
  readonly content: string;
  readonly executable?: boolean;
}

export interface RenderOptions {
  /** Reasons and AWS pages beside the statements, where the format has a place for them. Default: false. */
  readonly explain?: boolean;
}

/** The files of one format; a README that says where each goes comes first. */
export function renderPolicies(
  set: PolicySet,
  format: PolicyFormat,
  { explain = false }: RenderOptions = {},
): readonly PolicyFile[] {
  const files = filesOf(set, format, explain);
  const grants: readonly PolicyFile[] =
    set.grants.length === 0 ? [] : [{ name: 'grants.sql', content: renderGrants(set) }];
  const all = [...files, ...grants];
  return [{ name: 'README.md', content: renderReadme(set, format, all, { explain }) }, ...all];
}

function filesOf(set: PolicySet, format: PolicyFormat, explain: boolean): readonly PolicyFile[] {
  switch (format) {
    case 'json':
      return renderJson(set);
    case 'terraform':
      return renderTerraform(set, explain);
    case 'cloudformation':
      return renderCloudFormation(set, explain);
    case 'cli':
      return renderScript(set, explain);
  }
  return format satisfies never;
}

function renderGrants({ grants }: PolicySet): string {
  const lines = grants.flatMap(({ statement, reason }) => [commented(reason), statement, '']);
  return `-- For a superuser of the cluster.\n\n${lines.join('\n')}`;
}
