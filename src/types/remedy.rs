//! What helps when a disk refuses.

use std::io::{self, ErrorKind};

/// How the system's errors ENFILE and EMFILE end when they are told: no kind stands for them, and
/// who passes them on keeps but their words.
const TOO_MANY_OPEN: [&str; 2] = ["(os error 23)", "(os error 24)"];

/// What an operator does when a disk refused to write, by the system's word for it: the end of a
/// line that names the file and the word itself.
#[must_use]
pub fn remedy(refusal: &io::Error) -> &'static str {
    let told = refusal.to_string();
    if TOO_MANY_OPEN.iter().any(|end| told.contains(end)) {
        return "see who holds connections to this agent, raise its limit of open files \
                (systemd: LimitNOFILE) and start it again";
    }
    match refusal.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
            "make room for it and start the agent again"
        }
        ErrorKind::ReadOnlyFilesystem | ErrorKind::PermissionDenied => {
            "let this user write there and start the agent again"
        }
        ErrorKind::NotFound | ErrorKind::NotADirectory => {
            "see who removed it; what is there now decides how the agent starts again"
        }
        _ => "see the system's log about the disk, and start the agent again when it is sound",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_has_too_many_files_open_is_not_sent_to_the_disk_even_if_only_the_words_are_left() {
        let refusal = io::Error::from_raw_os_error(24);
        let passed_on = io::Error::new(refusal.kind(), refusal.to_string());
        for error in [refusal, passed_on] {
            assert!(remedy(&error).contains("LimitNOFILE"), "{error}");
        }
        let full = io::Error::from_raw_os_error(28);
        assert!(remedy(&full).starts_with("make room"), "{full}");
    }
}
