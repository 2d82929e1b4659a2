//! Everything together in a real kind cluster: installed as users do it, used as they use it, and disturbed under load.
//!
//! `tests/kind/run` makes the cluster and names its kubeconfig in `ALIASGATE_KIND_KUBECONFIG`. Without it every test is
//! ignored, and the reason is printed. The tests run one after the other, in the order in which they stand here. For
//! one test alone, with a cluster that stays:
//!
//! ```sh
//! tests/kind/run --keep -- seed
//! ```

#![expect(
    clippy::panic,
    clippy::print_stdout,
    reason = "this is a test, though clippy cannot see it"
)]

mod admission;
mod audit;
mod cluster;
mod disturbances;
mod installation;
mod pods;
#[path = "../apiserver/process.rs"]
#[expect(dead_code, reason = "only the waiting is used here")]
mod process;
mod proxy;
mod rights;
#[path = "../apiserver/said.rs"]
mod said;
mod traffic;

use std::{env, process::ExitCode, sync::Arc, time::Instant};

use libtest_mimic::{Arguments, Trial};

use cluster::Cluster;

/// A test's name and body.
type Test = (&'static str, fn(&Cluster));

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    arguments.test_threads = Some(1);
    let tests: Vec<Test> = [
        installation::BEGINNING,
        rights::TESTS,
        pods::TESTS,
        admission::TESTS,
        proxy::TESTS,
        audit::TESTS,
        disturbances::TESTS,
        installation::END,
    ]
    .concat();
    let Some(kubeconfig) = env::var_os("ALIASGATE_KIND_KUBECONFIG") else {
        println!(
            "SKIPPED: the tests in a kind cluster: ALIASGATE_KIND_KUBECONFIG is not set; ./tests/kind/run sets it"
        );
        let ignored = tests
            .iter()
            .map(|(name, _)| Trial::test(*name, || Ok(())).with_ignored_flag(true));
        return libtest_mimic::run(&arguments, ignored.collect()).exit_code();
    };
    if arguments.list {
        let all = tests.iter().map(|(name, _)| Trial::test(*name, || Ok(())));
        return libtest_mimic::run(&arguments, all.collect()).exit_code();
    }

    let cluster = Arc::new(Cluster::new(kubeconfig.into()));
    installation::prepare(&cluster);
    let trials = tests.into_iter().map(|(name, test)| {
        let cluster = Arc::clone(&cluster);
        Trial::test(name, move || {
            let start = Instant::now();
            test(&cluster);
            print!("({:.0} s) ", start.elapsed().as_secs_f64());
            Ok(())
        })
    });
    libtest_mimic::run(&arguments, trials.collect()).exit_code()
}
