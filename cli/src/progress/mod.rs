//! What a user sees while the pipeline runs, on standard error: on a terminal one area at its end that is redrawn in
//! place, with everything that is said above it; in a pipe, and on a terminal that moves no cursor, plain lines.
//!
//! | room | what is there |
//! |---|---|
//! | `board` | a fold of what the run tells, and what the area shows of it: pure |
//! | `columns` | the line of a data set, as wide as the terminal is: pure |
//! | `area` | draws lines over those that it drew before |
//! | `plain` | the line of a data set every ten seconds, for a pipe |

mod area;
mod board;
mod columns;
mod plain;

use std::convert::Infallible;
use std::io::{self, IsTerminal, Stderr, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use console::Term;
use local::Progress;

use area::{Area, Size};
use board::Board;
pub(crate) use board::Drain;
use plain::Plain;

/// How often the area is looked at anew, for its clock and for a terminal of another size.
const EVERY: Duration = Duration::from_millis(250);

/// The state of a run on standard error.
pub(crate) struct Screen {
    begun: Instant,
    inside: Mutex<Inside>,
}

struct Inside {
    board: Board,
    out: Out,
}

enum Out {
    Terminal(Term, Area<Stderr>),
    Pipe(Plain),
}

impl Screen {
    /// Looks at what standard error is. An area is drawn on a terminal that can move its cursor.
    pub(crate) fn new(drain: Drain) -> Self {
        let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let is_dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
        let out = if io::stderr().is_terminal() && !is_dumb {
            Out::Terminal(Term::stderr(), Area::new(io::stderr(), !is_set("NO_COLOR")))
        } else {
            Out::Pipe(Plain::default())
        };
        Self { begun: Instant::now(), inside: Mutex::new(Inside { board: Board::new(drain), out }) }
    }

    /// Shows what happened.
    pub(crate) fn show(&self, progress: &Progress) {
        let at = self.begun.elapsed();
        let mut inside = self.inside();
        let mut said = inside.board.take(progress, at);
        if let (Out::Pipe(plain), Progress::Status { data_sets }) = (&mut inside.out, progress) {
            said.extend(plain.take(data_sets, at));
        }
        inside.draw(&said, at);
    }

    /// Keeps the area up with its clock and its terminal until it is dropped.
    pub(crate) async fn keep_up(&self) -> Infallible {
        loop {
            tokio::time::sleep(EVERY).await;
            let at = self.begun.elapsed();
            let mut inside = self.inside();
            let said = inside.board.tell_if_stuck(at).filter(|_| matches!(inside.out, Out::Pipe(_)));
            inside.draw(said.as_slice(), at);
        }
    }

    /// Takes the area away, so that what is printed next stands where it was.
    pub(crate) fn clear(&self) {
        if let Out::Terminal(_, area) = &mut self.inside().out {
            area.clear();
        }
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        self.clear();
    }
}

impl Inside {
    fn draw(&mut self, said: &[String], at: Duration) {
        match &mut self.out {
            Out::Terminal(terminal, area) => {
                let (rows, columns) = terminal.size();
                let size = Size { rows: usize::from(rows), columns: usize::from(columns) };
                let lines = self.board.lines(size, at);
                area.draw(said, lines, size.columns);
            }
            // Nobody can be told that a pipe is closed.
            Out::Pipe(_) => {
                for line in said {
                    writeln!(io::stderr(), "{line}").unwrap_or_default();
                }
            }
        }
    }
}
