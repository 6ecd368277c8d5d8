//! The events of a SAM function: its event source mappings and its schedules.

use serde_json::Value;

use super::resources::Reader;
use super::stop::Stop;
use super::{TemplateError, mappings, schedules};

/// Reads each event of a function separately, so that an event that is not run here is left out alone.
pub(super) fn of_function(
    reader: &mut Reader<'_>,
    id: &str,
    function: &str,
    node: &Value,
) -> Result<(), TemplateError> {
    let events = node.get("Events").and_then(Value::as_object).into_iter().flatten();
    for (name, event) in events {
        let place = format!("{id}.Properties.Events.{name}");
        let kind = event.get("Type").and_then(Value::as_str);
        let kind = kind.ok_or_else(|| TemplateError::invalid(format!("{place}.Type"), "is required"))?;
        let name = format!("{function}/{name}");
        match kind {
            "Kinesis" => {
                let mapping = reader.read_at(place, event, |event| {
                    event.without_effect(&["Type"]);
                    mappings::mapping(&name, function, "Stream", &event.child("Properties")?)
                })?;
                reader.topology.mappings.extend(mapping);
            }
            "Schedule" | "ScheduleV2" => {
                let schedule = reader.read_at(place, event, |event| {
                    event.without_effect(&["Type"]);
                    schedules::of_function(&name, function, kind, &event.child("Properties")?)
                })?;
                reader.topology.schedules.extend(schedule);
            }
            _ => {
                let reason = format!("an event of type {kind} is not run here");
                reader.read_at::<()>(place.clone(), event, |_| Err(Stop::left_out(place, reason)))?;
            }
        }
    }
    Ok(())
}
