//! What a schedule sends to its function.

use bytes::Bytes;
use jiff::Timestamp;
use serde_json::json;
use template::{ACCOUNT, REGION, Schedule, ScheduleService};
use uuid::Uuid;

use crate::aws::clock::Moment;

/// The event of the firing that was due at this moment: the schedule's own event, or the service's
/// notification.
pub(super) fn event(schedule: &Schedule, at: Moment, id: Uuid) -> Bytes {
    let id = id.to_string();
    let (time, arn) = (on_the_second(at), arn(schedule));
    let text = match (&schedule.input, schedule.service) {
        (Some(input), ScheduleService::EventBridgeRule) => input.clone(),
        (Some(input), ScheduleService::Scheduler) => input
            .replace("<aws.scheduler.schedule-arn>", &arn)
            .replace("<aws.scheduler.scheduled-time>", &time)
            .replace("<aws.scheduler.execution-id>", &id)
            .replace("<aws.scheduler.attempt-number>", "1"),
        (None, service) => {
            // The detail of one is JSON as text, and that of the other is JSON.
            let (source, detail) = match service {
                ScheduleService::EventBridgeRule => ("aws.events", json!({})),
                ScheduleService::Scheduler => ("aws.scheduler", json!("{}")),
            };
            let notification = json!({
                "version": "0", "id": id, "detail-type": "Scheduled Event", "source": source, "account": ACCOUNT,
                "time": time, "region": REGION, "resources": [arn], "detail": detail,
            });
            notification.to_string()
        }
    };
    Bytes::from(text)
}

/// The ARN of the schedule. SAM names the schedule of an event after the function and the event.
fn arn(schedule: &Schedule) -> String {
    let name = schedule.name.replace('/', "");
    match schedule.service {
        ScheduleService::EventBridgeRule => format!("arn:aws:events:{REGION}:{ACCOUNT}:rule/{name}"),
        ScheduleService::Scheduler => format!("arn:aws:scheduler:{REGION}:{ACCOUNT}:schedule/default/{name}"),
    }
}

fn on_the_second(at: Moment) -> String {
    Timestamp::from_second(at.div_euclid(1000)).map(|at| at.to_string()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    fn sent(service: ScheduleService, input: Option<&str>) -> String {
        let schedule = Schedule {
            name: "Reader/EachHour".to_owned(),
            function: "Reader".to_owned(),
            service,
            expression: "rate(1 hour)".to_owned(),
            time_zone: "UTC".to_owned(),
            input: input.map(ToOwned::to_owned),
            start: None,
            end: None,
            enabled: true,
        };
        let event = event(&schedule, 1_764_201_600_123, Uuid::nil());
        String::from_utf8(event.to_vec()).unwrap()
    }

    #[test]
    fn without_an_input_the_service_sends_its_notification() {
        let sent_by = |service| serde_json::from_str::<Value>(&sent(service, None)).unwrap();
        assert_eq!(
            sent_by(ScheduleService::Scheduler),
            json!({
                "version": "0", "id": "00000000-0000-0000-0000-000000000000", "detail-type": "Scheduled Event",
                "source": "aws.scheduler", "account": ACCOUNT, "time": "2025-11-27T00:00:00Z", "region": REGION,
                "resources": [format!("arn:aws:scheduler:{REGION}:{ACCOUNT}:schedule/default/ReaderEachHour")],
                "detail": "{}",
            })
        );
        let of_a_rule = sent_by(ScheduleService::EventBridgeRule);
        assert_eq!((&of_a_rule["source"], &of_a_rule["detail"]), (&json!("aws.events"), &json!({})));
        assert_eq!(
            of_a_rule["resources"],
            json!([format!("arn:aws:events:{REGION}:{ACCOUNT}:rule/ReaderEachHour")])
        );
    }

    #[test]
    fn an_input_is_sent_as_it_is_but_for_what_the_scheduler_puts_in() {
        let input = r#"{"at":"<aws.scheduler.scheduled-time>","id":"<aws.scheduler.execution-id>"}"#;
        let put_in = r#"{"at":"2025-11-27T00:00:00Z","id":"00000000-0000-0000-0000-000000000000"}"#;
        assert_eq!(sent(ScheduleService::Scheduler, Some(input)), put_in);
        assert_eq!(sent(ScheduleService::EventBridgeRule, Some(input)), input);
    }
}
