//! Documents in: files now, and what is embedded in the program.
