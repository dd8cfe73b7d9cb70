//! `config show`.

use crate::config_file::Setting;
use crate::exit::Outcome;
use crate::output::Output;

/// Prints every option of the server: its value and where it came from.
pub(crate) fn show(settings: &[Setting], output: &Output) -> Outcome {
    output.result(&settings, |settings| table(settings))?;
    Ok(())
}

fn table(settings: &[Setting]) -> String {
    let widest = |text: fn(&Setting) -> &str| settings.iter().map(|one| text(one).len()).max();
    let option = widest(|one| &one.option).unwrap_or_default();
    let value = widest(value_of).unwrap_or_default();
    let row = |one: &Setting| {
        let (name, text, source) = (&one.option, value_of(one), one.source);
        format!("{name:option$}  {text:value$}  {source}\n")
    };
    settings.iter().map(row).collect()
}

fn value_of(setting: &Setting) -> &str {
    setting.value.as_deref().unwrap_or("-")
}
