//! A table in Iceberg's format beside S3.

use serde_json::json;

use super::{TABLE, combinations, path};

#[test]
fn crimes_go_to_the_table_that_is_named_and_what_it_refuses_goes_to_the_bucket() {
    for (parameters, resources) in combinations() {
        let delivery = resources.get("Crime/TableDelivery");
        assert_eq!(delivery.is_some(), parameters.contains_key(TABLE[0].0), "{parameters:?}");
        let Some(delivery) = delivery else { continue };
        let table = &delivery["Properties"]["IcebergDestinationConfiguration"];
        let destinations = json!([{"DestinationDatabaseName": "lake", "DestinationTableName": "crime"}]);
        assert_eq!(table["DestinationTableConfigurationList"], destinations);
        let catalogue = "arn:aws:glue:us-east-1:000000000000:catalog";
        assert_eq!(table["CatalogConfiguration"]["CatalogArn"], catalogue);
        assert_eq!((&table["s3BackupMode"], &table["AppendOnly"]), (&json!("FailedDataOnly"), &json!(true)));
        assert_eq!(table["S3Configuration"]["BucketARN"], "arn:aws:s3:::databucket");
        let prefix = table["S3Configuration"]["ErrorOutputPrefix"].as_str().unwrap();
        assert!(prefix.starts_with("failed/crime/!{firehose:error-output-type}/"), "{prefix}");
        let variables = &resources["Crime/TableTransformFunction"]["Properties"]["Environment"]["Variables"];
        let expected = json!({
            "SCHEMA": "crime", "DESTINATION": "iceberg", "ICEBERG_TABLE": "lake.crime",
            "FAILURES_BUCKET": "databucket",
        });
        assert_eq!(*variables, expected);
        let producer = resources["Crime/ProducerFunction"]["Properties"]["Description"].as_str().unwrap();
        assert!(
            producer.contains("CrimeTableDelivery"),
            "it may put records before the table takes them: {producer}"
        );
    }
}

#[test]
fn a_run_names_the_delivery_to_the_table_as_left_out_and_runs_the_rest_as_without_the_options() {
    for (parameters, _) in combinations() {
        let topology = template::read(&path(), &parameters).unwrap();
        let line = "Crime/TableDelivery: delivers by IcebergDestinationConfiguration; only deliveries to S3 and \
                    OpenSearch are run here";
        let has_table = parameters.contains_key(TABLE[0].0);
        assert_eq!(topology.left_out, vec![line; usize::from(has_table)], "{parameters:?}");
        let functions: Vec<&str> = topology.functions.iter().map(|function| function.name.as_str()).collect();
        assert!(topology.mappings.iter().all(|mapping| functions.contains(&mapping.function.as_str())));
        for processing in topology.deliveries.iter().filter_map(|delivery| delivery.processing.as_ref()) {
            assert!(functions.contains(&processing.function.as_str()), "{processing:?}");
        }
    }
}
