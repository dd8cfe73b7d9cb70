//! The crate as others use it, one file for each area.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "in a test crate a failed unwrap is a failed test"
)]
#![allow(unreachable_pub, reason = "nothing here is public")]

mod effective;
mod http_rule;
mod manifest;
mod package;
mod permissions;
mod signature;
mod tamper;

use std::collections::BTreeMap;

/// A complete manifest, with everything that the documentation shows.
const WEATHER: &str = r#"---
name: weather
description: "Tells the weather: now, and for the next days."
license: MIT
compatibility: needs access to the internet
allowed-tools: Bash(git add:*) Read
metadata:
  version: "1.2.0"
  author: acme
  openclaw:
    emoji: sun
  skillgate:
    category: productivity
    permissions:
      http:
        - GET https://api.weather.gov/points/*
      secrets:
        - name: WEATHER_TOKEN
          inject: bearer
          host: api.weather.gov
      files:
        - path: cache
          access: read-write
          quota: 10MiB
      kv:
        quota: 1MiB
      config:
        - UNITS
      tools:
        - calculator/evaluate
      knowledge: read
      llm:
        tokens: 2000
    limits:
      memory: 64MiB
      timeout: 10s
      output: 256KiB
    config:
      - key: UNITS
        type: string
        default: metric
        description: metric or imperial
---
# Weather

Call `forecast`.
"#;

/// The smallest thing that passes for a component.
const COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";

/// The files of the weather skill.
fn weather_files() -> BTreeMap<String, Vec<u8>> {
    BTreeMap::from([
        ("SKILL.md".to_owned(), WEATHER.into()),
        ("component.wasm".to_owned(), COMPONENT.into()),
        ("references/codes.md".to_owned(), b"# Codes\n".to_vec()),
    ])
}
