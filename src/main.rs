//! The program `aliasgate`: everything it does is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    aliasgate::cli::main()
}
