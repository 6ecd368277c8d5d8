//! What a delivery stream does with records between its stream and its bucket.

use std::time::Duration;

use super::Processing;
use super::names::function_of;
use super::properties::Properties;
use super::stop::Read;

/// The processors that are read here.
#[derive(Default)]
pub(super) struct Processors {
    pub(super) lambda: Option<Processing>,
    pub(super) delimiter: Option<String>,
}

/// Reads the processors. If one is not run here, the delivery stream is left out, since its objects would
/// differ from AWS's.
pub(super) fn processors(properties: &Properties<'_>) -> Read<Processors> {
    let mut found = Processors::default();
    if properties.flag("Enabled")? != Some(true) {
        properties.pass_over();
        return Ok(found);
    }
    for processor in properties.items("Processors")? {
        match processor.required_text("Type")?.as_str() {
            "Lambda" => found.lambda = Some(lambda(&Parameters::of(&processor)?)?),
            "AppendDelimiterToRecord" => {
                let delimiter = Parameters::of(&processor)?.text("Delimiter");
                found.delimiter = Some(delimiter.map_or_else(|| "\n".to_owned(), |text| unescaped(&text)));
            }
            other => {
                let reason = format!("{other} is not run here, so the delivery stream is left out");
                return Err(processor.left_out("Type", &reason));
            }
        }
    }
    Ok(found)
}

fn lambda(parameters: &Parameters<'_>) -> Read<Processing> {
    let arn = parameters.text("LambdaArn");
    let arn = arn.ok_or_else(|| parameters.processor.malformed("Parameters.LambdaArn", "is required"))?;
    let retries = parameters.number("NumberOfRetries", 3.0, (0.0, 300.0))?;
    Ok(Processing {
        function: function_of(&arn).to_owned(),
        buffer_bytes: whole(parameters.number("BufferSizeInMBs", 1.0, (0.2, 3.0))? * f64::from(1 << 20)),
        buffer_interval: Duration::from_secs_f64(parameters.number(
            "BufferIntervalInSeconds",
            60.0,
            (0.0, 900.0),
        )?),
        retries: u32::try_from(whole(retries)).unwrap_or(3),
    })
}

/// The number is at most 3 MB, so the cast is exact.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 3 MB, checked before")]
fn whole(number: f64) -> usize {
    number as usize
}

/// A line end, which a template writes as a backslash and an n.
fn unescaped(delimiter: &str) -> String {
    delimiter.replace("\\n", "\n").replace("\\t", "\t").replace("\\r", "\r")
}

/// The names and values of a processor.
struct Parameters<'s> {
    processor: &'s Properties<'s>,
    values: Vec<(String, String)>,
}

/// The parameters that are read here or have no effect.
const KNOWN: [&str; 6] =
    ["BufferIntervalInSeconds", "BufferSizeInMBs", "Delimiter", "LambdaArn", "NumberOfRetries", "RoleArn"];

impl<'s> Parameters<'s> {
    fn of(processor: &'s Properties<'s>) -> Read<Self> {
        let mut values = Vec::new();
        for parameter in processor.items("Parameters")? {
            let name = parameter.required_text("ParameterName")?;
            if !KNOWN.contains(&name.as_str()) {
                parameter.tell("ParameterName", &format!("{name} is not known here and has no effect"));
            }
            if name == "RoleArn" {
                parameter.without_effect(&["ParameterValue"]);
            } else {
                values.push((name, parameter.required_text("ParameterValue")?));
            }
        }
        Ok(Self { processor, values })
    }

    fn text(&self, name: &str) -> Option<String> {
        self.values.iter().find(|(found, _)| found == name).map(|(_, value)| value.clone())
    }

    fn number(&self, name: &str, default: f64, (least, most): (f64, f64)) -> Read<f64> {
        let Some(text) = self.text(name) else { return Ok(default) };
        let number = text.parse::<f64>().ok().filter(|number| (least..=most).contains(number));
        let problem = format!("is {text:?}, expected {least} to {most}");
        number.ok_or_else(|| self.processor.malformed(&format!("Parameters.{name}"), &problem))
    }
}
