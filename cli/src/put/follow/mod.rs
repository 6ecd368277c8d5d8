//! `kinflow put --follow`: puts growing files on streams, for as long as it runs.
//!
//! A file is recognised by its inode and by its first bytes. So a file that a rotation renames is read to its end under
//! its new name, and a file that a rotation copies and truncates is continued in the copy. How far each file was put is
//! saved once everything before is acknowledged or put aside: a process that is killed repeats some records, and loses
//! none.

mod config;
mod follower;
mod growing;
mod log_lines;
mod places;
mod rates;

use std::collections::BTreeSet;
use std::error::Error;
use std::fs::{self, File};
use std::io::IsTerminal as _;
use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use edge::aws::AwsSettings;
use tokio::task::JoinSet;

use super::signals::Stop;
use crate::aws::AwsArguments;
use config::{Config, Flow, From};
use follower::{Ended, Follower};
use growing::{FileId, Print};
use places::Places;
use rates::Rates;

/// The time between two looks into the folders, and between two saves of the places.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// A saved place may be before the line end of the last record. This many bytes at the end of a file contain no record.
const LINE_END_BYTES: u64 = 2;
/// How long a file that could not be read or put waits before it is tried again.
const AGAIN_AFTER: Duration = Duration::from_secs(2);

/// What all followers share.
pub(super) struct World {
    aws: AwsSettings,
    places: Places,
    rates: Rates,
    state: std::path::PathBuf,
    stop: Stop,
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
        let rates = Rates::new(std::io::stderr().is_terminal());
        let world = Arc::new(World { aws, places, rates, state, stop });
        follow(&world, flows.into_iter().map(Arc::new).collect()).await
    })
}

/// The flow and the file of a follower.
type Key = (usize, FileId);

async fn follow(world: &Arc<World>, flows: Vec<Arc<Flow>>) -> Result<ExitCode, Box<dyn Error>> {
    let (mut at_work, mut followers) = (BTreeSet::new(), JoinSet::new());
    let (mut is_first, mut is_warned) = (true, false);
    let mut begins_new: Vec<bool> = flows.iter().map(|flow| world.places.is_new(&flow.id)).collect();
    world.rates.say("following; Ctrl-C stops once what was read is put");
    while !world.stop.flag.load(Ordering::Relaxed) {
        for (number, flow) in flows.iter().enumerate() {
            let skips =
                is_first && begins_new.get(number).copied().unwrap_or(false) && flow.from == From::End;
            look(world, (number, flow), skips, &mut at_work, &mut followers);
        }
        begins_new.clear();
        is_first = false;
        while let Some(Ok((key, ended))) = followers.try_join_next() {
            settle(world, &flows, key, ended, &mut at_work);
        }
        if let Err(error) = world.places.save()
            && !std::mem::replace(&mut is_warned, true)
        {
            world.rates.say(&format!("warning: {error}"));
        }
        world.rates.show(false);
        tokio::time::sleep(LOOK_EVERY).await;
    }
    // Each follower ends by itself once what it has read is acknowledged.
    while let Some(ended) = followers.join_next().await {
        if let Ok((key, ended)) = ended {
            settle(world, &flows, key, ended, &mut at_work);
        }
    }
    world.places.save()?;
    world.rates.clear();
    world.rates.show(true);
    Ok(ExitCode::SUCCESS)
}

/// Starts a follower for each file of a flow that has unread bytes and no follower yet.
fn look(
    world: &Arc<World>,
    (number, flow): (usize, &Arc<Flow>),
    skips: bool,
    at_work: &mut BTreeSet<Key>,
    followers: &mut JoinSet<(Key, Ended)>,
) {
    let is_open = world.places.has_open(&flow.id);
    for entry in fs::read_dir(&flow.folder).into_iter().flatten().flatten() {
        let is_named = flow.has(&entry.file_name().to_string_lossy());
        // This follows a symbolic link to the file itself.
        let path = entry.path();
        let Ok(metadata) = fs::metadata(&path) else { continue };
        let key = (number, FileId::of(&metadata));
        if !metadata.is_file() || at_work.contains(&key) || !(is_named || is_open) {
            continue;
        }
        let Ok(file) = File::open(&path) else { continue };
        let Ok(found) = world.places.find(&flow.id, &file) else { continue };
        let (position, print) = match (found, Print::of(&file)) {
            (Some(place), _) if place.position >= metadata.len() => continue,
            (Some(place), _) if place.is_done && place.position + LINE_END_BYTES >= metadata.len() => {
                continue;
            }
            (Some(place), _) => (place.position, place.print),
            (None, Ok(print)) if is_named => (if skips { metadata.len() } else { 0 }, print),
            _ => continue,
        };
        at_work.insert(key);
        let (world, flow, print) = (Arc::clone(world), Arc::clone(flow), Arc::new(Mutex::new(print)));
        let follower = Follower { world, flow, path, file, position, print };
        followers.spawn(async move { (key, follower.run().await) });
    }
}

/// Notes how following a file ended, so that it can be followed again.
fn settle(world: &World, flows: &[Arc<Flow>], key: Key, ended: Ended, at_work: &mut BTreeSet<Key>) {
    let Some(flow) = flows.get(key.0) else { return };
    match ended {
        Ended::Done => world.places.end(&flow.id, key.1, false),
        Ended::Cut => world.places.end(&flow.id, key.1, true),
        Ended::Stopped => {}
    }
    at_work.remove(&key);
}
