//! What the files of a new project say.

use super::edit::NewDataSet;

/// What a project does not keep: what runs and builds leave, and the link to this machine's kinflow.
pub(super) const GITIGNORE: &str = "/.kinflow\n/.aws-sam\n/kinflow\n";

/// A template without data sets.
const TEMPLATE: &str = r#"AWSTemplateFormatVersion: "2010-09-09"
Transform: AWS::Serverless-2016-10-31
Description: Data sets of @NAME, by kinflow.

Metadata:
  Kinflow:
    Inputs: # what `kinflow run` runs where it is given nothing; a deployment passes over it

Parameters:
  Architecture: { Type: String, Default: arm64, AllowedValues: [arm64, x86_64] }

Resources:
  Schemas: { Type: AWS::Serverless::LayerVersion, Properties: { ContentUri: schemas } }
  DataBucket: { Type: AWS::S3::Bucket, DeletionPolicy: RetainExceptOnCreate, UpdateReplacePolicy: Retain }
  FailuresBucket: { Type: AWS::S3::Bucket, DeletionPolicy: RetainExceptOnCreate, UpdateReplacePolicy: Retain }

Outputs:
  DataBucketName: { Description: Everything the pipeline writes, Value: !Ref DataBucket }
"#;

const SAMCONFIG: &str = r#"# How `sam build` and `sam deploy` are called. Answers of `sam deploy --guided` are kept here.
version = 0.1

[default.deploy.parameters]
stack_name = "@STACK"
resolve_s3 = true
s3_prefix = "@STACK"
capabilities = "CAPABILITY_IAM CAPABILITY_AUTO_EXPAND" # its roles, and the templates it takes in
confirm_changeset = true
"#;

const README: &str = r"# @NAME

A project of [kinflow](kinflow/README.md): each data set has a stream, functions that type and enrich its records, and a place
in one bucket.

```sh
kinflow run                              # runs @SAMPLE on this machine, and says where everything is
kinflow run --listen                     # runs until Ctrl-C, for `kinflow put FILE --stream @IDStream --schema schemas/@SET.toml`
kinflow add FILE                         # one data set more
```

| file | what |
|---|---|
| `schemas/@SET.toml` | what a record is: fields, types, times, and how its files are written; `kinflow/docs/schema.md` explains every key |
| `samples/` | what `kinflow run` runs where it is given nothing |
| `template.yaml` | a block for each data set, which takes in a template of `kinflow/pipelines` |
| `kinflow` | a link to kinflow's sources; for others, `git submodule add URL kinflow` |

## Deploy

```sh
pip install aws-sam-cli cargo-lambda && rustup target add aarch64-unknown-linux-gnu
sam build && sam deploy --guided
```

A stack makes nothing up: `@IDSource` says where records come from, one JSON object of `kinflow/docs/producer.md`, or another
producer puts them on the stream. `schemas/` is a layer of the functions, so that a changed schema is deployed with the next
`sam deploy`. `kinflow/docs/deploy.md` tells the rest.
";

/// The template of a project, to which data sets are added.
pub(super) fn template(name: &str) -> String {
    // A description is one line of YAML, whatever the folder is called.
    let plain: String =
        name.chars().filter(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | ' ')).collect();
    TEMPLATE.replace("@NAME", plain.trim())
}

/// How SAM is called.
pub(super) fn samconfig(name: &str) -> String {
    let word = ::infer::data_set_name(name).replace('_', "-");
    let stack =
        if word.starts_with(|first: char| first.is_ascii_alphabetic()) { word } else { format!("p{word}") };
    SAMCONFIG.replace("@STACK", &stack)
}

/// What a person reads first.
pub(super) fn readme(name: &str, set: &NewDataSet) -> String {
    let fill = [("@NAME", name), ("@SAMPLE", &set.sample), ("@SET", &set.name), ("@ID", &set.id)];
    fill.iter().fold(README.to_owned(), |text, (mark, value)| text.replace(mark, value))
}
