//! The peak memory of a process, as Lambda's REPORT line has it.

/// The most memory that the process ever held, in MB rounded up; `None` if the system does not say.
pub(super) fn peak_mb(process_id: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process_id}/status")).ok()?;
    peak_kb(&status).map(|kb| kb.div_ceil(1024))
}

fn peak_kb(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_high_water_mark_is_read_from_the_status() {
        assert_eq!(peak_kb("Name:\tx\nVmHWM:\t    5132 kB\nVmRSS:\t 1 kB\n"), Some(5132));
        assert_eq!(peak_kb("Name:\tx\n"), None);
    }
}
