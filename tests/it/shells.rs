//! Completions and manual pages, by the programs that read them.

use std::{
    fs,
    process::{Command, Output},
};

use tempfile::TempDir;

const PROGRAM: &str = env!("CARGO_BIN_EXE_aliasgate");

fn aliasgate(args: &[&str]) -> Output {
    Command::new(PROGRAM).args(args).output().expect("it starts")
}

#[test]
fn bash_completes_commands_and_flags() {
    let script = aliasgate(&["completions", "bash"]);
    assert!(script.status.success());
    // What bash does when the tab key is hit behind these words.
    let ask = |words: &[&str]| {
        let typed = format!(
            "source /dev/stdin\nfunction=$(complete -p aliasgate | sed 's/.*-F \\([^ ]*\\).*/\\1/')\n\
                 COMP_WORDS=(aliasgate {}) COMP_CWORD={}\n$function aliasgate \"${{COMP_WORDS[COMP_CWORD]}}\" \
                 \"${{COMP_WORDS[COMP_CWORD-1]}}\"\nprintf '%s\\n' \"${{COMPREPLY[@]}}\"",
            words.join(" "),
            words.len(),
        );
        let folder = TempDir::new().expect("a folder");
        let path = folder.path().join("script");
        fs::write(&path, &script.stdout).expect("writable");
        let said = Command::new("bash")
            .args(["--norc", "-c", &typed])
            .stdin(fs::File::open(&path).expect("readable"))
            .output()
            .expect("bash starts");
        String::from_utf8(said.stdout).expect("UTF-8")
    };
    assert_eq!(ask(&["val"]), "validate\n");
    let flags = ask(&["validate", "--fa"]);
    assert_eq!(flags, "--fail-on\n");
    for shell in ["zsh", "fish", "elvish", "powershell"] {
        let script = aliasgate(&["completions", shell]);
        assert!(
            String::from_utf8_lossy(&script.stdout).contains("validate"),
            "{shell}"
        );
    }
}

#[test]
fn manual_pages_are_good_roff() {
    let folder = TempDir::new().expect("a folder");
    let written = aliasgate(&["man", folder.path().to_str().expect("UTF-8")]);
    assert!(written.status.success(), "{written:?}");
    let page = folder.path().join("aliasgate-validate.1");
    let text = fs::read_to_string(&page).expect("written");
    assert!(text.contains("fail\\-on"), "{text}");
    assert!(folder.path().join("aliasgate.1").is_file());
    let printed = aliasgate(&["man"]).stdout;
    assert_eq!(
        printed,
        fs::read(folder.path().join("aliasgate.1")).expect("written")
    );

    let gone = aliasgate(&["man", "/nowhere"]);
    assert_eq!(gone.status.code(), Some(2));
    assert_eq!(
        gone.stderr,
        b"error: cannot write to /nowhere: there is no such folder\n"
    );

    let Ok(read) = Command::new("groff")
        .args(["-man", "-Tutf8", "-ww"])
        .arg(&page)
        .output()
    else {
        println!("SKIPPED: reading the pages: there is no groff");
        return;
    };
    assert!(read.status.success());
    assert_eq!(String::from_utf8_lossy(&read.stderr), "");
}
