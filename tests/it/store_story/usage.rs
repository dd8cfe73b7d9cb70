//! Usage: added up by day with the journal, and kept when an agent is deleted.

use skillgate_store::{
    NewStep, NewUsage, Store, StoreError, UsageGrouping, UsageKind, UsageTotals,
};

use super::given::{a_run, an_account, an_agent, end, step};
use super::{Clock, SECOND};

fn model(subject: &str, runs: i64, cost: Option<i64>) -> NewUsage {
    NewUsage {
        kind: UsageKind::Model,
        subject: subject.into(),
        amounts: UsageTotals {
            runs,
            model_calls: 1,
            unpriced_calls: i64::from(cost.is_none()),
            input_tokens: 10,
            output_tokens: 5,
            cost_nanos: cost.unwrap_or_default(),
            ..UsageTotals::default()
        },
    }
}

fn skill(subject: &str) -> NewUsage {
    NewUsage {
        kind: UsageKind::Skill,
        subject: subject.into(),
        amounts: UsageTotals {
            runs: 1,
            tool_calls: 1,
            sandbox_micros: 7,
            egress_bytes: 100,
            ..UsageTotals::default()
        },
    }
}

pub(super) async fn usage_is_added_up_by_day(
    store: &Store,
    clock: &Clock,
) -> Result<(), StoreError> {
    let (account, other) = (an_account(store).await?, an_account(store).await?);
    let agent = an_agent(store, &account).await?;
    let run = a_run(store, &account, &agent).await?;
    let today = store.now().to_string()[..10].to_owned();
    let add = async |seq, usage: &NewUsage| {
        let step: NewStep = step(seq);
        store.append_step_with_usage(&run, &step, usage).await
    };
    add(0, &model("anthropic/a", 1, Some(300))).await?;
    add(1, &skill("web")).await?;
    add(2, &model("anthropic/a", 0, Some(200))).await?;
    add(3, &model("hal/9000", 1, None)).await?;
    // A step whose place is taken counts nothing.
    let again = add(3, &model("hal/9000", 1, None)).await;
    assert!(matches!(again, Err(StoreError::Conflict(_))), "{again:?}");
    store.finish_run(&run, end(4, "done")).await?;
    store.delete_agent(&account, &agent).await?;

    clock.advance(86_400 * SECOND);
    let tomorrow = store.now().to_string()[..10].to_owned();
    let second = an_agent(store, &account).await?;
    let run = a_run(store, &account, &second).await?;
    store.finish_run(&run, end(0, "done")).await?;

    let both = (today.as_str(), tomorrow.as_str());
    let total = UsageTotals {
        runs: 2,
        model_calls: 3,
        unpriced_calls: 1,
        input_tokens: 30,
        output_tokens: 15,
        cost_nanos: 500,
        tool_calls: 1,
        sandbox_micros: 7,
        egress_bytes: 100,
    };
    assert_eq!(store.usage_totals(&account, both).await?, total);
    assert_eq!(
        store.usage_totals(&other, both).await?,
        UsageTotals::default()
    );
    let by = async |grouping, between: (&str, &str)| {
        let rows = store
            .usage_by(&account, between, grouping, 10)
            .await
            .unwrap();
        let rows = rows.into_iter();
        let figures = rows.map(|row| (row.id, row.totals.runs, row.totals.model_calls));
        figures.collect::<Vec<_>>()
    };
    let row = |id: &str, runs, calls| (id.to_owned(), runs, calls);
    assert_eq!(
        by(UsageGrouping::Day, both).await,
        [row(&today, 1, 3), row(&tomorrow, 1, 0)]
    );
    assert_eq!(
        by(UsageGrouping::Agent, both).await,
        [row(&agent, 1, 3), row(&second, 1, 0)]
    );
    assert_eq!(
        by(UsageGrouping::Model, both).await,
        [row("anthropic/a", 1, 2), row("hal/9000", 1, 1)]
    );
    assert_eq!(by(UsageGrouping::Skill, both).await, [row("web", 1, 0)]);
    let late = (tomorrow.as_str(), tomorrow.as_str());
    assert_eq!(by(UsageGrouping::Agent, late).await, [row(&second, 1, 0)]);
    let cut = store
        .usage_by(&account, both, UsageGrouping::Day, 1)
        .await?;
    assert_eq!(cut.len(), 1);
    Ok(())
}
