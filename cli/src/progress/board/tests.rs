use console::measure_text_width;
use proptest::prelude::*;

use super::*;

const SIZE: Size = Size { rows: 24, columns: 80 };

fn at(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn board(by_itself: bool) -> Board {
    let mut board = Board::new(Drain { by_itself, timeout: at(300) });
    let url = |port: u16| format!("http://127.0.0.1:{port}");
    let (kinesis_url, s3_url) = (url(4567), url(4568));
    board.take(&Progress::Ready { kinesis_url, s3_url, page_url: Some(url(4569)) }, at(0));
    board
}

fn status(names: &[&str], put: u64) -> Progress {
    let set = |name: &&str| DataSetStatus {
        name: (*name).to_owned(),
        put,
        per_second: 7,
        ..DataSetStatus::default()
    };
    Progress::Status { data_sets: names.iter().map(set).collect() }
}

fn warning(message: &str) -> Progress {
    Progress::Warning { message: message.to_owned() }
}

fn texts(board: &mut Board, size: Size, seconds: u64) -> Vec<String> {
    board.lines(size, at(seconds)).into_iter().map(|line| line.text).collect()
}

#[test]
fn the_area_tells_where_the_run_is_each_data_set_and_the_last_warnings() {
    let mut board = board(false);
    board.take(&status(&["crime", "tweets"], 1_000), at(1));
    for message in ["first", "second", "third"] {
        assert_eq!(board.take(&warning(message), at(50)), [format!("warning: {message}")]);
    }
    assert_eq!(
        texts(&mut board, SIZE, 62),
        [
            "1:02  running  14 records/s  3 warnings  http://127.0.0.1:4569",
            "data set  taken/s    put  waiting",
            "crime           7  1,000        0",
            "tweets          7  1,000        0",
            "! 12 s ago: second",
            "! 12 s ago: third",
        ]
    );
}

#[test]
fn before_a_run_is_ready_there_is_no_area() {
    let mut board = Board::new(Drain { by_itself: true, timeout: at(300) });
    board.take(&warning("early"), at(0));
    assert!(texts(&mut board, SIZE, 1).is_empty());
}

#[test]
fn a_drain_that_does_not_move_says_so_and_when_it_will_end() {
    let told = |board: &mut Board, seconds| {
        texts(board, SIZE, seconds).into_iter().find(|line| line.starts_with("no end"))
    };
    let mut board = board(true);
    board.take(&status(&["crime"], 5), at(1));
    assert_eq!((told(&mut board, 15), board.tell_if_stuck(at(15))), (None, None));
    assert!(told(&mut board, 16).unwrap().contains("nothing was read, put or taken for 15 s"));
    assert!(board.tell_if_stuck(at(16)).is_some(), "once");
    assert_eq!((board.tell_if_stuck(at(17)), board.tell_if_stuck(at(30))), (None, None));
    assert!(board.tell_if_stuck(at(31)).is_some(), "and after twice as long");
    board.take(&status(&["crime"], 6), at(32));
    assert_eq!(told(&mut board, 33), None);
    board.take(&Progress::Draining, at(40));
    assert!(board.tell_if_stuck(at(60)).unwrap().ends_with("ends after 300 s of that (--drain-timeout)"));
}

#[test]
fn a_run_without_an_end_of_its_own_may_rest() {
    let mut board = board(false);
    board.take(&status(&["crime"], 5), at(1));
    assert_eq!(board.tell_if_stuck(at(10_000)), None);
    board.take(&Progress::Checking, at(10_000));
    assert_eq!(board.tell_if_stuck(at(20_000)), None);
}

#[test]
fn more_data_sets_than_a_terminal_has_rows_are_counted() {
    let mut board = board(false);
    board.take(&status(&["a", "b", "c", "d", "e", "f"], 5), at(1));
    board.take(&warning("w"), at(1));
    let lines = texts(&mut board, Size { rows: 8, columns: 80 }, 2);
    assert_eq!(lines.len(), 7, "{lines:?}");
    assert!(
        lines[4].starts_with("c ") && lines[5] == "and 3 more data sets" && lines[6].starts_with("! 1 s"),
        "{lines:?}"
    );
}

proptest! {
    #[test]
    fn the_area_fits_any_terminal_and_holds_nothing_that_one_obeys(
        rows in 0..30_usize,
        columns in 0..120_usize,
        names in prop::collection::vec("\\PC{0,30}", 0..12),
        message in "(\u{1b}\\[2J|\n|\u{9b}|\u{202e}|日本|.){0,120}",
    ) {
        let mut board = board(true);
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        board.take(&status(&names, 5), at(1));
        for line in board.take(&warning(&message), at(1)) {
            prop_assert_eq!(terminal::line(&line), line.as_str());
        }
        let lines = texts(&mut board, Size { rows, columns }, 100);
        prop_assert!(lines.len() <= rows.saturating_sub(1));
        for line in lines {
            prop_assert!(measure_text_width(&line) < columns.max(1), "{line:?} in {columns}");
            prop_assert_eq!(terminal::line(&line), line.as_str());
        }
    }
}
