//! Settings from the environment. They are read once in `main`, and all faults are reported together.

use std::collections::HashMap;
use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;

/// The longest value that an error shows, in characters.
const MAX_SHOWN_CHARS: usize = 40;

/// The variables of one process, and what is wrong with those that were asked for.
///
/// Each getter returns a value at once, so that the caller can go on. [`Settings::finish`] then says whether
/// the values may be used. An empty variable counts as unset, since templates render an unset one so.
#[derive(Debug)]
pub struct Settings {
    variables: HashMap<String, String>,
    faults: Vec<String>,
}

/// Every missing or malformed variable, on one line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", .faults.join("; "))]
pub struct SettingsError {
    /// One sentence for each variable at fault, in the order in which they were asked for.
    pub faults: Vec<String>,
}

impl Settings {
    /// Takes the environment of this process. Call it in `main` only.
    pub fn from_env() -> Self {
        let readable = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        };
        Self::from_map(std::env::vars_os().filter_map(readable))
    }

    /// Takes variables from elsewhere, as tests do.
    pub fn from_map<N: Into<String>, V: Into<String>>(variables: impl IntoIterator<Item = (N, V)>) -> Self {
        let variables = variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        Self { variables, faults: Vec::new() }
    }

    /// Returns the value of a variable that must be set.
    pub fn required(&mut self, name: &str) -> String {
        self.optional(name).unwrap_or_else(|| {
            self.faults.push(format!("{name} is not set"));
            String::new()
        })
    }

    /// Returns the value of a variable that may be unset.
    pub fn optional(&self, name: &str) -> Option<String> {
        self.variables.get(name).filter(|value| !value.is_empty()).cloned()
    }

    /// Returns a number of any size that its type holds, or the default if it is unset.
    pub fn number<T: FromStr + Display>(&mut self, name: &str, default: T) -> T {
        let Some(value) = self.optional(name) else { return default };
        value.parse().unwrap_or_else(|_| {
            let wanted = format!("a number such as {default}");
            self.reject(name, &value, &wanted);
            default
        })
    }

    /// Returns a number within a range, or the default if it is unset.
    pub fn number_in<T: FromStr + Display + PartialOrd>(
        &mut self,
        name: &str,
        default: T,
        range: RangeInclusive<T>,
    ) -> T {
        let Some(value) = self.optional(name) else { return default };
        match value.parse() {
            Ok(number) if range.contains(&number) => number,
            _ => {
                let wanted = format!("a number from {} to {}", range.start(), range.end());
                self.reject(name, &value, &wanted);
                default
            }
        }
    }

    /// Returns what one of a few words stands for, or the default if it is unset.
    pub fn choice<T: Clone>(&mut self, name: &str, choices: &[(&str, T)], default: T) -> T {
        let Some(value) = self.optional(name) else { return default };
        if let Some((_, chosen)) = choices.iter().find(|(word, _)| *word == value) {
            return chosen.clone();
        }
        let words: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
        self.reject(name, &value, &format!("one of {}", words.join(", ")));
        default
    }

    /// Notes a fault that only the caller can see, such as a value in the wrong form.
    pub fn reject(&mut self, name: &str, value: &str, wanted: &str) {
        let shown: String = value.chars().take(MAX_SHOWN_CHARS).collect();
        self.faults.push(format!("{name} is {shown:?}, expected {wanted}"));
    }

    /// Fails if any of the values that were returned may not be used.
    pub fn finish(self) -> Result<(), SettingsError> {
        if self.faults.is_empty() { Ok(()) } else { Err(SettingsError { faults: self.faults }) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_is_reported_at_once_with_what_was_expected() {
        let mut settings =
            Settings::from_map([("MARGIN_MS", "soon"), ("DELIVERY", "twice"), ("DEPTH", "9"), ("EMPTY", "")]);
        settings.required("OUTPUT_BUCKET");
        settings.required("EMPTY");
        assert_eq!(settings.number("MARGIN_MS", 2000_u64), 2000);
        assert_eq!(settings.number_in("DEPTH", 2_u8, 1..=4), 2);
        settings.choice("DELIVERY", &[("batch", 1), ("ledger", 2)], 1);
        let faults = settings.finish().unwrap_err().faults;
        let expected = [
            "OUTPUT_BUCKET is not set",
            "EMPTY is not set",
            "MARGIN_MS is \"soon\", expected a number such as 2000",
            "DEPTH is \"9\", expected a number from 1 to 4",
            "DELIVERY is \"twice\", expected one of batch, ledger",
        ];
        assert_eq!(faults, expected);
    }

    #[test]
    fn values_that_are_set_and_well_formed_are_taken_as_they_are() {
        let mut settings = Settings::from_map([("MARGIN_MS", "750"), ("DELIVERY", "ledger")]);
        assert_eq!(settings.number("MARGIN_MS", 2000_u64), 750);
        assert_eq!(settings.choice("DELIVERY", &[("batch", 1), ("ledger", 2)], 1), 2);
        assert_eq!(settings.optional("ABSENT"), None);
        assert!(settings.finish().is_ok());
    }
}
