//! The C library: the wasi-libc that PyPI's `ziglang` carries as source and compiles on demand.

use super::{Workshop, remove};
use crate::{Result, process};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Zig's version is fixed: the log that is read below is not a stable interface.
const ZIG: &str = "ziglang==0.17.1";

/// Programs that make zig build all of its C library and both of its start-up objects.
const COMMAND: &str = "#include <stdio.h>\n#include <stdlib.h>\nint main(void) { printf(\"%p\", malloc(9)); return 0; }\n";
const REACTOR: &str = "#include <stdio.h>\n__attribute__((export_name(\"f\"))) int f(int x) { return printf(\"%d\", x); }\n";

/// Makes `libc.a` and the two `crt1-*.o` in `libc`.
pub(super) fn make(_: &Workshop, libc: &Path) -> Result<()> {
    let work = libc.join("work");
    fs::create_dir(&work)?;
    let zig = Zig::install(&work)?;
    let command = zig.link_log("command.c", COMMAND, &[])?;
    let reactor = zig.link_log("reactor.c", REACTOR, &["-mexec-model=reactor"])?;
    for (log, name) in [(&command, "crt1-command.o"), (&reactor, "crt1-reactor.o")] {
        let object = input(log, name).ok_or_else(|| format!("zig linked no {name}"))?;
        fs::copy(work.join(object), libc.join(name)).map_err(|e| format!("{object}: {e}"))?;
    }
    fs::write(work.join("sockets.c"), include_str!("sockets.c"))?;
    process::read(zig.compile("sockets.c").args(["-c", "-o", "sockets.o"]))?;
    let parts = ["libc.a", "libzigc.a", "libcompiler_rt.a"];
    let archives = parts
        .iter()
        .filter_map(|name| input(&command, name))
        .collect::<Vec<_>>();
    process::feed(zig.command().args(["ar", "-M"]), &archive_script(&archives))?;
    fs::rename(work.join("libc.a"), libc.join("libc.a"))?;
    remove(&work)
}

/// A zig that lives, with its cache, in a folder of ours.
struct Zig {
    folder: PathBuf,
}

impl Zig {
    /// Installs zig into `folder` with pip, which is installed first where it is missing. `--target`
    /// needs neither a virtual environment nor the right to write into the system's Python.
    fn install(folder: &Path) -> Result<Self> {
        let has_pip =
            process::read(Command::new("python3").args(["-m", "pip", "--version"])).is_ok();
        if !has_pip {
            process::apt_install(&["python3-pip"])?;
        }
        let mut pip = Command::new("python3");
        pip.args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--no-deps",
            "--disable-pip-version-check",
        ]);
        process::read(pip.arg("--target").arg(folder.join("pip")).arg(ZIG))?;
        Ok(Self {
            folder: folder.to_owned(),
        })
    }

    fn command(&self) -> Command {
        let mut zig = Command::new(self.folder.join("pip/ziglang/zig"));
        let cache = self.folder.join("cache");
        zig.current_dir(&self.folder)
            .env("ZIG_GLOBAL_CACHE_DIR", &cache)
            .env("ZIG_LOCAL_CACHE_DIR", &cache);
        zig
    }

    fn compile(&self, source: &str) -> Command {
        let mut zig = self.command();
        zig.args(["cc", "-target", "wasm32-wasi", "-O2", source]);
        zig
    }

    /// Links a program and gives what zig says while it does.
    fn link_log(&self, name: &str, source: &str, options: &[&str]) -> Result<String> {
        fs::write(self.folder.join(name), source)?;
        let output = process::both(
            self.compile(name)
                .args(options)
                .args(["-v", "-o", "out.wasm"]),
        )?;
        Ok(String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

/// The path of the file `name` among the inputs of the last `wasm-ld` in zig's log, absolute or from
/// the folder that zig ran in.
fn input<'a>(log: &'a str, name: &str) -> Option<&'a str> {
    let links = log
        .lines()
        .map(str::trim)
        .filter(|line| line.starts_with("wasm-ld"));
    let mut words = links.flat_map(str::split_whitespace);
    words.rfind(|word| Path::new(word).file_name().is_some_and(|file| file == name))
}

/// Joins the archives and the sockets into one `libc.a`, in the language of `ar -M`.
fn archive_script(archives: &[&str]) -> String {
    let added: String = archives
        .iter()
        .map(|archive| format!("addlib {archive}\n"))
        .collect();
    format!("create libc.a\n{added}addmod sockets.o\nsave\nend\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inputs_are_found_in_the_linker_line_only() {
        let log =
            "clang /c/libc.a\n wasm-ld -o out /c/1/crt1-command.o /c/2/libc.a /c/3/libzigc.a\n";
        assert_eq!(input(log, "libc.a"), Some("/c/2/libc.a"));
        assert_eq!(input(log, "crt1-command.o"), Some("/c/1/crt1-command.o"));
        assert_eq!(input(log, "libcompiler_rt.a"), None);
    }
}
