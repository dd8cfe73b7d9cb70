//! The sandbox against everything a guest may try: guests built from tests/guests, called through
//! the runtime, each bad behaviour with its outcome.

mod advisories;
mod cache;
mod cancel;
mod egress_limits;
mod egress_peers;
mod fairness;
mod files;
mod http;
mod kv;
mod limits;
mod load;
mod receipts;
mod schemas;
mod storage;
mod support;
mod usage;
