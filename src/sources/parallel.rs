//! Work on many equal things by all cores.

use std::{
    num::NonZero,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

/// A thread is worth its start when it has so many things to do.
const LEAST: usize = 16;

/// What `work` makes of each number below `count`, in their order.
///
/// The cores of the machine take turns, so one slow thing does not keep the others waiting.
///
/// ```
/// use aliasgate::sources::parallel::map;
/// assert_eq!(map(100, |at| at * 2)[99], 198);
/// ```
pub fn map<T: Send>(count: usize, work: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let threads = cores.min(count / LEAST);
    if threads <= 1 {
        return (0..count).map(work).collect();
    }
    let next = AtomicUsize::new(0);
    let turn = || {
        let numbers = std::iter::repeat_with(|| next.fetch_add(1, Ordering::Relaxed));
        let mine = numbers.take_while(|at| *at < count);
        mine.map(|at| (at, work(at))).collect::<Vec<_>>()
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
    fn every_number_has_its_turn_once_and_in_order() {
        for count in [0, 1, 15, 16, 33, 1_000] {
            assert!(map(count, |at| at).into_iter().eq(0..count), "{count}");
        }
    }
}
