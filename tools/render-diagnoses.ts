import type { Outcome, TopologyOutcomes, Verdict } from '../test/operations/diagnose/outcomes.ts';

/** How often the doctor is right, over all absences that break something. */
export interface DiagnosisFigures {
  readonly breaks: number;
  readonly redundant: number;
  /** One candidate, and it is the one. */
  readonly right: { readonly withReads: number; readonly without: number };
  /** Two candidates, the missing one among them. */
  readonly undecided: { readonly withReads: number; readonly without: number };
  /** The missing one is not among the candidates. */
  readonly wrong: { readonly withReads: number; readonly without: number };
  /** Of the undecided ones without IAM: the missing one comes first. */
  readonly firstOfTwo: number;
}

/** Counts the table. */
export function figuresOf(topologies: readonly TopologyOutcomes[]): DiagnosisFigures {
  const outcomes = topologies.flatMap((each) => each.outcomes);
  const breaking = outcomes.filter(({ step }) => step !== undefined);
  const count = (test: (verdict: Verdict) => boolean) => ({
    withReads: breaking.filter(({ withReads }) => withReads !== undefined && test(withReads)).length,
    without: breaking.filter(({ without }) => without !== undefined && test(without)).length,
  });
  return {
    breaks: breaking.length,
    redundant: outcomes.length - breaking.length,
    right: count(({ place, candidates }) => place === 0 && candidates.length === 1),
    undecided: count(({ place, candidates }) => place >= 0 && candidates.length > 1),
    wrong: count(({ place }) => place < 0),
    firstOfTwo: breaking.filter(({ without }) => without?.place === 0 && without.candidates.length > 1).length,
  };
}

/** The page, as Markdown. */
export function renderDiagnoses(topologies: readonly TopologyOutcomes[]): string {
  const { breaks, redundant, right, undecided, wrong, firstOfTwo } = figuresOf(topologies);
  return [
    '# What the doctor says when a statement is missing',
    '',
    '<!-- Generated: node --import tsx tools/diagnoses.ts -->',
    '',
    'Each way in below was set up in an empty sandbox world with what `roleshift policies` prints and nothing else, and the',
    'check was green. Then each single statement was taken out, and the check was run again. The sandbox evaluates IAM; it',
    'shares no code with the doctor.',
    '',
    'A missing statement either *breaks* a step, or it is *redundant*: IAM lets the request pass without it, as in one account',
    'where a trust policy that names the caller itself suffices. Then the check stays green, and `roleshift policies verify`',
    'reports the absence.',
    '',
    'Where the credentials at hand may read IAM in their own account (`iam:Get*`, `iam:List*`, `iam:SimulatePrincipalPolicy`),',
    "the doctor reads what exists. Otherwise it has AWS's words, what is known of IAM's rules, and trials that do no harm: a",
    'login without groups, which is thrown away; a COPY of nothing, or of one small file of its own. Reads that IAM denies are',
    "no findings; they stand in the account's CloudTrail.",
    '',
    'The commands that the doctor prints for these statements are run with the AWS CLI by a test: the check is green again.',
    '',
    '| | With IAM reads | Without |',
    '|---|---|---|',
    `| Names the one statement that is missing | ${right.withReads} | ${right.without} |`,
    `| Names two, the missing one among them | ${undecided.withReads} | ${undecided.without} (${firstOfTwo} of them in the first place) |`,
    `| Wrong | ${wrong.withReads} | ${wrong.without} |`,
    '',
    `${breaks + redundant} statements of ${topologies.length} ways in: ${breaks} break a step, ${redundant} are redundant.`,
    '',
    'What each statement is for says [the list of statements](README.md). A step is one of `roleshift check`.',
    ...topologies.map(renderTopology),
    '',
  ].join('\n');
}

/** The part of the page on one way in. */
export function renderTopology({ topology, outcomes }: TopologyOutcomes): string {
  return [
    '',
    `## ${topology.slice(0, 1).toUpperCase()}${topology.slice(1)}`,
    '',
    '| Without | of | stops at | with IAM reads | without |',
    '|---|---|---|---|---|',
    ...outcomes.map(row),
  ].join('\n');
}

const KINDS: Readonly<Record<Outcome['kind'], string>> = {
  permissions: 'permissions',
  trust: 'trust',
  bucket: 'policy',
  key: 'policy',
};

function row({ sid, holder, kind, step, withReads, without }: Outcome): string {
  const place = `${holder}, ${KINDS[kind]}`;
  if (step === undefined) return `| \`${sid}\` | ${place} | nothing | redundant: green, and \`verify\` reports it | |`;
  return `| \`${sid}\` | ${place} | \`${step}\` | ${verdictText(withReads)} | ${verdictText(without)} |`;
}

function verdictText(verdict: Verdict | undefined): string {
  if (verdict === undefined) return '';
  const { candidates, place, decided } = verdict;
  if (place === 0 && candidates.length === 1) return decided ? 'exactly it' : 'it alone, not for certain';
  return candidates
    .map((text, at) => {
      const [where = '', sid = ''] = text.split(': ');
      return `${at + 1}. ${at === place ? '**it**' : `\`${sid}\`, ${where}`}`;
    })
    .join(' ');
}
