//! `kinflow put --follow`: puts growing files on streams, for as long as it runs.
//!
//! A file is recognised by its inode and by its first bytes. So a file that a rotation renames is read to its end under
//! its new name, and a file that a rotation copies and truncates is continued in the copy. How far each file was put is
//! saved once everything before is acknowledged or put aside: a process that is killed repeats some records, and loses
//! none.

mod config;
mod files;
mod follower;
mod growing;
mod log_lines;
mod places;
mod rates;
mod streams;

use std::collections::BTreeMap;
use std::error::Error;
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::signals::Stop;
use crate::aws::AwsArguments;
use config::Config;
use files::Files;
use places::Places;
use rates::Rates;
use streams::Streams;

/// Places are saved for at most one part in this many of the time, since there may be thousands.
const SAVING_PART: u32 = 20;
/// How long a file that could not be read or put waits before it is tried again.
const AGAIN_AFTER: Duration = Duration::from_secs(2);

/// What all followers share.
pub(super) struct World {
    streams: Streams,
    places: Places,
    rates: Rates,
    state: PathBuf,
    stop: Stop,
    /// Whether files wait until others make room.
    is_crowded: Arc<AtomicBool>,
    /// The last error of each file that had one.
    told: Mutex<BTreeMap<PathBuf, String>>,
}

impl World {
    /// Reports what is wrong with a file or a folder, unless that was the last that was reported of it.
    fn say_of(&self, path: &Path, error: String) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.get(path) != Some(&error) {
            self.rates.say(&format!("{}: {error}", path.display()));
            told.insert(path.to_owned(), error);
        }
    }
}

/// Follows the files of a configuration until it is told to stop.
pub(super) fn run(path: &Path, aws: &AwsArguments) -> Result<ExitCode, Box<dyn Error>> {
    // One thread does everything, so that events are handled in their order.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let stop = Stop::on_signals()?;
        let aws = aws.settings().await?;
        let Config { state, flows } = Config::read(path, &aws).await?;
        let places = Places::open(&state)?;
        let (rates, is_crowded) = (Rates::new(std::io::stderr().is_terminal()), Arc::default());
        let (streams, told) = (Streams::of(aws), Mutex::default());
        let world = Arc::new(World { streams, places, rates, state, stop, is_crowded, told });
        follow(&world, flows.into_iter().map(Arc::new).collect()).await
    })
}

async fn follow(world: &Arc<World>, flows: Vec<Arc<config::Flow>>) -> Result<ExitCode, Box<dyn Error>> {
    let (mut is_warned, mut save_at) = (false, Instant::now());
    world.rates.say("following; Ctrl-C stops once what was read is put");
    let mut files = Files::of(world, flows);
    while !world.stop.flag.load(Ordering::Relaxed) {
        let look_after = files.look();
        let begun = Instant::now();
        if begun >= save_at {
            if let Err(error) = world.places.save()
                && !std::mem::replace(&mut is_warned, true)
            {
                world.rates.say(&format!("warning: {error}"));
            }
            save_at = Instant::now() + begun.elapsed() * SAVING_PART;
        }
        world.rates.show(false);
        tokio::time::sleep(look_after).await;
    }
    files.stop().await;
    world.places.save()?;
    world.rates.clear();
    world.rates.show(true);
    Ok(ExitCode::SUCCESS)
}
