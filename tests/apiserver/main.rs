//! The CRDs, the webhooks and their manifests on a real kube-apiserver, driven by the real kubectl.
//!
//! `tests/run` builds the tools and names their folder in `ALIASGATE_KUBE_TOOLS`. Without it every test is ignored,
//! and the reason is printed.

#![expect(
    clippy::panic,
    clippy::print_stdout,
    reason = "this is a test, though clippy cannot see it"
)]

mod cluster;
mod crds;
mod manifests;
mod process;

use std::{env, path::PathBuf, process::ExitCode, sync::Arc};

use libtest_mimic::{Arguments, Trial};

use cluster::Cluster;

/// What every test can use.
pub(crate) struct World {
    /// The API server, with our CRDs.
    pub(crate) cluster: Cluster,
}

/// A test's name and body.
type Test = (&'static str, fn(&World));

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let tests: Vec<Test> = [crds::TESTS, manifests::TESTS].concat();
    let Some(tools) = env::var_os("ALIASGATE_KUBE_TOOLS").map(PathBuf::from) else {
        println!(
            "SKIPPED: the tests on a real kube-apiserver: ALIASGATE_KUBE_TOOLS is not set; ./tests/run sets it"
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

    // Dropped at the end of this function, after the last test: its processes end with it.
    let world = Arc::new(World::new(&tools));
    let trials = tests.into_iter().map(|(name, test)| {
        let world = Arc::clone(&world);
        Trial::test(name, move || {
            test(&world);
            Ok(())
        })
    });
    libtest_mimic::run(&arguments, trials.collect()).exit_code()
}

impl World {
    fn new(tools: &std::path::Path) -> Self {
        let cluster = Cluster::start(tools);
        crds::install(&cluster);
        Self { cluster }
    }
}
