//! What schedules do in a run with real processes, and what is reported about functions that fail.

use super::scene;

use scene::{Scene, numbered};

#[tokio::test]
async fn a_scheduled_function_that_fails_is_a_problem_and_is_not_invoked_again_before_its_pause() {
    // The producer finds no input at the made-up source of its schedule.
    let scene = Scene::new().with("ProducerState", "ENABLED");
    let log = scene.options.data_dir.join("logs/OrdersProducerFunction.log");
    let until_it_failed = async |_: String| {
        while !std::fs::read_to_string(&log).is_ok_and(|log| log.contains("Status: error")) {
            tokio::task::yield_now().await;
        }
    };
    let report = scene.run_with(until_it_failed).await.unwrap();
    let [problem] = report.problems.as_slice() else { panic!("{:?}", report.problems) };
    assert!(
        problem.contains("OrdersProducerFunction") && problem.contains("before it was tried again"),
        "{problem}"
    );
    assert!(!report.is_complete());
    assert_eq!(scene.log("OrdersProducerFunction").matches("START RequestId").count(), 1);
}

#[tokio::test]
async fn a_function_that_can_not_start_is_told_once_with_its_last_line_and_its_log() {
    let scene = Scene::new().with("ConsumerRole", "unable").with("Retries", "3").with("Bisect", "false");
    scene.run(&numbered(5)).await.unwrap();
    let warnings = scene.warnings();
    let of_the_start: Vec<&String> = warnings.iter().filter(|line| line.contains("its log is")).collect();
    let [line] = of_the_start.as_slice() else { panic!("{warnings:?}") };
    assert!(line.contains("never initialises") && line.contains("OrdersConsumerFunction.log"), "{line}");
    let mut told_once = warnings.clone();
    told_once.sort();
    told_once.dedup();
    assert_eq!(told_once.len(), warnings.len(), "{warnings:?}");
}
