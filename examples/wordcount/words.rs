//! What a word is: a maximal run of alphanumeric characters (Unicode's), in lower case.

/// The words of one batch of text, in a buffer that is used again for the next batch.
///
/// Splitting comes before counting so that whatever a counter holds for a batch (a lock, a guard)
/// is held while it counts and no longer.
#[derive(Debug, Default)]
pub(crate) struct Words {
    /// All words, one directly after the other.
    letters: String,
    /// Where in `letters` each word ends.
    ends: Vec<usize>,
}

impl Words {
    /// Forgets the words held so far and takes those of `text`.
    pub(crate) fn split(&mut self, text: &str) {
        self.letters.clear();
        self.ends.clear();
        text.split(|c: char| !c.is_alphanumeric()).filter(|run| !run.is_empty()).for_each(|run| self.push(run));
    }

    fn push(&mut self, word: &str) {
        let start = self.letters.len();
        if word.is_ascii() {
            self.letters.push_str(word);
            self.letters[start..].make_ascii_lowercase();
        } else {
            self.letters.push_str(&word.to_lowercase());
        }
        self.ends.push(self.letters.len());
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &str> {
        self.ends.iter().scan(0, |start, &end| {
            let word = &self.letters[*start..end];
            *start = end;
            Some(word)
        })
    }
}

/// Cuts `text` into pieces of about `size` bytes, never within a word.
pub(crate) fn batches(mut text: &str, size: usize) -> impl Iterator<Item = &str> {
    std::iter::from_fn(move || {
        let (batch, rest) = text.split_at(batch_end(text, size));
        text = rest;
        (!batch.is_empty()).then_some(batch)
    })
}

/// The end of the first word that ends at `size` or later.
fn batch_end(text: &str, size: usize) -> usize {
    (size..text.len())
        .find(|&at| text.is_char_boundary(at))
        .and_then(|at| Some(at + text[at..].find(|c: char| !c.is_alphanumeric())?))
        .unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words_of(text: &str) -> Vec<String> {
        let mut words = Words::default();
        words.split("left over from the batch before");
        words.split(text);
        words.iter().map(str::to_owned).collect()
    }

    #[test]
    fn words_are_runs_of_alphanumerics_in_lower_case() {
        assert_eq!(words_of("Robin-Hood's 7 SLOTS, "), ["robin", "hood", "s", "7", "slots"]);
        assert_eq!(words_of("ÉTÉ straße, ΟΔΟΣ 東京"), ["été", "straße", "οδος", "東京"]);
        assert!(words_of("").is_empty() && words_of(" -- \n").is_empty());
    }

    #[test]
    fn batches_cut_between_words_and_lose_nothing() {
        let text = "İstanbul: ÉTÉ, a_b  東京タワー straße—1 x";
        for size in 1..=text.len() + 1 {
            let pieces: Vec<&str> = batches(text, size).collect();
            assert_eq!(pieces.concat(), text);
            let words: Vec<String> = pieces.into_iter().flat_map(words_of).collect();
            assert_eq!(words, words_of(text), "batches of {size} bytes");
        }
    }
}
