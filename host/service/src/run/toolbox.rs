//! All tools of one run: those of its skills and those that the host brings, behind one list of names.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use async_trait::async_trait;
use skillgate_agent::{
    PendingApproval, ProposedCall, ToolAnswer, ToolInvocation, ToolSpec, Tools, ToolsError,
};

/// An ordered list of sets of tools. A name belongs to the first set that offers it, so that no later one ever answers in
/// place of an earlier one. What is offered does not change while the run lasts.
pub(crate) struct Toolbox {
    sets: Vec<Arc<dyn Tools>>,
    /// Which of the sets answers to a name.
    by_name: HashMap<String, usize>,
    specs: Vec<ToolSpec>,
    hidden: Vec<String>,
}

impl Toolbox {
    /// Puts sets of tools together, the first of which has precedence.
    pub(crate) fn new(sets: Vec<Arc<dyn Tools>>) -> Self {
        let mut by_name = HashMap::new();
        let (mut specs, mut hidden) = (Vec::new(), Vec::new());
        let offered = sets.iter().map(|set| set.specs()).enumerate();
        for (index, spec) in
            offered.flat_map(|(index, set)| set.into_iter().map(move |spec| (index, spec)))
        {
            match by_name.entry(spec.name.clone()) {
                Entry::Vacant(free) => {
                    free.insert(index);
                    specs.push(spec);
                }
                Entry::Occupied(_) => hidden.push(spec.name),
            }
        }
        Self {
            sets,
            by_name,
            specs,
            hidden,
        }
    }

    /// Lists the names that a later tool would have had too, once for each such tool. Those tools are not offered.
    pub(crate) fn hidden(&self) -> &[String] {
        &self.hidden
    }

    /// The set that answers to a name.
    fn set_of(&self, name: &str) -> Option<&Arc<dyn Tools>> {
        self.sets.get(*self.by_name.get(name)?)
    }
}

#[async_trait]
impl Tools for Toolbox {
    fn specs(&self) -> Vec<ToolSpec> {
        self.specs.clone()
    }

    async fn approval(
        &self,
        call: &ProposedCall<'_>,
    ) -> Result<Option<PendingApproval>, ToolAnswer> {
        match self.set_of(call.name) {
            Some(set) => set.approval(call).await,
            None => Ok(None),
        }
    }

    async fn call(&self, call: ToolInvocation<'_>) -> Result<ToolAnswer, ToolsError> {
        match self.set_of(call.name) {
            Some(set) => set.call(call).await,
            None => Ok(ToolAnswer::error(format!(
                "There is no tool {}.",
                call.name
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;
    use skillgate_agent::{CallPlace, ToolOrigin};
    use tokio_util::sync::CancellationToken;

    use super::*;

    /// Tools that answer with what they are called, and each call of which waits for a task that is called the same.
    struct Named(&'static str, &'static [&'static str]);

    #[async_trait]
    impl Tools for Named {
        fn specs(&self) -> Vec<ToolSpec> {
            let spec = |name: &&str| ToolSpec {
                name: (*name).to_owned(),
                description: self.0.to_owned(),
                input_schema: json!({}),
                idempotent: false,
                read_only: false,
                origin: ToolOrigin::default(),
            };
            self.1.iter().map(spec).collect()
        }

        async fn approval(
            &self,
            _: &ProposedCall<'_>,
        ) -> Result<Option<PendingApproval>, ToolAnswer> {
            Ok(Some(PendingApproval {
                task_id: self.0.to_owned(),
                decision: Box::pin(std::future::ready(Ok(()))),
            }))
        }

        async fn call(&self, _: ToolInvocation<'_>) -> Result<ToolAnswer, ToolsError> {
            Ok(ToolAnswer::result(self.0))
        }
    }

    async fn answer(toolbox: &Toolbox, name: &str) -> String {
        let call = ToolInvocation {
            id: "call_1",
            name,
            arguments: &json!({}),
            cancel: CancellationToken::new(),
        };
        toolbox.call(call).await.unwrap().content
    }

    async fn task(toolbox: &Toolbox, name: &str) -> Option<String> {
        let call = ProposedCall {
            run_id: "run_1",
            place: CallPlace { answer: 0, call: 0 },
            id: "call_1",
            name,
            arguments: &json!({}),
            time_left: Duration::from_secs(1),
        };
        let asked = toolbox.approval(&call).await.unwrap();
        asked.map(|asked| asked.task_id)
    }

    #[tokio::test]
    async fn the_first_set_that_offers_a_name_answers_to_it() {
        let toolbox = Toolbox::new(vec![
            Arc::new(Named("first", &["notes__add"])),
            Arc::new(Named(
                "second",
                &["notes__add", "notes__list", "notes__list"],
            )),
        ]);
        let offered = toolbox.specs().into_iter();
        let offered: Vec<_> = offered.map(|spec| (spec.description, spec.name)).collect();
        let pair = |set: &str, name: &str| (set.to_owned(), name.to_owned());
        assert_eq!(
            offered,
            [pair("first", "notes__add"), pair("second", "notes__list")]
        );
        assert_eq!(toolbox.hidden(), ["notes__add", "notes__list"]);
        assert_eq!(answer(&toolbox, "notes__add").await, "first");
        assert_eq!(answer(&toolbox, "notes__list").await, "second");
        assert_eq!(task(&toolbox, "notes__add").await.unwrap(), "first");
        assert_eq!(task(&toolbox, "notes__list").await.unwrap(), "second");
        assert_eq!(task(&toolbox, "notes__no").await, None);
        assert_eq!(
            answer(&toolbox, "notes__no").await,
            "There is no tool notes__no."
        );
    }
}
