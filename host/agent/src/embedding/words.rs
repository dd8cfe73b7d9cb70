//! Words of a text in any language, for search.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// The most characters of a word that count: longer ones are no words, and must not make long terms.
const MAX_WORD_CHARS: usize = 64;

/// The words of a text, in order: lower case, without accents (`Café` is `cafe`). Scripts that are written without spaces
/// (Chinese, Japanese, Thai) give every two neighbouring characters in the place of words.
pub fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut run = Vec::new();
    let folded = text.nfkd().filter(|char| !is_accent(*char));
    for char in folded.flat_map(char::to_lowercase) {
        let is_part = char.is_alphanumeric() || is_combining_mark(char);
        let changes_script = run
            .last()
            .is_some_and(|last| is_unspaced(*last) != is_unspaced(char));
        if !is_part || changes_script {
            end_run(&mut run, &mut words);
        }
        if is_part {
            run.push(char);
        }
    }
    end_run(&mut run, &mut words);
    words
}

/// Makes words of characters without a space between them.
fn end_run(run: &mut Vec<char>, words: &mut Vec<String>) {
    match run.first() {
        None => {}
        Some(first) if is_unspaced(*first) && run.len() > 1 => {
            words.extend(run.windows(2).map(|pair| pair.iter().collect::<String>()));
        }
        Some(_) => words.push(run.iter().take(MAX_WORD_CHARS).collect()),
    }
    run.clear();
}

/// The accents of Latin, Greek and Cyrillic. Marks of other scripts are part of the word.
fn is_accent(char: char) -> bool {
    ('\u{300}'..='\u{36f}').contains(&char)
}

/// Whether the script puts no spaces between words: Thai to Lao, Burmese, Khmer, and the ideographs with their kana.
fn is_unspaced(char: char) -> bool {
    matches!(char, '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}'
        | '\u{2e80}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

#[cfg(test)]
mod tests {
    use super::words;

    #[test]
    fn words_are_folded() {
        assert_eq!(words("Le CAFÉ, d'Ærø!"), ["le", "cafe", "d", "ærø"]);
        assert_eq!(words("error_code=E-4711"), ["error", "code", "e", "4711"]);
        assert_eq!(words(" …!\0 \u{1f600} "), Vec::<String>::new());
        assert_eq!(words(&"x".repeat(1_000)), ["x".repeat(64)]);
    }

    #[test]
    fn scripts_without_spaces_give_pairs() {
        assert_eq!(words("東京都 is big"), ["東京", "京都", "is", "big"]);
        assert_eq!(words("猫"), ["猫"]);
        assert_eq!(words("api文書"), ["api", "文書"]);
    }

    #[test]
    fn marks_of_other_scripts_do_not_cut_a_word() {
        assert_eq!(words("हिन्दी भाषा").len(), 2);
        assert_eq!(words("한국어 문서").len(), 2);
    }
}
