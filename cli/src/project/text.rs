//! The contents of a new project's files.

use super::edit::NewDataSet;

/// What git ignores in a project: results of runs and builds, and the link to kinflow on this machine.
pub(super) const GITIGNORE: &str = "/.kinflow\n/.aws-sam\n/kinflow\n";

/// A template without data sets.
const TEMPLATE: &str = r#"AWSTemplateFormatVersion: "2010-09-09"
Transform: AWS::Serverless-2016-10-31
Description: The data sets of @NAME, on the pipelines of kinflow.

Metadata:
  Kinflow:
    Inputs: # `kinflow run` reads these files if it is given none. A deployment ignores them.

Parameters:
  Architecture: { Type: String, Default: arm64, AllowedValues: [arm64, x86_64] }

Resources:
  Schemas: { Type: AWS::Serverless::LayerVersion, Properties: { ContentUri: schemas } }
  DataBucket: { Type: AWS::S3::Bucket, DeletionPolicy: RetainExceptOnCreate, UpdateReplacePolicy: Retain }
  FailuresBucket: { Type: AWS::S3::Bucket, DeletionPolicy: RetainExceptOnCreate, UpdateReplacePolicy: Retain }

Outputs:
  DataBucketName: { Description: The bucket that the pipelines write, Value: !Ref DataBucket }
"#;

const SAMCONFIG: &str = r#"# `sam build` and `sam deploy` read their arguments here, and `sam deploy --guided` keeps its answers here.
version = 0.1

[default.deploy.parameters]
stack_name = "@STACK"
resolve_s3 = true
s3_prefix = "@STACK"
capabilities = "CAPABILITY_IAM CAPABILITY_AUTO_EXPAND" # The template has roles, and takes in other templates.
confirm_changeset = true
"#;

const README: &str = r"# @NAME

This is a project of [kinflow](kinflow/README.md). Each of its data sets has a stream, functions that type and enrich its records,
and a place in one bucket.

```sh
kinflow run                              # runs @SAMPLE through the pipelines on this machine, and says where the results are
kinflow run --listen                     # runs until Ctrl-C, and takes `kinflow put FILE --stream @IDStream --schema schemas/@SET.toml`
kinflow add FILE                         # adds another data set
```

| file | what it is |
|---|---|
| `schemas/@SET.toml` | the schema: which fields and types a record has, and how its files are written. `kinflow/docs/schema.md` explains every key |
| `samples/` | the files that `kinflow run` reads if it is given none |
| `template.yaml` | what is deployed: a block for each data set, which takes in a template of `kinflow/pipelines` |
| `kinflow` | a link to kinflow's sources on this machine. Other people get them by `git submodule add URL kinflow` |

## Deploy

```sh
pip install aws-sam-cli cargo-lambda && rustup target add aarch64-unknown-linux-gnu
sam build && sam deploy --guided
```

A stack makes up no records. The parameter `@IDSource` says where they come from, as a JSON object of `kinflow/docs/producer.md`;
without it, another producer puts them on the stream. The folder `schemas/` is a layer of the functions, so the next `sam deploy`
deploys a changed schema. `kinflow/docs/deploy.md` explains the rest.
";

/// The template of a project without data sets, which are added to it.
pub(super) fn template(name: &str) -> String {
    // A description has to be one line of YAML, whatever the folder's name is.
    let plain: String =
        name.chars().filter(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | ' ')).collect();
    TEMPLATE.replace("@NAME", plain.trim())
}

/// The arguments of SAM.
pub(super) fn samconfig(name: &str) -> String {
    let word = ::infer::data_set_name(name).replace('_', "-");
    let stack =
        if word.starts_with(|first: char| first.is_ascii_alphabetic()) { word } else { format!("p{word}") };
    SAMCONFIG.replace("@STACK", &stack)
}

/// The README of a project.
pub(super) fn readme(name: &str, set: &NewDataSet) -> String {
    let fill = [("@NAME", name), ("@SAMPLE", &set.sample), ("@SET", &set.name), ("@ID", &set.id)];
    fill.iter().fold(README.to_owned(), |text, (mark, value)| text.replace(mark, value))
}
