//! The environments of one function: how many may run at once, which are warm, and what ends them.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::{Semaphore, SemaphorePermit};

use super::environment::Environment;

/// The most invocations of one function at once, if its template reserves no number. Lambda allows 1,000 for
/// all functions of an account, but here each environment is a process on one machine.
pub(super) const MAX_CONCURRENCY: usize = 100;

/// The environments of one function.
pub(super) struct Pool {
    permits: Semaphore,
    idle: Mutex<Vec<Environment>>,
    launched: AtomicU64,
    limit: usize,
}

impl Pool {
    /// A pool for this many invocations at once.
    pub(super) fn new(reserved_concurrency: Option<u32>) -> Self {
        let reserved = reserved_concurrency.map(|limit| usize::try_from(limit).unwrap_or(MAX_CONCURRENCY));
        let limit = reserved.unwrap_or(MAX_CONCURRENCY).min(Semaphore::MAX_PERMITS);
        Self { permits: Semaphore::new(limit), idle: Mutex::default(), launched: AtomicU64::new(0), limit }
    }

    /// Waits until another invocation may run; `None` if none ever will, because the function's concurrency
    /// is 0 or the pool is shut down.
    pub(super) async fn admit(&self) -> Option<SemaphorePermit<'_>> {
        if self.limit == 0 { None } else { self.permits.acquire().await.ok() }
    }

    /// The environment that was used last. One that died while it was idle is skipped.
    pub(super) fn warm(&self) -> Option<Environment> {
        let mut idle = self.idle();
        while let Some(mut environment) = idle.pop() {
            if environment.is_alive() {
                return Some(environment);
            }
        }
        None
    }

    /// The number of the environment that is launched next, from 1.
    pub(super) fn next_number(&self) -> u64 {
        self.launched.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Takes back an environment that may be used again.
    pub(super) fn keep(&self, environment: Environment) {
        self.idle().push(environment);
    }

    /// Admits nothing more, and kills every environment that is idle.
    pub(super) async fn shutdown(&self) {
        self.permits.close();
        let idle = std::mem::take(&mut *self.idle());
        for environment in idle {
            environment.kill().await;
        }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Environment>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_concurrency_of_one_lets_the_second_wait_for_the_first() {
        let pool = Pool::new(Some(1));
        let first = pool.admit().await.unwrap();
        let mut second = Box::pin(pool.admit());
        assert!(futures::poll!(&mut second).is_pending());
        drop(first);
        assert!(futures::poll!(&mut second).is_ready());
    }

    #[tokio::test]
    async fn a_concurrency_of_zero_admits_nothing_and_nobody_waits_for_it() {
        assert!(Pool::new(Some(0)).admit().await.is_none());
    }

    #[tokio::test]
    async fn a_pool_that_is_shut_down_lets_nobody_wait() {
        let pool = Pool::new(Some(1));
        let _first = pool.admit().await.unwrap();
        let mut second = Box::pin(pool.admit());
        assert!(futures::poll!(&mut second).is_pending());
        pool.shutdown().await;
        assert!(second.await.is_none());
    }
}
