//! The store's verbs, told as one story, on both databases.

mod account;
mod agent;
mod agent_rule;
mod api_key;
mod assignment;
mod console_session;
mod deletion;
mod given;
mod grant;
mod idempotency_key;
mod knowledge;
mod log;
mod message;
mod migrations;
mod opening;
mod pages;
mod personality;
mod pool;
mod publisher_key;
mod run;
mod secret;
mod session;
mod swarm;
mod task;
mod usage;
mod version;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use skillgate_store::{MasterKey, Store, StoreConfig, Timestamp};
use skillgate_tests::postgres;

const SECOND: i64 = 1_000_000;

/// A clock that stands until it is moved: what happens at the same time must still have an order.
#[derive(Clone)]
struct Clock(Arc<AtomicI64>);

impl Clock {
    fn new() -> Self {
        Self(Arc::new(AtomicI64::new(
            "2026-01-15T10:30:00Z"
                .parse::<Timestamp>()
                .unwrap()
                .as_micros(),
        )))
    }

    fn advance(&self, micros: i64) -> Timestamp {
        Timestamp::from_micros(self.0.fetch_add(micros, Ordering::Relaxed) + micros)
    }
}

fn master_key() -> MasterKey {
    MasterKey::from_hex(&"5a".repeat(32)).unwrap()
}

async fn open(url: &str, clock: &Clock) -> Store {
    let clock = clock.clone();
    let mut config = StoreConfig::new(url, master_key());
    config.clock = Arc::new(move || clock.advance(0));
    Store::open(config).await.unwrap()
}

#[tokio::test]
async fn on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("skillgate.db").display());
    on_any(&url).await;
}

#[tokio::test]
async fn on_postgres() {
    on_any(&postgres::database().await).await;
}

/// Every chapter on one database, one after the other, so that each meets what the others left behind.
async fn on_any(url: &str) {
    account::several_start_at_once(url).await;
    let clock = Clock::new();
    let store = open(url, &clock).await;
    api_key::keys_are_found_until_they_end(&store, &clock)
        .await
        .unwrap();
    console_session::sessions_end_by_time_number_and_key(&store, &clock)
        .await
        .unwrap();
    idempotency_key::a_key_is_claimed_by_one_and_remembers_its_answer(&store, &clock)
        .await
        .unwrap();
    publisher_key::publisher_keys_are_an_accounts_own(&store, &clock)
        .await
        .unwrap();
    publisher_key::challenges_are_used_once(&store, &clock)
        .await
        .unwrap();
    agent::agents_live_and_die(&store, &clock).await.unwrap();
    agent::changes_at_the_same_time_all_hold(&store)
        .await
        .unwrap();
    personality::earlier_versions_are_kept(&store, &clock)
        .await
        .unwrap();
    personality::of_two_changes_of_one_text_one_is_made(&store)
        .await
        .unwrap();
    agent_rule::rules_belong_to_agents(&store).await.unwrap();
    agent_rule::rules_made_at_the_same_time_are_counted(&store)
        .await
        .unwrap();
    secret::secrets_are_kept(&store).await.unwrap();
    secret::secrets_have_owners_of_several_kinds(&store)
        .await
        .unwrap();
    account::plans_and_limits_are_the_operators(&store)
        .await
        .unwrap();
    swarm::slugs_and_limits_hold_for_several_at_once(&store).await;
    swarm::swarms_live_and_die(&store, &clock).await.unwrap();
    swarm::deleting_a_swarm_waits_for_nobody_in_a_circle(&store)
        .await
        .unwrap();
    usage::usage_is_added_up_by_day(&store, &clock)
        .await
        .unwrap();
    session::sessions_belong_to_peers(&store, &clock)
        .await
        .unwrap();
    run::runs_are_journalled(&store, &clock).await.unwrap();
    run::runs_are_listed_newest_first(&store, &clock)
        .await
        .unwrap();
    run::what_waits_for_its_turn_was_not_said_yet(&store, &clock)
        .await
        .unwrap();
    run::the_step_before_a_place_is_no_request(&store)
        .await
        .unwrap();
    message::history_is_the_latest_in_order(&store, &clock)
        .await
        .unwrap();
    version::versions_are_published_once(&store).await.unwrap();
    version::unnamed_versions_are_numbered(&store)
        .await
        .unwrap();
    version::no_unsigned_version_follows_a_signed_one(&store)
        .await
        .unwrap();
    version::what_an_account_publishes_is_limited(&store)
        .await
        .unwrap();
    assignment::skills_are_put_on_agents(&store).await.unwrap();
    assignment::a_deleted_skill_stays_where_it_is_until_the_last_agent_gives_it_up(&store)
        .await
        .unwrap();
    assignment::a_deleted_skill_goes_with_the_last_of_several_who_give_it_up(&store)
        .await
        .unwrap();
    assignment::an_agents_skills_are_counted(&store)
        .await
        .unwrap();
    pool::a_pool_is_an_accounts_own(&store).await.unwrap();
    grant::grants_narrow_and_end(&store, &clock).await.unwrap();
    grant::grants_are_listed_and_changed(&store, &clock)
        .await
        .unwrap();
    task::tasks_are_decided_once(&store, &clock).await.unwrap();
    task::tasks_are_bounded_and_expire(&store, &clock)
        .await
        .unwrap();
    task::a_consent_and_what_it_installs_are_one(&store, &clock)
        .await
        .unwrap();
    log::logs_are_kept_to_a_length(&store, &clock)
        .await
        .unwrap();
    knowledge::knowledge_is_added_found_and_deleted(&store)
        .await
        .unwrap();
    knowledge::vectors_are_read_as_they_change(&store)
        .await
        .unwrap();
    knowledge::knowledge_is_bounded_and_dies_with_its_owner(&store)
        .await
        .unwrap();
    knowledge::a_swarms_knowledge_dies_with_it(&store)
        .await
        .unwrap();
    pages::runs_and_histories_are_read_in_pages(&store)
        .await
        .unwrap();
    pages::large_writes_let_small_ones_pass(&store)
        .await
        .unwrap();
    deletion::deleting_an_agent_leaves_nothing(&store)
        .await
        .unwrap();
    deletion::deleting_an_agent_waits_for_nobody_in_a_circle(&store)
        .await
        .unwrap();
    opening::two_processes_share_it(url, &store, &clock).await;
    opening::a_wrong_master_key_is_refused(url).await;
    store.close().await;
    assert!(
        store.ping().await.is_err(),
        "a closed store answers no more"
    );
}
