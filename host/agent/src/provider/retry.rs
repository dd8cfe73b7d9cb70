//! Asking again: bounded, with backoff and jitter, never after text was shown.

use std::time::Duration;

use futures::StreamExt;
use sha2::{Digest, Sha256};

use crate::{Completion, Delta, Provider, ProviderError, Redactor, Request};

/// The most text that is shown at once (bytes).
const MAX_PIECE_BYTES: usize = 16 << 10;

/// How often and when a model is asked again. The defaults are those of the vendors' own clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Further attempts after the first.
    pub retries: u32,
    /// The pause before the first of them; doubled for each further one.
    pub pause: Duration,
    /// The longest pause.
    pub longest_pause: Duration,
    /// The longest `Retry-After` that is waited for; a longer one fails the turn at once.
    pub longest_retry_after: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            retries: 2,
            pause: Duration::from_millis(500),
            longest_pause: Duration::from_secs(8),
            longest_retry_after: Duration::from_secs(30),
        }
    }
}

impl RetryPolicy {
    /// How long to wait after `error` ended attempt number `attempt` (from 0); `None`: don't ask again.
    pub(crate) fn pause_after(
        &self,
        error: &ProviderError,
        attempt: u32,
        seed: &str,
    ) -> Option<Duration> {
        if attempt >= self.retries || !error.retryable() {
            return None;
        }
        if let Some(wanted) = error.retry_after() {
            return (wanted <= self.longest_retry_after).then_some(wanted);
        }
        let doubled = self.pause.saturating_mul(2_u32.saturating_pow(attempt));
        let whole = doubled.min(self.longest_pause);
        Some(whole.mul_f64(1.0 - 0.25 * jitter(seed, attempt)))
    }
}

/// A fraction from 0 to 1 that is the same for the same run and attempt, and spread over different runs.
fn jitter(seed: &str, attempt: u32) -> f64 {
    let digest = Sha256::digest(format!("{seed}/{attempt}"));
    f64::from(u16::from_be_bytes([digest[0], digest[1]])) / f64::from(u16::MAX)
}

/// Asks until there is a whole answer, giving each piece of text to `show`. Once text was shown a failure is
/// final: a second answer would say it again, differently.
pub(crate) async fn ask(
    provider: &dyn Provider,
    request: &Request,
    policy: &RetryPolicy,
    seed: &str,
    redactor: &Redactor,
    mut show: impl FnMut(&str) + Send,
) -> Result<Completion, ProviderError> {
    let mut attempt = 0;
    loop {
        let mut shown = false;
        let asked = ask_once(provider, request, |text| {
            shown = true;
            show(text);
        });
        let error = match asked.await {
            Ok(answer) => return Ok(answer),
            Err(error) => error,
        };
        let pause = policy.pause_after(&error, attempt, seed);
        let Some(pause) = pause.filter(|_| !shown) else {
            return Err(error);
        };
        let error = redactor.redact(&error.to_string());
        tracing::warn!(run = seed, attempt, ?pause, error, "asking the model again");
        tokio::time::sleep(pause).await;
        attempt += 1;
    }
}

async fn ask_once(
    provider: &dyn Provider,
    request: &Request,
    mut show: impl FnMut(&str) + Send,
) -> Result<Completion, ProviderError> {
    let mut deltas = provider.stream(request).await?;
    let mut left = request.limits.bytes;
    while let Some(delta) = deltas.next().await {
        match delta? {
            Delta::Text(text) => {
                let rest = left.checked_sub(text.len());
                left = rest.ok_or_else(|| too_large(request))?;
                show_in_pieces(&text, &mut show).await;
            }
            Delta::End(answer) => return Ok(answer),
        }
    }
    Err(ProviderError::CutOff)
}

fn too_large(request: &Request) -> ProviderError {
    let most = request.limits.bytes;
    ProviderError::AnswerTooLarge(format!("more than {most} bytes of text"))
}

/// Shows a text that may be long and lets others run in between: each piece is looked through for secrets.
async fn show_in_pieces(text: &str, show: &mut (impl FnMut(&str) + Send)) {
    let mut rest = text;
    while rest.len() > MAX_PIECE_BYTES {
        let (piece, more) = rest.split_at(rest.floor_char_boundary(MAX_PIECE_BYTES));
        show(piece);
        tokio::task::yield_now().await;
        rest = more;
    }
    show(rest);
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{RetryPolicy, ask};
    use crate::{AnswerLimits, Message, ProviderError, Redactor, Request, Scripted};

    /// The answer, what was shown, and how often the model was asked; with pauses too short to notice.
    async fn play(script: &str) -> (Result<String, ProviderError>, String, usize) {
        let provider = Scripted::from_json(script).expect("a script");
        let request = Request {
            model: "m".into(),
            system: String::new(),
            messages: vec![Message::user("hi")],
            tools: Vec::new(),
            max_tokens: 10,
            limits: AnswerLimits::default(),
        };
        let policy = RetryPolicy {
            pause: Duration::from_micros(10),
            ..RetryPolicy::default()
        };
        let mut shown = String::new();
        let show = |text: &str| shown.push_str(text);
        let redactor = Redactor::default();
        let answer = ask(&provider, &request, &policy, "run", &redactor, show).await;
        let answer = answer.map(|answer| answer.message.text());
        (answer, shown, provider.requests().len())
    }

    #[tokio::test]
    async fn a_passing_failure_is_asked_again() {
        let script = r#"{"turns": [
            {"error": {"code": "provider_overloaded"}},
            {"error": {"code": "provider_failed"}},
            {"parts": [{"type": "text", "text": "hello"}]}
        ]}"#;
        assert_eq!(play(script).await, (Ok("hello".into()), "hello".into(), 3));
    }

    #[tokio::test]
    async fn the_attempts_are_bounded() {
        let error = r#"{"error": {"code": "provider_overloaded"}}"#;
        let script = format!(r#"{{"turns": [{error}, {error}, {error}, {error}]}}"#);
        let overloaded = ProviderError::Overloaded { retry_after: None };
        assert_eq!(play(&script).await, (Err(overloaded), String::new(), 3));
    }

    #[tokio::test]
    async fn a_refused_key_fails_at_once() {
        let script =
            r#"{"turns": [{"error": {"code": "provider_unauthorized", "message": "no"}}]}"#;
        let refused = ProviderError::Unauthorized("no".into());
        assert_eq!(play(script).await, (Err(refused), String::new(), 1));
    }

    #[tokio::test]
    async fn shown_text_is_never_shown_twice() {
        let script = r#"{"turns": [
            {"parts": [{"type": "text", "text": "The answer"}], "error": {"code": "provider_cut_off"}},
            {"parts": [{"type": "text", "text": "The answer is 4."}]}
        ]}"#;
        let expected = (Err(ProviderError::CutOff), "The answer".into(), 1);
        assert_eq!(play(script).await, expected);
    }

    #[test]
    fn pauses_grow_to_a_bound_and_differ_between_runs() {
        let policy = RetryPolicy {
            retries: 10,
            ..RetryPolicy::default()
        };
        let failure = ProviderError::CutOff;
        let pause = |attempt, seed| policy.pause_after(&failure, attempt, seed);
        for (attempt, whole) in [
            (0, 500),
            (1, 1_000),
            (2, 2_000),
            (3, 4_000),
            (4, 8_000),
            (9, 8_000),
        ] {
            let whole = Duration::from_millis(whole);
            let pause = pause(attempt, "run").expect("a pause");
            assert!(whole.mul_f64(0.75) <= pause && pause <= whole, "{pause:?}");
        }
        assert_ne!(pause(0, "run_1"), pause(0, "run_2"));
        assert_eq!(pause(10, "run"), None);
    }

    #[test]
    fn retry_after_is_honoured_up_to_a_cap() {
        let pause = |seconds| {
            let retry_after = Some(Duration::from_secs(seconds));
            let error = ProviderError::RateLimited { retry_after };
            RetryPolicy::default().pause_after(&error, 0, "run")
        };
        assert_eq!(pause(7), Some(Duration::from_secs(7)));
        assert_eq!(pause(600), None);
    }
}
