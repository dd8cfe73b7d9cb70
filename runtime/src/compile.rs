//! Turns a component into machine code: in this process, or in a child that limits itself first.

use std::io::{Read, Write};
use std::process::{ExitCode, ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Resource, Rlimit, setrlimit};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};
use wasmtime::Engine;

use crate::config::Compiler;
use crate::engine;
use crate::error::{HostFault, LoadError};

/// The largest component, in bytes: what a package may hold.
pub(crate) const MAX_COMPONENT: u64 = 64 << 20;
/// The most machine code from one component, in bytes: a quarter of what all loaded skills may take by default.
pub(crate) const MAX_CODE: u64 = 256 << 20;
/// CPU time of the child, in seconds; a 18 MB Python guest takes 18.
const CHILD_CPU: u64 = 60;
/// Address space of the child, in bytes.
const CHILD_MEMORY: u64 = 4 << 30;
/// Wall time of the child: twice its CPU time, for a machine that is busy.
const CHILD_WALL: Duration = Duration::from_secs(120);
/// How much of the child's complaint is kept, in bytes.
const MAX_COMPLAINT: u64 = 4096;

/// Compiles `component`, which must have a component's preamble.
pub(crate) async fn compile(
    engine: &Engine,
    compiler: &Compiler,
    component: &[u8],
) -> Result<Vec<u8>, LoadError> {
    match compiler {
        Compiler::InProcess => in_process(engine.clone(), component.to_vec()).await,
        Compiler::Child { program, args } => {
            let mut command = Command::new(program);
            command.args(args).env_clear();
            in_child(command, component).await
        }
    }
}

async fn in_process(engine: Engine, component: Vec<u8>) -> Result<Vec<u8>, LoadError> {
    tokio::task::spawn_blocking(move || engine.precompile_component(&component))
        .await
        .map_err(HostFault::engine)?
        .map_err(|error| LoadError::Compile(format!("{error:#}")))
}

async fn in_child(mut command: Command, component: &[u8]) -> Result<Vec<u8>, LoadError> {
    let child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| HostFault::io("starting the compiler process", error))?;
    match tokio::time::timeout(CHILD_WALL, talk(child, component)).await {
        Ok(done) => done,
        Err(_) => Err(LoadError::Compile(format!(
            "it took longer than {CHILD_WALL:?}; make the component smaller"
        ))),
    }
}

/// Gives the child the component and takes its answer, both at the same time.
async fn talk(mut child: Child, component: &[u8]) -> Result<Vec<u8>, LoadError> {
    let (Some(mut stdin), Some(stdout), Some(stderr)) =
        (child.stdin.take(), child.stdout.take(), child.stderr.take())
    else {
        return Err(HostFault::Engine("the compiler process has no pipes".into()).into());
    };
    let (mut code, mut complaint) = (Vec::new(), Vec::new());
    let give = async move {
        // A child that refuses early closes its end: its own words say why.
        let _ = stdin.write_all(component).await;
    };
    // Moved in, so that the pipe is closed at its end: a child with more to say must not wait for ever.
    let take = async { stdout.take(MAX_CODE + 1).read_to_end(&mut code).await };
    let mut stderr = stderr.take(MAX_COMPLAINT);
    let (_, taken, _) = tokio::join!(give, take, stderr.read_to_end(&mut complaint));
    taken.map_err(|error| HostFault::io("reading from the compiler process", error))?;
    if code.len() as u64 > MAX_CODE {
        let limit = crate::limits::bytes(MAX_CODE);
        return Err(LoadError::Compile(format!(
            "it has more than {limit} of machine code; make the component smaller"
        )));
    }
    let status = child
        .wait()
        .await
        .map_err(|error| HostFault::io("waiting for the compiler process", error))?;
    if status.success() {
        return Ok(code);
    }
    Err(refusal(status, &complaint))
}

fn refusal(status: ExitStatus, complaint: &[u8]) -> LoadError {
    let complaint = String::from_utf8_lossy(complaint);
    match complaint.trim() {
        "" => LoadError::Compile(format!(
            "the compiler process ended with {status}; it may use {CHILD_CPU} s of CPU time and {} of memory: make the component smaller",
            crate::limits::bytes(CHILD_MEMORY)
        )),
        complaint => LoadError::Compile(complaint.to_owned()),
    }
}

/// What the child runs: limits itself, reads a component from stdin, writes machine code to
/// stdout. On failure it says why on stderr and exits with 1.
pub fn compile_child() -> ExitCode {
    // Compilations take seconds, and turns of agents milliseconds: they are not to wait for each other as equals. Where the
    // system does not allow it, they do.
    let _ = rustix::process::setpriority_process(None, CHILD_NICE);
    match limit_self().and_then(|()| compile_stdin()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            // Nobody may be listening; the exit code says enough then.
            let _ = writeln!(std::io::stderr(), "{message}");
            ExitCode::FAILURE
        }
    }
}

/// The nice value of a compiler process: it gives way to guests, too, whose threads have 10 by default.
const CHILD_NICE: i32 = 15;

fn limit_self() -> Result<(), String> {
    for (resource, most) in [
        (Resource::Cpu, CHILD_CPU),
        (Resource::As, CHILD_MEMORY),
        (Resource::Fsize, 0),
        (Resource::Core, 0),
    ] {
        setrlimit(
            resource,
            Rlimit {
                current: Some(most),
                maximum: Some(most),
            },
        )
        .map_err(|error| format!("limiting the compiler process failed: {error}"))?;
    }
    Ok(())
}

fn compile_stdin() -> Result<(), String> {
    let mut component = Vec::new();
    std::io::stdin()
        .take(MAX_COMPONENT)
        .read_to_end(&mut component)
        .map_err(|error| format!("reading the component failed: {error}"))?;
    let engine = engine::compiling().map_err(|error| error.to_string())?;
    let code = engine
        .precompile_component(&component)
        .map_err(|error| format!("{error:#}"))?;
    std::io::stdout()
        .write_all(&code)
        .map_err(|error| format!("writing the code failed: {error}"))
}
