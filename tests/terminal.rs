//! Checks what `kinflow run` shows on a terminal: it runs on a pseudo-terminal, which a small terminal emulator reads.

use std::path::Path;
use std::process::Command;

#[test]
fn a_terminal_gets_one_area_that_is_redrawn_and_is_left_clean() {
    let Some(python) = test_support::python_with("pty") else { return };
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let folder = tempfile::tempdir().unwrap();
    let script = root.join("tests/terminal/run.py");
    let mut command = Command::new(python);
    command.current_dir(&root).arg(script).arg(env!("CARGO_BIN_EXE_kinflow")).arg(folder.path());
    let looked = command.output().unwrap();
    let (told, errors) = (String::from_utf8_lossy(&looked.stdout), String::from_utf8_lossy(&looked.stderr));
    assert!(looked.status.success(), "{told}{errors}");
}
