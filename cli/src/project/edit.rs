//! Writes a data set's blocks into the text of a template. Comments and layout of the rest stay as a person wrote them.

use std::error::Error;
use std::path::Path;

use super::MAX_COPIED_BYTES;
use crate::own_data::infer::Look;
use crate::workspace;

/// The line of a block after which it has the parameters that all data sets share.
const ALIKE: &str = "        # what every data set is given alike";
/// The folder of the templates that each run one data set.
const PIPELINES: &str = "pipelines";
/// The longest name of a data set that the pipelines' templates accept, in bytes.
const MAX_NAME: usize = 63;

/// A data set that is to be added.
#[derive(Debug)]
pub(super) struct NewDataSet {
    /// Its name: small letters, digits and `_`, beginning with a letter.
    pub(super) name: String,
    /// Its logical id in the template.
    pub(super) id: String,
    /// The path of its sample, relative to the project's folder.
    pub(super) sample: String,
    /// Whether the sample is copied into the project.
    pub(super) is_copied: bool,
    has_text: bool,
}

/// The folders beside a project's template.
#[derive(Debug)]
pub(super) struct Place {
    /// The folder of the pipelines, relative to the template.
    pipelines: String,
    /// The folder of samples.
    pub(super) samples: &'static str,
}

impl Place {
    /// The place in a project that `kinflow init` makes.
    pub(super) fn project() -> Self {
        Self { pipelines: format!("{}/{PIPELINES}", workspace::LINK), samples: "samples" }
    }

    /// The place of the template in a folder, which is a project or kinflow itself.
    pub(super) fn beside(folder: &Path, template: &str) -> Result<Self, String> {
        let own = Self { pipelines: PIPELINES.to_owned(), samples: "examples" };
        let found = [own, Self::project()].into_iter().find(|place| {
            folder.join(&place.pipelines).join("typed.yaml").is_file() && template.contains("\nResources:")
        });
        found.ok_or_else(|| {
            format!(
                "the template in {} is of no project of kinflow: it has no {PIPELINES} and no {} beside it; \
                 `kinflow init` makes a project",
                folder.display(),
                workspace::LINK
            )
        })
    }
}

impl NewDataSet {
    /// Makes the data set of a file whose schema was inferred.
    pub(super) fn of(found: &Look, samples: &str, file: &Path) -> Result<Self, Box<dyn Error>> {
        let name = found.schema.name().to_owned();
        let is_small = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        let begins = name.starts_with(|first: char| first.is_ascii_lowercase());
        if !begins || !name.chars().all(is_small) || name.len() > MAX_NAME {
            return Err(format!(
                "a data set can't be called {name:?} here, expected up to {MAX_NAME} small letters, digits and _, a letter \
                 first: give it a name with --name (--data-set of init)"
            )
            .into());
        }
        let bytes = file.metadata().map_err(|error| format!("{}: {error}", file.display()))?.len();
        let is_copied = bytes <= MAX_COPIED_BYTES;
        let sample = if is_copied {
            let file_name = file.file_name().unwrap_or_default().to_string_lossy();
            format!("{samples}/{file_name}")
        } else {
            file.canonicalize()?.display().to_string()
        };
        Ok(Self { id: pascal_case(&name), sample, is_copied, has_text: found.schema.has_text(), name })
    }
}

/// Returns the template with the data set added.
pub(super) fn with(template: &str, set: &NewDataSet, place: &Place) -> Result<String, Box<dyn Error>> {
    let NewDataSet { name, id, sample, .. } = set;
    let mut lines: Vec<String> = template.lines().map(str::to_owned).collect();
    if !lines.iter().any(|line| line == "Resources:") {
        return Err("the template has no line `Resources:`, behind which a data set could be added".into());
    }
    for taken in [id.clone(), format!("{id}Enriched"), format!("{id}Source")] {
        if lines.iter().any(|line| line.starts_with(&format!("  {taken}:"))) {
            return Err(format!(
                "the template has {taken:?} already: give the data set another name with --name"
            )
            .into());
        }
    }
    let alike = alike(&lines);
    if let Some(at) = lines.iter().position(|line| line.starts_with("    Inputs:")) {
        lines.insert(at + 1, format!("      {name}: '{}'", sample.replace('\'', "''")));
    }
    let source = format!(
        "  {id}Source: {{ Type: String, Default: \"\", Description: \"A JSON object of docs/producer.md that says where \
         {name} come from. If it is empty, the producer rests.\" }}"
    );
    if let Some(at) = lines.iter().position(|line| line == "Parameters:") {
        lines.insert(at + 1, source);
    } else {
        let at = section(&lines, "Resources").0;
        lines.splice(at..at, ["Parameters:".to_owned(), source, String::new()]);
    }
    if !lines.iter().any(|line| line.starts_with("  Schemas:")) {
        let at = section(&lines, "Resources").0 + 1;
        let layer = "  Schemas: { Type: AWS::Serverless::LayerVersion, Properties: { ContentUri: schemas } }"
            .to_owned();
        lines.splice(at..at, [layer, String::new()]);
    }
    let end = section(&lines, "Resources").1;
    lines.splice(end..end, blocks(set, place, &alike));
    Ok(lines.join("\n") + "\n")
}

/// The shared parameters of the first block that has some, or a bucket and an architecture if there is no such block.
fn alike(lines: &[String]) -> Vec<String> {
    let begin = lines.iter().position(|line| line == ALIKE);
    let found =
        begin.map(|at| lines.iter().skip(at + 1).take_while(|line| line.starts_with("        ")).cloned());
    found.map_or_else(
        || {
            vec![
                "        Bucket: !Ref DataBucket".to_owned(),
                "        Architecture: !Ref Architecture".to_owned(),
            ]
        },
        Iterator::collect,
    )
}

/// Returns the index of a section's first line, and the index after its last line that is no comment and not blank.
fn section(lines: &[String], name: &str) -> (usize, usize) {
    let head = format!("{name}:");
    let begin = lines.iter().position(|line| *line == head).unwrap_or(lines.len());
    let is_inside = |line: &&String| line.starts_with([' ', '#']) || line.trim().is_empty();
    let length = lines.iter().skip(begin + 1).take_while(is_inside).count();
    let inside = lines.get(begin + 1..begin + 1 + length).unwrap_or_default();
    let said = inside.iter().rposition(|line| line.starts_with(' ')).map_or(0, |at| at + 1);
    (begin, begin + 1 + said)
}

fn blocks(set: &NewDataSet, place: &Place, alike: &[String]) -> Vec<String> {
    let NewDataSet { name, id, has_text, .. } = set;
    let pipelines = &place.pipelines;
    let block = |id: &str, template: &str, own: &[String]| -> Vec<String> {
        let head = [
            String::new(),
            format!("  {id}:"),
            "    Type: AWS::Serverless::Application".to_owned(),
            "    Properties:".to_owned(),
            format!("      Location: {pipelines}/{template}.yaml"),
            "      Parameters:".to_owned(),
            format!("        DataSet: {name}"),
            "        SchemaLayerArn: !Ref Schemas".to_owned(),
        ];
        let alike = [ALIKE.to_owned()].into_iter().chain(alike.iter().cloned());
        head.into_iter().chain(own.iter().cloned()).chain(alike).collect()
    };
    let mut blocks = block(id, "typed", &[format!("        Source: !Ref {id}Source")]);
    if *has_text {
        let own = [
            format!("        StreamArn: !GetAtt {id}.Outputs.StreamArn"),
            "        FailuresBucket: !Ref FailuresBucket".to_owned(),
        ];
        blocks.extend(block(&format!("{id}Enriched"), "enriched", &own));
    }
    blocks
}

/// Converts `order_lines` to `OrderLines`.
fn pascal_case(name: &str) -> String {
    let mut id = String::new();
    for word in name.split('_') {
        let mut letters = word.chars();
        id.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        id.push_str(letters.as_str());
    }
    id
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::text;

    fn set(name: &str, has_text: bool) -> NewDataSet {
        let sample = format!("samples/{name}.csv");
        NewDataSet { name: name.to_owned(), id: pascal_case(name), sample, is_copied: true, has_text }
    }

    #[test]
    fn blocks_are_added_and_the_rest_stays_as_it_was_written() {
        let empty = text::template("shop");
        let one = with(&empty, &set("orders", false), &Place::project()).unwrap();
        let kept: Vec<&str> = one.lines().filter(|line| empty.lines().any(|old| old == *line)).collect();
        assert!(empty.lines().all(|line| kept.contains(&line)), "{one}");
        assert!(one.contains("\n      orders: 'samples/orders.csv'\n"), "{one}");
        let edited = one.replace("Architecture: !Ref Architecture", "AlarmTopicArn: arn # mine");
        let two = with(&edited, &set("order_lines", true), &Place::project()).unwrap();
        assert_eq!(two.matches("AlarmTopicArn: arn # mine").count(), 3, "{two}");
        assert!(two.contains("StreamArn: !GetAtt OrderLines.Outputs.StreamArn"), "{two}");
        assert!(two.find("  OrderLines:") < two.find("\nOutputs:"), "{two}");
        let refused = with(&two, &set("orders", false), &Place::project()).unwrap_err().to_string();
        assert!(refused.contains("has \"Orders\" already"), "{refused}");
        assert!(with(&two, &set("schemas", false), &Place::project()).is_err());
    }

    #[test]
    fn the_template_that_ships_takes_another_data_set_with_what_its_own_are_given() {
        let ships = include_str!("../../../template.yaml");
        let place = Place { pipelines: PIPELINES.to_owned(), samples: "examples" };
        let more = with(ships, &set("orders", true), &place).unwrap();
        let block = more.split("\n  OrdersEnriched:").nth(1).unwrap();
        assert!(block.contains("Bucket: !If [OwnsBucket, !Ref DataBucket, !Ref ExistingBucket]"), "{block}");
        assert!(block.contains("KmsKeyArn: !Ref KmsKeyArn") && more.contains("\n  Schemas: {"));
    }
}
