/** Shell functions of the scripts. Each is printed only where a command uses it. */

const PATIENTLY = `
patiently() { # IAM takes some seconds before a policy may name a user or role that is new
  local answer try
  for try in 1 2 3 4 5 6 7 8; do
    if answer=$("$@" 2>&1); then return 0; fi
    case "$answer" in *"nvalid principal"*) sleep 4 ;; *) break ;; esac
  done
  echo "$answer" >&2
  return 1
}`;

const MAKE_USER = `
make_user() { # name, path
  aws iam get-user --user-name "$1" >/dev/null 2>&1 || aws iam create-user --user-name "$1" --path "$2" >/dev/null
}`;

const MAKE_ROLE = `
make_role() { # name, path, longest session, trust policy
  local trust
  if trust=$(aws iam get-role --role-name "$1" --query Role.AssumeRolePolicyDocument --output json 2>/dev/null); then
    if [ "$trust" = "$4" ]; then return; fi
    if [ "\${REPLACE:-0}" = 1 ]; then
      patiently aws iam update-assume-role-policy --role-name "$1" --policy-document "$4"
    else
      echo "Role $1 exists: its trust policy is left alone. Merge the one in this script, or run again with REPLACE=1." >&2
      left="$left trust of $1,"
    fi
  else
    patiently aws iam create-role --role-name "$1" --path "$2" --max-session-duration "$3" --assume-role-policy-document "$4"
  fi
}`;

const PUT_BUCKET_POLICY = `
put_bucket_policy() { # bucket, policy
  local policy
  if [ "\${REPLACE:-0}" != 1 ] && policy=$(aws s3api get-bucket-policy --bucket "$1" --query Policy --output text 2>/dev/null); then
    if [ "$(echo "$policy" | tr -d ' \\n')" = "$(echo "$2" | tr -d ' \\n')" ]; then return; fi
    echo "Bucket $1 has a policy: it is left alone. Merge the one in this script, or run again with REPLACE=1." >&2
    left="$left policy of bucket $1,"
  else
    patiently aws s3api put-bucket-policy --bucket "$1" --policy "$2"
  fi
}`;

const ATTACH_TO_CLUSTER = `
attach_to_cluster() { # cluster, role
  local roles
  if roles=$(aws redshift describe-clusters --cluster-identifier "$1" --query 'Clusters[0].IamRoles[].IamRoleArn' --output text); then
    case " $(echo $roles) " in *" $2 "*) return ;; esac
    if aws redshift modify-cluster-iam-roles --cluster-identifier "$1" --add-iam-roles "$2" >/dev/null; then return; fi
  fi
  echo "The role $2 is not attached to the cluster $1: ask who administers it." >&2
  left="$left role of cluster $1,"
}`;

const ATTACH_TO_NAMESPACE = `
attach_to_namespace() { # workgroup, role
  local namespace roles
  if namespace=$(aws redshift-serverless get-workgroup --workgroup-name "$1" --query workgroup.namespaceName --output text) &&
    roles=$(aws redshift-serverless get-namespace --namespace-name "$namespace" --query namespace.iamRoles --output json); then
    # The list is replaced as a whole, so the others stay in it. It may hold "IamRole(applyStatus=in-sync, iamRoleArn=arn:...)".
    roles=$(echo "$roles" | grep -oE 'arn:[a-z-]+:iam::[0-9]{12}:role/[A-Za-z0-9_+=,.@/-]*[A-Za-z0-9_+=.@/-]' || true)
    case " $(echo $roles) " in *" $2 "*) return ;; esac
    if aws redshift-serverless update-namespace --namespace-name "$namespace" --iam-roles $roles "$2" >/dev/null; then return; fi
  fi
  echo "The role $2 is not attached to the namespace of $1: ask who administers it." >&2
  left="$left role of workgroup $1,"
}`;

const HELPERS: ReadonlyArray<readonly [name: string, text: string, uses: readonly string[]]> = [
  ['patiently', PATIENTLY, []],
  ['make_user', MAKE_USER, []],
  ['make_role', MAKE_ROLE, ['patiently']],
  ['put_bucket_policy', PUT_BUCKET_POLICY, ['patiently']],
  ['attach_to_cluster', ATTACH_TO_CLUSTER, []],
  ['attach_to_namespace', ATTACH_TO_NAMESPACE, []],
];

/** The functions that these commands use. */
export function helpersOf(commands: readonly string[]): readonly string[] {
  const called = HELPERS.filter(([name]) => commands.some((command) => command.startsWith(`${name} `)));
  const wanted = new Set(called.flatMap(([name, , uses]) => [name, ...uses]));
  return HELPERS.filter(([name]) => wanted.has(name)).map(([, text]) => text);
}

/** The function that attaches the COPY role. */
export function attachHelper(isServerless: boolean): string {
  return isServerless ? 'attach_to_namespace' : 'attach_to_cluster';
}
