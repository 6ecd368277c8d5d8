//! What the commands that wait for a service run on.

use std::error::Error;
use std::io;

use tokio::runtime::Builder;

/// Waits for work that mostly waits itself.
pub(crate) fn on_one_thread<T>(
    work: impl Future<Output = Result<T, Box<dyn Error>>>,
) -> Result<T, Box<dyn Error>> {
    started(Builder::new_current_thread())?.block_on(work)
}

/// Waits for work that reads and decodes many objects.
pub(crate) fn on_two_threads<T>(
    work: impl Future<Output = Result<T, Box<dyn Error>>>,
) -> Result<T, Box<dyn Error>> {
    let mut builder = Builder::new_multi_thread();
    builder.worker_threads(2);
    started(builder)?.block_on(work)
}

fn started(mut builder: Builder) -> io::Result<tokio::runtime::Runtime> {
    builder.enable_all().build()
}
