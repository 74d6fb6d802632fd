//! What helps when a disk refuses.

use std::io::ErrorKind;

/// What an operator does when a disk refused to write, by the system's word for it: the end of a
/// line that names the file and the word itself.
#[must_use]
pub const fn remedy(refusal: ErrorKind) -> &'static str {
    match refusal {
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
