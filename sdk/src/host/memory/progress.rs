//! Progress goes to stderr.

pub(crate) fn report(message: &str, fraction: Option<f32>) {
    match fraction {
        Some(fraction) => eprintln!("progress {:.0} %: {message}", fraction * 100.0),
        None => eprintln!("progress: {message}"),
    }
}
