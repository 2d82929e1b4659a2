//! Work on many equal things by all cores.

use std::{
    num::NonZero,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

/// A thread is worth its start when it has so many things to do.
const LEAST: usize = 16;

/// What `work` makes of each of `things`, in their order.
///
/// The cores of the machine take turns, so one slow thing does not keep the others waiting.
///
/// ```
/// use aliasgate::sources::parallel::map;
/// assert_eq!(map((0..100).collect(), |number: u32| number * 2)[99], 198);
/// ```
pub fn map<T: Send, U: Send>(things: Vec<T>, work: impl Fn(T) -> U + Sync) -> Vec<U> {
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let threads = cores.min(things.len() / LEAST);
    if threads <= 1 {
        return things.into_iter().map(work).collect();
    }
    let things: Vec<_> = things.into_iter().map(|thing| Mutex::new(Some(thing))).collect();
    let next = AtomicUsize::new(0);
    let turn = || {
        let mut done = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(thing) = things.get(at) else { return done };
            let thing = thing.lock().unwrap_or_else(PoisonError::into_inner).take();
            done.extend(thing.map(|thing| (at, work(thing))));
        }
    };
    let mut done = thread::scope(|scope| {
        // Where the system gives no thread, this one does its work.
        let others: Vec<_> = (1..threads)
            .filter_map(|_| thread::Builder::new().spawn_scoped(scope, turn).ok())
            .collect();
        let mut done = turn();
        for other in others {
            match other.join() {
                Ok(part) => done.extend(part),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        done
    });
    done.sort_unstable_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, made)| made).collect()
}

#[cfg(test)]
mod tests {
    use super::map;

    #[test]
    fn every_thing_has_its_turn_once_and_in_order() {
        for count in [0, 1, 15, 16, 33, 1_000] {
            assert!(
                map((0..count).collect(), |at| at).into_iter().eq(0..count),
                "{count}"
            );
        }
    }
}
