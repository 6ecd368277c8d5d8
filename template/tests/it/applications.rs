//! Applications: templates in separate files, which are read as if their resources were in the template that
//! names them.

use std::collections::BTreeMap;

use template::{OnFailure, TemplateError, Topology};

/// A template that takes in `pipelines/one.yaml` as `Orders`, and gives a value of it to another application.
const ROOT: &str = r"
Parameters:
  Size: { Type: Number, Default: 3 }
Resources:
  Data: { Type: AWS::S3::Bucket }
  Orders:
    Type: AWS::Serverless::Application
    Properties:
      Location: pipelines/one.yaml
      Parameters: { Bucket: !Ref Data, Shards: !Ref Size }
  Reader:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: functions/reader
      Environment: { Variables: { STREAM: !Sub '${Orders.Outputs.Name}' } }
";

const ONE: &str = r"
Parameters:
  Bucket: { Type: String }
  Shards: { Type: Number, MaxValue: 5 }
Resources:
  Stream: { Type: AWS::Kinesis::Stream, Properties: { ShardCount: !Ref Shards, Tempo: fast } }
  Function:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: ../functions/writer
      Environment: { Variables: { STREAM: !Ref Stream } }
      Events:
        Records:
          Type: Kinesis
          Properties:
            Stream: !GetAtt Stream.Arn
            StartingPosition: LATEST
            DestinationConfig: { OnFailure: { Destination: !Sub 'arn:aws:s3:::${Bucket}' } }
Outputs:
  Name: { Value: !Ref Stream }
";

fn read(files: &[(&str, &str)], parameters: &[(&str, &str)]) -> Result<Topology, TemplateError> {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let parameters: BTreeMap<String, String> =
        parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    template::read(&folder.path().join("template.yaml"), &parameters)
}

#[track_caller]
fn refused(files: &[(&str, &str)], expected: &str) {
    let error = read(files, &[]).unwrap_err().to_string();
    assert!(error.contains(expected), "{error}");
}

#[test]
fn an_application_is_read_as_if_it_were_in_the_template_that_names_it() {
    let topology = read(&[("template.yaml", ROOT), ("pipelines/one.yaml", ONE)], &[("Size", "4")]).unwrap();
    let stream = &topology.streams[0];
    assert_eq!((stream.name.as_str(), stream.shards), ("OrdersStream", 4));
    let writer = topology.functions.iter().find(|function| function.binary == "writer").unwrap();
    assert_eq!(writer.name, "OrdersFunction");
    assert_eq!(writer.logical_id, "Orders/Function");
    assert_eq!(writer.code_uri.as_deref(), Some("functions/writer"));
    let reader = topology.functions.iter().find(|function| function.binary == "reader").unwrap();
    for function in [writer, reader] {
        assert_eq!(function.variables["STREAM"], "OrdersStream", "{}", function.name);
    }
    let mapping = &topology.mappings[0];
    assert_eq!((mapping.name.as_str(), mapping.stream.as_str()), ("OrdersFunction/Records", "OrdersStream"));
    assert_eq!(mapping.on_failure, Some(OnFailure::Bucket("data".to_owned())));
    assert_eq!(topology.left_out, ["Orders/Stream.Properties.Tempo: is not known here and has no effect"]);
}

#[test]
fn what_is_wrong_in_an_application_is_told_with_its_place() {
    let files = [("template.yaml", ROOT), ("pipelines/one.yaml", ONE)];
    let error = read(&files, &[("Size", "6")]).unwrap_err().to_string();
    assert_eq!(error, "Orders/Parameters.Shards: is 6, expected at most 5");
    let many = ONE.replace("ShardCount: !Ref Shards", "ShardCount: many");
    refused(&[files[0], ("pipelines/one.yaml", &many)], "Orders/Stream.Properties.ShardCount: ");
    refused(&files[..1], "pipelines/one.yaml can't be read");
    let other = ROOT.replace("Orders.Outputs.Name", "Orders.Outputs.Nam");
    refused(&[("template.yaml", &other), files[1]], "application \"Orders\" has no output \"Nam\"");
}

#[test]
fn an_application_that_is_no_file_is_left_out() {
    let remote = ROOT.replace("pipelines/one.yaml", "https://example.com/one.yaml");
    let topology = read(&[("template.yaml", &remote)], &[]).unwrap();
    assert!(topology.streams.is_empty());
    let expected = "Orders: an application whose Location is not a file is not run here";
    assert!(topology.left_out.iter().any(|line| line == expected), "{:?}", topology.left_out);
}

#[test]
fn a_circle_of_applications_is_refused() {
    let own = r"
Resources:
  Again: { Type: AWS::Serverless::Application, Properties: { Location: template.yaml } }
";
    refused(&[("template.yaml", own)], "is one application too many");
    let circle = ROOT.replace("Shards: !Ref Size", "Shards: !GetAtt Orders.Outputs.Name");
    refused(
        &[("template.yaml", &circle), ("pipelines/one.yaml", ONE)],
        "one of its outputs is used for one of its own parameters",
    );
}

#[test]
fn two_resources_that_come_to_one_name_are_refused() {
    let twin = ROOT.replace("Resources:\n", "Resources:\n  OrdersStream: { Type: AWS::Kinesis::Stream }\n");
    refused(
        &[("template.yaml", &twin), ("pipelines/one.yaml", ONE)],
        "OrdersStream: two resources would be a stream of this name",
    );
}

#[test]
fn a_run_takes_its_own_values_where_it_is_given_none() {
    let of_a_run = format!("Metadata: {{ Kinflow: {{ Parameters: {{ Size: 2 }} }} }}{ROOT}");
    let shards = |given: &[(&str, &str)]| {
        let files = [("template.yaml", of_a_run.as_str()), ("pipelines/one.yaml", ONE)];
        read(&files, given).unwrap().streams[0].shards
    };
    assert_eq!(shards(&[]), 2);
    assert_eq!(shards(&[("Size", "5")]), 5);
    let unknown = of_a_run.replace("{ Size: 2 }", "{ Sise: 2 }");
    refused(
        &[("template.yaml", &unknown)],
        "Metadata.Kinflow.Parameters: the template has no parameter \"Sise\"",
    );
}

#[test]
fn every_resource_can_be_had_with_its_functions_resolved() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("pipelines")).unwrap();
    std::fs::write(folder.path().join("template.yaml"), ROOT).unwrap();
    std::fs::write(folder.path().join("pipelines/one.yaml"), ONE).unwrap();
    let resources = template::resources(&folder.path().join("template.yaml"), &BTreeMap::new()).unwrap();
    let names: Vec<&str> = resources.keys().map(String::as_str).collect();
    assert_eq!(names, ["Data", "Orders/Function", "Orders/Stream", "Reader"]);
    assert_eq!(resources["Orders/Stream"]["Properties"]["ShardCount"], "3");
    let destination = "/Properties/Events/Records/Properties/DestinationConfig/OnFailure/Destination";
    assert_eq!(resources["Orders/Function"].pointer(destination).unwrap(), "arn:aws:s3:::data");
}

#[test]
fn a_file_of_a_layer_is_named_where_it_lies_in_variables_and_in_events() {
    let root = "
Resources:
  Schemas: { Type: AWS::Serverless::LayerVersion, Properties: { ContentUri: schemas } }
  Orders:
    Type: AWS::Serverless::Application
    Properties: { Location: pipelines/one.yaml, Parameters: { Layer: !Ref Schemas } }
";
    let one = "
Parameters: { Layer: { Type: String } }
Resources:
  Function:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: ../functions/producer
      Layers: [!Ref Layer]
      Environment: { Variables: { SCHEMA: /opt/orders.toml, OTHER: /opt/absent.toml } }
      Events:
        Hourly:
          Type: ScheduleV2
          Properties: { ScheduleExpression: rate(1 hour), Input: '{\"schema\":\"/opt/orders.toml\",\"count\":1}' }
";
    let files = [("template.yaml", root), ("pipelines/one.yaml", one), ("schemas/orders.toml", "")];
    let topology = read(&files, &[]).unwrap();
    assert_eq!(topology.left_out, [""; 0]);
    let variables = &topology.functions[0].variables;
    assert!(variables["SCHEMA"].ends_with("/schemas/orders.toml"), "{variables:?}");
    assert!(std::path::Path::new(&variables["SCHEMA"]).is_absolute());
    assert_eq!(variables["OTHER"], "/opt/absent.toml");
    let event: serde_json::Value =
        serde_json::from_str(topology.schedules[0].input.as_deref().unwrap()).unwrap();
    assert_eq!(event, serde_json::json!({"schema": variables["SCHEMA"], "count": 1}));
}

#[test]
fn what_two_applications_of_one_template_hold_has_two_names() {
    let root = "
Resources:
  Orders: { Type: AWS::Serverless::Application, Properties: { Location: one.yaml } }
  Returns: { Type: AWS::Serverless::Application, Properties: { Location: one.yaml } }
";
    let one = "
Resources:
  Stream: { Type: AWS::Kinesis::Stream }
  Function: { Type: AWS::Serverless::Function, Properties: { CodeUri: f } }
  Records:
    Type: AWS::Lambda::EventSourceMapping
    Properties: { EventSourceArn: !GetAtt Stream.Arn, FunctionName: !Ref Function, StartingPosition: TRIM_HORIZON }
  Hourly:
    Type: AWS::Scheduler::Schedule
    Properties: { ScheduleExpression: rate(1 hour), Target: { Arn: !GetAtt Function.Arn } }
  Daily:
    Type: AWS::Events::Rule
    Properties: { ScheduleExpression: rate(1 day), Targets: [{ Id: a, Arn: !GetAtt Function.Arn }] }
";
    let topology = read(&[("template.yaml", root), ("one.yaml", one)], &[]).unwrap();
    let mappings: Vec<_> = topology.mappings.iter().map(|mapping| mapping.name.as_str()).collect();
    assert_eq!(mappings, ["OrdersRecords", "ReturnsRecords"]);
    assert_ne!(topology.mappings[0].uuid, topology.mappings[1].uuid);
    let mut schedules: Vec<_> = topology.schedules.iter().map(|schedule| schedule.name.as_str()).collect();
    schedules.sort_unstable();
    assert_eq!(schedules, ["OrdersDaily/a", "OrdersHourly", "ReturnsDaily/a", "ReturnsHourly"]);
}
