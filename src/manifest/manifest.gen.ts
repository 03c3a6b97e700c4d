// Generated from connector.json by tools/generate.ts. Do not edit.
import type { Manifest } from './descriptor.ts';

/** connector.json as data, shared attributes in their places. */
export const MANIFEST: Manifest = {
  "$schema": "./schemas/connector.v1.json",
  "manifestVersion": 1,
  "id": "amazon-redshift",
  "version": "0.1.0",
  "displayName": "Amazon Redshift",
  "description": "Reads and writes Amazon Redshift, logging in by IAM role.",
  "license": "Apache-2.0",
  "runtime": {
    "engines": {
      "node": ">=20.19"
    },
    "main": "dist/index.js",
    "executables": {
      "roleshift": "dist/cli/main.js"
    },
    "allowedHosts": [
      "${host}",
      "sts.${region}.amazonaws.com",
      "redshift.${region}.amazonaws.com",
      "redshift-serverless.${region}.amazonaws.com",
      "iam.amazonaws.com",
      "s3.${region}.amazonaws.com"
    ]
  },
  "contracts": [
    {
      "name": "roleshift-plugin",
      "version": "1",
      "role": "source",
      "entry": "dist/index.js"
    },
    {
      "name": "roleshift-plugin",
      "version": "1",
      "role": "target",
      "entry": "dist/index.js"
    }
  ],
  "modes": {
    "standard": {
      "title": "Standard",
      "description": "Runs in the agent's own process."
    },
    "advanced": {
      "title": "Advanced",
      "description": "Runs on Apache Spark; in this version the connection can only name who logs in there.",
      "available": false
    }
  },
  "connection": {
    "groups": [
      {
        "id": "endpoint",
        "title": "Cluster"
      },
      {
        "id": "authentication",
        "title": "Authentication"
      },
      {
        "id": "staging",
        "title": "S3 staging"
      },
      {
        "id": "session",
        "title": "Session",
        "collapsed": true
      },
      {
        "id": "network",
        "title": "Network",
        "collapsed": true
      },
      {
        "id": "advanced",
        "title": "Advanced mode",
        "collapsed": true
      }
    ],
    "variants": [
      {
        "id": "password",
        "title": "Database password",
        "when": {
          "authType": [
            "password"
          ]
        }
      },
      {
        "id": "accessKeys",
        "title": "IAM role, assumed with the access keys of an IAM user",
        "when": {
          "authType": [
            "assumeRole"
          ],
          "useEc2Role": [
            false
          ],
          "identitySource": [
            "accessKeys"
          ]
        }
      },
      {
        "id": "ec2Role",
        "title": "IAM role, assumed by the machine's own role",
        "when": {
          "authType": [
            "assumeRole"
          ],
          "useEc2Role": [
            true
          ]
        }
      }
    ],
    "properties": {
      "jdbcUrl": {
        "type": "string",
        "title": "JDBC URL",
        "legacyLabel": "JDBC URL",
        "description": "Paste the cluster's JDBC URL to fill host, port and database. Its parameters are not taken over, and none can weaken TLS.",
        "examples": [
          "jdbc:redshift://warehouse.abc123.us-west-2.redshift.amazonaws.com:5439/dev",
          "jdbc:redshift:iam://warehouse:us-west-2/dev"
        ],
        "pattern": "^jdbc:redshift(?::iam)?://[^\\s]+$",
        "patternMessage": "must look like jdbc:redshift://host:5439/database",
        "maxLength": 2048,
        "group": "endpoint",
        "order": 10,
        "since": "0.1.0"
      },
      "host": {
        "type": "string",
        "title": "Host",
        "description": "Endpoint of the cluster or workgroup, without the port, or the custom domain name of a cluster. May stay empty with a cluster identifier or workgroup: it is then looked up in AWS.",
        "examples": [
          "warehouse.abc123.us-west-2.redshift.amazonaws.com"
        ],
        "pattern": "^(?:[A-Za-z0-9](?:[A-Za-z0-9._-]{0,251}[A-Za-z0-9])?|[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f.]{0,15}){2,8})$",
        "patternMessage": "must be a host name only: no jdbc: prefix, no port, no path",
        "requiredWhen": {
          "authType": [
            "password"
          ],
          "jdbcUrl": [
            null
          ]
        },
        "group": "endpoint",
        "order": 20,
        "since": "0.1.0"
      },
      "port": {
        "type": "integer",
        "title": "Port",
        "description": "TCP port the cluster listens on.",
        "default": 5439,
        "minimum": 1,
        "maximum": 65535,
        "group": "endpoint",
        "order": 30,
        "since": "0.1.0"
      },
      "database": {
        "type": "string",
        "title": "Database Name",
        "legacyLabel": "Database Name",
        "description": "Database that holds the tables.",
        "examples": [
          "dev"
        ],
        "pattern": "^[^\\u0000]{1,127}$",
        "patternMessage": "must be 1 to 127 characters",
        "requiredWhen": {
          "jdbcUrl": [
            null
          ]
        },
        "group": "endpoint",
        "order": 40,
        "since": "0.1.0"
      },
      "clusterIdentifier": {
        "type": "string",
        "title": "Cluster Identifier",
        "legacyLabel": "Cluster Identifier",
        "description": "Identifier of the provisioned cluster that issues the login. Taken from the endpoint where its name tells it.",
        "examples": [
          "warehouse"
        ],
        "pattern": "^[a-z](?:-?[a-z0-9]){0,62}$",
        "patternMessage": "must be 1 to 63 lower-case letters, digits and single hyphens, starting with a letter",
        "visibleWhen": {
          "authType": [
            "assumeRole"
          ]
        },
        "requiredWhen": {
          "authType": [
            "assumeRole"
          ],
          "jdbcUrl": [
            null
          ],
          "host": [
            null
          ],
          "workgroup": [
            null
          ]
        },
        "group": "endpoint",
        "order": 50,
        "since": "0.1.0"
      },
      "workgroup": {
        "type": "string",
        "title": "Serverless workgroup",
        "description": "Name of the Redshift Serverless workgroup that issues the login, instead of a cluster. Taken from the endpoint where its name tells it.",
        "examples": [
          "analytics"
        ],
        "pattern": "^[a-z0-9-]{3,64}$",
        "patternMessage": "must be 3 to 64 lower-case letters, digits and hyphens",
        "visibleWhen": {
          "authType": [
            "assumeRole"
          ]
        },
        "group": "endpoint",
        "order": 55,
        "since": "0.2.0"
      },
      "region": {
        "type": "string",
        "title": "Region",
        "description": "AWS Region of the cluster. Taken from the endpoint where its name tells it.",
        "examples": [
          "us-west-2"
        ],
        "pattern": "^[a-z]{2,4}(?:-[a-z]{2,12}){1,3}-\\d{1,2}$",
        "patternMessage": "must be the code of an AWS Region, such as us-west-2",
        "requiredWhen": {
          "authType": [
            "assumeRole"
          ],
          "jdbcUrl": [
            null
          ],
          "host": [
            null
          ]
        },
        "group": "endpoint",
        "order": 60,
        "since": "0.1.0"
      },
      "authType": {
        "type": "string",
        "title": "Authentication Type",
        "description": "How the database login is obtained: a stored password, or short-lived credentials bought by an IAM role.",
        "enum": [
          "password",
          "assumeRole"
        ],
        "enumTitles": [
          "Default",
          "Redshift IAM Authentication via AssumeRole"
        ],
        "default": "password",
        "group": "authentication",
        "order": 10,
        "since": "0.1.0"
      },
      "loginMethod": {
        "type": "string",
        "title": "Login method",
        "description": "Whose login AWS issues: that of the database user that is named here (redshift:GetClusterCredentials), or that of the IAM role itself, as the user IAMR:role (redshift:GetClusterCredentialsWithIAM).",
        "enum": [
          "databaseUser",
          "iamIdentity"
        ],
        "enumTitles": [
          "A database user",
          "The user of the IAM role"
        ],
        "default": "databaseUser",
        "visibleWhen": {
          "authType": [
            "assumeRole"
          ],
          "workgroup": [
            null
          ]
        },
        "group": "authentication",
        "order": 15,
        "since": "0.2.0"
      },
      "username": {
        "type": "string",
        "title": "Username",
        "legacyLabel": "Username",
        "description": "Database user to log in as. Not used where the user follows from the IAM identity: with loginMethod iamIdentity, and with a serverless workgroup.",
        "examples": [
          "etl"
        ],
        "pattern": "^[^\\u0000]{1,127}$",
        "patternMessage": "must be 1 to 127 characters",
        "visibleWhen": [
          {
            "authType": [
              "assumeRole"
            ],
            "workgroup": [
              null
            ],
            "loginMethod": [
              "databaseUser"
            ]
          },
          {
            "authType": [
              "password"
            ]
          }
        ],
        "requiredWhen": [
          {
            "authType": [
              "password"
            ]
          },
          {
            "authType": [
              "assumeRole"
            ],
            "jdbcUrl": [
              null
            ],
            "host": [
              null
            ],
            "workgroup": [
              null
            ],
            "loginMethod": [
              "databaseUser"
            ]
          }
        ],
        "group": "authentication",
        "order": 20,
        "since": "0.1.0"
      },
      "password": {
        "type": "string",
        "title": "Password",
        "legacyLabel": "Password",
        "description": "Password of the database user.",
        "secret": true,
        "visibleWhen": {
          "authType": [
            "password"
          ]
        },
        "requiredWhen": {
          "authType": [
            "password"
          ]
        },
        "group": "authentication",
        "order": 30,
        "since": "0.1.0"
      },
      "roleArn": {
        "type": "string",
        "title": "Redshift IAM Role ARN",
        "legacyLabel": "Redshift IAM Role ARN",
        "description": "IAM role that is assumed to obtain the database login.",
        "examples": [
          "arn:aws:iam::111122223333:role/RedshiftLogin"
        ],
        "pattern": "^arn:aws(?:-[a-z0-9]+)*:iam::\\d{12}:role/[A-Za-z0-9_+=,.@/-]{1,576}$",
        "patternMessage": "must be the ARN of an IAM role, such as arn:aws:iam::111122223333:role/RedshiftLogin",
        "visibleWhen": {
          "authType": [
            "assumeRole"
          ]
        },
        "requiredWhen": {
          "authType": [
            "assumeRole"
          ]
        },
        "group": "authentication",
        "order": 40,
        "since": "0.1.0"
      },
      "useEc2Role": {
        "type": "boolean",
        "title": "Use EC2 Role to Assume Role",
        "legacyLabel": "Use EC2 Role to Assume Role",
        "description": "The AWS role of the machine that runs the agent (EC2, ECS or EKS) assumes the Redshift role; no access keys are stored, and any given are ignored.",
        "default": false,
        "visibleWhen": [
          {
            "authType": [
              "assumeRole"
            ]
          },
          {
            "authType": [
              "password"
            ],
            "useStaging": [
              true
            ]
          }
        ],
        "group": "authentication",
        "order": 50,
        "since": "0.1.0"
      },
      "identitySource": {
        "type": "string",
        "title": "Identity",
        "description": "Where the AWS identity that assumes the role comes from.",
        "enum": [
          "accessKeys",
          "workerRole",
          "profile",
          "environment"
        ],
        "enumTitles": [
          "Access keys of an IAM user",
          "Role of the worker node",
          "Profile in the shared AWS configuration files",
          "Environment variables of the agent"
        ],
        "default": "accessKeys",
        "visibleWhen": [
          {
            "authType": [
              "assumeRole"
            ],
            "useEc2Role": [
              false
            ]
          },
          {
            "authType": [
              "password"
            ],
            "useStaging": [
              true
            ],
            "useEc2Role": [
              false
            ]
          }
        ],
        "group": "authentication",
        "order": 60,
        "since": "0.1.0"
      },
      "accessKeyId": {
        "type": "string",
        "title": "Redshift Access Key ID",
        "legacyLabel": "Redshift Access Key ID",
        "description": "Access key of the IAM user that may assume the role.",
        "secret": true,
        "pattern": "^\\w{16,128}$",
        "patternMessage": "must be 16 to 128 letters and digits, such as AKIA...",
        "visibleWhen": [
          {
            "authType": [
              "assumeRole"
            ],
            "useEc2Role": [
              false
            ],
            "identitySource": [
              "accessKeys"
            ]
          },
          {
            "authType": [
              "password"
            ],
            "useStaging": [
              true
            ],
            "useEc2Role": [
              false
            ],
            "identitySource": [
              "accessKeys"
            ]
          }
        ],
        "requiredWhen": [
          {
            "authType": [
              "assumeRole"
            ],
            "useEc2Role": [
              false
            ],
            "identitySource": [
              "accessKeys"
            ],
            "loginIdentity": [
              "agent"
            ]
          },
          {
            "authType": [
              "password"
            ],
            "useStaging": [
              true
            ],
            "useEc2Role": [
              false
            ],
            "identitySource": [
              "accessKeys"
            ]
          }
        ],
        "group": "authentication",
        "order": 70,
        "since": "0.1.0"
      },
      "secretAccessKey": {
        "type": "string",
        "title": "Redshift Secret Access Key",
        "legacyLabel": "Redshift Secret Access Key",
        "description": "Secret that belongs to the access key.",
        "secret": true,
        "pattern": "^\\S+$",
        "patternMessage": "must not hold blanks or line breaks",
        "visibleWhen": [
          {
            "authType": [
              "assumeRole"
            ],
            "useEc2Role": [
              false
            ],
            "identitySource": [
              "accessKeys"
            ]
          },
          {
            "authType": [
              "password"
            ],
            "useStaging": [
              true
            ],
            "useEc2Role": [
              false
            ],
            "identitySource": [
              "accessKeys"
            ]
          }
        ],
        "requiredWhen": [
          {
            "authType": [
              "assumeRole"
            ],
            "useEc2Role": [
              false
            ],
            "identitySource": [
              "accessKeys"
            ],
            "loginIdentity": [
              "agent"
            ]
          },
          {
            "authType": [
              "password"
            ],
            "useStaging": [
              true
            ],
            "useEc2Role": [
              false
            ],
            "identitySource": [
              "accessKeys"
            ]
          }
        ],
        "group": "authentication",
        "order": 80,
        "since": "0.1.0"
      },
      "sessionToken": {
        "type": "string",
        "title": "Session Token",
        "description": "Only with temporary access keys (they start with ASIA): the token that came with them.",
        "secret": true,
        "pattern": "^\\S+$",
        "patternMessage": "must not hold blanks or line breaks",
        "visibleWhen": [
          {
            "authType": [
              "assumeRole"
            ],
            "useEc2Role": [
              false
            ],
            "identitySource": [
              "accessKeys"
            ]
          },
          {
            "authType": [
              "password"
            ],
            "useStaging": [
              true
            ],
            "useEc2Role": [
              false
            ],
            "identitySource": [
              "accessKeys"
            ]
          }
        ],
        "group": "authentication",
        "order": 90,
        "since": "0.1.0"
      },
      "profile": {
        "type": "string",
        "title": "Profile",
        "description": "Name of the profile in ~/.aws/config or ~/.aws/credentials: with keys, a role and its source, a web identity token or a credential_process. One that asks for an MFA code cannot be used.",
        "examples": [
          "etl"
        ],
        "pattern": "^[^\\s\\[\\]\\u0000][^\\[\\]\\u0000\\r\\n]{0,127}$",
        "patternMessage": "must be the name of a profile, without brackets",
        "visibleWhen": [
          {
            "authType": [
              "assumeRole"
            ],
            "useEc2Role": [
              false
            ],
            "identitySource": [
              "profile"
            ]
          },
          {
            "authType": [
              "password"
            ],
            "useStaging": [
              true
            ],
            "useEc2Role": [
              false
            ],
            "identitySource": [
              "profile"
            ]
          }
        ],
        "requiredWhen": [
          {
            "authType": [
              "assumeRole"
            ],
            "useEc2Role": [
              false
            ],
            "identitySource": [
              "profile"
            ],
            "loginIdentity": [
              "agent"
            ]
          },
          {
            "authType": [
              "password"
            ],
            "useStaging": [
              true
            ],
            "useEc2Role": [
              false
            ],
            "identitySource": [
              "profile"
            ]
          }
        ],
        "group": "authentication",
        "order": 100,
        "since": "0.1.0"
      },
      "autoCreateDbUser": {
        "type": "boolean",
        "title": "Auto create DBUser",
        "legacyLabel": "Auto create DBUser",
        "description": "Creates the database user at login when it does not exist. Needs redshift:CreateClusterUser.",
        "default": false,
        "visibleWhen": {
          "authType": [
            "assumeRole"
          ],
          "workgroup": [
            null
          ],
          "loginMethod": [
            "databaseUser"
          ]
        },
        "group": "authentication",
        "order": 110,
        "since": "0.1.0"
      },
      "dbGroups": {
        "type": "array",
        "title": "Database Groups",
        "description": "Existing database groups that the user joins for the session, besides those it belongs to. Needs redshift:JoinGroup.",
        "items": {
          "type": "string",
          "title": "Group",
          "pattern": "^[a-z][a-z0-9_+.@-]{0,63}$",
          "patternMessage": "must be 1 to 64 lower-case letters, digits and _ + . @ -, starting with a letter"
        },
        "default": [],
        "examples": [
          [
            "etl_writers"
          ]
        ],
        "visibleWhen": {
          "authType": [
            "assumeRole"
          ],
          "workgroup": [
            null
          ],
          "loginMethod": [
            "databaseUser"
          ]
        },
        "group": "authentication",
        "order": 120,
        "since": "0.1.0"
      },
      "loginLifetimeSeconds": {
        "type": "integer",
        "title": "Login lifetime",
        "description": "How long a generated database login stays valid for new connections. Open sessions outlive it, and it is renewed ahead of time.",
        "unit": "seconds",
        "default": 900,
        "minimum": 900,
        "maximum": 3600,
        "visibleWhen": {
          "authType": [
            "assumeRole"
          ]
        },
        "group": "authentication",
        "order": 130,
        "since": "0.1.0"
      },
      "roleDurationSeconds": {
        "type": "integer",
        "title": "Role session duration",
        "description": "How long the credentials of an assumed role last before they are renewed. A role assumed from a role is capped at 3600 by AWS.",
        "unit": "seconds",
        "default": 3600,
        "minimum": 900,
        "maximum": 43200,
        "visibleWhen": [
          {
            "authType": [
              "assumeRole"
            ]
          },
          {
            "authType": [
              "password"
            ],
            "useStaging": [
              true
            ]
          }
        ],
        "group": "authentication",
        "order": 140,
        "since": "0.1.0"
      },
      "externalId": {
        "type": "string",
        "title": "External ID",
        "description": "Value that the trust policy of the role demands (sts:ExternalId).",
        "pattern": "^[\\w+=,.@:/-]{2,1224}$",
        "patternMessage": "must be 2 to 1224 letters, digits and + = , . @ : / -",
        "visibleWhen": [
          {
            "authType": [
              "assumeRole"
            ]
          },
          {
            "authType": [
              "password"
            ],
            "useStaging": [
              true
            ]
          }
        ],
        "group": "authentication",
        "order": 150,
        "since": "0.1.0"
      },
      "roleSessionName": {
        "type": "string",
        "title": "Role session name",
        "description": "Name of the session as CloudTrail shows it.",
        "default": "roleshift",
        "pattern": "^[A-Za-z0-9_+=,.@-]{2,64}$",
        "patternMessage": "must be 2 to 64 letters, digits and _ + = , . @ -",
        "visibleWhen": [
          {
            "authType": [
              "assumeRole"
            ]
          },
          {
            "authType": [
              "password"
            ],
            "useStaging": [
              true
            ]
          }
        ],
        "group": "authentication",
        "order": 160,
        "since": "0.1.0"
      },
      "sourceIdentity": {
        "type": "string",
        "title": "Source identity",
        "description": "Identity that AWS keeps through every later role (sts:SetSourceIdentity is needed).",
        "pattern": "^[A-Za-z0-9_+=,.@-]{2,64}$",
        "patternMessage": "must be 2 to 64 letters, digits and _ + = , . @ -",
        "visibleWhen": [
          {
            "authType": [
              "assumeRole"
            ]
          },
          {
            "authType": [
              "password"
            ],
            "useStaging": [
              true
            ]
          }
        ],
        "group": "authentication",
        "order": 170,
        "since": "0.1.0"
      },
      "sessionPolicy": {
        "type": "string",
        "title": "Session policy",
        "description": "IAM policy as JSON that narrows what the session of the Redshift role may do: it can only take away.",
        "multiline": true,
        "pattern": "^[\\t\\n\\r\\x20-\\xff]{1,2048}$",
        "patternMessage": "must be at most 2048 characters of Latin text",
        "visibleWhen": {
          "authType": [
            "assumeRole"
          ]
        },
        "group": "authentication",
        "order": 173,
        "since": "0.2.0"
      },
      "sessionTags": {
        "type": "array",
        "title": "Session tags",
        "description": "Tags of the session of the Redshift role, for policies that ask for them (sts:TagSession is needed).",
        "items": {
          "type": "object",
          "title": "Tag",
          "properties": {
            "key": {
              "type": "string",
              "title": "Key",
              "description": "Name of the tag.",
              "pattern": "^(?![Aa][Ww][Ss]:)[\\p{L}\\p{Z}\\p{N}_.:/=+@-]{1,128}$",
              "patternMessage": "must be 1 to 128 letters, digits, blanks and _ . : / = + @ -, not starting with aws:",
              "required": true
            },
            "value": {
              "type": "string",
              "title": "Value",
              "description": "Value of the tag; it may be empty.",
              "pattern": "^[\\p{L}\\p{Z}\\p{N}_.:/=+@-]{0,256}$",
              "patternMessage": "must be at most 256 letters, digits, blanks and _ . : / = + @ -"
            },
            "transitive": {
              "type": "boolean",
              "title": "Kept by later roles",
              "description": "The roles that are assumed after this one get the tag as well."
            }
          }
        },
        "default": [],
        "examples": [
          [
            {
              "key": "team",
              "value": "sales"
            }
          ]
        ],
        "visibleWhen": {
          "authType": [
            "assumeRole"
          ]
        },
        "group": "authentication",
        "order": 176,
        "since": "0.2.0"
      },
      "intermediateRoles": {
        "type": "array",
        "title": "Intermediate roles",
        "description": "Roles assumed in this order before the Redshift role, where no direct trust exists. What one leaves out of session name and duration is as for the Redshift role.",
        "items": {
          "type": "object",
          "title": "Role",
          "properties": {
            "roleArn": {
              "type": "string",
              "title": "Role ARN",
              "description": "IAM role that is assumed at this point.",
              "pattern": "^arn:aws(?:-[a-z0-9]+)*:iam::\\d{12}:role/[A-Za-z0-9_+=,.@/-]{1,576}$",
              "patternMessage": "must be the ARN of an IAM role, such as arn:aws:iam::111122223333:role/RedshiftLogin",
              "required": true
            },
            "externalId": {
              "type": "string",
              "title": "External ID",
              "description": "Value that the trust policy of this role demands (sts:ExternalId).",
              "pattern": "^[\\w+=,.@:/-]{2,1224}$",
              "patternMessage": "must be 2 to 1224 letters, digits and + = , . @ : / -"
            },
            "roleSessionName": {
              "type": "string",
              "title": "Role session name",
              "description": "Name of this role's session as CloudTrail shows it.",
              "pattern": "^[A-Za-z0-9_+=,.@-]{2,64}$",
              "patternMessage": "must be 2 to 64 letters, digits and _ + = , . @ -"
            },
            "durationSeconds": {
              "type": "integer",
              "title": "Session duration",
              "description": "How long the credentials of this role last before they are renewed. A role assumed from a role is capped at 3600 by AWS.",
              "unit": "seconds",
              "minimum": 900,
              "maximum": 43200
            },
            "sessionPolicy": {
              "type": "string",
              "title": "Session policy",
              "description": "IAM policy as JSON that narrows what the session of this role may do: it can only take away.",
              "pattern": "^[\\t\\n\\r\\x20-\\xff]{1,2048}$",
              "patternMessage": "must be at most 2048 characters of Latin text"
            },
            "sessionTags": {
              "type": "array",
              "title": "Session tags",
              "description": "Tags of this role's session, for policies that ask for them (sts:TagSession is needed).",
              "items": {
                "type": "object",
                "title": "Tag",
                "properties": {
                  "key": {
                    "type": "string",
                    "title": "Key",
                    "description": "Name of the tag.",
                    "pattern": "^(?![Aa][Ww][Ss]:)[\\p{L}\\p{Z}\\p{N}_.:/=+@-]{1,128}$",
                    "patternMessage": "must be 1 to 128 letters, digits, blanks and _ . : / = + @ -, not starting with aws:",
                    "required": true
                  },
                  "value": {
                    "type": "string",
                    "title": "Value",
                    "description": "Value of the tag; it may be empty.",
                    "pattern": "^[\\p{L}\\p{Z}\\p{N}_.:/=+@-]{0,256}$",
                    "patternMessage": "must be at most 256 letters, digits, blanks and _ . : / = + @ -"
                  },
                  "transitive": {
                    "type": "boolean",
                    "title": "Kept by later roles",
                    "description": "The roles that are assumed after this one get the tag as well."
                  }
                }
              }
            },
            "sourceIdentity": {
              "type": "string",
              "title": "Source identity",
              "description": "Identity that AWS keeps through every later role (sts:SetSourceIdentity is needed).",
              "pattern": "^[A-Za-z0-9_+=,.@-]{2,64}$",
              "patternMessage": "must be 2 to 64 letters, digits and _ + = , . @ -"
            }
          }
        },
        "default": [],
        "examples": [
          [
            {
              "roleArn": "arn:aws:iam::111122223333:role/Hub",
              "externalId": "partner-42",
              "roleSessionName": "acme-hub"
            }
          ]
        ],
        "visibleWhen": [
          {
            "authType": [
              "assumeRole"
            ]
          },
          {
            "authType": [
              "password"
            ],
            "useStaging": [
              true
            ]
          }
        ],
        "group": "authentication",
        "order": 180,
        "since": "0.1.0"
      },
      "useStaging": {
        "type": "boolean",
        "title": "Stage through S3",
        "description": "Moves bulk data through an S3 bucket with COPY and UNLOAD: needed to write many rows, and faster for large reads.",
        "default": false,
        "group": "staging",
        "order": 10,
        "since": "0.1.0"
      },
      "stagingBucket": {
        "type": "string",
        "title": "Staging bucket",
        "description": "S3 bucket for the files on their way. They are deleted when a run ends.",
        "examples": [
          "acme-staging"
        ],
        "pattern": "^(?!\\d+\\.\\d+\\.\\d+\\.\\d+$)(?!.*\\.\\.)(?!xn--)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$",
        "patternMessage": "must be a bucket name: 3 to 63 lower-case letters, digits, dots and hyphens, without s3:// or a path",
        "visibleWhen": {
          "useStaging": [
            true
          ]
        },
        "requiredWhen": {
          "useStaging": [
            true
          ]
        },
        "group": "staging",
        "order": 20,
        "since": "0.1.0"
      },
      "stagingPrefix": {
        "type": "string",
        "title": "Staging prefix",
        "description": "Folder in the bucket under which each run makes its own.",
        "default": "roleshift/",
        "pattern": "^(?!/)(?!.*//)(?!(?:.*/)?\\.{1,2}(?:/|$))[A-Za-z0-9!_.=/-]{1,512}$",
        "patternMessage": "must be a key prefix of letters, digits and ! _ . = - /, without a leading or double slash",
        "visibleWhen": {
          "useStaging": [
            true
          ]
        },
        "group": "staging",
        "order": 30,
        "since": "0.1.0"
      },
      "sweepOnStart": {
        "type": "boolean",
        "title": "Sweep on start",
        "description": "Before the first run stages anything, delete what runs left in the bucket that are gone for a day, as far as it is theirs for certain.",
        "default": false,
        "visibleWhen": {
          "useStaging": [
            true
          ]
        },
        "group": "staging",
        "order": 35,
        "since": "0.1.0"
      },
      "stagingRegion": {
        "type": "string",
        "title": "Staging Region",
        "description": "AWS Region of the bucket where it is not that of the cluster.",
        "examples": [
          "us-west-2"
        ],
        "pattern": "^[a-z]{2,4}(?:-[a-z]{2,12}){1,3}-\\d{1,2}$",
        "patternMessage": "must be the code of an AWS Region, such as us-west-2",
        "visibleWhen": {
          "useStaging": [
            true
          ]
        },
        "group": "staging",
        "order": 40,
        "since": "0.1.0"
      },
      "stagingRoleArn": {
        "type": "string",
        "title": "Staging role ARN",
        "description": "IAM role that the agent assumes to reach the bucket. Without one, the Redshift role is used, or the identity itself where the login is a password.",
        "examples": [
          "arn:aws:iam::111122223333:role/StagingAccess"
        ],
        "pattern": "^arn:aws(?:-[a-z0-9]+)*:iam::\\d{12}:role/[A-Za-z0-9_+=,.@/-]{1,576}$",
        "patternMessage": "must be the ARN of an IAM role, such as arn:aws:iam::111122223333:role/RedshiftLogin",
        "visibleWhen": {
          "useStaging": [
            true
          ]
        },
        "group": "staging",
        "order": 50,
        "since": "0.1.0"
      },
      "stagingExternalId": {
        "type": "string",
        "title": "Staging external ID",
        "description": "Value that the trust policy of the staging role demands (sts:ExternalId). Without one, External ID is sent.",
        "pattern": "^[\\w+=,.@:/-]{2,1224}$",
        "patternMessage": "must be 2 to 1224 letters, digits and + = , . @ : / -",
        "visibleWhen": {
          "useStaging": [
            true
          ]
        },
        "group": "staging",
        "order": 55,
        "since": "0.2.0"
      },
      "copyRole": {
        "type": "string",
        "title": "COPY and UNLOAD role",
        "description": "Role that Redshift itself uses to reach the bucket: default for the cluster's default role, an ARN, or several ARNs with commas for a chain.",
        "examples": [
          "default",
          "arn:aws:iam::111122223333:role/RedshiftCopy"
        ],
        "pattern": "^(?:default|arn:aws(?:-[a-z0-9]+)*:iam::\\d{12}:role/[A-Za-z0-9_+=.@/-]{1,576}(?:,arn:aws(?:-[a-z0-9]+)*:iam::\\d{12}:role/[A-Za-z0-9_+=.@/-]{1,576}){0,9})$",
        "patternMessage": "must be default, the ARN of an IAM role, or up to ten role ARNs joined by commas without blanks",
        "visibleWhen": {
          "useStaging": [
            true
          ]
        },
        "requiredWhen": {
          "useStaging": [
            true
          ]
        },
        "group": "staging",
        "order": 60,
        "since": "0.1.0"
      },
      "kmsKeyId": {
        "type": "string",
        "title": "KMS key",
        "description": "KMS key (id or ARN) that encrypts the staged files. Without one, the bucket's own setting decides.",
        "examples": [
          "1234abcd-12ab-34cd-56ef-1234567890ab"
        ],
        "pattern": "^(?:arn:aws(?:-[a-z0-9]+)*:kms:[a-z0-9-]+:\\d{12}:key/)?(?:mrk-[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$",
        "patternMessage": "must be the id or the ARN of a KMS key; an alias is not understood by UNLOAD",
        "visibleWhen": {
          "useStaging": [
            true
          ]
        },
        "group": "staging",
        "order": 70,
        "since": "0.1.0"
      },
      "stagingBucketOwner": {
        "type": "string",
        "title": "Bucket owner",
        "description": "Account that must own the bucket; every S3 call is refused when another one does.",
        "examples": [
          "111122223333"
        ],
        "pattern": "^\\d{12}$",
        "patternMessage": "must be an AWS account number of 12 digits",
        "visibleWhen": {
          "useStaging": [
            true
          ]
        },
        "group": "staging",
        "order": 80,
        "since": "0.1.0"
      },
      "defaultSchema": {
        "type": "string",
        "title": "Schema",
        "description": "Schema of tables that are named without one.",
        "default": "public",
        "pattern": "^[^\\u0000]{1,127}$",
        "patternMessage": "must be 1 to 127 characters",
        "group": "session",
        "order": 10,
        "since": "0.1.0"
      },
      "applicationName": {
        "type": "string",
        "title": "Application name",
        "description": "Name that the sessions carry in Redshift's system views.",
        "default": "roleshift",
        "pattern": "^[ -~]{1,250}$",
        "patternMessage": "must be 1 to 250 printable ASCII characters",
        "group": "session",
        "order": 20,
        "since": "0.1.0"
      },
      "connectSql": {
        "type": "string",
        "title": "Connect SQL",
        "description": "SQL run in every new session before anything else. It is your own: it is sent as written.",
        "multiline": true,
        "maxLength": 65535,
        "examples": [
          "SET timezone TO 'UTC'"
        ],
        "group": "session",
        "order": 30,
        "since": "0.1.0"
      },
      "queryGroup": {
        "type": "string",
        "title": "Query group",
        "description": "Query group that routes the statements to a workload queue.",
        "pattern": "^[^\\u0000]{1,127}$",
        "patternMessage": "must be 1 to 127 characters",
        "group": "session",
        "order": 40,
        "since": "0.1.0"
      },
      "sideSession": {
        "type": "boolean",
        "title": "Second session",
        "description": "While a long statement runs or waits, ask Redshift on a second session, every few seconds, how far it is and who blocks it.",
        "default": true,
        "group": "session",
        "order": 45,
        "since": "0.1.0"
      },
      "statementTimeoutSeconds": {
        "type": "integer",
        "title": "Statement timeout",
        "description": "Longest time one statement may run; 0 sets no limit of ours.",
        "unit": "seconds",
        "default": 0,
        "minimum": 0,
        "maximum": 2147483,
        "group": "session",
        "order": 50,
        "since": "0.1.0"
      },
      "maxSessions": {
        "type": "integer",
        "title": "Sessions",
        "description": "Most sessions that are open at a time.",
        "default": 10,
        "minimum": 1,
        "maximum": 500,
        "group": "session",
        "order": 60,
        "since": "0.1.0"
      },
      "tlsMode": {
        "type": "string",
        "title": "TLS verification",
        "description": "verify-full checks the certificate and the host name; verify-ca only the certificate. There is no unverified mode.",
        "enum": [
          "verify-full",
          "verify-ca"
        ],
        "enumTitles": [
          "Certificate and host name",
          "Certificate only"
        ],
        "default": "verify-full",
        "group": "network",
        "order": 10,
        "since": "0.1.0"
      },
      "caFile": {
        "type": "string",
        "title": "CA file",
        "description": "PEM file with certificates to trust besides those that come with Node, Amazon's among them.",
        "examples": [
          "/etc/ssl/redshift-ca.pem"
        ],
        "pattern": "^[^\\u0000]{1,4096}$",
        "patternMessage": "must be the path of a file",
        "group": "network",
        "order": 20,
        "since": "0.1.0"
      },
      "tlsServerName": {
        "type": "string",
        "title": "TLS server name",
        "description": "Name that the certificate must carry where it is not the host: behind a tunnel or a private endpoint.",
        "pattern": "^(?:[A-Za-z0-9](?:[A-Za-z0-9._-]{0,251}[A-Za-z0-9])?|[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f.]{0,15}){2,8})$",
        "patternMessage": "must be a host name only",
        "group": "network",
        "order": 30,
        "since": "0.1.0"
      },
      "connectTimeoutSeconds": {
        "type": "integer",
        "title": "Connect timeout",
        "description": "Longest time to open one session.",
        "unit": "seconds",
        "default": 10,
        "minimum": 1,
        "maximum": 300,
        "group": "network",
        "order": 40,
        "since": "0.1.0"
      },
      "awsTimeoutSeconds": {
        "type": "integer",
        "title": "AWS timeout",
        "description": "Longest time one call to AWS may take once it is connected.",
        "unit": "seconds",
        "default": 10,
        "minimum": 1,
        "maximum": 300,
        "group": "network",
        "order": 50,
        "since": "0.1.0"
      },
      "awsConnectTimeoutSeconds": {
        "type": "integer",
        "title": "AWS connect timeout",
        "description": "Longest time to connect to an AWS endpoint, through the proxy where there is one.",
        "unit": "seconds",
        "default": 5,
        "minimum": 1,
        "maximum": 60,
        "group": "network",
        "order": 55,
        "since": "0.2.0"
      },
      "awsProxyUrl": {
        "type": "string",
        "title": "AWS proxy",
        "description": "Address of an HTTP proxy for all calls to AWS (STS, Redshift, S3, IAM), as http://user:password@proxy.example.com:3128. The calls stay encrypted end to end. The session with the database does not use it, and HTTPS_PROXY of the environment is not read.",
        "secret": true,
        "pattern": "^https?://(?:[^\\s/?#@:]+(?::[^\\s/?#@]*)?@)?[A-Za-z0-9.:\\[\\]-]+/?$",
        "patternMessage": "must be an address such as http://proxy.example.com:3128; special characters of a password are written as %40",
        "visibleWhen": [
          {
            "authType": [
              "assumeRole"
            ]
          },
          {
            "authType": [
              "password"
            ],
            "useStaging": [
              true
            ]
          }
        ],
        "group": "network",
        "order": 110,
        "since": "0.2.0"
      },
      "awsNoProxy": {
        "type": "array",
        "title": "Hosts without the proxy",
        "description": "Hosts that are reached directly: a name (* stands for any text), .example.com for a domain and all below it, an address, or a network such as 10.0.0.0/8 for addresses. This machine and metadata addresses never use the proxy.",
        "items": {
          "type": "string",
          "title": "Host",
          "pattern": "^(?:\\.?[A-Za-z0-9*](?:[A-Za-z0-9*._-]{0,251}[A-Za-z0-9*])?|[0-9A-Fa-f:.]{2,45}(?:/\\d{1,3})?)$",
          "patternMessage": "must be a host name, a domain with a dot in front, an address or a network, without a port"
        },
        "default": [],
        "examples": [
          [
            ".vpce.amazonaws.com"
          ]
        ],
        "visibleWhen": [
          {
            "authType": [
              "assumeRole"
            ]
          },
          {
            "authType": [
              "password"
            ],
            "useStaging": [
              true
            ]
          }
        ],
        "group": "network",
        "order": 120,
        "since": "0.2.0"
      },
      "keepaliveSeconds": {
        "type": "integer",
        "title": "Keepalive",
        "description": "Idle time after which TCP keepalive probes start, so that firewalls keep long statements alive; 0 turns them off.",
        "unit": "seconds",
        "default": 30,
        "minimum": 0,
        "maximum": 7200,
        "group": "network",
        "order": 60,
        "since": "0.1.0"
      },
      "idleSessionSeconds": {
        "type": "integer",
        "title": "Idle session time",
        "description": "Idle time after which an unused session is closed.",
        "unit": "seconds",
        "default": 300,
        "minimum": 1,
        "maximum": 14400,
        "group": "network",
        "order": 70,
        "since": "0.1.0"
      },
      "stsEndpoint": {
        "type": "string",
        "title": "STS endpoint",
        "description": "Address of STS where it is not the Region's public one.",
        "examples": [
          "https://vpce-1a2b.sts.us-west-2.vpce.amazonaws.com"
        ],
        "pattern": "^https?://[A-Za-z0-9.:\\[\\]-]+/?$",
        "patternMessage": "must be an address such as https://vpce-1a2b.sts.us-west-2.vpce.amazonaws.com, without path or credentials",
        "visibleWhen": [
          {
            "authType": [
              "assumeRole"
            ]
          },
          {
            "authType": [
              "password"
            ],
            "useStaging": [
              true
            ]
          }
        ],
        "group": "network",
        "order": 80,
        "since": "0.1.0"
      },
      "redshiftEndpoint": {
        "type": "string",
        "title": "Redshift API endpoint",
        "description": "Address of the Redshift API where it is not the Region's public one.",
        "pattern": "^https?://[A-Za-z0-9.:\\[\\]-]+/?$",
        "patternMessage": "must be an address such as https://vpce-1a2b.sts.us-west-2.vpce.amazonaws.com, without path or credentials",
        "visibleWhen": {
          "authType": [
            "assumeRole"
          ]
        },
        "group": "network",
        "order": 90,
        "since": "0.1.0"
      },
      "redshiftServerlessEndpoint": {
        "type": "string",
        "title": "Redshift Serverless API endpoint",
        "description": "Address of the Redshift Serverless API where it is not the Region's public one.",
        "pattern": "^https?://[A-Za-z0-9.:\\[\\]-]+/?$",
        "patternMessage": "must be an address such as https://vpce-1a2b.sts.us-west-2.vpce.amazonaws.com, without path or credentials",
        "visibleWhen": {
          "authType": [
            "assumeRole"
          ]
        },
        "group": "network",
        "order": 93,
        "since": "0.2.0"
      },
      "iamEndpoint": {
        "type": "string",
        "title": "IAM endpoint",
        "description": "Address of IAM where it is not the public one. Only a diagnosis reads IAM, where the caller may.",
        "pattern": "^https?://[A-Za-z0-9.:\\[\\]-]+/?$",
        "patternMessage": "must be an address such as https://vpce-1a2b.sts.us-west-2.vpce.amazonaws.com, without path or credentials",
        "visibleWhen": [
          {
            "authType": [
              "assumeRole"
            ]
          },
          {
            "authType": [
              "password"
            ],
            "useStaging": [
              true
            ]
          }
        ],
        "group": "network",
        "order": 96,
        "since": "0.2.0"
      },
      "s3Endpoint": {
        "type": "string",
        "title": "S3 endpoint",
        "description": "Address of S3 where it is not the Region's public one.",
        "pattern": "^https?://[A-Za-z0-9.:\\[\\]-]+/?$",
        "patternMessage": "must be an address such as https://vpce-1a2b.sts.us-west-2.vpce.amazonaws.com, without path or credentials",
        "visibleWhen": {
          "useStaging": [
            true
          ]
        },
        "group": "network",
        "order": 100,
        "since": "0.1.0"
      },
      "loginIdentity": {
        "type": "string",
        "title": "Login identity",
        "description": "Who logs in for mappings in advanced mode: the agent's own identity, or the worker node's role where the agent runs on the cluster itself.",
        "enum": [
          "agent",
          "worker"
        ],
        "enumTitles": [
          "The agent's identity",
          "The worker node's role"
        ],
        "default": "agent",
        "visibleWhen": {
          "authType": [
            "assumeRole"
          ]
        },
        "group": "advanced",
        "order": 10,
        "since": "0.1.0"
      },
      "workerRoleArn": {
        "type": "string",
        "title": "Worker node role ARN",
        "description": "Role that the worker nodes run under. When given, a node that runs under another one is refused.",
        "examples": [
          "arn:aws:iam::111122223333:role/SparkWorker"
        ],
        "pattern": "^arn:aws(?:-[a-z0-9]+)*:iam::\\d{12}:role/[A-Za-z0-9_+=,.@/-]{1,576}$",
        "patternMessage": "must be the ARN of an IAM role, such as arn:aws:iam::111122223333:role/RedshiftLogin",
        "group": "advanced",
        "order": 20,
        "since": "0.1.0"
      }
    },
    "rules": [
      {
        "id": "endpointGiven",
        "fields": [
          "jdbcUrl",
          "host",
          "port",
          "database"
        ],
        "message": "A value given beside the JDBC URL must agree with it."
      },
      {
        "id": "regionKnown",
        "fields": [
          "region"
        ],
        "message": "With an IAM role or staging the Region is needed, given or told by the endpoint's name."
      },
      {
        "id": "clusterKnown",
        "fields": [
          "clusterIdentifier",
          "workgroup"
        ],
        "message": "With an IAM role a cluster identifier or a workgroup is needed, not both: given, or told by the endpoint's name. A custom domain name as the host stands for its cluster."
      },
      {
        "id": "databaseUserKnown",
        "fields": [
          "username"
        ],
        "message": "A login for a database user names that user."
      },
      {
        "id": "databaseKnown",
        "fields": [
          "database"
        ],
        "message": "A database is needed, given or told by the JDBC URL."
      },
      {
        "id": "issuedLoginNames",
        "fields": [
          "username",
          "database",
          "dbGroups"
        ],
        "message": "For a login issued by AWS: 1 to 64 letters, digits and _ + . @ -, starting with a letter, no reserved word; groups in lower case."
      },
      {
        "id": "temporaryKeys",
        "fields": [
          "accessKeyId",
          "sessionToken"
        ],
        "message": "Access keys that start with ASIA are temporary and need their session token."
      },
      {
        "id": "endpointAddress",
        "fields": [
          "stsEndpoint",
          "redshiftEndpoint",
          "redshiftServerlessEndpoint",
          "iamEndpoint",
          "s3Endpoint"
        ],
        "message": "Endpoints are https; http only to this machine, for a sandbox. Link-local and metadata addresses are refused."
      },
      {
        "id": "proxyAddress",
        "fields": [
          "awsProxyUrl",
          "awsNoProxy"
        ],
        "message": "A proxy at a link-local or metadata address is refused, and so is a network that is none."
      },
      {
        "id": "sessionPolicies",
        "fields": [
          "sessionPolicy",
          "intermediateRoles"
        ],
        "message": "A session policy is a JSON object with statements."
      },
      {
        "id": "hostAddress",
        "fields": [
          "host"
        ],
        "message": "Link-local and metadata addresses are refused, also after name resolution."
      }
    ]
  },
  "operations": {
    "check": {
      "title": "Check",
      "description": "Tries every hop from the identity to the staged file and reports each; goes on after a failure where it can.",
      "timeoutSeconds": 120,
      "checks": [
        {
          "id": "options",
          "title": "Read the options"
        },
        {
          "id": "reach",
          "title": "Reach each endpoint of AWS"
        },
        {
          "id": "clock",
          "title": "This machine's clock"
        },
        {
          "id": "identity",
          "title": "Who we are in AWS, and that a machine's role holds nothing on Redshift"
        },
        {
          "id": "role",
          "title": "Assume each role"
        },
        {
          "id": "lifetime",
          "title": "How long each role's session lasts"
        },
        {
          "id": "login",
          "title": "Get a database login"
        },
        {
          "id": "endpoint",
          "title": "Reach the cluster"
        },
        {
          "id": "tls",
          "title": "Verify its certificate"
        },
        {
          "id": "session",
          "title": "Open a session"
        },
        {
          "id": "groups",
          "title": "Join the groups"
        },
        {
          "id": "rights",
          "title": "Rights in the database"
        },
        {
          "id": "copy-role",
          "title": "The COPY role: attached, and kept for whom it is meant"
        },
        {
          "id": "staging",
          "title": "Find the bucket; write, read, list, COPY, UNLOAD and delete an object"
        }
      ],
      "modes": [
        "standard"
      ],
      "attributes": {
        "read": {
          "type": "string",
          "title": "Read",
          "description": "A table or view that is to be read: its rights are tried too.",
          "order": 10
        },
        "write": {
          "type": "string",
          "title": "Write",
          "description": "A table that is to be written: its rights are tried too.",
          "order": 20
        },
        "operation": {
          "type": "string",
          "title": "Operation",
          "description": "How it is to be written.",
          "enum": [
            "insert",
            "update",
            "upsert",
            "replaceRow",
            "delete",
            "dataDriven"
          ],
          "enumTitles": [
            "Insert",
            "Update",
            "Upsert",
            "Replace rows",
            "Delete",
            "Data driven"
          ],
          "default": "insert",
          "order": 30
        },
        "only": {
          "type": "array",
          "items": {
            "type": "string",
            "title": "Step"
          },
          "title": "Only",
          "description": "Only these steps and what they need, by id or pattern: role, staging:*.",
          "default": [],
          "order": 40
        },
        "skip": {
          "type": "array",
          "items": {
            "type": "string",
            "title": "Step"
          },
          "title": "Skip",
          "description": "All steps but these and what needs them.",
          "default": [],
          "order": 50
        }
      }
    },
    "discover": {
      "title": "Discover",
      "description": "Lists schemas, the objects of a schema, or the columns and keys of an object.",
      "modes": [
        "standard"
      ],
      "attributes": {
        "schema": {
          "type": "string",
          "title": "Schema",
          "description": "Only this schema.",
          "order": 10
        },
        "object": {
          "type": "string",
          "title": "Object",
          "description": "Only this table or view, with its columns.",
          "order": 20
        }
      }
    },
    "preview": {
      "title": "Preview",
      "description": "Shows the first rows of an object or a query.",
      "modes": [
        "standard"
      ],
      "attributes": {
        "object": {
          "type": "string",
          "title": "Object",
          "description": "Table or view, as name, schema.name or database.schema.name.",
          "order": 10
        },
        "objects": {
          "type": "array",
          "items": {
            "type": "object",
            "title": "Joined object",
            "properties": {
              "object": {
                "type": "string",
                "title": "Object",
                "description": "Table or view to join, as name, schema.name or database.schema.name.",
                "pattern": "^[\\s\\S]+$",
                "patternMessage": "must be a name",
                "required": true
              },
              "alias": {
                "type": "string",
                "title": "Alias",
                "description": "Short name of the table in conditions and columns.",
                "pattern": "^[\\s\\S]{1,127}$",
                "patternMessage": "must be 1 to 127 characters"
              },
              "join": {
                "type": "string",
                "title": "Join",
                "description": "Which rows stay where the other side has none: inner none, left those of the tables before, right those of this one, full both.",
                "pattern": "^(?:inner|left|right|full)$",
                "patternMessage": "must be inner, left, right or full"
              },
              "on": {
                "type": "array",
                "title": "Columns that must be equal",
                "description": "Columns of the tables before and of this one that have the same value in joined rows.",
                "items": {
                  "type": "object",
                  "title": "Pair",
                  "properties": {
                    "left": {
                      "type": "string",
                      "title": "Left",
                      "description": "Column of a table before, as alias.column.",
                      "pattern": "^[\\s\\S]+$",
                      "patternMessage": "must be alias.column",
                      "required": true
                    },
                    "right": {
                      "type": "string",
                      "title": "Right",
                      "description": "Column of this table, as alias.column.",
                      "pattern": "^[\\s\\S]+$",
                      "patternMessage": "must be alias.column",
                      "required": true
                    }
                  }
                }
              },
              "condition": {
                "type": "string",
                "title": "Condition",
                "description": "Condition of the join in SQL of your own, instead of equal columns.",
                "pattern": "^[\\s\\S]+$",
                "patternMessage": "must be SQL"
              }
            }
          },
          "title": "Objects",
          "description": "Several related tables or views, joined in this order, instead of one object.",
          "default": [],
          "examples": [
            [
              {
                "object": "sales.orders",
                "alias": "o"
              },
              {
                "object": "sales.customers",
                "alias": "c",
                "join": "left",
                "on": [
                  {
                    "left": "o.customer_id",
                    "right": "c.id"
                  }
                ]
              }
            ]
          ],
          "order": 15
        },
        "query": {
          "type": "string",
          "title": "Query",
          "description": "One SELECT of your own, instead of an object.",
          "multiline": true,
          "order": 20
        },
        "columns": {
          "type": "array",
          "items": {
            "type": "string",
            "title": "Column"
          },
          "title": "Columns",
          "description": "Columns to read, in this order; without them all.",
          "default": [],
          "order": 30
        },
        "filter": {
          "type": "json",
          "title": "Filter",
          "description": "A condition made of columns, operators and values, joined by and, or and not.",
          "examples": [
            {
              "and": [
                {
                  "column": "country",
                  "operator": "in",
                  "values": [
                    "DE",
                    "FR"
                  ]
                },
                {
                  "column": "total",
                  "operator": ">=",
                  "value": 100
                }
              ]
            }
          ],
          "order": 35
        },
        "where": {
          "type": "string",
          "title": "Condition",
          "description": "A condition in SQL of your own, without WHERE.",
          "multiline": true,
          "order": 40
        },
        "distinct": {
          "type": "boolean",
          "title": "Distinct",
          "description": "Gives each row once.",
          "default": false,
          "order": 45
        },
        "parameters": {
          "type": "json",
          "title": "Parameters",
          "description": "What :name stands for in SQL of your own: a value, a list, or a name of a column or table.",
          "examples": [
            {
              "day": "2026-11-24",
              "table": {
                "kind": "identifier",
                "value": [
                  "sales",
                  "orders"
                ]
              }
            }
          ],
          "order": 55
        },
        "orderBy": {
          "type": "array",
          "items": {
            "type": "string",
            "title": "Column"
          },
          "title": "Sort by",
          "description": "Columns to sort by, upwards.",
          "default": [],
          "order": 50
        },
        "limit": {
          "type": "integer",
          "title": "Rows",
          "description": "Most rows.",
          "unit": "rows",
          "minimum": 1,
          "maximum": 1000,
          "order": 60,
          "default": 10
        }
      }
    },
    "call": {
      "title": "Call",
      "description": "Calls a stored procedure and gives its outputs and the rows of its cursors.",
      "modes": [
        "standard"
      ],
      "attributes": {
        "procedure": {
          "type": "string",
          "title": "Procedure",
          "description": "Stored procedure, as schema.name or name.",
          "order": 25,
          "required": true
        },
        "arguments": {
          "type": "json",
          "title": "Arguments",
          "description": "Values of the procedure's IN and INOUT arguments, in order; a type beside a value picks one of several procedures of a name.",
          "examples": [
            [
              3,
              {
                "value": "12.50",
                "type": "decimal(10,2)"
              },
              null
            ]
          ],
          "order": 26
        },
        "limit": {
          "type": "integer",
          "title": "Rows",
          "description": "Most rows of a cursor that are given.",
          "unit": "rows",
          "default": 1000,
          "minimum": 0,
          "maximum": 100000,
          "order": 30
        }
      }
    },
    "read": {
      "title": "Read",
      "description": "Reads an object or the result of a query as batches of rows.",
      "modes": [
        "standard"
      ],
      "attributes": {
        "object": {
          "type": "string",
          "title": "Object",
          "description": "Table or view, as name, schema.name or database.schema.name.",
          "order": 10
        },
        "objects": {
          "type": "array",
          "items": {
            "type": "object",
            "title": "Joined object",
            "properties": {
              "object": {
                "type": "string",
                "title": "Object",
                "description": "Table or view to join, as name, schema.name or database.schema.name.",
                "pattern": "^[\\s\\S]+$",
                "patternMessage": "must be a name",
                "required": true
              },
              "alias": {
                "type": "string",
                "title": "Alias",
                "description": "Short name of the table in conditions and columns.",
                "pattern": "^[\\s\\S]{1,127}$",
                "patternMessage": "must be 1 to 127 characters"
              },
              "join": {
                "type": "string",
                "title": "Join",
                "description": "Which rows stay where the other side has none: inner none, left those of the tables before, right those of this one, full both.",
                "pattern": "^(?:inner|left|right|full)$",
                "patternMessage": "must be inner, left, right or full"
              },
              "on": {
                "type": "array",
                "title": "Columns that must be equal",
                "description": "Columns of the tables before and of this one that have the same value in joined rows.",
                "items": {
                  "type": "object",
                  "title": "Pair",
                  "properties": {
                    "left": {
                      "type": "string",
                      "title": "Left",
                      "description": "Column of a table before, as alias.column.",
                      "pattern": "^[\\s\\S]+$",
                      "patternMessage": "must be alias.column",
                      "required": true
                    },
                    "right": {
                      "type": "string",
                      "title": "Right",
                      "description": "Column of this table, as alias.column.",
                      "pattern": "^[\\s\\S]+$",
                      "patternMessage": "must be alias.column",
                      "required": true
                    }
                  }
                }
              },
              "condition": {
                "type": "string",
                "title": "Condition",
                "description": "Condition of the join in SQL of your own, instead of equal columns.",
                "pattern": "^[\\s\\S]+$",
                "patternMessage": "must be SQL"
              }
            }
          },
          "title": "Objects",
          "description": "Several related tables or views, joined in this order, instead of one object.",
          "default": [],
          "examples": [
            [
              {
                "object": "sales.orders",
                "alias": "o"
              },
              {
                "object": "sales.customers",
                "alias": "c",
                "join": "left",
                "on": [
                  {
                    "left": "o.customer_id",
                    "right": "c.id"
                  }
                ]
              }
            ]
          ],
          "order": 15
        },
        "query": {
          "type": "string",
          "title": "Query",
          "description": "One SELECT of your own, instead of an object.",
          "multiline": true,
          "order": 20
        },
        "procedure": {
          "type": "string",
          "title": "Procedure",
          "description": "Stored procedure, as schema.name or name.",
          "order": 25
        },
        "arguments": {
          "type": "json",
          "title": "Arguments",
          "description": "Values of the procedure's IN and INOUT arguments, in order; a type beside a value picks one of several procedures of a name.",
          "examples": [
            [
              3,
              {
                "value": "12.50",
                "type": "decimal(10,2)"
              },
              null
            ]
          ],
          "order": 26
        },
        "columns": {
          "type": "array",
          "items": {
            "type": "string",
            "title": "Column"
          },
          "title": "Columns",
          "description": "Columns to read, in this order; without them all.",
          "default": [],
          "order": 30
        },
        "filter": {
          "type": "json",
          "title": "Filter",
          "description": "A condition made of columns, operators and values, joined by and, or and not.",
          "examples": [
            {
              "and": [
                {
                  "column": "country",
                  "operator": "in",
                  "values": [
                    "DE",
                    "FR"
                  ]
                },
                {
                  "column": "total",
                  "operator": ">=",
                  "value": 100
                }
              ]
            }
          ],
          "order": 35
        },
        "where": {
          "type": "string",
          "title": "Condition",
          "description": "A condition in SQL of your own, without WHERE.",
          "multiline": true,
          "order": 40
        },
        "distinct": {
          "type": "boolean",
          "title": "Distinct",
          "description": "Gives each row once.",
          "default": false,
          "order": 45
        },
        "parameters": {
          "type": "json",
          "title": "Parameters",
          "description": "What :name stands for in SQL of your own: a value, a list, or a name of a column or table.",
          "examples": [
            {
              "day": "2026-11-24",
              "table": {
                "kind": "identifier",
                "value": [
                  "sales",
                  "orders"
                ]
              }
            }
          ],
          "order": 55
        },
        "orderBy": {
          "type": "array",
          "items": {
            "type": "string",
            "title": "Column"
          },
          "title": "Sort by",
          "description": "Columns to sort by, upwards.",
          "default": [],
          "order": 50
        },
        "limit": {
          "type": "integer",
          "title": "Rows",
          "description": "Most rows.",
          "unit": "rows",
          "minimum": 0,
          "maximum": 9007199254740991,
          "order": 60
        },
        "mode": {
          "type": "string",
          "title": "Read mode",
          "description": "Direct reads by cursor, staged by UNLOAD through S3, partitioned by several sessions; all give the same values.",
          "enum": [
            "auto",
            "direct",
            "staged",
            "partitioned"
          ],
          "enumTitles": [
            "Choose for me",
            "Direct",
            "Staged through S3",
            "In parts, by several sessions"
          ],
          "default": "auto",
          "order": 70
        },
        "acceptLoss": {
          "type": "array",
          "items": {
            "type": "string",
            "title": "Column"
          },
          "title": "Accept loss",
          "description": "Columns that may lose values on the way of this run; without their names such a run is refused.",
          "default": [],
          "order": 200
        },
        "verify": {
          "type": "boolean",
          "title": "Verify",
          "description": "Compare checksums of every column on both sides.",
          "default": false,
          "order": 210
        },
        "preSql": {
          "type": "string",
          "title": "Pre-SQL",
          "description": "Statements of your own, run once before the read in its session, outside of its transaction.",
          "multiline": true,
          "order": 71
        },
        "postSql": {
          "type": "string",
          "title": "Post-SQL",
          "description": "Statements of your own, run once after the last row was taken.",
          "multiline": true,
          "order": 72
        },
        "allowInconsistent": {
          "type": "boolean",
          "title": "Allow inconsistent",
          "description": "Allows a partitioned read: its sessions do not see one state of the database.",
          "default": false,
          "order": 81,
          "visibleWhen": {
            "mode": [
              "partitioned"
            ]
          }
        },
        "partitionColumn": {
          "type": "string",
          "title": "Partition column",
          "description": "Reads ranges of this column, of any type that can be sorted; its NULLs are a part of their own.",
          "order": 82,
          "visibleWhen": {
            "mode": [
              "partitioned"
            ]
          }
        },
        "partitionHash": {
          "type": "array",
          "items": {
            "type": "string",
            "title": "Column"
          },
          "title": "Partition by hash",
          "description": "Spreads rows by a hash of these columns, instead of ranges.",
          "default": [],
          "order": 83,
          "visibleWhen": {
            "mode": [
              "partitioned"
            ]
          }
        },
        "partitionCount": {
          "type": "integer",
          "title": "Parts",
          "description": "How many parts the read is cut into; for ranges about as many.",
          "default": 8,
          "minimum": 1,
          "maximum": 1000,
          "order": 84,
          "visibleWhen": {
            "mode": [
              "partitioned"
            ]
          }
        },
        "partitionBoundaries": {
          "type": "array",
          "items": {
            "type": "string",
            "title": "Value"
          },
          "title": "Boundaries",
          "description": "Values at which one range ends and the next begins, upwards; the outer ranges are open. Without them from the data.",
          "default": [],
          "order": 85,
          "visibleWhen": {
            "mode": [
              "partitioned"
            ]
          }
        },
        "partitionSessions": {
          "type": "integer",
          "title": "Parallel sessions",
          "description": "Most parts that are read at once; of staged parts two at most.",
          "default": 4,
          "minimum": 1,
          "maximum": 32,
          "order": 86,
          "visibleWhen": {
            "mode": [
              "partitioned"
            ]
          }
        },
        "partitionMode": {
          "type": "string",
          "title": "Mode of the parts",
          "description": "How each part travels.",
          "enum": [
            "direct",
            "staged"
          ],
          "enumTitles": [
            "Direct",
            "Staged through S3"
          ],
          "default": "direct",
          "order": 87,
          "visibleWhen": {
            "mode": [
              "partitioned"
            ]
          }
        },
        "resumable": {
          "type": "boolean",
          "title": "Resumable",
          "description": "Keeps the staged files of a read that did not end, so that the same run can go on where it broke off.",
          "default": false,
          "order": 88,
          "visibleWhen": {
            "mode": [
              "staged"
            ]
          }
        },
        "resumeFrom": {
          "type": "string",
          "title": "Resume from",
          "description": "The checkpoint of the last batch that was kept by an earlier attempt of the same run.",
          "order": 89,
          "visibleWhen": {
            "mode": [
              "staged"
            ]
          }
        },
        "batchRows": {
          "type": "integer",
          "title": "Batch size",
          "description": "Most rows of a batch; wide rows come in smaller ones.",
          "unit": "rows",
          "default": 10000,
          "minimum": 1,
          "maximum": 1000000,
          "order": 80
        }
      }
    },
    "readToFiles": {
      "title": "Read to files",
      "description": "Reads into Parquet, CSV or JSON Lines files, on the local disk or in S3, each complete or not there.",
      "modes": [
        "standard"
      ],
      "attributes": {
        "format": {
          "type": "string",
          "title": "File format",
          "description": "Form of the files; without it by the name.",
          "enum": [
            "parquet",
            "csv",
            "jsonl"
          ],
          "enumTitles": [
            "Parquet",
            "CSV",
            "JSON Lines"
          ],
          "order": 10
        },
        "compression": {
          "type": "string",
          "title": "Compression",
          "description": "Compression of the files; without it by the name, and snappy for Parquet, which alone has it.",
          "enum": [
            "none",
            "gzip",
            "zstd",
            "snappy"
          ],
          "enumTitles": [
            "None",
            "gzip",
            "Zstandard",
            "Snappy"
          ],
          "order": 20
        },
        "splitBytes": {
          "type": "string",
          "title": "Split by size",
          "description": "Writes several numbered files of about this size, like 256MB.",
          "pattern": "^\\d{1,15} *([KMGkmg][Ii]?[Bb])?$",
          "patternMessage": "must be a number with KB, MB, GB, KiB, MiB or GiB behind it",
          "order": 30
        },
        "splitRows": {
          "type": "integer",
          "title": "Split by rows",
          "description": "Writes several numbered files of this many rows at most.",
          "unit": "rows",
          "minimum": 1,
          "maximum": 9007199254740991,
          "order": 40
        },
        "replace": {
          "type": "boolean",
          "title": "Replace",
          "description": "Replaces files that are there, once the new ones are complete.",
          "default": false,
          "order": 50
        },
        "delimiter": {
          "type": "string",
          "title": "Delimiter",
          "description": "CSV: the character between values; without it a comma.",
          "order": 60
        },
        "withoutHeader": {
          "type": "boolean",
          "title": "Without header",
          "description": "CSV: leaves out the line of names.",
          "default": false,
          "order": 70
        },
        "nullMarker": {
          "type": "string",
          "title": "NULL marker",
          "description": "CSV: what stands for NULL; without it nothing at all, and an empty text is a pair of quotes.",
          "order": 80
        },
        "checksums": {
          "type": "boolean",
          "title": "Checksums",
          "description": "Tells the SHA-256 of each file in the report.",
          "default": false,
          "order": 90
        },
        "manifest": {
          "type": "boolean",
          "title": "List of files",
          "description": "Writes one more file, _manifest.json, that lists the others once all are complete.",
          "default": false,
          "order": 100
        }
      }
    },
    "write": {
      "title": "Write",
      "description": "Loads rows or a file into a table in one transaction, exactly once for a run id.",
      "modes": [
        "standard"
      ],
      "attributes": {
        "object": {
          "type": "string",
          "title": "Object",
          "description": "Table or view, as name, schema.name or database.schema.name.",
          "order": 10,
          "required": true
        },
        "operation": {
          "type": "string",
          "title": "Operation",
          "description": "Insert adds every row; update changes rows whose key is there; upsert does one or the other; replace deletes what has the key and inserts the row; delete removes it; data driven does what a column of the input says.",
          "enum": [
            "insert",
            "update",
            "upsert",
            "replaceRow",
            "delete",
            "dataDriven"
          ],
          "enumTitles": [
            "Insert",
            "Update",
            "Upsert",
            "Replace rows",
            "Delete",
            "Data driven"
          ],
          "default": "insert",
          "order": 20
        },
        "before": {
          "type": "string",
          "title": "Rows that are there",
          "description": "What happens to the rows of the table first: delete them all in the same transaction, overwrite them by an insert, or truncate, which is not atomic.",
          "enum": [
            "none",
            "deleteAll",
            "truncate",
            "overwrite"
          ],
          "enumTitles": [
            "Keep them",
            "Delete all",
            "Truncate (not atomic)",
            "Overwrite"
          ],
          "default": "none",
          "order": 25,
          "visibleWhen": {
            "operation": [
              "insert",
              "upsert",
              "replaceRow",
              "dataDriven"
            ]
          }
        },
        "keys": {
          "type": "array",
          "items": {
            "type": "string",
            "title": "Column"
          },
          "title": "Key columns",
          "description": "Columns that tell rows apart; without them the primary key that the table declares.",
          "default": [],
          "order": 30,
          "visibleWhen": {
            "operation": [
              "update",
              "upsert",
              "replaceRow",
              "delete",
              "dataDriven"
            ]
          }
        },
        "columns": {
          "type": "array",
          "items": {
            "type": "string",
            "title": "Column"
          },
          "title": "Columns",
          "description": "Columns to take from the input, by name; without them all.",
          "default": [],
          "order": 40
        },
        "updateColumns": {
          "type": "array",
          "items": {
            "type": "string",
            "title": "Column"
          },
          "title": "Columns to update",
          "description": "Columns that change in a row that is there; without them all but the keys.",
          "default": [],
          "order": 42,
          "visibleWhen": {
            "operation": [
              "update",
              "upsert",
              "dataDriven"
            ]
          }
        },
        "changeColumn": {
          "type": "string",
          "title": "Change column",
          "description": "Column of the input, not of the table, that says I, U, D or R (reject) for each row.",
          "order": 44,
          "visibleWhen": {
            "operation": [
              "dataDriven"
            ]
          },
          "requiredWhen": {
            "operation": [
              "dataDriven"
            ]
          }
        },
        "duplicateKeys": {
          "type": "string",
          "title": "Rows with the same key",
          "description": "What happens to rows of the input that share their key: they are refused unless told; in a data driven write the last one wins.",
          "enum": [
            "fail",
            "keepFirst",
            "keepLast"
          ],
          "enumTitles": [
            "Refuse the load",
            "Keep the first",
            "Keep the last"
          ],
          "order": 50,
          "visibleWhen": {
            "operation": [
              "update",
              "upsert",
              "replaceRow",
              "delete",
              "dataDriven"
            ]
          }
        },
        "duplicateKeysBy": {
          "type": "string",
          "title": "Greatest value wins",
          "description": "Column whose greatest value decides which of the rows that share their key is kept, instead of their order.",
          "order": 52,
          "visibleWhen": {
            "operation": [
              "update",
              "upsert",
              "replaceRow",
              "delete"
            ]
          }
        },
        "unmatched": {
          "type": "string",
          "title": "Rows without a match",
          "description": "What happens to rows that find nothing to update or delete: they are counted, or the load is refused.",
          "enum": [
            "ignore",
            "fail"
          ],
          "enumTitles": [
            "Count them",
            "Refuse the load"
          ],
          "default": "ignore",
          "order": 54,
          "visibleWhen": {
            "operation": [
              "update",
              "delete",
              "dataDriven"
            ]
          }
        },
        "keepIdentity": {
          "type": "boolean",
          "title": "Keep identity values",
          "description": "Take the values of identity columns from the input instead of having Redshift number the rows.",
          "default": false,
          "order": 56,
          "visibleWhen": {
            "operation": [
              "insert",
              "upsert",
              "replaceRow",
              "dataDriven"
            ]
          }
        },
        "acceptLoss": {
          "type": "array",
          "items": {
            "type": "string",
            "title": "Column"
          },
          "title": "Accept loss",
          "description": "Columns that may lose values on the way of this run; without their names such a run is refused.",
          "default": [],
          "order": 200
        },
        "verify": {
          "type": "boolean",
          "title": "Verify",
          "description": "Compare checksums of every column on both sides.",
          "default": false,
          "order": 210
        },
        "rejectLimit": {
          "type": "integer",
          "title": "Reject limit",
          "description": "How many rows Redshift may refuse before the load fails as a whole.",
          "unit": "rows",
          "default": 0,
          "minimum": 0,
          "maximum": 99999,
          "order": 60
        },
        "rejectFile": {
          "type": "string",
          "title": "Reject file",
          "description": "File for the rows that are refused, with their values, place and reason, to be mended and written again.",
          "examples": [
            "rejects.jsonl"
          ],
          "order": 62
        },
        "path": {
          "type": "string",
          "title": "Path",
          "description": "How rows get into the cluster: by COPY of files staged in S3, or by INSERT. Automatic: INSERT for few rows, and where the connection has no staging.",
          "enum": [
            "auto",
            "staged",
            "insert"
          ],
          "enumTitles": [
            "Automatic",
            "Staged files and COPY",
            "INSERT"
          ],
          "default": "auto",
          "order": 63
        },
        "stagedFormat": {
          "type": "string",
          "title": "Staged format",
          "description": "What the files in S3 are. Automatic: Parquet files of the input as they are, where COPY loads them value for value; CSV in all other cases. COPY of Parquet reads S3 by Redshift Spectrum, which an endpoint or bucket policy may hinder.",
          "enum": [
            "auto",
            "csv"
          ],
          "enumTitles": [
            "Automatic",
            "CSV"
          ],
          "default": "auto",
          "order": 63
        },
        "insertRowLimit": {
          "type": "integer",
          "title": "Most rows by INSERT",
          "description": "Rows that INSERT may write where it is the only way, or the one that is asked for; more of them are refused.",
          "unit": "rows",
          "default": 100000,
          "minimum": 1,
          "maximum": 10000000,
          "order": 64
        },
        "lockTarget": {
          "type": "boolean",
          "title": "Lock the table",
          "description": "Lock the table itself too: nobody reads or writes it until the load is done.",
          "default": false,
          "order": 65
        },
        "ledger": {
          "type": "string",
          "title": "Ledger",
          "description": "Keep a ledger beside the table, which makes a run that is repeated safe. Off: a repeated run is applied again, and a lost answer to COMMIT stays unknown.",
          "enum": [
            "required",
            "off"
          ],
          "enumTitles": [
            "Keep it",
            "Do without"
          ],
          "default": "required",
          "order": 66
        },
        "ledgerRetentionDays": {
          "type": "integer",
          "title": "Ledger retention",
          "description": "Age at which the ledger forgets a run; 0 keeps all.",
          "unit": "days",
          "default": 90,
          "minimum": 0,
          "maximum": 36500,
          "order": 68
        },
        "skipLoadedFiles": {
          "type": "boolean",
          "title": "Skip loaded files",
          "description": "Load no file that was loaded into the table before, as the ledger remembers.",
          "default": false,
          "order": 69
        },
        "sourceBucketOwner": {
          "type": "string",
          "title": "Owner of source buckets",
          "description": "Account that must own the S3 buckets that rows are read from; every call is refused when another one does.",
          "examples": [
            "111122223333"
          ],
          "pattern": "^\\d{12}$",
          "patternMessage": "must be an AWS account number of 12 digits",
          "order": 130
        },
        "spoolMib": {
          "type": "integer",
          "title": "Spool limit",
          "description": "Largest file that is kept in the work directory on its way: an object of S3, or a stream.",
          "unit": "MiB",
          "default": 10240,
          "minimum": 1,
          "maximum": 1048576,
          "order": 131
        },
        "lockTimeoutSeconds": {
          "type": "integer",
          "title": "Lock timeout",
          "description": "Longest wait for another load into the same table.",
          "unit": "seconds",
          "default": 300,
          "minimum": 1,
          "maximum": 86400,
          "order": 70
        },
        "settleTimeoutSeconds": {
          "type": "integer",
          "title": "Settle timeout",
          "description": "Longest wait for the answer to a COMMIT that got lost.",
          "unit": "seconds",
          "default": 300,
          "minimum": 1,
          "maximum": 86400,
          "order": 80
        },
        "conflictAttempts": {
          "type": "integer",
          "title": "Attempts on conflict",
          "description": "Times the transaction may start, the first included, when others conflict with it.",
          "default": 5,
          "minimum": 1,
          "maximum": 100,
          "order": 90
        },
        "createTarget": {
          "type": "boolean",
          "title": "Create the table",
          "description": "Make the table where there is none, with the columns and types of the input.",
          "default": false,
          "order": 100
        },
        "targetChanges": {
          "type": "string",
          "title": "Changes of the table",
          "description": "What happens when the input has other columns or wider types than the table: what hinders the load refuses it; any difference refuses it; columns are added; types are widened too; or the table gets the shape of the input.",
          "enum": [
            "none",
            "fail",
            "add",
            "alter",
            "recreate"
          ],
          "enumTitles": [
            "None",
            "Refuse any difference",
            "Add columns",
            "Add and widen columns",
            "Recreate the table"
          ],
          "default": "none",
          "order": 102
        },
        "columnDefinitions": {
          "type": "string",
          "multiline": true,
          "title": "Column definitions",
          "description": "Columns of a new table, and new columns, in the words of CREATE TABLE: name, type, NOT NULL, IDENTITY(1,1), ENCODE, COMMENT, and PRIMARY KEY (columns). What is not named gets the type of the input.",
          "examples": [
            "id BIGINT IDENTITY(1,1), name VARCHAR(100) NOT NULL ENCODE zstd"
          ],
          "order": 104
        },
        "distribution": {
          "type": "string",
          "title": "Distribution",
          "description": "How the rows of a new table are spread: Redshift chooses unless told, or by the distribution key where one is named.",
          "enum": [
            "auto",
            "even",
            "all",
            "key"
          ],
          "enumTitles": [
            "Automatic",
            "Even",
            "All",
            "Key"
          ],
          "order": 106
        },
        "distributionKey": {
          "type": "string",
          "title": "Distribution key",
          "description": "Column that the rows of a new table are spread by.",
          "order": 108
        },
        "sortKeys": {
          "type": "array",
          "items": {
            "type": "string",
            "title": "Column"
          },
          "title": "Sort key",
          "description": "Columns that a new table is sorted by; without them Redshift chooses.",
          "default": [],
          "order": 110
        },
        "sortStyle": {
          "type": "string",
          "title": "Sort style",
          "description": "How the columns of the sort key count: one after the other, or all alike.",
          "enum": [
            "compound",
            "interleaved"
          ],
          "enumTitles": [
            "Compound",
            "Interleaved"
          ],
          "default": "compound",
          "order": 112
        },
        "tableComment": {
          "type": "string",
          "title": "Comment",
          "description": "Comment on a new table.",
          "order": 114
        },
        "analyze": {
          "type": "string",
          "title": "Analyze",
          "description": "Statistics gathered once the rows are there, of the columns that queries filter and join by, or of all. A failure is a warning.",
          "enum": [
            "none",
            "predicateColumns",
            "allColumns"
          ],
          "enumTitles": [
            "None",
            "Predicate columns",
            "All columns"
          ],
          "default": "none",
          "order": 120
        },
        "vacuum": {
          "type": "string",
          "title": "Vacuum",
          "description": "Order made in the table once the rows are there. A failure is a warning.",
          "enum": [
            "none",
            "full",
            "sortOnly",
            "deleteOnly",
            "reindex",
            "recluster"
          ],
          "enumTitles": [
            "None",
            "Full",
            "Sort only",
            "Delete only",
            "Reindex",
            "Recluster"
          ],
          "default": "none",
          "order": 122
        },
        "vacuumThresholdPercent": {
          "type": "integer",
          "title": "Vacuum threshold",
          "description": "How much of the table VACUUM is to bring in order; without it what Redshift does, 95.",
          "unit": "percent",
          "minimum": 1,
          "maximum": 100,
          "order": 124
        },
        "preSql": {
          "type": "string",
          "multiline": true,
          "title": "SQL before",
          "description": "Statements of your own ahead of the write, outside of its transaction, each once for a run id.",
          "order": 130
        },
        "postSql": {
          "type": "string",
          "multiline": true,
          "title": "SQL after",
          "description": "Statements of your own behind the write, outside of its transaction, each once for a run id.",
          "order": 132
        },
        "sqlInTransaction": {
          "type": "boolean",
          "title": "SQL in the transaction",
          "description": "Run both inside the transaction that writes the rows: no COMMIT, ROLLBACK, TRUNCATE, CALL or VACUUM may stand in them then.",
          "default": false,
          "order": 134
        }
      }
    },
    "janitor": {
      "title": "Janitor",
      "description": "Deletes what crashed runs left in the staging bucket, as far as it is theirs for certain.",
      "modes": [
        "standard"
      ],
      "attributes": {
        "dryRun": {
          "type": "boolean",
          "title": "Dry run",
          "description": "Only tell what would be deleted, and why.",
          "default": false,
          "order": 10
        },
        "olderThan": {
          "type": "string",
          "title": "Older than",
          "description": "How long a run must be gone before its files go, in hours or days.",
          "default": "24h",
          "pattern": "^[1-9][0-9]{0,3}[hd]$",
          "patternMessage": "must be a number of hours or days, such as 24h or 7d",
          "examples": [
            "24h",
            "7d"
          ],
          "order": 20
        }
      }
    }
  }
};
