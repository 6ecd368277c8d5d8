//! Runs that can't start, each with one clear line.

use super::scene;

use std::error::Error;
use std::net::TcpListener;

use scene::Scene;

#[track_caller]
fn check(result: Result<local::Report, local::RunError>, expected: &str) {
    let error = result.expect_err("the run starts");
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        line = format!("{line}: {error}");
        cause = error.source();
    }
    assert!(line.contains(expected) && !line.contains('\n'), "{line}");
}

#[tokio::test]
async fn a_data_folder_that_can_not_be_made() {
    let mut scene = Scene::new();
    let file = scene.path("file");
    std::fs::write(&file, "").unwrap();
    scene.options.data_dir = file.join("below");
    check(scene.run(&[]).await, "can't be used: ");
}

#[tokio::test]
async fn a_port_in_use() {
    let mut scene = Scene::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    scene.options.kinesis_port = taken.local_addr().unwrap().port();
    check(scene.run(&[]).await, &format!("can't listen on 127.0.0.1:{}: ", scene.options.kinesis_port));
}

#[tokio::test]
async fn an_input_file_that_is_not_there() {
    let mut scene = Scene::new();
    scene.options.inputs =
        vec![local::Input { data_set: "orders".to_owned(), path: "/nowhere/orders.csv".into() }];
    check(scene.run(&[]).await, "input file /nowhere/orders.csv can't be read: No such file");
}

#[tokio::test]
async fn an_input_of_a_data_set_nobody_produces() {
    let mut scene = Scene::new();
    let file = scene.path("x.csv");
    std::fs::write(&file, "").unwrap();
    scene.options.inputs = vec![local::Input { data_set: "crime".to_owned(), path: file }];
    check(
        scene.run(&[]).await,
        r#"no schedule of the template produces data set "crime", the template has ["orders"]"#,
    );
}

#[tokio::test]
async fn a_binary_that_is_not_built() {
    let mut scene = Scene::new();
    scene.options.binaries = scene.path("empty");
    check(scene.run(&[]).await, "binary ");
}

#[tokio::test]
async fn a_template_that_is_not_there() {
    let mut scene = Scene::new();
    scene.options.template = scene.path("no.yaml");
    check(scene.run(&[]).await, "no.yaml can't be read: No such file");
}

#[tokio::test]
async fn a_parameter_the_template_has_not() {
    let scene = Scene::new().with("Nope", "1");
    check(scene.run(&[]).await, r#"Parameters: the template has no parameter "Nope""#);
}

#[tokio::test]
async fn a_property_out_of_its_limits() {
    let scene = Scene::new().with("BatchSize", "10001");
    check(
        scene.run(&[]).await,
        "OrdersConsumerFunction.Properties.Events.Records.Properties.BatchSize: is 10001, expected 1 to 10000",
    );
}
