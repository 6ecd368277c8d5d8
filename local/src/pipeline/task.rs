//! The purpose of a schedule, if it invokes one of kinflow's own functions.

use serde::Deserialize;
use serde::de::IgnoredAny;

/// What a schedule's event asks of its function. The content of the event decides, since any function may
/// have schedules of any kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Task {
    /// To put a source's records on a stream.
    Produce,
    /// To give up the messages of this stream that stayed incomplete.
    Sweep { stream: String },
    /// Something that this runner does not know.
    Other,
}

#[derive(Deserialize)]
struct TaskEvent {
    source: Option<IgnoredAny>,
    sweep: Option<String>,
    stream: Option<String>,
}

impl Task {
    /// The task of an event's JSON text.
    pub(crate) fn of(input: Option<&str>) -> Self {
        let Some(event) = input.and_then(|input| serde_json::from_str::<TaskEvent>(input).ok()) else {
            return Self::Other;
        };
        match event {
            TaskEvent { source: Some(_), .. } => Self::Produce,
            TaskEvent { sweep: Some(what), stream: Some(stream), .. } if what == "chunks" => {
                Self::Sweep { stream }
            }
            _ => Self::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_that_names_a_source_produces_whoever_it_is_for() {
        assert_eq!(Task::of(Some(r#"{"schema":"users","source":{"type":"made-up"}}"#)), Task::Produce);
        let sweep = r#"{"sweep":"chunks","stream":"UsersStream","older_than_s":172800}"#;
        assert_eq!(Task::of(Some(sweep)), Task::Sweep { stream: "UsersStream".to_owned() });
        for other in ["{}", "", r#"{"sweep":"floors","stream":"s"}"#, r#"{"sweep":"chunks"}"#] {
            assert_eq!(Task::of(Some(other)), Task::Other, "{other}");
        }
        assert_eq!(Task::of(None), Task::Other);
    }
}
