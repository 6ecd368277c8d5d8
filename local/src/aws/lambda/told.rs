//! What is reported about a function once, and not with every invocation.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use template::FunctionDefinition;

use crate::aws::event::{Event, Observer};

/// What was reported about one function.
pub(super) struct Told {
    observer: Arc<dyn Observer>,
    why_not_started: Mutex<Option<String>>,
    memory: AtomicBool,
}

impl Told {
    pub(super) fn new(observer: Arc<dyn Observer>) -> Self {
        Self { observer, why_not_started: Mutex::default(), memory: AtomicBool::new(false) }
    }

    /// Reports that a function can't start, and reports it again only if the reason is another. `last_line`
    /// is the last line that the process wrote.
    pub(super) fn not_started(&self, reason: &str, last_line: Option<&str>, log: &Path) {
        let mut told = self.why_not_started.lock().unwrap_or_else(PoisonError::into_inner);
        if told.as_deref() == Some(reason) {
            return;
        }
        *told = Some(reason.to_owned());
        let last_line = last_line.map(|line| format!(", after the line {line:?}")).unwrap_or_default();
        self.warn(format!("{reason}{last_line}; its log is {}", log.display()));
    }

    /// Reports the use of memory, which is not limited here.
    pub(super) fn memory(&self, definition: &FunctionDefinition, peak_mb: Option<u64>) {
        let Some(peak_mb) = peak_mb.filter(|peak| *peak > u64::from(definition.memory_mb)) else { return };
        if !self.memory.swap(true, Ordering::Relaxed) {
            let FunctionDefinition { name, memory_mb, .. } = definition;
            self.warn(format!(
                "function {name} used {peak_mb} MB of its {memory_mb} MB; Lambda would have killed it, \
                 but here it continues"
            ));
        }
    }

    fn warn(&self, message: String) {
        self.observer.on(Event::Warning { message });
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Keeps the messages of all warnings.
    #[derive(Default)]
    struct Warnings(Mutex<Vec<String>>);

    impl Observer for Warnings {
        fn on(&self, event: Event) {
            if let Event::Warning { message } = event {
                self.0.lock().unwrap().push(message);
            }
        }
    }

    #[test]
    fn a_reason_is_told_again_only_where_it_is_another() {
        let warnings = Arc::new(Warnings::default());
        let told = Told::new(Arc::clone(&warnings) as _);
        let log = Path::new("logs/F.log");
        for _ in 0..16 {
            told.not_started("it ended with exit status: 1", Some("SCHEMA is \"x\""), log);
        }
        told.not_started("it ended with exit status: 2", None, log);
        let expected = [
            r#"it ended with exit status: 1, after the line "SCHEMA is \"x\""; its log is logs/F.log"#,
            "it ended with exit status: 2; its log is logs/F.log",
        ];
        assert_eq!(*warnings.0.lock().unwrap(), expected);
    }
}
