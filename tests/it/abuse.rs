//! A few seconds of `cargo xtask abuse`, with what once ended the server, held its threads or filled its memory.

use std::time::Duration;

use skillgate_tests::abuse::{self, Options};
use skillgate_tests::process::binary;

/// Attacks that show within seconds whether the host bounds its own work.
const ATTACKS: &[&str] = &[
    "schema-nested-call",
    "schema-nested-publish",
    "schema-doubling",
    "schema-patterns",
    "receipt-keys",
    "files-nested",
    "redaction",
    "slow-bodies",
    "spinning",
    "many-calls",
    "equal-ids",
    "deep-arguments",
];

/// No figure of time but one: `/healthz` is answered at all. The server is a debug build here and shares two
/// processors with the attackers and with other tests, which can hold any thread up for hundreds of milliseconds; what
/// this is about holds the server up for minutes, or for ever. The real limits are those of `cargo xtask abuse`.
const SLOWEST_HEALTH: f64 = 9_000.0;

#[tokio::test(flavor = "multi_thread")]
async fn the_server_outlives_its_attackers_and_loses_nothing() {
    let report = abuse::run(Options {
        program: binary(),
        alone: Duration::from_secs(1),
        attacked: Duration::from_secs(12),
        attacks: ATTACKS.iter().map(ToString::to_string).collect(),
    })
    .await
    .unwrap();
    let text = report.text();
    for name in [
        "deaths of the server",
        "messages of the victim that were lost",
        "SIGTERMs that did not end the server",
    ] {
        assert_eq!(report.figure(name), 0.0, "{name}\n{text}");
    }
    assert!(
        report.figure("messages that were acknowledged") > 0.0,
        "{text}"
    );
    assert!(report.figure("peak memory of the server") < 512.0, "{text}");
    assert!(
        report.figure("peak descriptors of the server") < 1_024.0,
        "{text}"
    );
    assert!(
        report.figure("/healthz under attack, slowest") < SLOWEST_HEALTH,
        "{text}"
    );
}
