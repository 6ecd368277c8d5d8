//! The API's rules, call by call.

use std::path::PathBuf;

use axum::body::to_bytes;
use serde_json::{Value, json};

use super::{Api, SHARD};
use crate::aws::kinesis::api::target::stream_arn;

#[tokio::test]
async fn an_on_demand_stream_has_four_shards_and_says_its_mode() {
    let api = Api::new();
    let mode = json!({ "StreamMode": "ON_DEMAND" });
    api.done("CreateStream", json!({ "StreamName": "s", "StreamModeDetails": mode })).await;
    api.active().await;
    let summary = api.done("DescribeStreamSummary", json!({ "StreamName": "s" })).await;
    let summary = &summary["StreamDescriptionSummary"];
    assert_eq!((&summary["OpenShardCount"], &summary["StreamModeDetails"]), (&json!(4), &mode));
    let without_a_count = api.call("CreateStream", json!({ "StreamName": "t" })).await;
    assert_eq!(Api::refusal(without_a_count), "ValidationException");
}

#[tokio::test]
async fn a_description_is_given_page_by_page() {
    let api = Api::new();
    api.stream(3).await;
    let first = api.done("DescribeStream", json!({ "StreamName": "s", "Limit": 2 })).await;
    let first = &first["StreamDescription"];
    assert_eq!(first["HasMoreShards"], true);
    let last = first["Shards"][1]["ShardId"].clone();
    let rest = api.done("DescribeStream", json!({ "StreamName": "s", "ExclusiveStartShardId": last })).await;
    let rest = &rest["StreamDescription"];
    assert_eq!((rest["Shards"].as_array().unwrap().len(), &rest["HasMoreShards"]), (1, &json!(false)));
}

#[tokio::test]
async fn a_stream_with_consumers_is_deleted_by_force_only() {
    let api = Api::new();
    api.stream(1).await;
    api.consumer("c").await;
    let refused = api.call("DeleteStream", json!({ "StreamName": "s" })).await;
    assert_eq!(Api::refusal(refused), "ResourceInUseException");
    api.done("DeleteStream", json!({ "StreamName": "s", "EnforceConsumerDeletion": true })).await;
    while api.call("DescribeStream", json!({ "StreamName": "s" })).await.is_ok() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn an_ordering_number_is_one_of_the_stream() {
    let api = Api::new();
    api.stream(1).await;
    let number = api.put("d").await["SequenceNumber"].clone();
    let put = |number: Value| json!({ "StreamName": "s", "PartitionKey": "k", "Data": "", "SequenceNumberForOrdering": number });
    api.done("PutRecord", put(number)).await;
    for foreign in ["1", &"4".repeat(56)] {
        assert_eq!(
            Api::refusal(api.call("PutRecord", put(foreign.into())).await),
            "InvalidArgumentException"
        );
    }
}

#[tokio::test]
async fn a_shard_count_changes_to_twice_and_half_at_most() {
    let api = Api::new();
    api.stream(2).await;
    let update = |shards: u32| json!({ "StreamName": "s", "TargetShardCount": shards, "ScalingType": "UNIFORM_SCALING" });
    assert_eq!(Api::refusal(api.call("UpdateShardCount", update(5)).await), "InvalidArgumentException");
    assert_eq!(api.done("UpdateShardCount", update(4)).await["CurrentShardCount"], 2);
    api.active().await;
    assert_eq!(Api::refusal(api.call("UpdateShardCount", update(1)).await), "InvalidArgumentException");
    api.done("UpdateShardCount", update(3)).await;
    let open =
        api.done("ListShards", json!({ "StreamName": "s", "ShardFilter": { "Type": "AT_LATEST" } })).await;
    assert_eq!(open["Shards"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn a_subscription_and_an_iterator_begin_at_the_same_record() {
    let api = Api::new();
    api.stream(1).await;
    let mut numbers = Vec::new();
    for data in ["0", "1", "2"] {
        numbers.push(api.put(data).await["SequenceNumber"].clone());
    }
    let iterator = json!({ "StreamName": "s", "ShardId": SHARD, "ShardIteratorType": "TRIM_HORIZON" });
    let iterator = api.done("GetShardIterator", iterator).await["ShardIterator"].clone();
    let records = api.done("GetRecords", json!({ "ShardIterator": iterator })).await;
    let arrived = &records["Records"][0]["ApproximateArrivalTimestamp"];
    for (kind, number, timestamp) in [
        ("TRIM_HORIZON", None, None),
        ("AT_SEQUENCE_NUMBER", Some(&numbers[1]), None),
        ("AFTER_SEQUENCE_NUMBER", Some(&numbers[1]), None),
        ("AT_TIMESTAMP", None, Some(arrived)),
        ("AT_TIMESTAMP", None, Some(&json!(0))),
    ] {
        let consumer = api.consumer(&format!("c-{kind}-{}", timestamp.is_some_and(|time| time == 0))).await;
        let read = json!({
            "ShardIteratorType": kind, "StartingSequenceNumber": number, "Timestamp": timestamp,
        });
        let subscribed = json!({ "Type": kind, "SequenceNumber": number, "Timestamp": timestamp });
        let read = api.read_from(read).await;
        assert!(!read.is_empty());
        assert_eq!(api.subscribed_from(&consumer, subscribed).await, read, "{kind}");
    }
    let tomorrow = json!(jiff::Timestamp::now().as_second() + 86_400);
    let consumer = api.consumer("c").await;
    let position = json!({ "Type": "AT_TIMESTAMP", "Timestamp": tomorrow });
    let request = json!({ "ConsumerARN": consumer, "ShardId": SHARD, "StartingPosition": position });
    assert_eq!(Api::refusal(api.call("SubscribeToShard", request).await), "InvalidArgumentException");
}

#[tokio::test]
async fn a_consumer_that_subscribes_again_at_once_is_refused() {
    let api = Api::new();
    api.stream(1).await;
    api.put("d").await;
    let consumer = api.consumer("c").await;
    api.subscribed_from(&consumer, json!({ "Type": "TRIM_HORIZON" })).await;
    let request =
        json!({ "ConsumerARN": consumer, "ShardId": SHARD, "StartingPosition": { "Type": "LATEST" } });
    assert_eq!(Api::refusal(api.call("SubscribeToShard", request).await), "ResourceInUseException");
}

#[tokio::test]
async fn java_puts_and_reads_in_cbor_with_times_in_milliseconds() {
    use ciborium::value::Value as Cbor;
    let api = Api::new();
    api.stream(1).await;
    let text = |text: &str| Cbor::Text(text.to_owned());
    let put = Cbor::Map(vec![
        (text("StreamName"), text("s")),
        (text("PartitionKey"), text("k")),
        (text("Data"), Cbor::Bytes(vec![0, 255])),
    ]);
    let call = async |operation: &str, request: &Cbor| {
        let mut body = Vec::new();
        ciborium::into_writer(request, &mut body).unwrap();
        let (status, body) = api.send(operation, "application/x-amz-cbor-1.1", body).await;
        let body = to_bytes(body, 1 << 20).await.unwrap();
        assert_eq!(status, 200, "{body:?}");
        let Cbor::Map(answer) = ciborium::from_reader::<Cbor, _>(&body[..]).unwrap() else { panic!() };
        answer
    };
    let member = |map: &[(Cbor, Cbor)], name: &str| {
        map.iter().find(|(key, _)| *key == text(name)).map(|(_, value)| value.clone()).unwrap()
    };
    let before = i128::from(jiff::Timestamp::now().as_millisecond());
    call("PutRecord", &put).await;
    let after = i128::from(jiff::Timestamp::now().as_millisecond());
    let position = Cbor::Map(vec![
        (text("StreamName"), text("s")),
        (text("ShardId"), text(SHARD)),
        (text("ShardIteratorType"), text("AT_TIMESTAMP")),
        (text("Timestamp"), Cbor::Tag(1, Box::new(Cbor::Integer(1_700_000_000_000u64.into())))),
    ]);
    let iterator = member(&call("GetShardIterator", &position).await, "ShardIterator");
    let answer = call("GetRecords", &Cbor::Map(vec![(text("ShardIterator"), iterator)])).await;
    let Cbor::Array(records) = member(&answer, "Records") else { panic!() };
    let Cbor::Map(record) = &records[0] else { panic!() };
    assert_eq!(member(record, "Data"), Cbor::Bytes(vec![0, 255]));
    let Cbor::Tag(1, arrived) = member(record, "ApproximateArrivalTimestamp") else { panic!() };
    let arrived: i128 = arrived.as_integer().unwrap().into();
    assert!((before..=after).contains(&arrived), "{before} {arrived} {after}");
}

#[tokio::test]
async fn a_file_system_that_refuses_is_an_internal_failure_and_acknowledges_nothing() {
    let api = Api::new();
    api.stream(1).await;
    let shard: PathBuf = api.folder.path().join("s").join(SHARD);
    std::fs::write(&shard, "a file where a folder should be").unwrap();
    let one = json!({ "PartitionKey": "k", "Data": "" });
    let refused = api.call("PutRecords", json!({ "StreamName": "s", "Records": [one, one] })).await;
    assert_eq!(refused.unwrap_err(), (500, "InternalFailure".to_owned()));
    std::fs::remove_file(&shard).unwrap();
    assert!(api.read_from(json!({ "ShardIteratorType": "TRIM_HORIZON" })).await.is_empty());
}

#[tokio::test]
async fn an_iterator_of_a_stream_that_was_made_anew_is_none() {
    let api = Api::new();
    api.stream(1).await;
    let request = json!({ "StreamName": "s", "ShardId": SHARD, "ShardIteratorType": "LATEST" });
    let iterator = api.done("GetShardIterator", request).await["ShardIterator"].clone();
    api.done("DeleteStream", json!({ "StreamName": "s" })).await;
    while api.call("DescribeStream", json!({ "StreamName": "s" })).await.is_ok() {
        tokio::task::yield_now().await;
    }
    api.stream(1).await;
    let read = api.call("GetRecords", json!({ "ShardIterator": iterator })).await;
    assert_eq!(Api::refusal(read), "ResourceNotFoundException");
}

#[tokio::test]
async fn tags_policies_and_settings_are_told_as_they_were_set() {
    let api = Api::new();
    api.stream(1).await;
    let arn = stream_arn("s");
    api.done("AddTagsToStream", json!({ "StreamName": "s", "Tags": { "a": "1", "b": "2" } })).await;
    api.done("UntagResource", json!({ "ResourceARN": arn, "TagKeys": ["a"] })).await;
    let tags = api.done("ListTagsForStream", json!({ "StreamName": "s" })).await;
    assert_eq!(tags, json!({ "Tags": [{ "Key": "b", "Value": "2" }], "HasMoreTags": false }));
    api.done("PutResourcePolicy", json!({ "ResourceARN": arn, "Policy": "{\"a\":1}" })).await;
    let policy = api.done("GetResourcePolicy", json!({ "ResourceARN": arn })).await;
    assert_eq!(policy["Policy"], "{\"a\":1}");
    api.done("IncreaseStreamRetentionPeriod", json!({ "StreamName": "s", "RetentionPeriodHours": 8760 }))
        .await;
    api.active().await;
    for (operation, hours) in [
        ("IncreaseStreamRetentionPeriod", 8761),
        ("IncreaseStreamRetentionPeriod", 48),
        ("DecreaseStreamRetentionPeriod", 23),
    ] {
        let refused = api.call(operation, json!({ "StreamName": "s", "RetentionPeriodHours": hours })).await;
        assert_eq!(Api::refusal(refused), "InvalidArgumentException", "{operation} {hours}");
    }
    let key = json!({ "StreamName": "s", "EncryptionType": "KMS", "KeyId": "alias/k" });
    api.done("StartStreamEncryption", key).await;
    api.active().await;
    assert_eq!(api.put("d").await["EncryptionType"], "KMS");
    let described = api.done("DescribeStream", json!({ "StreamARN": arn })).await;
    let described = &described["StreamDescription"];
    assert_eq!((&described["RetentionPeriodHours"], &described["KeyId"]), (&json!(8760), &json!("alias/k")));
}
