//! The real server under every attack that we know, all at once, and one account beside them that only wants to work.
//!
//! - [`server`]: the program as a process of its own, with few descriptors, and accounts made on its command line.
//! - [`attack`]: the table of attacks, one function each.
//! - [`arsenal`], [`model`], [`peers`]: what attackers upload, and what they make the server talk to.
//! - [`victim`]: an agent with a sandboxed tool; each of its turns is timed, each of its messages must be there at the end.
//! - [`watch`]: memory, descriptors, threads and `/healthz` of the server, all the time.
//! - [`report`]: what came out of it, against the limits.

pub mod arsenal;
pub mod attack;
pub mod model;
pub mod peers;
pub mod report;
pub mod server;
pub mod tally;
pub mod victim;
pub mod watch;

use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::runtime::{Builder, Handle, Runtime};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use arsenal::Arsenal;
use attack::{Attack, Attacker};
use report::{Death, Report};
use server::Server;
use victim::Victim;
use watch::Watch;

/// How long the server gets to end after SIGTERM: its drain of 30 s, and room for a loaded machine.
const END_PATIENCE: Duration = Duration::from_secs(60);

/// What is to be done.
pub struct Options {
    /// The `skillgate` to start.
    pub program: PathBuf,
    /// How long the victim works alone first.
    pub alone: Duration,
    /// How long all attacks go on.
    pub attacked: Duration,
    /// The names of the attacks; all when empty.
    pub attacks: Vec<String>,
}

/// Runs it all: the victim alone, then under attack, then the count of what is left.
///
/// # Errors
/// When an attack is unknown, or the server does not come up at all.
pub async fn run(options: Options) -> Result<Report, String> {
    let attacks = attack::chosen(&options.attacks)?;
    let threads = AttackersThreads::start();
    let arsenal = threads.handle().spawn(Arsenal::make()).await;
    let arsenal = Arc::new(arsenal.expect("the arsenal"));
    let mut server = Server::start(&options.program, arsenal.model.base_url())?;
    let mut victim = Victim::make(&server, &arsenal).await;
    let mut attackers = Vec::new();
    for (number, attack) in attacks.iter().enumerate() {
        let attacker = Attacker::make(&server, &arsenal, number, attack.arm).await;
        attackers.push((*attack, attacker));
    }
    let watch = Watch::start(server.pid(), &server.url);

    let alone = victim.talk_for(options.alone, &watch.died()).await;
    watch.begin_attack();
    let begun = Instant::now();
    let under_attack = {
        let storm = Storm::unleash(&attackers, threads.handle());
        let turns = victim.talk_for(options.attacked, &watch.died()).await;
        storm.end().await;
        turns
    };
    let lasted = begun.elapsed();
    let seen = watch.stop();
    let mut deaths = Vec::new();
    if let Some(how) = server.death() {
        deaths.push(Death::new(how, &server));
        server.start_again(&options.program, arsenal.model.base_url())?;
        victim.follow(&server.url);
    }
    let kept = victim.check().await;
    // What ended it once may end it again as soon as it goes on where it was.
    if let Some(how) = server.death() {
        deaths.push(Death::new(how, &server));
    }
    let ended = server.end_within(END_PATIENCE).await;
    Ok(Report::new(report::Findings {
        alone,
        under_attack,
        lasted,
        seen,
        deaths,
        kept,
        ended,
        attacks: attackers
            .into_iter()
            .map(|(attack, attacker)| (attack, attacker.tally))
            .collect(),
    }))
}

/// All attacks, under way.
struct Storm {
    stop: CancellationToken,
    tasks: JoinSet<()>,
}

/// The threads of the attackers, and of the servers that are on their side. They give way to all others: real attackers
/// have machines of their own, and would not take the victim's client's time.
struct AttackersThreads(Option<Runtime>);

impl AttackersThreads {
    fn start() -> Self {
        let threads = Builder::new_multi_thread()
            .thread_name("attacker")
            .on_thread_start(|| give_way().unwrap_or_default())
            .enable_all()
            .build();
        Self(Some(threads.expect("threads for the attackers")))
    }

    fn handle(&self) -> &Handle {
        self.0
            .as_ref()
            .expect("they run until they are dropped")
            .handle()
    }
}

/// Has the calling thread run only while a processor has nothing else to do: a thread of low priority still holds up one that
/// wakes, by some milliseconds each time. Where there is no chrt(1), they are equals, and figures of time are worse.
fn give_way() -> Option<()> {
    let thread = std::fs::read_link("/proc/thread-self").ok()?;
    let thread = thread.file_name()?.to_owned();
    let chrt = Command::new("chrt")
        .args(["--idle", "--pid", "0"])
        .arg(thread)
        .output();
    chrt.ok().map(drop)
}

impl Drop for AttackersThreads {
    fn drop(&mut self) {
        if let Some(threads) = self.0.take() {
            threads.shutdown_background();
        }
    }
}

impl Storm {
    fn unleash(attackers: &[(&'static Attack, Attacker)], threads: &Handle) -> Self {
        let stop = CancellationToken::new();
        let mut tasks = JoinSet::new();
        for (attack, attacker) in attackers {
            let (attacking, stop) = ((attack.run)(attacker.clone()), stop.clone());
            let attack = async move {
                stop.run_until_cancelled(attacking).await;
            };
            tasks.spawn_on(attack, threads);
        }
        Self { stop, tasks }
    }

    /// Ends them, with every connection that they hold. An attack that failed by itself is a mistake of ours and is told.
    async fn end(mut self) {
        self.stop.cancel();
        while let Some(ended) = self.tasks.join_next().await {
            ended.expect("an attack ends only when it is told to");
        }
    }
}
