//! What holds for words in any order.

use proptest::prelude::*;

use super::*;

/// A word about one of three members, each of which keeps its name.
fn any_word() -> impl Strategy<Value = Announcement> {
    (2..5_u16, 100..103_u64, 1..4_u64).prop_map(|(number, generation, version)| Announcement {
        generation,
        version,
        build: format!("{generation}.{version}"),
        ..says(&format!("s{number}"), number)
    })
}

proptest! {
    #[test]
    fn the_order_in_which_words_come_does_not_matter(
        words in proptest::collection::vec(any_word(), 0..20),
        seed in any::<proptest::sample::Index>(),
    ) {
        let mut shuffled = words.clone();
        if !shuffled.is_empty() {
            let middle = seed.index(shuffled.len());
            shuffled.rotate_left(middle);
            shuffled.reverse();
        }
        let lists = [words, shuffled].map(|words| {
            let mut table = table();
            for word in words {
                table.hear(word, 0).unwrap();
            }
            table.members()
        });
        prop_assert_eq!(&lists[0], &lists[1]);
    }

    #[test]
    fn the_index_of_names_holds_exactly_the_members(
        words in proptest::collection::vec((any_word(), "[a-c]"), 0..30),
    ) {
        let mut table = table();
        for (word, name) in words {
            let renamed = Announcement { name: name.parse().unwrap(), ..word };
            drop(table.hear(renamed, 0));
        }
        let listed: BTreeSet<_> = table.iter().map(|entry| name_key(&entry.says)).collect();
        prop_assert_eq!(&listed, &table.names);
        let alive: BTreeSet<_> = listed.iter().map(|(name, _)| name).collect();
        prop_assert_eq!(alive.len(), listed.len(), "two live members of one name");
    }
}
