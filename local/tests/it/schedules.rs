//! What schedules do in a run with real processes, and what is reported about functions that fail or are never invoked.

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

#[tokio::test]
async fn a_function_whose_concurrency_is_0_is_told_at_once_and_not_waited_for() {
    let scene = Scene::new().with("ConsumerConcurrency", "0").with("Lanes", "2");
    let told = async |_: String| {
        let warnings = scene.warnings();
        let [warning] = warnings.as_slice() else { panic!("{warnings:?}") };
        assert!(warning.starts_with("function OrdersConsumerFunction is never invoked: "), "{warning}");
    };
    scene.run_with(told).await.unwrap();
    let report = scene.run(&numbered(7)).await.unwrap();
    let orders = &report.data_sets[0];
    assert_eq!((orders.on_stream, orders.typed, orders.enriched), (7, 7, 0));
    let [problem] = report.problems.as_slice() else { panic!("{:?}", report.problems) };
    let expected = "OrdersConsumerFunction/Records: 7 records of stream OrdersStream are not delivered yet: the reserved \
                    concurrency of its function is 0";
    assert!(problem.starts_with(expected), "{problem}");
    // With a function that may run again, the next run delivers them.
    let report = scene.with("ConsumerConcurrency", "-1").run(&[]).await.unwrap();
    assert!(report.is_complete(), "{report:?}");
    assert_eq!(report.data_sets[0].enriched, 7);
}
